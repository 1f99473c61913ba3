/** What the composer offers while one types: commands after "/", members after "@". */

import { avatar, byId, el } from "./dom.js";

const COMMANDS = [
  ["/start", "begin the conversation"],
  ["/help", "what this character can do"],
  ["/reset", "forget this conversation"],
];

export class Offers {
  #list = byId("offers");
  #text = byId("text");
  #world;
  #offers = [];
  #at = 0;
  #from = 0;

  constructor(world) {
    this.#world = world;
  }

  get open() {
    return !this.#list.hidden;
  }

  /** Look at the word before the cursor and offer what it could become. */
  refresh() {
    const before = this.#text.value.slice(0, this.#text.selectionStart);
    const word = /(^|\s)([@/]\S*)$/.exec(before)?.[2] ?? "";
    this.#from = before.length - word.length;
    this.#offers = this.#for(word);
    this.#at = 0;
    this.#draw();
  }

  close() {
    this.#offers = [];
    this.#draw();
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
    const { chat } = this.#world;
    if (!chat || !word) return [];
    const sought = word.toLowerCase();
    const commands = this.#from === 0 ? this.#commands(chat) : [];
    const found = word.startsWith("@") ? this.#members(chat) : commands;
    const fitting = found.filter(
      ({ word: whole, name }) =>
        whole.toLowerCase().startsWith(sought) || name?.toLowerCase().startsWith(sought.slice(1)),
    );
    return fitting.length === 1 && fitting[0].word === word ? [] : fitting;
  }

  #members(chat) {
    const bots = chat.bots.map((id) => [this.#world.who(id), true]);
    const people = chat.people.map((id) => [this.#world.who(id), false]);
    return [...bots, ...people]
      .filter(([who]) => who.username && String(who.id) !== this.#world.me)
      .map(([who, bot]) => ({ word: `@${who.username}`, name: who.name, face: avatar(who.name, { bot }) }));
  }

  #commands(chat) {
    // In a group a command is for everybody unless it names its bot.
    const named = chat.bots.map((id) => this.#world.who(id).username).filter(Boolean);
    const ends = chat.kind === "private" ? [""] : ["", ...named.map((name) => `@${name}`)];
    return ends.flatMap((end) => COMMANDS.map(([word, note]) => ({ word: word + end, note })));
  }

  #take(index) {
    const { word } = this.#offers[index];
    const { value, selectionStart } = this.#text;
    const rest = value.slice(selectionStart).replace(/^\s/, "");
    this.#text.value = `${value.slice(0, this.#from)}${word} ${rest}`;
    const cursor = this.#from + word.length + 1;
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
          id: `offer-${index}`,
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
    if (this.open) this.#text.setAttribute("aria-activedescendant", `offer-${this.#at}`);
    else this.#text.removeAttribute("aria-activedescendant");
    options[this.#at]?.scrollIntoView({ block: "nearest" });
  }
}
