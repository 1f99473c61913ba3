/** Answers that a bot lays ready below the composer: pressing one says it. */

import { el, onceAFrame } from "./dom.js";
import { sameId } from "./world.js";

export class Keyboard {
  #world;
  #pane;
  #say;
  #part;

  constructor(world, pane, say) {
    this.#world = world;
    this.#pane = pane;
    this.#say = say;
    this.#part = pane.part("keyboard");
    const draw = onceAFrame(() => this.#draw());
    world.on("reset message changed gone", draw);
    pane.on("place", draw);
  }

  #draw() {
    const rows = this.#rows();
    this.#part.hidden = rows.length === 0;
    const press = (words) => this.#say(this.#pane.place, words, null);
    const key = (words) => el("button", { type: "button", class: "key", onclick: () => press(words) }, words);
    const same = JSON.stringify(rows);
    if (this.#part.dataset.rows === same) return;
    this.#part.dataset.rows = same;
    this.#part.replaceChildren(...rows.map((row) => el("div", {}, ...row.map(key))));
  }

  /** Those that were laid last, unless they have been taken away or were for one use. */
  #rows() {
    if (this.#pane.platform !== "telegram") return [];
    let used = false;
    for (const message of this.#world.messagesAt(this.#pane.place).reverse()) {
      if (message.keyboard) return message.once && used ? [] : message.keyboard;
      used ||= sameId(message.from.id, this.#world.me);
    }
    return [];
  }
}
