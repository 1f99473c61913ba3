/** What a person does with messages: say, send, change, react, press, and the menu that offers it. */

import { notice } from "./dialogs.js";
import { avatar } from "./dom.js";
import { faceOf } from "./heading.js";
import { act, Refused } from "./link.js";
import { wordsOf } from "./markdown.js";
import { showMenu } from "./menu.js";
import { askSeveral } from "./modal.js";
import { commandsOf, readCommand, valuesOf } from "./slash.js";
import { isDirect, isEditable, mayWrite, sameId } from "./world.js";

const LARGEST = 40 << 20;
// Deeds that are answered with what they have just made.
const SAYING = new Set(["send", "document", "hand", "album", "forward", "quote", "choose", "comment"]);
const REACTIONS = {
  "👍": "Thumbs up",
  "❤️": "Heart",
  "😂": "Laughing",
  "🔥": "Fire",
  "🤔": "Thinking",
  "👎": "Thumbs down",
};

export class Deeds {
  #world;

  constructor(world) {
    this.#world = world;
  }

  /** Do it on the stage as whoever speaks; false, and a notice, when the stage refuses. */
  async does(deed) {
    const world = this.#world;
    try {
      const { message } = await act({ as: world.who(world.me).id, ...deed });
      // The stream may have been quicker, and by now know more of this message than the answer does.
      if (SAYING.has(deed.do) && message && !world.message(message.chat, message.id)) world.arrived(message);
      return true;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      notice(error.message);
      return false;
    }
  }

  say(place, text, replyTo) {
    const command = this.#commandIn(place.chat, text);
    if (command) return this.does({ do: "command", chat: place.chat, ...command });
    return this.does({ do: "send", chat: place.chat, topic: place.topic, text, reply_to: replyTo });
  }

  /** Send files, with words or without; to be `seen` (or heard), or as files. Telegram's make an album. */
  async attach(place, files, { seen, text, replyTo }) {
    const size = files.reduce((sum, file) => sum + file.size, 0);
    if (size > LARGEST) return notice("Files may have 40 MB here at most."), false;
    const read = files.map(async (file) => ({ kind: kindOf(file, seen), name: file.name, data: await inBase64(file) }));
    const things = await Promise.all(read).catch(() => null);
    if (things === null) return notice("The browser cannot read this file."), false;
    const where = { chat: place.chat, topic: place.topic, text, reply_to: replyTo };
    if (this.#world.chats.get(place.chat)?.platform !== "discord") {
      return this.does(things.length > 1 ? { do: "album", things, ...where } : { do: "hand", ...things[0], ...where });
    }
    const [first, ...rest] = things.map(({ name, data }) => ({ do: "document", name, data, ...where }));
    const done = await this.does(first);
    for (const deed of done ? rest : []) await this.does({ ...deed, text: "", reply_to: null });
    return done;
  }

  /** Send a sticker, a place, a poll and the like. */
  hand(place, thing, replyTo) {
    return this.does({ do: "hand", chat: place.chat, topic: place.topic, reply_to: replyTo, ...thing });
  }

  quote(place, message, quote, text) {
    const { chat, id } = message;
    return this.does({ do: "quote", chat: place.chat, topic: place.topic, from: chat, id, quote, text });
  }

  /** A comment stands in the group where the channel is discussed. */
  async remark({ chat, id }, text) {
    if (!(await this.does({ do: "comment", chat, id, text }))) return false;
    const group = this.#world.chats.get(this.#world.chats.get(chat)?.linked);
    if (group) notice(`Your comment is in ${group.title}.`);
    return true;
  }

  vote(message, options) {
    return this.does({ do: "vote", chat: message.chat, id: message.id, options });
  }

  stop({ place }) {
    return this.does({ do: "stop", chat: place.chat, topic: place.topic });
  }

  inline(place, bot, text) {
    return this.does({ do: "inline", chat: place.chat, bot, text });
  }

  choose(place, bot, query, result) {
    return this.does({ do: "choose", chat: place.chat, bot, query, result });
  }

