/** The list of chats, by platform, the heading of the open one, and its topics. */

import { avatar, byId, el, icon, onceAFrame, timeOf } from "./dom.js";
import { sameId } from "./world.js";

const PLATFORMS = { telegram: "Telegram", discord: "Discord" };

export class Sidebar {
  #world;
  #newTopic;

  constructor(world, { newTopic }) {
    this.#world = world;
    this.#newTopic = newTopic;
    const draw = onceAFrame(() => this.#draw());
    world.on("reset place message changed gone live chats read", draw);
  }

  #draw() {
    const held = document.activeElement?.dataset?.key;
    this.#drawChats();
    this.#drawHeading();
    this.#drawTopics();
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
      const name = PLATFORMS[platform] ?? platform;
      const list = mine.filter((chat) => chat.platform === platform).map((chat) => el("li", {}, this.#chat(chat)));
      return el("section", { "aria-label": name }, el("h2", {}, name), el("ul", {}, ...list));
    });
    byId("chats").replaceChildren(...sections);
  }

  #chat(chat) {
    const world = this.#world;
    const last = world.lastOf(chat.id);
    const unread = world.unread(chat.id);
    const name = titleOf(chat, world);
    return el(
      "button",
      {
        type: "button",
        class: "entry-chat",
        "data-chat": chat.id,
        "data-key": `chat ${chat.id}`,
        "aria-current": chat.id === world.place.chat ? "page" : null,
        onclick: () => world.go(chat.id, chat.id === world.place.chat ? world.place.topic : null),
      },
      avatar(name, { bot: chat.kind === "private", group: chat.kind !== "private" }),
      el("span", { class: "entry-title" }, name),
      el("span", { class: "entry-time" }, last ? timeOf(last.date) : ""),
      el("span", { class: "entry-last" }, ...this.#preview(chat, last)),
      unread ? el("span", { class: "badge", "aria-label": `${unread} unread` }, String(unread)) : null,
    );
  }

  #preview(chat, last) {
    const world = this.#world;
    const typing = [...world.typing.values(), ...world.drafts.values()].find((one) => one.chat === chat.id);
    if (typing && chat.kind === "private") return [el("em", {}, "typing…")];
    if (typing) return [el("em", {}, `${world.who(typing.from).name} is typing…`)];
    if (!last) return [chat.kind === "private" ? "Say hello" : "No messages yet"];
    if (last.service) return [last.service];
    const own = sameId(last.from.id, world.me);
    const speaker = own ? "You" : chat.kind === "private" ? null : last.from.name;
    const words = last.text.slice(0, 120);
    return speaker ? [el("b", {}, `${speaker}: `), words] : [words];
  }

  #drawHeading() {
    const world = this.#world;
    const { chat } = world;
    byId("info").hidden = !chat;
    if (!chat) return byId("heading").replaceChildren();
    const name = titleOf(chat, world);
    byId("heading").replaceChildren(
      avatar(name, { bot: chat.kind === "private", group: chat.kind !== "private" }),
      el("h2", {}, name),
      el("p", {}, this.#status(chat)),
    );
    byId("text").placeholder = chat.kind === "private" ? `Message ${name}` : "Message";
  }

  #status(chat) {
    const world = this.#world;
    const live = [...world.liveHere(world.typing), ...world.liveHere(world.drafts)];
    const busy = new Set(live.map((one) => String(one.from)));
    const names = [...busy].map((id) => world.who(id).name);
    if (names.length) return el("em", {}, `${names.join(", ")} ${names.length > 1 ? "are" : "is"} typing…`);
    if (chat.kind === "private") return "bot";
    const count = (n, one, many) => (n === 1 ? `1 ${one}` : `${n} ${many}`);
    return `${count(chat.people.length, "person", "people")}, ${count(chat.bots.length, "character", "characters")}`;
  }

  #drawTopics() {
    const world = this.#world;
    const { chat } = world;
    const bar = byId("topics");
    bar.hidden = chat?.kind !== "forum";
    if (bar.hidden) return bar.replaceChildren();
    const chips = chat.topics.map((topic) => {
      const unread = world.unread(chat.id, topic.id);
      return el(
        "button",
        {
          type: "button",
          class: "topic",
          "data-key": `topic ${topic.id}`,
          "aria-pressed": String(topic.id === world.place.topic),
          onclick: () => world.go(chat.id, topic.id),
        },
        topic.name,
        unread ? el("span", { class: "badge", "aria-label": `${unread} unread` }, String(unread)) : null,
      );
    });
    const more = el(
      "button",
      { type: "button", class: "topic", "aria-label": "New topic", "data-key": "topic new", onclick: this.#newTopic },
      icon("plus"),
    );
    bar.replaceChildren(...chips, more);
  }

  #drawSpeaker() {
    const me = this.#world.who(this.#world.me);
    byId("speaker").replaceChildren(
      avatar(me.name),
      el("span", {}, el("small", {}, "Speaking as"), el("b", {}, me.name)),
      icon("down"),
    );
    byId("mouth").replaceChildren(avatar(me.name));
    byId("mouth").setAttribute("aria-label", `Speaking as ${me.name}. Change`);
    byId("mouth").title = `Speaking as ${me.name}`;
  }

  /** Go to the chat above (-1) or below (+1) the open one. */
  step(by) {
    const mine = this.#world.myChats();
    if (!mine.length) return;
    const at = mine.findIndex((chat) => chat.id === this.#world.place.chat);
    this.#world.go(mine.at((at + by + mine.length) % mine.length).id);
  }
}

/** A direct chat is called after the bot in it. */
export function titleOf(chat, world) {
  if (chat.kind === "private" && chat.bots.length) return world.who(chat.bots[0]).name;
  return chat.title;
}
