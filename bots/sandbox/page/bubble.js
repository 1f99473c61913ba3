/** One message as a row of the log. */

import { avatar, dayOf, el, icon, timeOf, toneOf } from "./dom.js";
import { rich } from "./text.js";
import { sameId } from "./world.js";

const TOGETHER_SECONDS = 300;

/** Build the row; `hands` are what a person can do with it: menu, react, jump. */
export function rowOf(message, world, hands) {
  const row = el("div", { class: "row", "data-id": message.id, tabindex: "-1" });
  row.message = message;
  if (message.service) {
    row.classList.add("service");
    row.append(el("div", { class: "line" }, el("span", {}, message.service)));
    return row;
  }
  const own = sameId(message.from.id, world.me);
  row.classList.toggle("own", own);
  const bubble = el("div", { class: "bubble" });
  bubble.append(el("div", { class: `sender tone-${toneOf(message.from.name)}` }, own ? "You" : message.from.name));
  if (message.reply_to) bubble.append(quote(message.reply_to, hands));
  const text = el("div", { class: "text", dir: "auto" }, ...rich(message.text ?? "", message.entities));
  bubble.append(text, meta(message, own));
  if (message.buttons?.length) bubble.append(buttons(message, hands));
  if (message.reactions?.length) bubble.append(reactions(message, world, hands));
  const more = el(
    "button",
    {
      class: "more",
      type: "button",
      tabindex: "-1",
      "aria-label": "Message menu",
      onclick: () => hands.menu(row, more.getBoundingClientRect()),
    },
    icon("more"),
  );
  const face = world.chat?.kind === "private" ? null : avatar(message.from.name, { bot: message.from.bot });
  row.append(el("div", { class: "line" }, own ? null : face, bubble, more));
  return row;
}

/** Say how a row stands to the one above it: a new day, the same sender going on, or neither. */
export function dress(row, above) {
  const now = row.message;
  const before = above?.message;
  const newDay = !before || dayOf(before.date) !== dayOf(now.date);
  const joined =
    !newDay &&
    !now.service &&
    !before.service &&
    sameId(before.from.id, now.from.id) &&
    now.date - before.date < TOGETHER_SECONDS;
  row.classList.toggle("joined", joined);
  above?.classList.toggle("followed", joined);
  row.querySelector(":scope > .day")?.remove();
  if (newDay) row.prepend(el("div", { class: "day" }, el("span", {}, dayOf(now.date))));
}

/** What a bot is writing just now: words so far, or three dots. */
export function liveRow(bot, draft, world) {
  const face = world.chat?.kind === "private" ? null : avatar(bot.name, { bot: true });
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

function reactions(message, world, hands) {
  const chips = message.reactions.map(({ emoji, from }) => {
    const mine = from.some((id) => sameId(id, world.me));
    const names = from.map((id) => world.who(id).name).join(", ");
    return el(
      "button",
      {
        class: "chip",
        type: "button",
        "aria-pressed": String(mine),
        "aria-label": `${emoji} from ${names}`,
        title: names,
        onclick: () => hands.react(message, mine ? null : emoji),
      },
      el("span", {}, emoji === "❤" ? "❤\uFE0F" : emoji),
      el("span", {}, String(from.length)),
    );
  });
  return el("div", { class: "reactions" }, ...chips);
}

function buttons(message, hands) {
  const button = (key) =>
    el("button", { type: "button", class: "key", onclick: () => hands.press(message, key) }, key.text);
  const rows = message.buttons.map((row) => el("div", {}, ...row.map(button)));
  return el("div", { class: "keys" }, ...rows);
}
