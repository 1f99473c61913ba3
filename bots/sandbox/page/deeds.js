/** What a person does with messages: say, change, react, press, and the menu that offers it. */

import { notice } from "./dialogs.js";
import { act, Refused } from "./link.js";
import { wordsOf } from "./markdown.js";
import { showMenu } from "./menu.js";
import { sameId } from "./world.js";

const LARGEST = 40 << 20;
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
      if (["send", "document"].includes(deed.do) && message && !world.message(message.chat, message.id)) world.arrived(message);
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

  /** Send a file, with words or without. */
  async attach(place, file, text, replyTo) {
    if (file.size > LARGEST) return notice("A file may have 40 MB here at most."), false;
    const data = await inBase64(file).catch(() => null);
    if (data === null) return notice("The browser cannot read this file."), false;
    const deed = { do: "document", chat: place.chat, topic: place.topic, name: file.name, data };
    return this.does({ ...deed, text, reply_to: replyTo });
  }

  /** A registered slash command is not a message on Discord. */
  #commandIn(key, text) {
    const chat = this.#world.chats.get(key);
    const [, name, words] = /^\/([-\w]{1,32})(?:\s+([\s\S]*))?$/.exec(text) ?? [];
    if (chat?.platform !== "discord" || !name) return null;
    const commandOf = (id) => this.#world.who(id).commands?.find((command) => command.name === name);
    const bot = chat.bots.find(commandOf);
    if (bot === undefined) return null;
    // One line of words is enough for one option; what more there is stays unsaid.
    const [option] = commandOf(bot).options;
    return { bot, name, options: option && words ? { [option]: words } : {} };
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
    if (key.url) return open(key.url, "_blank", "noopener");
    if (!key.choices) return does([]);
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
    const remove = () => this.does({ do: "delete", chat: message.chat, id: message.id });
    const items = [
      { label: "Reply", icon: "reply", run: () => pane.composer.reply(message) },
      own && { label: "Edit", icon: "edit", run: () => pane.composer.edit(message) },
      canThread && { label: "Start thread…", icon: "thread", run: () => newThread(pane, message) },
      { label: "Copy", icon: "copy", run: () => copy(words) },
      own && { label: "Delete", icon: "delete", danger: true, run: remove },
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
