/** The list of everything one is in, by platform, and who is speaking. */

import { avatar, byId, el, icon, onceAFrame, timeOf } from "./dom.js";
import { gistOf } from "./markdown.js";
import { serverParts } from "./server.js";
import { isDirect, sameId } from "./world.js";

const PLATFORMS = { telegram: "Telegram", discord: "Discord" };

export class Sidebar {
  #world;
  #panes;
  #hands;

  /** `hands` are what the list leads to: newThing. */
  constructor(world, panes, hands) {
    this.#world = world;
    this.#panes = panes;
    this.#hands = hands;
    const draw = onceAFrame(() => this.#draw());
    world.on("reset place turned message changed gone live chats voices read", draw);
  }

  #draw() {
    const held = document.activeElement?.dataset?.key;
    this.#drawChats();
    this.#drawSpeaker();
    const unread = [...this.#world.chats.keys()].reduce((sum, chat) => sum + this.#world.unread(chat), 0);
    document.title = unread ? `(${unread}) Troupe` : "Troupe";
    // The buttons are new ones; whoever stood on one with the keyboard stands there still.
    if (held && document.activeElement === document.body) document.querySelector(`[data-key="${held}"]`)?.focus();
  }

  #drawChats() {
    const mine = this.#world.myChats();
    const platforms = [...new Set(mine.map((chat) => chat.platform))];
    const sections = platforms.map((platform) => {
      const here = mine.filter((chat) => chat.platform === platform);
      const parts = platform === "discord" ? serverParts(here, this.#world, this) : [this.list(here)];
      const name = PLATFORMS[platform] ?? platform;
      return el("section", { "aria-label": name, "data-platform": platform }, el("h2", {}, name), ...parts);
    });
    byId("chats").replaceChildren(...sections);
  }

  list(chats) {
    return el("ul", {}, ...chats.map((chat) => el("li", {}, this.#chat(chat), this.beside(chat))));
  }

  #chat(chat) {
    const world = this.#world;
    const last = world.lastOf(chat.id);
    const name = world.titleOf(chat);
    return el(
      "button",
      { ...this.doorTo(chat), class: "entry-chat" },
      avatar(name, { bot: isDirect(chat), group: !isDirect(chat) }),
      el("span", { class: "entry-title" }, name),
      el("span", { class: "entry-time" }, last ? timeOf(last.date) : ""),
      el("span", { class: "entry-last" }, ...this.#preview(chat, last)),
      this.badge(chat),
    );
  }

  /** What every entry of the list does, however it looks. */
  doorTo(chat) {
    const panes = this.#panes;
    const pane = panes.shown.find((one) => one.place.chat === chat.id);
    const go = (event) => {
      if (event.shiftKey || event.ctrlKey || event.metaKey) panes.beside(chat.id);
      else panes.show(chat.id, pane?.place.topic ?? null);
    };
    return {
      type: "button",
      "data-chat": chat.id,
      "data-key": `chat ${chat.id}`,
      "aria-current": pane ? (pane === panes.active ? "page" : "true") : null,
      onclick: go,
    };
  }

  /** A small button to see a chat next to the open one; with the keyboard it is Shift and Enter. */
  beside(chat) {
    const panes = this.#panes;
    if (!panes.wide || panes.shown.some((pane) => pane.place.chat === chat.id)) return null;
    const name = `Open ${this.#world.titleOf(chat)} beside`;
    const open = () => panes.beside(chat.id);
    return el(
      "button",
      { type: "button", class: "beside", tabindex: "-1", "aria-label": name, title: "Open beside", onclick: open },
      icon("split"),
    );
  }

  badge(chat) {
    const unread = this.#world.unread(chat.id);
    return unread ? el("span", { class: "badge", "aria-label": `${unread} unread` }, String(unread)) : null;
  }

  get hands() {
    return this.#hands;
  }

  #preview(chat, last) {
    const world = this.#world;
    const typing = [...world.typing.values(), ...world.drafts.values()].find((one) => one.chat === chat.id);
    if (typing && isDirect(chat)) return [el("em", {}, "typing…")];
    if (typing) return [el("em", {}, `${world.who(typing.from).name} is typing…`)];
    if (!last) return [isDirect(chat) ? "Say hello" : "No messages yet"];
    if (last.service) return [last.service];
    const own = sameId(last.from.id, world.me) && !last.as;
    const speaker = own ? "You" : isDirect(chat) || last.as === chat.title ? null : (last.as ?? last.from.name);
    const words = gistOf(last, world).slice(0, 120);
    return speaker ? [el("b", {}, `${speaker}: `), words] : [words];
  }

  #drawSpeaker() {
    const me = this.#world.who(this.#world.me);
    byId("speaker").replaceChildren(
      avatar(me.name),
      el("span", {}, el("small", {}, "Speaking as"), el("b", {}, me.name)),
      icon("down"),
    );
    for (const pane of this.#panes.all) {
      const mouth = pane.part("mouth");
      mouth.replaceChildren(avatar(me.name));
      mouth.setAttribute("aria-label", `Speaking as ${me.name}. Change`);
      mouth.title = `Speaking as ${me.name}`;
    }
  }

  /** Go to the chat above (-1) or below (+1) the open one. */
  step(by) {
    const mine = this.#world.myChats();
    if (!mine.length) return;
    const { active } = this.#panes;
    const at = mine.findIndex((chat) => chat.id === active.place.chat);
    active.enter(mine.at((at + by + mine.length) % mine.length).id);
  }
}
