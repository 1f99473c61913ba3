/** One message of Telegram as a row of the log; an album is one row, at its first message. */

import { avatar, el, icon, timeOf, toneOf } from "./dom.js";
import { buttons, moreButton, reactions, serviceRow } from "./rows.js";
import { rich } from "./text.js";
import { briefly, thingsOf } from "./things.js";
import { sameId } from "./world.js";

/** Build the row; `hands` are what a person can do with it: menu, react, jump, press, vote, comment. */
export function rowOf(message, world, chat, hands) {
  if (message.service) return serviceRow(message);
  const album = world.albumOf(message);
  const row = el("div", { class: "row", "data-id": message.id, tabindex: "-1" });
  row.message = message;
  row.hidden = album[0].id !== message.id;
  if (row.hidden) return row;
  const post = chat?.kind === "channel";
  const own = sameId(message.from.id, world.me) && !post;
  row.classList.toggle("own", own);
  row.classList.toggle("whispered", Boolean(message.only));
  const bubble = el("div", { class: "bubble" });
  bubble.append(sender(message, own), ...above(message, world, hands));
  const said = album.find((one) => one.text) ?? message;
  const text = el("div", { class: "text", dir: "auto" }, ...rich(said.text ?? "", said.entities));
  bubble.append(...thingsOf(album, world, hands), text, meta(message, own));
  if (message.only) bubble.append(el("p", { class: "aside" }, "Only you can see this"));
  if (message.buttons?.length) bubble.append(buttons(message, hands));
  if (message.reactions?.length) bubble.append(reactions(message, world, hands));
  if (post && chat.linked) bubble.append(remark(message, hands));
  const shape = { bot: message.from.bot, group: Boolean(message.as) };
  const face = chat?.kind === "private" ? null : avatar(nameOf(message), shape);
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

/** In whose name it is said: a group's or a channel's, or the writer's own. */
const nameOf = (message) => message.as ?? message.from.name;

function sender(message, own) {
  const name = nameOf(message);
  return el("div", { class: `sender tone-${toneOf(name)}` }, own && !message.as ? "You" : name);
}

/** How the words came here: passed on, by way of a bot, as a guest, as an answer. */
function above(message, world, hands) {
  const { forwarded, via, guest_of: host, reply_to: reply, elsewhere } = message;
  const parts = [];
  if (forwarded) parts.push(el("div", { class: "passed" }, "Forwarded from ", el("b", {}, forwarded)));
  if (via) parts.push(el("div", { class: "passed" }, "via ", el("b", {}, via)));
  if (host) parts.push(el("div", { class: "passed" }, "A guest, called by ", el("b", {}, host)));
  if (reply) {
    const whole = world.message(message.chat, reply.id) ?? reply;
    parts.push(quote(reply.name, message.quote ?? briefly(whole), () => hands.jump(reply.id)));
  } else if (elsewhere) {
    const name = [elsewhere.name, elsewhere.chat].filter(Boolean).join(", ");
    parts.push(quote(name, message.quote, null));
  }
  return parts;
}

/** The words that are answered; those of another chat lead nowhere. */
function quote(name, words, go) {
  const look = { class: `quote tone-${toneOf(name ?? "")}` };
  const parts = [el("b", {}, name ?? "Message"), el("span", {}, words || "Message")];
  if (!go) return el("div", look, ...parts);
  return el("button", { ...look, type: "button", tabindex: "-1", onclick: go }, ...parts);
}

function remark(message, hands) {
  const go = () => hands.comment(message);
  const way = { class: "way", type: "button", "data-key": "comment", onclick: go };
  return el("button", way, icon("thread"), el("b", {}, "Comment"));
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
