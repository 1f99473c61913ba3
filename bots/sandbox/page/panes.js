/** One conversation or two beside each other, and which of them is meant. */

const TWO_FIT = "(min-width: 1000px)";

export class Panes {
  #world;
  #wide = matchMedia(TWO_FIT);
  #wanted = false;

  constructor(world, one, two) {
    this.#world = world;
    this.one = one;
    this.two = two;
    this.active = one;
    for (const pane of this.all) {
      pane.root.addEventListener("focusin", () => this.#choose(pane));
      pane.root.addEventListener("pointerdown", () => this.#choose(pane));
      world.watchers.add(pane);
    }
    this.#wide.addEventListener("change", () => this.#fit());
    this.#fit();
  }

  /** Whether the window has room for two. */
  get wide() {
    return this.#wide.matches;
  }

  get shown() {
    return this.two.open ? [this.one, this.two] : [this.one];
  }

  get all() {
    return [this.one, this.two];
  }

  get other() {
    return this.active === this.one ? this.two : this.one;
  }

  /** Show a chat where it already is, else beside the other platform, else where one is. */
  show(chat, topic = null) {
    const platform = this.#world.chats.get(chat)?.platform;
    const pane =
      this.shown.find((one) => one.place.chat === chat) ??
      (this.two.open && this.one.platform !== this.two.platform
        ? this.shown.find((one) => one.platform === platform)
        : null) ??
      this.active;
    this.#choose(pane);
    pane.enter(chat, topic);
  }

  /** Show a chat next to the one that is open. */
  beside(chat, topic = null) {
    if (!this.wide || !this.one.chat) return this.show(chat, topic);
    const pane = this.two.open ? this.other : this.two;
    this.#wanted = true;
    this.#fit();
    this.#choose(pane);
    pane.enter(chat, topic);
  }

  close(pane) {
    if (pane === this.one) this.one.go(this.two.place.chat, this.two.place.topic);
    this.#wanted = false;
    this.#fit();
    this.one.focus();
  }

  /** Go to the other conversation, if there is one. */
  turn() {
    if (!this.two.open) return;
    this.#choose(this.other);
    this.active.focus();
  }

  /** Show these places, of which the second may be missing; nobody is moved to another one. */
  restore(places) {
    const [first, second] = places;
    this.one.go(first?.chat ?? null, first?.topic ?? null);
    this.#wanted = Boolean(second);
    if (second) {
      this.two.place = second;
      this.#fit();
      if (this.two.open) this.two.go(second.chat, second.topic);
    } else this.#fit();
  }

  get places() {
    return this.#wanted ? [this.one.place, this.two.place] : [this.one.place];
  }

  #fit() {
    const open = this.#wanted && this.wide;
    if (!open && this.active === this.two) {
      if (this.#wanted) [this.one.place, this.two.place] = [this.two.place, this.one.place];
      this.active = this.one;
    }
    const changed = open !== this.two.open;
    this.two.root.hidden = !open;
    document.body.classList.toggle("paired", open);
    this.#choose(this.active);
    if (changed) this.shown.forEach((pane) => pane.place.chat && pane.go(pane.place.chat, pane.place.topic));
  }

  #choose(pane) {
    const turned = pane !== this.active;
    this.active = pane;
    if (turned) this.#world.tell("turned");
    for (const one of this.all) one.root.classList.toggle("active", one === pane && this.two.open);
  }
}
