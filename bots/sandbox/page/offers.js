/** What the composer offers while one types: commands after "/", members after "@", channels after "#". */

import { avatar, el } from "./dom.js";
import { faceOf } from "./heading.js";
import { Slash, writtenOf } from "./slash.js";
import { hasMark, isDirect } from "./world.js";

const COMMANDS = [
  ["/start", "begin the conversation"],
  ["/help", "what this character can do"],
  ["/reset", "forget this conversation"],
];

/** The commands that a bot has told Telegram of, or those that every character knows. */
function menuOf({ menu = {} }, chat) {
  const own = menu[isDirect(chat) ? "all_private_chats" : "all_group_chats"];
  const told = own?.length ? own : (menu.default ?? []);
  return told.length ? told.map(({ command, description }) => [`/${command}`, description]) : COMMANDS;
}

export class Offers {
  #list;
  #text;
  #slash;
  #world;
  #pane;
  #offers = [];
  #at = 0;
  #from = 0;

  /** `complete` asks a bot what an option could be. */
  constructor(world, pane, complete) {
    this.#world = world;
    this.#pane = pane;
    this.#slash = new Slash(world, pane, { complete, again: () => this.refresh() });
    [this.#list, this.#text] = [pane.part("offers"), pane.part("text")];
  }

  get open() {
    return !this.#list.hidden;
  }

  /** Look at the word before the cursor and offer what it could become. */
  refresh() {
    const before = this.#text.value.slice(0, this.#text.selectionStart);
    const word = /(^|\s)([@/#]\S*)$/.exec(before)?.[2] ?? "";
    const filling = this.#slash.offers(before);
    this.#from = filling ? filling.from : before.length - word.length;
    this.#offers = filling?.offers ?? this.#for(word);
    this.#at = 0;
    this.#draw();
  }

  /** Offer what somebody else has found; each of it has a `run`. */
  show(offers) {
    this.#offers = offers;
    this.#at = 0;
    this.#draw();
  }

  close() {
    this.show([]);
  }

  /** True when the key was for the list. */
  key(event) {
    if (!this.open) return false;
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in moves) {
      this.#at = (this.#at + moves[event.key] + this.#offers.length) % this.#offers.length;
      this.#draw();
    } else if (event.key === "Enter" || event.key === "Tab") this.#take(this.#at);
    else if (event.key === "Escape") this.close();
    else return false;
    return true;
  }

  #for(word) {
    const { chat } = this.#pane;
    if (!chat || !word) return [];
    const sought = word.toLowerCase();
    const found = this.#all(word[0], chat);
    const fitting = found.filter(
      ({ word: whole, name }) =>
        whole.toLowerCase().startsWith(sought) || name?.toLowerCase().startsWith(sought.slice(1)),
    );
    return fitting.length === 1 && fitting[0].word === word ? [] : fitting;
  }

  #all(mark, chat) {
    if (mark === "@") return this.#members(chat);
    if (mark === "#") return this.#channels(chat);
    return this.#from === 0 ? this.#commands(chat) : [];
  }

  #members(chat) {
    const bots = chat.bots.map((id) => [this.#world.who(id), true]);
    const people = chat.people.map((id) => [this.#world.who(id), false]);
    // In Telegram one is called by username, in Discord by name.
    const called = (who) => (chat.platform === "discord" ? who.name : who.username);
    return [...bots, ...people]
      .filter(([who]) => called(who) && String(who.id) !== this.#world.me)
      .map(([who, bot]) => ({ word: `@${called(who)}`, name: who.name, face: avatar(who.name, { bot }) }));
  }

  #channels(chat) {
    if (!hasMark(chat)) return [];
    return this.#world
      .myChats()
      .filter((one) => one.guild === chat.guild && hasMark(one))
      .map((one) => ({ word: `#${one.title}`, name: one.title, face: faceOf(one, one.title) }));
  }

  #commands(chat) {
    if (chat.platform === "discord") return this.#registered(chat);
    const bots = chat.bots.map((id) => this.#world.who(id));
    const menus = bots.map((bot) => [bot, menuOf(bot, chat)]);
    // In a group a command is for everybody unless it names its bot.
    const all = new Map(menus.flatMap(([, menu]) => menu));
    const entry = (end) => ([word, note]) => ({ word: word + end, note });
    const bare = [...all].map(entry(""));
    if (isDirect(chat)) return bare;
    return [...bare, ...menus.flatMap(([{ username }, menu]) => (username ? menu.map(entry(`@${username}`)) : []))];
  }

  /** The slash commands that the bots of this chat have told Discord of. */
  #registered(chat) {
    return chat.bots.flatMap((id) => {
      const bot = this.#world.who(id);
      return writtenOf(bot, chat).map((command) => ({
        word: `/${command.name}`,
        note: `${command.description} · ${bot.name}`,
        face: avatar(bot.name, { bot: true }),
      }));
    });
  }

  #take(index) {
    const { word, run } = this.#offers[index];
    if (run) return this.close(), run();
    const { value, selectionStart } = this.#text;
    const rest = value.slice(selectionStart).replace(/^\s/, "");
    const gap = word.endsWith(" ") ? "" : " ";
    this.#text.value = `${value.slice(0, this.#from)}${word}${gap}${rest}`;
    const cursor = this.#from + word.length + gap.length;
    this.#text.setSelectionRange(cursor, cursor);
    this.close();
    this.#text.focus();
    this.#text.dispatchEvent(new Event("input", { bubbles: true }));
  }

  #draw() {
    this.#list.hidden = this.#offers.length === 0;
    this.#text.setAttribute("aria-expanded", String(this.open));
    const options = this.#offers.map((offer, index) =>
      el(
        "div",
        {
          class: "offer",
          id: `offer${this.#pane.mark}-${index}`,
          role: "option",
          "aria-selected": String(index === this.#at),
          onpointerdown: (event) => {
            event.preventDefault();
            this.#take(index);
          },
        },
        offer.face,
        el("b", {}, offer.name ?? offer.word),
        el("span", {}, offer.name ? offer.word : offer.note),
      ),
    );
    this.#list.replaceChildren(...options);
    if (this.open) this.#text.setAttribute("aria-activedescendant", `offer${this.#pane.mark}-${this.#at}`);
    else this.#text.removeAttribute("aria-activedescendant");
    options[this.#at]?.scrollIntoView({ block: "nearest" });
  }
}
