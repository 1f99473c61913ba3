/** One message of Telegram as a row of the log. */

import { avatar, el, icon, timeOf, toneOf } from "./dom.js";
import { buttons, files, moreButton, reactions, serviceRow } from "./rows.js";
import { rich } from "./text.js";
import { sameId } from "./world.js";

/** Build the row; `hands` are what a person can do with it: menu, react, jump, press. */
export function rowOf(message, world, chat, hands) {
  if (message.service) return serviceRow(message);
  const row = el("div", { class: "row", "data-id": message.id, tabindex: "-1" });
  row.message = message;
  const own = sameId(message.from.id, world.me);
  row.classList.toggle("own", own);
  const bubble = el("div", { class: "bubble" });
  bubble.append(el("div", { class: `sender tone-${toneOf(message.from.name)}` }, own ? "You" : message.from.name));
  if (message.reply_to) bubble.append(quote(message.reply_to, hands));
  const text = el("div", { class: "text", dir: "auto" }, ...rich(message.text ?? "", message.entities));
  bubble.append(...files(message), text, meta(message, own));
  if (message.buttons?.length) bubble.append(buttons(message, hands));
  if (message.reactions?.length) bubble.append(reactions(message, world, hands));
  const face = chat?.kind === "private" ? null : avatar(message.from.name, { bot: message.from.bot });
  row.append(el("div", { class: "line" }, own ? null : face, bubble, moreButton(row, hands)));
  return row;
}

/** What a bot is writing just now: words so far, or three dots. */
export function liveRow(bot, draft, chat) {
  const face = chat?.kind === "private" ? null : avatar(bot.name, { bot: true });
  const bubble = el("div", { class: "bubble" });
  if (draft) {
    bubble.append(
      el("div", { class: `sender tone-${toneOf(bot.name)}` }, bot.name),
      el("div", { class: "text", dir: "auto" }, ...rich(draft.text, draft.entities)),
      el("span", { class: "cursor", "aria-hidden": "true" }),
    );
  } else {
    bubble.append(el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")));
    bubble.append(el("span", { class: "hidden" }, `${bot.name} is typing…`));
  }
  return el("div", { class: `row ${draft ? "draft" : "typing"}` }, el("div", { class: "line" }, face, bubble));
}

function quote(reply, hands) {
  return el(
    "button",
    {
      class: `quote tone-${toneOf(reply.name ?? "")}`,
      type: "button",
      tabindex: "-1",
      onclick: () => hands.jump(reply.id),
    },
    el("b", {}, reply.name ?? "Message"),
    el("span", {}, reply.text || "Message"),
  );
}

function meta(message, own) {
  const [name, label] = message.pending ? ["clock", "Waiting for the bots"] : ["tick", "Received"];
  const state = { class: `state ${name}`, role: "img", "aria-label": label, title: label };
  return el(
    "span",
    { class: "meta" },
    message.edited ? el("span", { class: "edited" }, "edited") : null,
    el("time", { datetime: new Date(message.date * 1000).toISOString() }, timeOf(message.date)),
    own ? el("span", state, icon(name)) : null,
  );
}
