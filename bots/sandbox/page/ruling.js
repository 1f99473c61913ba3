/** What one may do to members of a group or channel of Telegram: make them administrators, let them in. */

import { avatar, el } from "./dom.js";
import { isDirect, sameId } from "./world.js";

/** The button beside a member, or null where whoever speaks does not rule; `does(deed)` is false when refused. */
export function ruleOver(who, chat, world, does) {
  if (!rules(chat, world.me) || sameId(who.id, world.me)) return null;
  const on = chat.admins.some((id) => sameId(id, who.id));
  const whom = world.isBot(who.id) ? { bot: who.id } : { who: who.id };
  const press = () => does({ do: "membership", chat: chat.id, deed: on ? "demote" : "promote", ...whom });
  return button(on ? "Demote" : "Promote", `rule ${who.id}`, press);
}

/** Those who ask to be let in, or null when nobody does. */
export function asking(chat, world, does) {
  if (chat.platform !== "telegram" || !chat.asking.length) return null;
  const entry = (id) => {
    const who = world.who(id);
    const press = () => does({ do: "membership", chat: chat.id, deed: "let_in", who: id });
    const admit = rules(chat, world.me) ? button("Let in", `let in ${id}`, press) : null;
    return el("li", {}, avatar(who.name), el("b", {}, who.name), admit);
  };
  return el("section", {}, el("h3", {}, "Asking to join"), el("ul", { class: "members" }, ...chat.asking.map(entry)));
}

const rules = (chat, me) =>
  chat.platform === "telegram" && !isDirect(chat) && chat.admins.some((id) => sameId(id, me));

const button = (words, key, press) =>
  el("button", { type: "button", class: "plain", "data-panel": key, onclick: press }, words);
