/** What this page knows of the stage, and who hears when it changes. */

import { News } from "./news.js";

const KEPT = 5000;
const DRAFT_SECONDS = 30;

export const sameId = (one, two) => one !== null && two !== null && String(one) === String(two);

/** Kinds of news: reset, place, turned (to the other pane), message, changed, gone, live, offered, completed, form, chats, voices, read. */
export class World extends News {
  you = null;
  me = null;
  people = new Map();
  bots = new Map();
  guilds = new Map();
  chats = new Map();
  typing = new Map();
  drafts = new Map();
  /** Those who know what is on screen: they are asked `isWatching`. */
  watchers = new Set();
  #messages = new Map();
  #unread = new Map();
  /** Deleted messages: the answer to an act may come after the word of its message's end. */
  #gone = new Set();
  #flakes = new Map();

  /** Take over the whole state; what was unread stays unread. */
  load(state) {
    this.you = String(state.you);
    this.#takePeople(state.people);
    this.#takeBots(state.bots);
    this.guilds = new Map((state.guilds ?? []).map((guild) => [guild.id, guild]));
    this.chats = new Map();
    state.chats.forEach((chat) => this.#takeChat(chat));
    const known = this.#messages;
    this.#messages = new Map();
    for (const message of state.messages) {
      if (message.deleted) continue;
      const before = known.get(message.chat);
      this.#put(message);
      if (before && !before.has(message.id) && !sameId(message.from.id, this.me)) this.#count(message);
    }
    this.typing.clear();
    this.drafts.clear();
    state.typing.forEach((typing) => this.#takeTyping(typing));
    state.drafts.forEach((draft) => this.#takeDraft(draft));
    if (!this.people.has(this.me)) this.me = this.you;
    this.tell("reset");
  }

  apply(event) {
    switch (event.type) {
      case "message":
        return this.arrived(event.message);
      case "edit":
      case "reaction":
        return this.#replaced(event.message);
      case "confirmed":
        return this.#replaced({ ...this.message(event.chat, event.id), pending: false });
      case "delete":
        return (event.ids ?? [event.id]).forEach((id) => this.#deleted({ chat: event.chat, id }));
      case "stopped":
        return this.#stopped(event);
      case "offered":
        return this.tell("offered", event);
      case "choices":
        return this.tell("completed", event);
      case "form":
        return this.tell("form", event);
      case "typing":
        this.#takeTyping(event);
        return this.tell("live", event);
      case "draft":
        this.#takeDraft(event);
        return this.tell("live", event);
      case "chat":
        this.#takeChat(event.chat);
        return this.tell("chats");
      case "chats":
        event.chats.forEach((chat) => this.#takeChat(chat));
        return this.tell("chats");
      case "voices":
        for (const [chat, voices] of Object.entries(event.rooms)) {
          if (this.chats.has(chat)) this.chats.get(chat).voices = voices;
        }
        return this.tell("voices");
      case "people":
        this.#takePeople(event.people);
        this.#takeBots(event.bots);
        return this.tell("chats");
      case "guild":
        this.guilds.set(event.guild.id, event.guild);
        event.chats.forEach((chat) => this.#takeChat(chat));
        return this.tell("chats");
      case "closed":
        this.chats.delete(event.chat);
        return this.tell("reset");
      default:
        return undefined;
    }
  }

  /** A message from the stream, or from the answer to our own act; whichever comes first. */
  arrived(message) {
    if (this.message(message.chat, message.id)) return this.#replaced(message);
    if (message.deleted || this.#gone.has(`${message.chat}|${message.id}`)) return;
    this.#put(message);
    const spot = spotOf(message.chat, this.#topicOf(message), message.from.id);
    const live = this.drafts.delete(spot) | this.typing.delete(spot);
    if (!sameId(message.from.id, this.me) && !this.#isWatched(message)) this.#count(message);
    this.tell("message", { message, fromDraft: Boolean(live) });
    if (live) this.tell("live", message);
  }

  #replaced(message) {
    const room = this.#messages.get(message.chat);
    if (!room?.has(message.id)) return;
    if (message.deleted) return this.#deleted(message);
    room.set(message.id, message);
    this.tell("changed", message);
  }

  #deleted({ chat, id }) {
    this.#gone.add(`${chat}|${id}`);
    if (this.#gone.size > KEPT) this.#gone.delete(this.#gone.values().next().value);
    const gone = this.message(chat, id);
    if (!gone) return;
    this.#messages.get(chat).delete(id);
    this.tell("gone", gone);
    if (this.chats.get(chat)?.platform === "discord") this.#forget(chat, id);
  }

  /** On Discord an answer keeps its line when what it answers is gone. */
  #forget(chat, id) {
    for (const message of [...this.#messages.get(chat).values()]) {
      if (message.reply_to?.id === id) this.#replaced({ ...message, reply_to: { id: null } });
    }
  }

  #put(message) {
    if (!this.#messages.has(message.chat)) this.#messages.set(message.chat, new Map());
    const room = this.#messages.get(message.chat);
    room.set(message.id, message);
    if (room.size > KEPT) room.delete(room.keys().next().value);
  }

  #takePeople(people) {
    this.people = new Map(people.map((person) => [String(person.id), person]));
    this.#noteFlakes(people);
  }

  #takeBots(bots) {
    this.bots = new Map(bots.map((bot) => [String(bot.id), bot]));
    this.#noteFlakes(bots);
  }

  #noteFlakes(accounts) {
    for (const one of accounts) if (one.snowflake) this.#flakes.set(one.snowflake, one);
  }

  #takeChat(chat) {
    const named = (chat.topics ?? []).filter((topic) => chat.kind !== "forum" || topic.id !== GENERAL);
    // A direct chat has topics where its bot keeps some; beside them there is the chat itself.
    const first = { id: null, name: chat.kind === "forum" ? "General" : "Chat" };
    const topics = chat.kind === "forum" || (isDirect(chat) && named.length) ? [first, ...named] : [];
    this.chats.set(chat.id, { ...chat, topics });
  }

  #takeTyping(typing) {
    if (typing.until * 1000 <= Date.now()) return;
    this.typing.set(spotOf(typing.chat, this.#topicOf(typing), typing.from), typing);
    this.#later(typing.until * 1000 - Date.now(), this.typing, typing);
  }

  #takeDraft(draft) {
    const spot = spotOf(draft.chat, this.#topicOf(draft), draft.from);
    if (!draft.text) this.drafts.delete(spot);
    else this.drafts.set(spot, draft);
    this.#later(DRAFT_SECONDS * 1000, this.drafts, draft);
  }

  /** A stop takes the words so far away, or leaves them until the message comes. */
  #stopped({ kept, ...stopped }) {
    const spot = spotOf(stopped.chat, this.#topicOf(stopped), stopped.from);
    const draft = this.drafts.get(spot);
    if (!draft) return;
    if (kept) this.drafts.set(spot, { ...draft, can_stop: false });
    else this.drafts.delete(spot);
    this.tell("live", draft);
  }

  #later(wait, shelf, thing) {
    setTimeout(() => {
      const spot = spotOf(thing.chat, this.#topicOf(thing), thing.from);
      if (shelf.get(spot) !== thing) return;
      shelf.delete(spot);
      this.tell("live", thing);
    }, wait + 50);
  }

  /** In which of its chat's topics something is; null stands for General, and for where there are none. */
  #topicOf({ chat, topic }) {
    const room = this.chats.get(chat);
    if (!room?.topics.length || topic === undefined) return null;
    return room.kind === "forum" && topic === GENERAL ? null : topic;
  }

  /** Some of what Discord's bots say only one person can see. */
  #isForMe(message) {
    return !message.only || sameId(message.only, this.me);
  }

  #count(message) {
    if (!this.#isForMe(message)) return;
    const spot = spotOf(message.chat, this.#topicOf(message), "");
    this.#unread.set(spot, (this.#unread.get(spot) ?? 0) + 1);
    this.tell("read");
  }

  // Questions

  message(chat, id) {
    return this.#messages.get(chat)?.get(id) ?? null;
  }

  /** The messages of one place, oldest first. */
  messagesAt({ chat, topic }) {
    const everything = [...(this.#messages.get(chat)?.values() ?? [])];
    return everything.filter((message) => this.#topicOf(message) === topic && this.#isForMe(message));
  }

  /** All messages of the album that this one is in, or this one alone. */
  albumOf(message) {
    if (!message.album) return [message];
    const all = [...(this.#messages.get(message.chat)?.values() ?? [])];
    const album = all.filter((one) => one.album === message.album);
    return album.length ? album : [message];
  }

  lastOf(chat) {
    let last = null;
    for (const message of this.#messages.get(chat)?.values() ?? []) if (this.#isForMe(message)) last = message;
    return last;
  }

  /** Whether a message, a draft or somebody typing is in this place. */
  isAt(thing, place) {
    if (thing.chat !== place.chat) return false;
    if (thing.only && !this.#isForMe(thing)) return false;
    return !this.chats.get(thing.chat)?.topics.length || this.#topicOf(thing) === place.topic;
  }

  #isWatched(thing) {
    return [...this.watchers].some((watcher) => watcher.isWatching(thing));
  }

  unread(chat, topic = undefined) {
    let sum = 0;
    for (const [spot, count] of this.#unread) {
      const [inChat, inTopic] = spot.split("|");
      if (inChat === chat && (topic === undefined || inTopic === (topic ?? ""))) sum += count;
    }
    return sum;
  }

  who(id) {
    return this.people.get(String(id)) ?? this.bots.get(String(id)) ?? { id, name: "Someone", username: null };
  }

  isBot(id) {
    return this.bots.has(String(id));
  }

  /** Whoever a Discord id belongs to, or null. */
  whose(snowflake) {
    return this.#flakes.get(snowflake) ?? null;
  }

  guildOf(chat) {
    return this.guilds.get(chat?.guild) ?? null;
  }

  /** The highest role that somebody has in the server of a chat, or null: it gives the name its colour. */
  roleOf(chat, who) {
    const guild = this.guildOf(chat);
    const held = new Set(guild?.members[String(who)] ?? []);
    const roles = (guild?.roles ?? []).filter((role) => role.id !== guild.id && held.has(role.id));
    return roles.sort((one, two) => two.position - one.position)[0] ?? null;
  }

  /** The chats of whoever is speaking, in the stage's order; threads stand after their channel. */
  myChats() {
    const mine = [...this.chats.values()].filter((chat) => this.#isMine(chat));
    const within = (chat) => mine.filter((one) => one.parent === chat.id);
    const platforms = [...new Set(mine.map((chat) => chat.platform))].sort().reverse();
    return platforms.flatMap((platform) => {
      const here = mine.filter(
        (chat) => chat.platform === platform && !chat.parent && chat.kind !== "category",
      );
      const direct = here.filter((chat) => isDirect(chat));
      const rooms = here.filter((chat) => !isDirect(chat)).flatMap((chat) => [chat, ...within(chat)]);
      // Telegram's people write to somebody first; Discord's come into a server first.
      return platform === "discord" ? [...rooms, ...direct] : [...direct, ...rooms];
    });
  }

  #isMine(chat) {
    const seers = isDirect(chat) ? [chat.owner] : chat.people;
    return seers.some((id) => sameId(id, this.me));
  }

  /** A direct chat is called after the bot in it, a business' chat after the other one, a channel after its mark. */
  titleOf(chat) {
    if (isDirect(chat) && chat.bots.length) return this.who(chat.bots[0]).name;
    if (chat.kind === "business") return this.who(chat.people.find((id) => !sameId(id, this.me))).name;
    return chat.title;
  }

  // Deeds of this page alone

  speakAs(person) {
    this.me = String(person);
    this.tell("reset");
  }

  markRead({ chat, topic }) {
    if (this.#unread.delete(spotOf(chat, topic, ""))) this.tell("read");
  }
}

export const isDirect = (chat) => chat?.kind === "private" || chat?.kind === "direct";
const WORDED = new Set(["text", "photo", "video", "animation", "audio", "voice", "document"]);
/** Only words can be changed; what was passed on has none of one's own. */
export const isEditable = ({ service, forwarded, only, kind = "text" }) =>
  !service && !forwarded && !only && WORDED.has(kind);
/** In a channel of Telegram only those write who look after it. */
export const mayWrite = (chat, me) => chat.kind !== "channel" || chat.admins.some((id) => sameId(id, me));
export const hasMark = (chat) => chat?.platform === "discord" && !isDirect(chat);
/** A forum's first topic, which its messages do not name. */
const GENERAL = "1";
const spotOf = (chat, topic, from) => `${chat}|${topic ?? ""}|${from}`;
