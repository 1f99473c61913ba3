/** Where one types: sending, answering, editing. */

import { el, icon } from "./dom.js";
import { wordsOf } from "./markdown.js";
import { Offers } from "./offers.js";
import { sameId } from "./world.js";

const TALLEST_PX = 180;

export class Composer {
  #world;
  #pane;
  #say;
  #change;
  #attach;
  #offers;
  #text;
  #send;
  #about;
  #clip;
  #file;
  #task = null;
  #unsent = new Map();
  #spot = "";

  /** `say(place, text, replyTo)`, `attach(place, file, text, replyTo)` and `change(message, text)`
   * resolve to false when the stage refused. */
  constructor(world, pane, { say, attach, change }) {
    this.#world = world;
    this.#pane = pane;
    this.#say = say;
    this.#change = change;
    this.#attach = attach;
    [this.#text, this.#send, this.#about] = ["text", "send", "about"].map((name) => pane.part(name));
    [this.#clip, this.#file] = ["attach", "file"].map((name) => pane.part(name));
    this.#clip.addEventListener("click", () => this.#file.click());
    this.#file.addEventListener("change", () => this.#picked());
    this.#offers = new Offers(world, pane);
    this.#text.addEventListener("input", () => this.#typed());
    this.#text.addEventListener("keydown", (event) => this.#key(event));
    this.#text.addEventListener("blur", () => this.#offers.close());
    pane.part("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    world.on("reset", () => this.#moved());
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
    this.#dressClip();
    if (!task) return this.#about.replaceChildren();
    const title = task.kind === "edit" ? "Edit message" : `Reply to ${task.message.from.name}`;
    const words = el("div", {}, el("b", {}, title), el("span", {}, this.#typedAs(task.message)));
    const stop = () => {
      this.cancel();
      this.focus();
    };
    const close = el(
      "button",
      { type: "button", class: "round", "aria-label": "Cancel", onclick: stop },
      icon("close"),
    );
    this.#about.replaceChildren(icon(task.kind), words, close);
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
    this.#text.disabled = !this.#pane.chat;
    this.#dressClip();
    this.#offers.close();
  }

  /** An edit changes words only. */
  #dressClip() {
    this.#clip.disabled = !this.#pane.chat || this.#task?.kind === "edit";
  }

  /** A file goes at once, with what is written as its caption. */
  async #picked() {
    const [file] = this.#file.files;
    this.#file.value = "";
    if (!file || this.#clip.disabled) return;
    const words = this.#text.value.trim();
    const replyTo = this.#task?.message.id ?? null;
    const { place } = this.#pane;
    this.#task = null;
    this.#write("");
    this.#drawAbout();
    this.focus();
    const done = await this.#attach(place, file, words, replyTo);
    if (!done && this.#pane.place === place && this.#text.value === "") this.#write(words);
  }

  #write(words) {
    this.#text.value = words;
    this.#fit();
    this.#offers.close();
  }

  #typed() {
    this.#fit();
    this.#offers.refresh();
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
      .filter((message) => !message.service && sameId(message.from.id, this.#world.me));
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
    const done =
      task?.kind === "edit"
        ? this.#typedAs(task.message) === words || (await this.#change(task.message, words))
        : await this.#say(place, words, task?.message.id ?? null);
    // A refused text comes back, unless something else has been written meanwhile.
    if (!done && this.#pane.place === place && this.#text.value === "") this.#write(words);
  }
}
