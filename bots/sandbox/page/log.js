/** The messages of a pane's place: at most 500 rows at a time, changed one by one. */

import * as bubbles from "./bubble.js";
import { el, onceAFrame } from "./dom.js";
import * as flat from "./flat.js";
import { dress } from "./rows.js";
import { isDirect } from "./world.js";

const MOST_ROWS = 500;
const STEP = 150;
const NEAR_PX = 90;
const FAREWELL_MS = 2000;

export class Log {
  #world;
  #pane;
  #hands;
  #look = bubbles;
  #items = [];
  #first = 0;
  #last = 0;
  #rows = new Map();
  #missed = 0;
  #pinned = true;
  #stuckAt = 0;
  #scroller;
  #log;
  #live;
  #latest;
  #stop;

  constructor(world, pane, hands) {
    this.#world = world;
    this.#pane = pane;
    this.#hands = { ...hands, menu: (row, box) => hands.menu(pane, row, box), jump: (id) => this.jump(id) };
    [this.#scroller, this.#log] = [pane.part("scroller"), pane.part("log")];
    [this.#live, this.#latest, this.#stop] = ["live", "latest", "stop"].map((name) => pane.part(name));
    this.#hands.comment = (message) => pane.composer.comment(message);
    this.#stop.addEventListener("click", () => hands.stop(pane));
    world.on("reset", () => this.show());
    pane.on("place", () => this.show());
    world.on("message", ({ message, fromDraft }) => pane.isHere(message) && this.#append(message, fromDraft));
    world.on("changed", (message) => this.#replace(message));
    world.on("gone", (message) => this.#remove(message));
    world.on("live", () => this.#drawLive());
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#latest.addEventListener("click", () => this.toLatest());
    this.#log.addEventListener("keydown", (event) => this.#walk(event));
    this.#log.addEventListener("contextmenu", (event) => this.#menu(event));
    new ResizeObserver(() => this.#stick()).observe(this.#scroller);
  }

  /** Draw the place anew, at its end. */
  show() {
    const { chat, place } = this.#pane;
    this.#look = chat?.platform === "discord" ? flat : bubbles;
    this.#items = chat && chat.kind !== "board" ? this.#world.messagesAt(place) : [];
    this.#around(this.#items.length - MOST_ROWS / 2);
    this.toLatest();
    this.#scroller.classList.toggle("direct", isDirect(chat));
    this.#drawEmpty();
    this.#live.replaceChildren();
    this.#live.dataset.key = "";
    this.#drawLive();
  }

  #around(start) {
    this.#first = Math.max(0, start);
    this.#last = Math.min(this.#items.length, this.#first + MOST_ROWS / 2);
    this.#rows.clear();
    const rows = this.#items.slice(this.#first, this.#last).map((message) => this.#make(message));
    rows.forEach((row, at) => dress(row, rows[at - 1] ?? null));
    this.#log.replaceChildren(...rows);
  }

  #make(message) {
    const row = this.#look.rowOf(message, this.#world, this.#pane.chat, this.#hands);
    this.#rows.set(message.id, row);
    return row;
  }

  #append(message, fromDraft) {
    const atEnd = this.#last === this.#items.length;
    this.#items.push(message);
    if (!atEnd) return this.#miss();
    const above = this.#log.lastElementChild;
    const row = this.#make(message);
    dress(row, living(above));
    if (!fromDraft) row.classList.add("new");
    this.#log.append(row);
    this.#last += 1;
    this.#gather(message);
    this.#trimTop();
    this.#drawEmpty();
    const own = row.classList.contains("own");
    if (own) this.#pinned = true;
    if (this.#pinned) this.#stick();
    else this.#miss();
  }

  #trimTop() {
    while (this.#last - this.#first > MOST_ROWS) {
      const row = this.#log.firstElementChild;
      this.#rows.delete(row.dataset.id);
      row.remove();
      this.#first += 1;
    }
  }

  /** An album is drawn where its first message is. */
  #gather(message) {
    const [first] = this.#world.albumOf(message);
    const row = first.album ? this.#rows.get(first.id) : null;
    if (row && (first.id !== message.id || row.hidden)) this.#replace(first);
  }

  #replace(message) {
    const at = this.#items.findIndex((item) => item.id === message.id && item.chat === message.chat);
    if (at < 0) return;
    this.#items[at] = message;
    const old = this.#rows.get(message.id);
    if (!old) return;
    const row = this.#make(message);
    for (const name of ["followed"]) row.classList.toggle(name, old.classList.contains(name));
    dress(row, living(old.previousElementSibling));
    // A growing answer would be read aloud from its beginning at each step.
    row.setAttribute("aria-live", "off");
    const held = old.contains(document.activeElement) ? document.activeElement : null;
    old.replaceWith(row);
    if (held === old) row.focus();
    // The buttons are new ones; whoever stood on one with the keyboard stands there still.
    else if (held) {
      const keys = [...row.querySelectorAll("[data-key]")];
      (keys.find((one) => one.dataset.key === held.dataset.key) ?? row).focus();
    }
    if (row.hidden) this.#gather(message);
    this.#stick();
  }

  #remove(message) {
    const at = this.#items.findIndex((item) => item.id === message.id && item.chat === message.chat);
    if (at < 0) return;
    this.#items.splice(at, 1);
    if (at < this.#first) this.#first -= 1;
    if (at < this.#last) this.#last -= 1;
    const row = this.#rows.get(message.id);
    if (!row) return;
    this.#rows.delete(message.id);
    if (row.hidden) return row.remove(), this.#gather(message);
    this.#gather(message);
    const focused = row.contains(document.activeElement);
    row.classList.add("gone");
    row.removeAttribute("data-id");
    row.replaceChildren(el("div", { class: "line" }, el("span", {}, "Message deleted")));
    const below = this.#neighbour(row, "nextElementSibling");
    const above = living(row.previousElementSibling);
    if (below) dress(below, above);
    else above?.classList.remove("followed");
    if (focused) (below ?? above ?? this.#log).focus();
    setTimeout(() => {
      row.remove();
      this.#drawEmpty();
    }, FAREWELL_MS);
  }

  #neighbour(row, side) {
    let next = row?.[side] ?? null;
    while (next?.classList.contains("gone") || next?.hidden) next = next[side];
    return next;
  }

  // Live things below the log

  #drawLive() {
    const world = this.#world;
    const drafts = this.#pane.live(world.drafts);
    const writing = new Set(drafts.map((draft) => String(draft.from)));
    const typing = this.#pane.live(world.typing).filter((one) => !writing.has(String(one.from)));
    const { chat } = this.#pane;
    const rows = [
      ...drafts.map((draft) => this.#look.liveRow(world.who(draft.from), draft, chat)),
      ...typing.map((one) => this.#look.liveRow(world.who(one.from), null, chat)),
    ];
    this.#stop.hidden = !drafts.some((draft) => draft.can_stop);
    const key = typing.map((one) => one.from).join();
    // The dots would start their dance again at every notice; leave them when nothing else changed.
    if (!drafts.length && key && this.#live.dataset.key === key) return;
    this.#live.dataset.key = drafts.length ? "" : key;
    this.#live.replaceChildren(...rows);
    this.#stick();
  }

  #drawEmpty() {
    const empty = this.#pane.part("empty");
    const { chat } = this.#pane;
    const words = this.#items.some((message) => !message.service) || this.#log.querySelector(".row:not(.service)");
    empty.hidden = Boolean(words) || chat?.kind === "board";
    if (empty.hidden) return;
    empty.replaceChildren(...invitation(this.#world, chat));
  }

  // Scrolling

  #stick = onceAFrame(() => this.#pinned && this.#toEnd());

  #toEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#stuckAt = this.#scroller.scrollTop;
  }

  toLatest() {
    this.#pinned = true;
    if (this.#last < this.#items.length) this.#around(this.#items.length - MOST_ROWS / 2);
    this.#toEnd();
    this.#missed = 0;
    this.#drawLatest();
  }

  #miss() {
    this.#missed += 1;
    this.#drawLatest();
  }

  #drawLatest() {
    const badge = this.#latest.querySelector(".badge");
    this.#latest.hidden = this.#pinned && this.#last === this.#items.length;
    badge.hidden = this.#missed === 0;
    badge.textContent = String(this.#missed);
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const below = scrollHeight - clientHeight - scrollTop;
    if (scrollTop < NEAR_PX && this.#first > 0) this.#earlier();
    else if (below < NEAR_PX && this.#last < this.#items.length) this.#later();
    // Rows may have come since we went to the end; only whoever moved up from there has left it.
    const stayed = this.#pinned && scrollTop > this.#stuckAt - NEAR_PX;
    this.#pinned = (below < NEAR_PX || stayed) && this.#last === this.#items.length;
    if (this.#pinned) this.#missed = 0;
    this.#drawLatest();
  }

  #earlier() {
    const from = Math.max(0, this.#first - STEP);
    const rows = this.#items.slice(from, this.#first).map((message) => this.#make(message));
    this.#first = from;
    const anchor = this.#log.firstElementChild;
    const before = anchor.getBoundingClientRect().top;
    this.#log.prepend(...rows);
    rows.forEach((row, at) => dress(row, rows[at - 1] ?? null));
    dress(anchor, rows.at(-1));
    while (this.#last - this.#first > MOST_ROWS) {
      const row = this.#log.lastElementChild;
      this.#rows.delete(row.dataset.id);
      row.remove();
      this.#last -= 1;
    }
    this.#scroller.scrollTop += anchor.getBoundingClientRect().top - before;
  }

  #later() {
    const to = Math.min(this.#items.length, this.#last + STEP);
    let above = this.#log.lastElementChild;
    for (const message of this.#items.slice(this.#last, to)) {
      const row = this.#make(message);
      dress(row, above);
      this.#log.append(row);
      above = row;
    }
    this.#last = to;
    const anchor = above;
    const before = anchor.getBoundingClientRect().top;
    this.#trimTop();
    this.#scroller.scrollTop += anchor.getBoundingClientRect().top - before;
  }

  /** Show an earlier message and let it glow for a moment. */
  jump(id) {
    const at = this.#items.findIndex((item) => item.id === String(id));
    if (at < 0) return;
    if (!this.#rows.has(String(id))) this.#around(at - MOST_ROWS / 4);
    const row = this.#rows.get(String(id));
    this.#pinned = false;
    row.scrollIntoView({ block: "center" });
    row.classList.remove("glow");
    requestAnimationFrame(() => row.classList.add("glow"));
    row.focus({ preventScroll: true });
  }

  // Keys

  get #shown() {
    return [...this.#log.children].filter((row) => !row.hidden);
  }

  #walk(event) {
    const row = event.target.closest(".row");
    if (event.target !== row && event.target !== this.#log) return;
    const moves = { ArrowUp: "previousElementSibling", ArrowDown: "nextElementSibling" };
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key in moves) {
      const next = row ? this.#neighbour(row, moves[event.key]) : this.#shown.at(-1);
      next?.focus();
    } else if (event.key === "Home") this.#shown[0]?.focus();
    else if (event.key === "End") this.#shown.at(-1)?.focus();
    else if (event.key === "Enter" && row) this.#hands.menu(row, bubbleBox(row));
    else return;
    event.preventDefault();
  }

  #menu(event) {
    const row = event.target.closest(".row");
    if (!row?.message || row.classList.contains("gone") || event.target.closest("a")) return;
    event.preventDefault();
    // The keyboard's menu key reports no useful place of its own.
    const byMouse = event.clientX > 0 && event.button === 2;
    this.#hands.menu(row, byMouse ? new DOMRect(event.clientX, event.clientY, 0, 0) : bubbleBox(row));
  }
}

const bubbleBox = (row) => (row.querySelector(".bubble") ?? row).getBoundingClientRect();

function living(row) {
  let above = row;
  while (above?.classList.contains("gone")) above = above.previousElementSibling;
  return above ?? null;
}

function invitation(world, chat) {
  if (!chat) return [el("b", {}, "No chat here yet"), el("p", {}, "Press + to make a group and invite a character.")];
  const bots = chat.bots.map((id) => world.who(id));
  if (isDirect(chat)) {
    const name = bots[0]?.name ?? chat.title;
    return [el("b", {}, `Say hello to ${name}`), el("p", {}, "Type below and press Enter.")];
  }
  const tag = chat.platform === "discord" ? bots[0]?.name : bots.find((bot) => bot.username)?.username;
  const how = tag ? `Begin with @${tag} to be sure of an answer.` : "Type below and press Enter.";
  return [el("b", {}, "Nobody has spoken here yet"), el("p", {}, how)];
}
