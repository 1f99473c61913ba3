/** One conversation on screen: the place it shows, and the parts it is made of. */

import { Board } from "./board.js";
import { CallBar } from "./callbar.js";
import { Composer } from "./composer.js";
import { byId } from "./dom.js";
import { Heading } from "./heading.js";
import { Log } from "./log.js";
import { News } from "./news.js";

/** Kinds of news: place (it shows another one). */
export class Pane extends News {
  place = { chat: null, topic: null };
  #world;

  /** `mark` keeps the ids of this pane's parts apart from those of the other one. */
  constructor(world, mark, hands) {
    super();
    this.#world = world;
    this.mark = mark;
    this.root = byId("pane-parts").content.firstElementChild.cloneNode(true);
    this.root.id = `pane${mark}`;
    for (const part of this.root.querySelectorAll("[data-part]")) part.id = `${part.dataset.part}${mark}`;
    byId("panes").append(this.root);
    this.part("text").setAttribute("aria-controls", `offers${mark}`);
    world.on("reset place", () => this.#dress());
    this.heading = new Heading(world, this, hands);
    this.callBar = new CallBar(world, this, hands.call);
    this.composer = new Composer(world, this, hands);
    this.log = new Log(world, this, hands);
    this.board = new Board(world, this, hands);
  }

  part(name) {
    return this.root.querySelector(`[data-part=${name}]`);
  }

  get chat() {
    return this.#world.chats.get(this.place.chat) ?? null;
  }

  get platform() {
    return this.chat?.platform ?? null;
  }

  get open() {
    return !this.root.hidden;
  }

  isHere(thing) {
    return this.open && this.#world.isAt(thing, this.place);
  }

  /** Those of `shelf` (the world's typing or drafts) that belong here. */
  live(shelf) {
    return [...shelf.values()].filter((thing) => this.isHere(thing));
  }

  isWatching(thing) {
    return this.isHere(thing) && !document.hidden && !document.body.classList.contains("listing");
  }

  go(chat, topic = null) {
    this.place = { chat, topic };
    this.#dress();
    this.markRead();
    this.tell("place");
    this.#world.tell("place", this);
  }

  /** Go somewhere and be ready to type there. */
  enter(chat, topic = null) {
    this.go(chat, topic);
    this.focus();
  }

  markRead() {
    if (this.open) this.#world.markRead(this.place);
  }

  focus() {
    if (this.chat?.kind === "board") this.board.focus();
    else this.composer.focus();
  }

  #dress() {
    const { chat } = this;
    this.root.dataset.platform = chat?.platform ?? "";
    this.root.dataset.kind = chat?.kind ?? "";
    this.root.setAttribute("aria-label", chat ? `Conversation: ${this.#world.titleOf(chat)}` : "Conversation");
  }
}
