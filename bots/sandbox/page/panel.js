/** The side panel: who is in this chat, and what the program says is running. */

import { abilities } from "./abilities.js";
import { avatar, byId, el, icon } from "./dom.js";
import { faceOf } from "./heading.js";
import { readiness } from "./link.js";
import { asking, ruleOver } from "./ruling.js";
import { isDirect, sameId } from "./world.js";

const EVERY_MS = 4000;
const KINDS = {
  private: "Direct chat",
  group: "Group",
  supergroup: "Group",
  forum: "Group with topics",
  channel: "Channel",
  business: "Chat of a business",
  text: "Channel",
  announcement: "Announcement channel",
  thread: "Thread",
  private_thread: "Private thread",
  board: "Forum",
  post: "Post in a forum",
  voice: "Voice channel",
  stage: "Stage channel",
};
const MOODS = { live: "good", rejected: "bad", stopped: "off" };

export class Panel {
  #world;
  #does;
  #panel = byId("panel");
  #pane = null;
  #blocked = new Set();
  #news = undefined;
  #timer = 0;

  /** `does(deed)` is false when the stage refused. */
  constructor(world, does) {
    this.#world = world;
    this.#does = does;
    this.#panel.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
    world.on("reset place chats", () => this.open && this.#draw());
  }

  get open() {
    return !this.#panel.hidden;
  }

  /** Open it about a pane's chat; a second press on the same one closes it. */
  turn(pane) {
    if (this.open && this.#pane === pane) return this.close();
    if (this.open) this.close();
    this.#pane = pane;
    this.#panel.hidden = false;
    pane.part("info").setAttribute("aria-expanded", "true");
    document.body.classList.add("informed");
    this.#draw();
    this.#panel.querySelector("button").focus();
    this.#ask();
  }

  close() {
    clearTimeout(this.#timer);
    this.#panel.hidden = true;
    this.#pane.part("info").setAttribute("aria-expanded", "false");
    document.body.classList.remove("informed");
    this.#pane.part("info").focus();
  }

  async #ask() {
    this.#news = await readiness();
    if (!this.open) return;
    this.#draw();
    this.#timer = setTimeout(() => this.#ask(), EVERY_MS);
  }

  #draw() {
    const held = document.activeElement?.dataset?.panel;
    const { chat } = this.#pane;
    const close = el(
      "button",
      {
        type: "button",
        class: "round",
        "data-panel": "close",
        "aria-label": "Close",
        onclick: () => this.close(),
      },
      icon("close"),
    );
    const parts = [el("header", { class: "bar" }, el("h2", {}, "About"), close)];
    if (chat) parts.push(this.#card(chat), this.#members(chat));
    if (chat?.kind === "private") parts.push(abilities(this.#world.who(chat.bots[0]), this.#world, this.#does));
    const waiting = chat && asking(chat, this.#world, this.#does);
    if (waiting) parts.push(waiting);
    parts.push(this.#running());
    this.#panel.replaceChildren(...parts);
    if (held) this.#panel.querySelector(`[data-panel="${held}"]`)?.focus();
  }

  #card(chat) {
    const name = this.#world.titleOf(chat);
    const direct = isDirect(chat);
    const called = direct ? this.#world.who(chat.bots[0]).username : null;
    const note = direct ? (called ? `@${called}` : "Direct messages") : KINDS[chat.kind];
    return el("div", { class: "card" }, faceOf(chat, name), el("h3", {}, name), el("p", {}, note));
  }

  #members(chat) {
    const bots = chat.bots.map((id) => this.#member(this.#world.who(id), true, chat));
    const people = chat.people.map((id) => this.#member(this.#world.who(id), false, chat));
    return el("section", {}, el("h3", {}, "Members"), el("ul", { class: "members" }, ...bots, ...people));
  }

  #member(who, bot, chat) {
    const role = this.#world.roleOf(chat, who.id)?.name;
    const note = [who.username && `@${who.username}`, bot && "character", role].filter(Boolean).join(" · ");
    const me = sameId(who.id, this.#world.me);
    const row = el("li", {}, avatar(who.name, { bot }), el("b", {}, me ? `${who.name} (speaking)` : who.name));
    if (note) row.append(el("span", {}, note));
    const button = bot && chat.kind === "private" ? this.#blocker(who) : ruleOver(who, chat, this.#world, this.#does);
    if (button) row.append(button);
    return row;
  }

  #blocker(bot) {
    const key = `${this.#world.me} ${bot.id}`;
    const on = this.#blocked.has(key);
    const press = async () => {
      if (!(await this.#does({ do: "block", bot: bot.id, on: !on }))) return;
      if (on) this.#blocked.delete(key);
      else this.#blocked.add(key);
      this.#draw();
    };
    return el(
      "button",
      {
        type: "button",
        class: on ? "plain" : "plain danger",
        "data-panel": `block ${bot.id}`,
        onclick: press,
      },
      on ? "Unblock" : "Block",
    );
  }

  #running() {
    const section = el("section", {}, el("h3", {}, "What runs"));
    const links = this.#news?.links;
    if (this.#news === undefined) section.append(el("p", { class: "quiet" }, "Asking…"));
    else if (links?.length) section.append(table(links));
    else section.append(el("p", { class: "quiet" }, "The program does not say."));
    return section;
  }
}

function table(links) {
  const head = el("tr", {}, ...["Character", "Platform", "State"].map((name) => el("th", { scope: "col" }, name)));
  const rows = links.map((link) => {
    const phase = String(link.phase ?? "").toLowerCase();
    const mood = MOODS[phase] ?? "busy";
    const state = el("td", { title: link.reason }, el("span", { class: `dot ${mood}`, "aria-hidden": "true" }), phase);
    if (link.reason) state.append(el("small", {}, link.reason));
    return el("tr", {}, el("td", {}, link.character), el("td", {}, link.platform), state);
  });
  return el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows));
}
