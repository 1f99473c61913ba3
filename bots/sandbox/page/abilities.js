/** What the owner of a bot of Telegram has allowed it, as switches; and whether it speaks for one's business. */

import { el } from "./dom.js";
import { sameId } from "./world.js";

const SWITCHES = [
  ["Topics in its direct chats", ["topics", "new_topics"]],
  ["Offers something after @its name", ["inline", "feedback"]],
  ["Comes as a guest where it is called", ["guests"]],
  ["Stands in for businesses", ["business"]],
];

/** A section of the panel; `does(deed)` is false when the stage refused. */
export function abilities(bot, world, does) {
  const switches = SWITCHES.map(([label, names]) => {
    const [name] = names;
    const flip = (event) => does({ do: "able", bot: bot.id, names, on: event.currentTarget.checked });
    const box = { type: "checkbox", checked: bot.able.includes(name), "data-panel": `able ${name}`, onchange: flip };
    return el("label", { class: "pick" }, el("input", box), el("span", {}, label));
  });
  const section = el("section", {}, el("h3", {}, "What it may do"), ...switches);
  if (bot.able.includes("business")) section.append(standIn(bot, world, does));
  return section;
}

function standIn(bot, world, does) {
  const mine = [...world.chats.values()].filter((chat) => chat.business && sameId(chat.business, world.me));
  const on = mine.some((chat) => sameId(chat.stood_in_by, bot.id));
  const press = () => does({ do: "business", bot: bot.id, on: !on });
  const words = on ? "Speak for myself again" : "Let it speak for my business";
  return el("button", { type: "button", class: "plain", "data-panel": "business", onclick: press }, words);
}
