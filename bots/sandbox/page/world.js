/** What this page knows of the stage, and who hears when it changes. */

const KEPT = 5000;
const DRAFT_SECONDS = 30;

export const sameId = (one, two) => one !== null && two !== null && String(one) === String(two);

export class World {
  #listeners = new Map();
  you = null;
  me = null;
  people = new Map();
  bots = new Map();
  chats = new Map();
  typing = new Map();
  drafts = new Map();
  place = { chat: null, topic: null };
  #messages = new Map();
  #unread = new Map();

  /** Kinds: reset, place, message, changed, gone, live, chats, read. */
  on(kinds, listener) {
    for (const kind of kinds.split(" ")) {
      this.#listeners.set(kind, [...(this.#listeners.get(kind) ?? []), listener]);
    }
  }

  #tell(kind, detail) {
    for (const listener of this.#listeners.get(kind) ?? []) listener(detail);
  }

  /** Take over the whole state; what was unread stays unread. */
  load(state) {
    this.you = String(state.you);
    this.#takePeople(state.people);
    this.bots = new Map(state.bots.map((bot) => [String(bot.id), bot]));
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
    this.#tell("reset");
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
        return this.#deleted(event);
      case "typing":
        this.#takeTyping(event);
        return this.#tell("live", event);
      case "draft":
        this.#takeDraft(event);
        return this.#tell("live", event);
      case "chat":
        this.#takeChat(event.chat);
        return this.#tell("chats");
      case "people":
        this.#takePeople(event.people);
        return this.#tell("chats");
      default:
        return undefined;
    }
  }

  /** A message from the stream, or from the answer to our own act; whichever comes first. */
  arrived(message) {
    if (this.message(message.chat, message.id)) return this.#replaced(message);
    if (message.deleted) return;
    this.#put(message);
    const spot = spotOf(message.chat, this.#topicOf(message), message.from.id);
    const live = this.drafts.delete(spot) | this.typing.delete(spot);
    if (!sameId(message.from.id, this.me) && !this.isWatched(message)) this.#count(message);
    this.#tell("message", { message, fromDraft: Boolean(live) });
    if (live) this.#tell("live", message);
  }

  #replaced(message) {
    const room = this.#messages.get(message.chat);
    if (!room?.has(message.id)) return;
    if (message.deleted) return this.#deleted(message);
    room.set(message.id, message);
    this.#tell("changed", message);
  }

  #deleted({ chat, id }) {
    const gone = this.message(chat, id);
    if (!gone) return;
    this.#messages.get(chat).delete(id);
    this.#tell("gone", gone);
  }

  #put(message) {
    if (!this.#messages.has(message.chat)) this.#messages.set(message.chat, new Map());
    const room = this.#messages.get(message.chat);
    room.set(message.id, message);
    if (room.size > KEPT) room.delete(room.keys().next().value);
  }

  #takePeople(people) {
    this.people = new Map(people.map((person) => [String(person.id), person]));
  }

  #takeChat(chat) {
    const named = (chat.topics ?? []).filter((topic) => !isGeneral(topic.id));
    const topics = chat.kind === "forum" ? [{ id: null, name: "General" }, ...named] : [];
    this.chats.set(chat.id, { ...chat, topics });
  }

  #takeTyping(typing) {
    if (typing.until * 1000 <= Date.now()) return;
    this.typing.set(spotOf(typing.chat, general(typing.topic), typing.from), typing);
    this.#later(typing.until * 1000 - Date.now(), this.typing, typing);
  }

  #takeDraft(draft) {
    const spot = spotOf(draft.chat, general(draft.topic), draft.from);
    if (!draft.text) this.drafts.delete(spot);
    else this.drafts.set(spot, draft);
    this.#later(DRAFT_SECONDS * 1000, this.drafts, draft);
  }

  #later(wait, shelf, thing) {
    setTimeout(() => {
      const spot = spotOf(thing.chat, general(thing.topic), thing.from);
      if (shelf.get(spot) !== thing) return;
      shelf.delete(spot);
      this.#tell("live", thing);
    }, wait + 50);
  }

  #topicOf(message) {
    return this.chats.get(message.chat)?.kind === "forum" ? general(message.topic) : null;
  }

  #count(message) {
    const spot = spotOf(message.chat, this.#topicOf(message), "");
    this.#unread.set(spot, (this.#unread.get(spot) ?? 0) + 1);
    this.#tell("read");
  }

  // Questions

  message(chat, id) {
    return this.#messages.get(chat)?.get(id) ?? null;
  }

  /** The messages of one place, oldest first. */
  messagesAt({ chat, topic }) {
    return [...(this.#messages.get(chat)?.values() ?? [])].filter((message) => this.#topicOf(message) === topic);
  }

  lastOf(chat) {
    let last = null;
    for (const message of this.#messages.get(chat)?.values() ?? []) last = message;
    return last;
  }

  isHere(thing) {
    if (thing.chat !== this.place.chat) return false;
    return this.chats.get(thing.chat)?.kind !== "forum" || general(thing.topic) === this.place.topic;
  }

  isWatched(thing) {
    return this.isHere(thing) && !document.hidden && !document.body.classList.contains("listing");
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

  /** The chats of whoever is speaking, direct ones first, in the stage's order. */
  myChats() {
    const isMine = (chat) => {
      const seers = chat.kind === "private" ? [chat.owner] : chat.people;
      return seers.some((id) => sameId(id, this.me));
    };
    const mine = [...this.chats.values()].filter(isMine);
    const rank = (chat) => (chat.kind === "private" ? 0 : 1);
    return mine.sort((one, two) => rank(one) - rank(two));
  }

  get chat() {
    return this.chats.get(this.place.chat) ?? null;
  }

  /** Those of `shelf` (typing or drafts) that belong to the place on screen. */
  liveHere(shelf) {
    return [...shelf.values()].filter((thing) => this.isHere(thing));
  }

  // Deeds of this page alone

  go(chat, topic = null) {
    this.place = { chat, topic };
    this.markRead();
    this.#tell("place");
  }

  speakAs(person) {
    this.me = String(person);
    this.#tell("reset");
  }

  markRead() {
    if (this.#unread.delete(spotOf(this.place.chat, this.place.topic, ""))) this.#tell("read");
  }
}

const isGeneral = (topic) => topic === null || topic === undefined || String(topic) === "1";
const general = (topic) => (isGeneral(topic) ? null : String(topic));
const spotOf = (chat, topic, from) => `${chat}|${topic ?? ""}|${from}`;
