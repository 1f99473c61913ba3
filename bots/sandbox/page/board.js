/** A forum channel of Discord: its posts instead of messages, and a way to write one. */

import { el, icon, onceAFrame, timeOf } from "./dom.js";
import { gistOf } from "./markdown.js";

export class Board {
  #world;
  #pane;
  #hands;
  #list;

  constructor(world, pane, hands) {
    this.#world = world;
    this.#pane = pane;
    this.#hands = hands;
    this.#list = pane.part("board");
    const draw = onceAFrame(() => this.#draw());
    world.on("reset place message changed gone chats read", draw);
    pane.on("place", () => this.#draw());
  }

  focus() {
    this.#draw();
    this.#list.querySelector("button")?.focus();
  }

  #draw() {
    const { chat } = this.#pane;
    const held = document.activeElement?.dataset?.key;
    this.#list.hidden = chat?.kind !== "board";
    if (this.#list.hidden) return this.#list.replaceChildren();
    const posts = this.#world.myChats().filter((one) => one.parent === chat.id);
    const start = () => this.#hands.newPost(this.#pane);
    const write = { type: "button", class: "primary", "data-key": "post new", onclick: start };
    this.#list.replaceChildren(
      el("button", write, icon("plus"), "New post"),
      posts.length
        ? el("ul", { "aria-label": "Posts" }, ...posts.reverse().map((post) => el("li", {}, this.#post(post))))
        : el("p", { class: "quiet" }, "Nobody has posted here yet."),
    );
    if (held && document.activeElement === document.body) this.#list.querySelector(`[data-key="${held}"]`)?.focus();
  }

  #post(post) {
    const world = this.#world;
    const said = world.messagesAt({ chat: post.id, topic: null }).filter((message) => !message.service);
    const [first] = said;
    const last = said.at(-1);
    const unread = world.unread(post.id);
    const answers = said.length > 2 ? `${said.length - 1} answers` : said.length > 1 ? "1 answer" : "no answer yet";
    return el(
      "button",
      { type: "button", class: "post", "data-key": `post ${post.id}`, onclick: () => this.#pane.enter(post.id) },
      el("b", {}, post.title),
      first ? el("span", {}, el("i", {}, `${first.from.name}: `), gistOf(first, world)) : null,
      el("small", {}, last ? `${answers} · ${timeOf(last.date)}` : answers),
      unread ? el("span", { class: "badge", "aria-label": `${unread} unread` }, String(unread)) : null,
    );
  }
}
