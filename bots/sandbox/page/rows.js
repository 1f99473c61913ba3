/** What the rows of both looks have in common: days, runs of one sender, reactions, buttons. */

import { dayOf, el, icon } from "./dom.js";
import { link } from "./text.js";
import { sameId } from "./world.js";

const TOGETHER_SECONDS = 300;

/** Say how a row stands to the one above it: a new day, the same sender going on, or neither. */
export function dress(row, above) {
  // The rest of an album is drawn with its first message.
  if (row.hidden) return;
  const now = row.message;
  const before = above?.message;
  const newDay = !before || dayOf(before.date) !== dayOf(now.date);
  // On Discord a line above a message parts it from the one before.
  const topped = row.classList.contains("flat") && Boolean(now.reply_to || now.used);
  const joined =
    !newDay &&
    !topped &&
    !now.service &&
    !before.service &&
    sameId(before.from.id, now.from.id) &&
    now.date - before.date < TOGETHER_SECONDS;
  row.classList.toggle("joined", joined);
  above?.classList.toggle("followed", joined);
  row.querySelector(":scope > .day")?.remove();
  if (newDay) row.prepend(el("div", { class: "day" }, el("span", {}, dayOf(now.date))));
}

/** What the platform itself says. */
export function serviceRow(message) {
  const row = el("div", { class: "row service", "data-id": message.id, tabindex: "-1" });
  row.message = message;
  row.append(el("div", { class: "line" }, el("span", {}, message.service)));
  return row;
}

export function moreButton(row, hands) {
  const open = () => hands.menu(row, more.getBoundingClientRect());
  const more = el(
    "button",
    { class: "more", type: "button", tabindex: "-1", "aria-label": "Message menu", onclick: open },
    icon("more"),
  );
  return more;
}

export function reactions(message, world, hands) {
  const chips = message.reactions.map(({ emoji, from }) => {
    const mine = from.some((id) => sameId(id, world.me));
    const names = from.map((id) => world.who(id).name).join(", ");
    return el(
      "button",
      {
        class: "chip",
        type: "button",
        "data-key": `chip ${emoji}`,
        "aria-pressed": String(mine),
        "aria-label": `${emoji} from ${names}`,
        title: names,
        onclick: () => hands.react(message, emoji, !mine),
      },
      el("span", {}, emoji === "❤" ? "❤\uFE0F" : emoji),
      el("span", {}, String(from.length)),
    );
  });
  return el("div", { class: "reactions" }, ...chips);
}

/** Pictures as they are, other files by their names. */
export function files(message) {
  return (message.files ?? []).map((one) => (one.picture ? picture(one) : file(one)));
}

const picture = (one) => el("img", { class: "picture", src: one.picture, alt: one.name });

/** A file to be opened where it lies, or to be saved from the stage. */
export function file(one) {
  const size = one.size < 1024 ? `${one.size} bytes` : `${Math.round(one.size / 1024)} KB`;
  const kept = one.at ? [el("a", { href: one.at, download: one.name }, one.name)] : [one.name];
  const name = el("b", {}, ...(one.url ? link(one.url, [one.name]) : kept));
  return el("div", { class: "file" }, icon("copy"), name, el("span", {}, size));
}

export function buttons(message, hands) {
  const button = (key) => {
    const press = (event) => hands.press(message, key, event.currentTarget);
    const look = { class: `key ${key.style ?? ""}`.trim(), disabled: key.disabled };
    const opens = key.choices ? { "aria-haspopup": "menu" } : {};
    const sign = key.choices ? "down" : key.copy ? "copy" : key.app || (key.url && key.data === null) ? "away" : null;
    const face = sign ? icon(sign) : null;
    const does = { type: "button", "data-key": `key ${key.text}`, onclick: press };
    return el("button", { ...does, ...look, ...opens }, key.text, face);
  };
  const rows = message.buttons.map((row) => el("div", {}, ...row.map(button)));
  return el("div", { class: "keys" }, ...rows);
}
