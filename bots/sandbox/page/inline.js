/** What a bot offers to whoever begins a message with its name, to be sent in place of that message. */

import { avatar } from "./dom.js";
import { sameId } from "./world.js";

const CALL = /^@(\w+)\s([\s\S]*)$/;
const PAUSE_MS = 250;

export class Inline {
  #world;
  #pane;
  #hands;
  #show;
  #asked = null;
  #timer = 0;

  /** `hands` are inline and choose; `show` is given what there is to choose from. */
  constructor(world, pane, { hands, show }) {
    this.#world = world;
    this.#pane = pane;
    this.#hands = hands;
    this.#show = show;
    world.on("offered", (offer) => this.#offered(offer));
  }

  /** Ask the bot that is named, once whoever writes has paused. */
  refresh(text) {
    clearTimeout(this.#timer);
    this.#asked = null;
    const [, name, words] = CALL.exec(text) ?? [];
    const bot = name && this.#pane.platform === "telegram" ? this.#called(name) : null;
    if (!bot) return;
    this.#timer = setTimeout(() => {
      this.#asked = { bot, text: words };
      this.#hands.inline(this.#pane.place, bot.id, words);
    }, PAUSE_MS);
  }

  #called(name) {
    const bots = [...this.#world.bots.values()];
    return bots.find((bot) => bot.username?.toLowerCase() === name.toLowerCase() && bot.able?.includes("inline"));
  }

  #offered({ query, to, bot, text, results }) {
    const asked = this.#asked;
    if (!asked || !sameId(to, this.#world.me) || !sameId(bot, asked.bot.id) || text !== asked.text) return;
    this.#show(
      results.map((result) => ({
        word: result.text,
        name: result.title || result.text.slice(0, 60) || result.type,
        face: avatar(asked.bot.name, { bot: true }),
        run: () => this.#hands.choose(this.#pane.place, asked.bot.id, query, result.id),
      })),
    );
  }
}
