/** Where one types: sending, answering, editing. */

import { Attaching } from "./attaching.js";
import { el, icon } from "./dom.js";
import { Inline } from "./inline.js";
import { Keyboard } from "./keyboard.js";
import { gistOf, wordsOf } from "./markdown.js";
import { Offers } from "./offers.js";
import { isEditable, mayWrite, sameId } from "./world.js";

const TALLEST_PX = 180;
const SIGNS = { comment: "thread" };

export class Composer {
  #world;
  #pane;
  #hands;
  #offers;
  #inline;
  #attaching;
  #text;
  #send;
  #about;
  #task = null;
  #unsent = new Map();
  #spot = "";

  /** `hands` are say, change, quote, remark, attach, hand, inline and choose; each is false when the
   * stage refused. */
  constructor(world, pane, hands) {
    this.#world = world;
    this.#pane = pane;
    this.#hands = hands;
    [this.#text, this.#send, this.#about] = ["text", "send", "about"].map((name) => pane.part(name));
    this.#attaching = new Attaching(pane, this, hands);
    this.#offers = new Offers(world, pane, hands.complete);
    const choose = async (...choice) => (await hands.choose(...choice)) && this.#write("");
    const show = (offers) => this.#offers.show(offers);
    this.#inline = new Inline(world, pane, { hands: { ...hands, choose }, show });
    new Keyboard(world, pane, (place, words) => {
      this.focus();
      hands.say(place, words, null);
    });
    this.#text.addEventListener("input", () => this.#typed());
    this.#text.addEventListener("keydown", (event) => this.#key(event));
    this.#text.addEventListener("blur", () => this.#offers.close());
    pane.part("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    world.on("reset", () => this.#moved());
    world.on("chats", () => this.#allow());
    pane.on("place", () => this.#moved());
    world.on("gone", (message) => this.#task?.message.id === message.id && this.isAbout(message) && this.cancel());
  }

  isAbout(message) {
    return this.#task?.message.chat === message.chat;
  }

  focus() {
    this.#text.focus({ preventScroll: true });
  }

  reply(message) {
    if (this.#task?.kind === "edit") this.cancel();
    this.#begin({ kind: "reply", message });
  }

  /** Answer some words of a message alone. */
  quote(message, part) {
    if (this.#task?.kind === "edit") this.cancel();
    this.#begin({ kind: "quote", message, part });
  }

  /** Write below a post, in the group where the channel is discussed. */
  comment(message) {
    if (this.#task?.kind === "edit") this.cancel();
    this.#begin({ kind: "comment", message });
  }

  edit(message) {
    this.#begin({ kind: "edit", message, before: this.#task?.kind === "edit" ? this.#task.before : this.#text.value });
    this.#write(this.#typedAs(message));
  }

  cancel() {
    if (!this.#task) return false;
    const { kind, before } = this.#task;
    this.#task = null;
    if (kind === "edit") this.#write(before);
    this.#drawAbout();
    return true;
  }

  #begin(task) {
    this.#task = task;
    this.#drawAbout();
    this.focus();
  }

  #drawAbout() {
    const task = this.#task;
    this.#about.hidden = !task;
    this.#send.setAttribute("aria-label", task?.kind === "edit" ? "Save" : "Send");
    this.#send.replaceChildren(icon(task?.kind === "edit" ? "save" : "send"));
    this.#allow();
    if (!task) return this.#about.replaceChildren();
    const name = task.message.as ?? task.message.from.name;
    const titles = {
      edit: "Edit message",
      reply: `Reply to ${name}`,
      quote: `Quote from ${name}`,
      comment: `Comment on ${name}`,
    };
    const gist = task.part ?? (this.#typedAs(task.message) || gistOf(task.message, this.#world));
    const words = el("div", {}, el("b", {}, titles[task.kind]), el("span", {}, gist));
    const stop = () => {
      this.cancel();
      this.focus();
    };
    const close = el(
      "button",
      { type: "button", class: "round", "aria-label": "Cancel", onclick: stop },
      icon("close"),
    );
    this.#about.replaceChildren(icon(SIGNS[task.kind] ?? task.kind), words, close);
  }

  /** A message as one types it: in Discord's text the people are named by number. */
  #typedAs(message) {
    return this.#pane.platform === "discord" ? wordsOf(message, this.#world, this.#pane.chat) : message.text;
  }

  #moved() {
    const { chat, topic } = this.#pane.place;
    const spot = `${chat}|${topic ?? ""}`;
    if (spot !== this.#spot) {
      this.cancel();
      this.#unsent.set(this.#spot, this.#text.value);
      this.#spot = spot;
      this.#write(this.#unsent.get(spot) ?? "");
    } else if (this.#task?.kind === "edit" && !sameId(this.#task.message.from.id, this.#world.me)) this.cancel();
    this.#allow();
    this.#offers.close();
  }

  /** In a channel readers write comments only; an edit and a comment are words only. */
  #allow() {
    const { chat } = this.#pane;
    const kind = this.#task?.kind;
    const writes = chat && mayWrite(chat, this.#world.me);
    const comments = kind === "comment";
    this.#text.disabled = !writes && !comments;
    if (chat && !writes) this.#text.placeholder = comments ? "Comment" : "Only administrators write here";
    this.#attaching.allow(writes && kind !== "edit" && !comments);
  }

  /** Give up what is written to whoever sends it with a thing; `restore` brings it back. */
  take({ words = true } = {}) {
    const { place } = this.#pane;
    const text = this.#text.value.trim();
    const replyTo = this.#task?.message.id ?? null;
    this.#task = null;
    if (words) this.#write("");
    this.#drawAbout();
    this.focus();
    const restore = () => this.#pane.place === place && this.#text.value === "" && this.#write(text);
    return { place, words: text, replyTo, restore };
  }

  #write(words) {
    this.#text.value = words;
    this.#fit();
    this.#offers.close();
  }

  #typed() {
    this.#fit();
    this.#offers.refresh();
    this.#inline.refresh(this.#text.value);
  }

  #fit() {
    this.#text.style.height = "auto";
    // On a narrow screen the composer may be out of sight, and then has no height to measure.
    const tall = this.#text.scrollHeight;
    this.#text.style.height = tall ? `${Math.min(tall, TALLEST_PX)}px` : "";
    this.#send.disabled = this.#text.value.trim() === "";
  }

  #key(event) {
    // While an input method composes a word, Enter belongs to it.
    if (event.isComposing) return;
    if (this.#offers.key(event)) event.preventDefault();
    else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === "Escape" && this.cancel()) event.stopPropagation();
    else if (event.key === "ArrowUp" && !event.altKey && this.#text.value === "" && !this.#task) this.#editLast(event);
  }

  #editLast(event) {
    const mine = this.#world
      .messagesAt(this.#pane.place)
      .filter((message) => isEditable(message) && sameId(message.from.id, this.#world.me));
    if (!mine.length) return;
    event.preventDefault();
    this.edit(mine.at(-1));
  }

  async #submit() {
    const words = this.#text.value.trim();
    if (!words || !this.#pane.chat) return;
    const task = this.#task;
    const { place } = this.#pane;
    this.#task = null;
    this.#write(task?.kind === "edit" ? task.before : "");
    this.#drawAbout();
    const done = await this.#give(place, words, task);
    // A refused text comes back, unless something else has been written meanwhile.
    if (!done && this.#pane.place === place && this.#text.value === "") this.#write(words);
  }

  #give(place, words, task) {
    switch (task?.kind) {
      case "edit":
        return this.#typedAs(task.message) === words || this.#hands.change(task.message, words);
      case "quote":
        return this.#hands.quote(place, task.message, task.part, words);
      case "comment":
        return this.#hands.remark(task.message, words);
      default:
        return this.#hands.say(place, words, task?.message.id ?? null);
    }
  }
}