  /** A registered slash command is not a message on Discord. */
  #commandIn(key, text) {
    const chat = this.#world.chats.get(key);
    if (chat?.platform !== "discord") return null;
    const read = readCommand(text, chat, this.#world);
    return read && { bot: read.bot.id, name: read.command.name, options: valuesOf(read, chat, this.#world) };
  }

  /** Ask a bot what an option of its command could be. */
  complete(place, { bot, command, option, given }) {
    return this.does({ do: "complete", chat: place.chat, bot: bot.id, name: command.name, option, options: given });
  }

  /** Use an entry that a bot has put into the menu of messages (3) or of members (2). */
  #entries(chat, kind, target) {
    return chat.bots.flatMap((id) => {
      const bot = this.#world.who(id);
      return commandsOf(bot, chat, kind).map(({ name }) => ({
        label: name,
        face: avatar(bot.name, { bot: true }),
        run: () => this.does({ do: "command", chat: chat.id, bot: bot.id, name, options: { target } }),
      }));
    });
  }

  /** The menu of somebody in a chat of Discord. */
  who(chat, account, owner) {
    const items = this.#entries(chat, 2, { account });
    const name = this.#world.who(account).name;
    if (items.length) showMenu(owner.getBoundingClientRect(), items, { label: name, owner });
  }

  dismiss({ chat, id }) {
    return this.does({ do: "dismiss", chat, id });
  }

  fill(interaction, fields) {
    return this.does({ do: "fill", interaction, fields });
  }

  change(message, text) {
    return this.does({ do: "edit", chat: message.chat, id: message.id, text });
  }

  react(message, emoji, on = true) {
    return this.does({ do: "react", chat: message.chat, id: message.id, emoji: bare(emoji), on });
  }

  /** Press a button; one with choices asks first which is meant. */
  press(message, key, owner) {
    const does = (values) =>
      this.does({ do: "press", chat: message.chat, id: message.id, data: key.data, values });
    if (key.copy) return copy(key.copy);
    if (key.url || key.app) return open(key.url || key.app, "_blank", "noopener");
    if (!key.choices) return does([]);
    if (key.most > 1) return askSeveral(key, does);
    const items = key.choices.map(({ label, value }) => ({ label, run: () => does([value]) }));
    return showMenu(owner.getBoundingClientRect(), items, { label: key.text, owner });
  }

  /** The menu of a message in a pane. */
  menu(pane, row, box, { newThread }) {
    const { message } = row;
    if (!message || message.service) return;
    const world = this.#world;
    const { chat } = pane;
    const own = sameId(message.from.id, world.me);
    const mine = (message.reactions ?? []).filter(({ from }) => from.some((id) => sameId(id, world.me)));
    const has = (glyph) => mine.some(({ emoji }) => bare(emoji) === bare(glyph));
    const discord = chat.platform === "discord";
    const words = discord ? wordsOf(message, world, chat) : message.text;
    const canThread = ["text", "announcement"].includes(chat.kind) && !world.chats.has(`dc:${message.id}`);
    const telegram = !discord && this.#onTelegram(pane, row, box);
    const remove = () => world.albumOf(message).forEach(({ id }) => this.does({ do: "delete", chat: message.chat, id }));
    const copies = { label: "Copy", icon: "copy", run: () => copy(words) };
    // A whisper has no number by which anything could be done to it.
    if (message.only && !discord) return showMenu(box, [copies], { label: "Message" });
    const items = [
      mayWrite(chat, world.me) && { label: "Reply", icon: "reply", run: () => pane.composer.reply(message) },
      own && isEditable(message) && { label: "Edit", icon: "edit", run: () => pane.composer.edit(message) },
      canThread && { label: "Start thread…", icon: "thread", run: () => newThread(pane, message) },
      ...(telegram?.items ?? []),
      ...(discord && !message.only ? this.#entries(chat, 3, { message: message.id }) : []),
      words && copies,
      (own || telegram?.rules || this.#leads(chat)) && { label: "Delete", icon: "delete", danger: true, run: remove },
    ].filter(Boolean);
    const reactions = Object.entries(REACTIONS).map(([glyph, label]) => ({
      glyph,
      label,
      checked: has(glyph),
      run: () => this.react(message, glyph, !has(glyph)),
    }));
    row.focus({ preventScroll: true });
    showMenu(box, items, { label: "Message", row: reactions });
  }

  /** Whether whoever speaks owns the server that a chat is in. */
  #leads(chat) {
    const guild = this.#world.guildOf(chat);
    return Boolean(guild) && sameId(guild.owner, this.#world.me);
  }

  /** What the menu has on Telegram alone, and whether whoever speaks rules over this message. */
  #onTelegram(pane, row, box) {
    const { message } = row;
    const { chat } = pane;
    const world = this.#world;
    const rules = isDirect(chat) || chat.kind === "business" || chat.admins.some((id) => sameId(id, world.me));
    const pinned = chat.pinned.includes(message.id);
    const pin = () => this.does({ do: "pin", chat: chat.id, id: message.id, on: !pinned });
    const part = selectedIn(row);
    const items = [
      part && { label: "Quote", icon: "quote", run: () => pane.composer.quote(message, part) },
      { label: "Forward…", icon: "forward", run: () => this.#forward(pane, message, box) },
      rules && { label: pinned ? "Unpin" : "Pin", icon: "pin", run: pin },
    ];
    return { items: items.filter(Boolean), rules };
  }

  /** Ask where to, pass the message on (with its whole album), and go there. */
  #forward(pane, message, box) {
    const world = this.#world;
    const targets = world.myChats().filter((chat) => chat.platform === "telegram" && mayWrite(chat, world.me));
    const ids = world.albumOf(message).map(({ id }) => id);
    const pass = async (to) => {
      if (await this.does({ do: "forward", chat: to.id, from: message.chat, ids })) pane.enter(to.id);
    };
    const items = targets.map((chat) => {
      const name = world.titleOf(chat);
      return { label: name, face: faceOf(chat, name), run: () => pass(chat) };
    });
    showMenu(box, items, { label: "Forward to" });
  }
}

/** The words of a message that are marked by mouse or keys just now. */
function selectedIn(row) {
  const marked = getSelection();
  const text = row.querySelector(".text");
  return marked && text?.contains(marked.anchorNode) && text.contains(marked.focusNode) ? marked.toString().trim() : "";
}

/** What a file is when it is not sent as a file. */
function kindOf({ type }, seen) {
  if (!seen) return "document";
  const [kind] = type.split("/");
  if (kind === "image") return type === "image/gif" ? "animation" : "photo";
  if (type === "audio/ogg") return "voice";
  return ["audio", "video"].includes(kind) ? kind : "document";
}

async function inBase64(file) {
  const reader = new FileReader();
  await new Promise((done, failed) => {
    reader.onload = done;
    reader.onerror = failed;
    reader.readAsDataURL(file);
  });
  return reader.result.split(",")[1] ?? "";
}

// Telegram writes the heart without the sign that asks for a coloured picture.
const bare = (emoji) => emoji?.replace("\uFE0F", "") ?? null;

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    notice("The browser did not allow copying.");
  }
}
