/** The bar above a voice channel's chat: who is there, who speaks, and what one can do there. */

import { avatar, el, icon, onceAFrame } from "./dom.js";
import { sameId } from "./world.js";

export class CallBar {
  #world;
  #pane;
  #call;
  #bar;
  #file = el("input", { type: "file", accept: "audio/*,video/*", hidden: true });

  constructor(world, pane, call) {
    this.#world = world;
    this.#pane = pane;
    this.#call = call;
    this.#bar = pane.part("call");
    const draw = onceAFrame(() => this.#draw());
    world.on("reset place chats voices", draw);
    call.on("call", draw);
    this.#file.addEventListener("change", () => this.#play());
    this.#bar.addEventListener("dragover", (event) => this.#isIn && event.preventDefault());
    this.#bar.addEventListener("drop", (event) => this.#drop(event));
  }

  get #isIn() {
    const { chat } = this.#pane;
    return Boolean(chat) && this.#call.isIn(chat);
  }

  #draw() {
    const [bar, call] = [this.#bar, this.#call];
    const { chat } = this.#pane;
    bar.hidden = !chat?.voices;
    if (bar.hidden) return bar.replaceChildren();
    const held = bar.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const inside = chat.voices.inside.length ? peopleIn(chat, this.#world) : el("p", {}, "Nobody is here.");
    const buttons = this.#isIn ? this.#inside(chat) : [this.#joiner(chat)];
    const parts = [inside, el("div", { class: "call-deeds" }, ...buttons)];
    if (chat.voices.inside.length) parts.push(privacy(chat.voices.code));
    if (this.#isIn && call.note) parts.push(el("p", { class: "call-note", role: "status" }, call.note));
    bar.replaceChildren(...parts, this.#file);
    if (held) (bar.querySelector(`[data-key="${held}"]`) ?? bar.querySelector("button")).focus();
  }

  #joiner(chat) {
    return el(
      "button",
      { type: "button", class: "primary", "data-key": "join", onclick: () => this.#call.join(chat) },
      "Join",
    );
  }

  #inside(chat) {
    const me = chat.voices.inside.find((one) => sameId(one.id, this.#world.me)) ?? {};
    const { mute, deaf } = me;
    return [
      this.#switch("mute", mute ? "mute" : "voice", mute ? "Unmute" : "Mute", mute),
      this.#switch("deafen", deaf ? "deaf" : "hear", deaf ? "Hear again" : "Deafen", deaf),
      this.#player(),
      el(
        "button",
        { type: "button", class: "plain danger", "data-key": "leave", onclick: () => this.#call.leave() },
        "Leave",
      ),
    ];
  }

  #switch(deed, sign, label, on) {
    const press = () => this.#call.does({ do: deed, on: !on });
    const name = { "aria-label": label, title: label, "aria-pressed": String(Boolean(on)) };
    return el("button", { type: "button", class: "round", "data-key": deed, ...name, onclick: press }, icon(sign));
  }

  #player() {
    const label = "Play a sound file";
    const press = () => this.#file.click();
    const name = { "aria-label": label, title: label, "data-key": "play" };
    return el("button", { type: "button", class: "round", ...name, onclick: press }, icon("music"));
  }

  #play() {
    const [file] = this.#file.files;
    if (file && this.#isIn) this.#call.play(file);
    this.#file.value = "";
  }

  #drop(event) {
    const [file] = event.dataTransfer.files;
    if (!file || !this.#isIn) return;
    event.preventDefault();
    event.stopPropagation();
    this.#call.play(file);
  }
}

/** Everybody in a voice channel; who speaks has a ring. */
export function peopleIn(chat, world) {
  const people = chat.voices.inside.map((one) => {
    const { name } = world.who(one.id);
    const marks = [one.deaf ? "deaf" : null, one.mute && !one.deaf ? "mute" : null].filter(Boolean);
    const states = [one.speaking && "speaking", one.mute && "muted", one.deaf && "deaf"].filter(Boolean);
    const said = states.length ? `${name}, ${states.join(", ")}` : name;
    return el(
      "li",
      { class: one.speaking ? "voice speaking" : "voice", title: said, "aria-label": said },
      avatar(name, { bot: world.isBot(one.id) }),
      el("span", {}, name),
      ...marks.map((mark) => icon(mark)),
    );
  });
  return el("ul", { class: "voices" }, ...people);
}

/** The code that everybody in the channel can compare, in groups of five digits. */
function privacy(code) {
  if (code === null) return el("p", { class: "privacy" }, "Not end-to-end encrypted.");
  if (!code) return el("p", { class: "privacy" }, icon("lock"), "End-to-end encrypted.");
  const groups = code.match(/.{1,5}/g).join(" ");
  return el("p", { class: "privacy", title: "Everybody in the channel sees the same code." }, icon("lock"), groups);
}
