/** Making people and rooms: who speaks, groups, topics, channels, threads, posts. */

import { askGroup, askLine, askPost } from "./dialogs.js";
import { avatar } from "./dom.js";
import { showMenu } from "./menu.js";
import { sameId } from "./world.js";

const CHANNELS = {
  text: ["New channel", "evenings"],
  board: ["New forum", "questions"],
  voice: ["New voice channel", "Fireside"],
};

export class Making {
  #world;
  #does;
  #panes;
  #waiting = null;

  /** `does(deed)` is false when the stage refused; `panes()` gives the panes, which are made later. */
  constructor(world, does, panes) {
    this.#world = world;
    this.#does = does;
    this.#panes = panes;
    world.on("chats", () => this.#look());
  }

  /** What was just made may appear before or after the answer; go there once it is here. */
  async #make(deed, find, then) {
    if (!(await this.#does(deed))) return;
    const found = find();
    if (found) then(found);
    else this.#waiting = { find, then };
  }

  #look() {
    const found = this.#waiting?.find();
    if (!found) return;
    const { then } = this.#waiting;
    this.#waiting = null;
    then(found);
  }

  // People

  chooseSpeaker(owner) {
    const world = this.#world;
    const people = [...world.people.values()].map((person) => ({
      label: person.name,
      face: avatar(person.name),
      checked: sameId(person.id, world.me),
      run: () => this.#speakAs(person),
    }));
    const another = { label: "New person…", icon: "person", run: () => this.newPerson() };
    showMenu(owner.getBoundingClientRect(), [...people, another], { label: "Speak as", owner });
  }

  #speakAs(person) {
    this.#world.speakAs(person.id);
    this.#panes().active.focus();
  }

  newPerson() {
    askLine({
      title: "New person",
      label: "Name",
      placeholder: "Noor",
      button: "Add",
      done: (name) => {
        const before = new Set(this.#world.people.keys());
        const isNew = (person) => person.name === name && !before.has(String(person.id));
        const find = () => [...this.#world.people.values()].find(isNew);
        return this.#make({ do: "person", name }, find, (person) => this.#speakAs(person));
      },
    });
  }

  // Telegram

  get #others() {
    return [...this.#world.people.values()].filter((person) => !sameId(person.id, this.#world.me));
  }

  get #characters() {
    return [...this.#world.bots.values()].filter((bot) => bot.platform !== "discord");
  }

  newGroup() {
    const world = this.#world;
    askGroup({
      choice: ["forum", "With topics"],
      people: this.#others,
      bots: this.#characters,
      done: (group) => this.#does({ do: "group", ...group, people: [world.who(world.me).id, ...group.people] }),
    });
  }

  newBroadcast() {
    askGroup({
      heading: "New channel",
      choice: ["discussed", "With a group in which it is discussed"],
      people: this.#others,
      bots: this.#characters,
      done: ({ discussed, ...channel }) =>
        this.#does({ do: "broadcast", ...channel, group: discussed ? `${channel.title} chat` : null }),
    });
  }

  /** Choose whose business to write to. */
  newCustomer(owner) {
    const key = (person) => `tg:${person.id}~${this.#world.me}`;
    const write = (person) => () => {
      const find = () => this.#world.chats.get(key(person));
      const enter = (chat) => this.#panes().active.enter(chat.id);
      return this.#make({ do: "customer", who: person.id }, find, enter);
    };
    const items = this.#others.map((person) => ({ label: person.name, face: avatar(person.name), run: write(person) }));
    showMenu(owner.getBoundingClientRect(), items, { label: "Write to the business of", owner });
  }

  newTopic({ place: { chat } }) {
    askLine({
      title: "New topic",
      label: "Name",
      placeholder: "Poems",
      button: "Create",
      done: (name) => this.#does({ do: "topic", chat, name }),
    });
  }

  // Discord

  #makeRoom(deed, pane) {
    const before = new Set(this.#world.chats.keys());
    const isNew = (chat) => chat.platform === "discord" && !before.has(chat.id);
    const find = () => this.#world.myChats().find(isNew);
    return this.#make(deed, find, (chat) => pane.enter(chat.id));
  }

  #paneOfDiscord() {
    const panes = this.#panes();
    return panes.shown.find((pane) => pane.platform === "discord") ?? panes.active;
  }

  newThing(guild, owner) {
    const make = (kind) => () => this.newChannel(guild, kind);
    const items = [
      { label: "New channel…", icon: "hash", run: make("text") },
      { label: "New forum…", icon: "board", run: make("board") },
      { label: "New voice channel…", icon: "loud", run: make("voice") },
    ];
    showMenu(owner.getBoundingClientRect(), items, { label: "New", owner });
  }

  newChannel(guild, kind) {
    const [title, placeholder] = CHANNELS[kind];
    askLine({
      title,
      label: "Name",
      placeholder,
      button: "Create",
      done: (name) => this.#makeRoom({ do: "channel", guild: guild.id, name, kind }, this.#paneOfDiscord()),
    });
  }

  newThread(pane, message) {
    const { chat } = pane.place;
    askLine({
      title: "New thread",
      label: "Name",
      placeholder: "Tea, and how to make it",
      button: "Start",
      done: (name) => this.#makeRoom({ do: "thread", chat, name, id: message?.id ?? null }, pane),
    });
  }

  newPost(pane) {
    const { chat } = pane.place;
    askPost({ done: (post) => this.#makeRoom({ do: "post", chat, ...post }, pane) });
  }
}
