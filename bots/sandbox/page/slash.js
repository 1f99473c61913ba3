/** Slash commands as one types them: which is meant, its options by name, and what each could be. */

import { sameId } from "./world.js";

const PAUSE_MS = 200;
const NUMBERS = new Set([4, 10]);
const [YES_NO, ACCOUNT, CHANNEL, ROLE, ANYBODY] = [5, 6, 7, 8, 9];

/** The commands of one kind that a bot has told Discord of, for every place or for this server. */
export const commandsOf = ({ commands }, chat, kind) =>
  (commands ?? []).filter((one) => one.kind === kind && (!one.guild || one.guild === chat.guild));
export const writtenOf = (bot, chat) => commandsOf(bot, chat, 1);

/**
 * Read "/name option: value option: value". Words before any option are the first one's. Gives the bot, the
 * command, its options as [{option, text, from}] in order, or null when no command is meant.
 */
export function readCommand(text, chat, world) {
  if (!text.startsWith("/")) return null;
  const known = chat.bots.flatMap((id) => {
    const bot = world.who(id);
    return writtenOf(bot, chat).map((command) => ({ bot, command }));
  });
  const meant = ({ command }) => text === `/${command.name}` || text.startsWith(`/${command.name} `);
  const [found] = known.filter(meant).sort((one, two) => two.command.name.length - one.command.name.length);
  if (!found) return null;
  const begin = found.command.name.length + 1;
  return { ...found, begin, given: segments(text, begin, found.command.options) };
}

function segments(text, begin, options) {
  const marks = options.flatMap((option) => {
    const at = text.search(new RegExp(`(?<=\\s)${option.name}:`));
    return at < begin ? [] : [{ option, at, from: at + option.name.length + 1 }];
  });
  marks.sort((one, two) => one.at - two.at);
  const named = marks.map(({ option, from }, number) => {
    const end = marks[number + 1]?.at ?? text.length;
    return { option, from: from + (text[from] === " " ? 1 : 0), text: text.slice(from, end).trim() };
  });
  const bare = text.slice(begin, marks[0]?.at ?? text.length).trim();
  const [first] = options;
  return bare && first && !marks.length ? [{ option: first, from: begin + 1, text: bare }] : named;
}

/** The filled-in options as a bot gets them. */
export function valuesOf({ given }, chat, world) {
  const filled = given.filter(({ text }) => text !== "");
  return Object.fromEntries(filled.map(({ option, text }) => [option.name, valueOf(option, text, chat, world)]));
}

function valueOf(option, text, chat, world) {
  if (text in (option.values ?? {})) return option.values[text];
  if (NUMBERS.has(option.type)) return Number.isNaN(Number(text)) ? text : Number(text);
  if (option.type === YES_NO) return /^(true|yes|on)$/i.test(text);
  const name = text.replace(/^[@#]/, "").toLowerCase();
  const members = [...chat.bots, ...chat.people].map((id) => world.who(id));
  const who = members.find((one) => one.name.toLowerCase() === name);
  if ((option.type === ACCOUNT || option.type === ANYBODY) && who) return { account: who.id };
  const roles = world.guildOf(chat)?.roles ?? [];
  const role = roles.find((one) => one.name.toLowerCase() === name);
  if ((option.type === ROLE || option.type === ANYBODY) && role) return role.id;
  const room = world.myChats().find((one) => one.guild === chat.guild && one.title.toLowerCase() === name);
  return option.type === CHANNEL && room ? { chat: room.id } : text;
}

/** What the composer offers while a command is being filled in. */
export class Slash {
  #world;
  #pane;
  #hands;
  #told = null;
  #timer = 0;

  /** `hands` are complete, which asks a bot, and again, which looks once more. */
  constructor(world, pane, hands) {
    this.#world = world;
    this.#pane = pane;
    this.#hands = hands;
    world.on("completed", (told) => this.#completed(told));
  }

  /** The offers for what stands before the cursor and where they begin; null when nothing is filled in. */
  offers(before) {
    clearTimeout(this.#timer);
    const { chat } = this.#pane;
    if (chat?.platform !== "discord") return null;
    const read = readCommand(before, chat, this.#world);
    if (!read || before.length <= read.begin) return null;
    const last = read.given.at(-1);
    const choices = last && this.#choices(read, last);
    if (choices) return { from: last.from, offers: choices };
    if (last && !/\s$/.test(before)) return null;
    const open = read.command.options.filter((option) => !read.given.some((one) => one.option === option));
    const offers = open.map(({ name, description, required }) => ({
      word: `${name}: `,
      note: required ? `${description} (needed)` : description,
    }));
    return offers.length ? { from: before.length, offers } : null;
  }

  /** What one option could be, or null where anything goes. */
  #choices(read, { option, text }) {
    const sought = text.toLowerCase();
    const fitting = (names) => names.filter((name) => name.toLowerCase().includes(sought) && name !== text);
    const shown = (names) => names.map((word) => ({ word, note: option.name }));
    if (option.choices.length) return shown(fitting(option.choices));
    if (option.type === YES_NO) return shown(fitting(["True", "False"]));
    if (!option.autocomplete) return null;
    const told = this.#told;
    const known = told?.option === option.name && told.command === read.command.name;
    if (known && told.text === text) return shown(fitting(told.choices.map(({ name }) => name)));
    if (text in (option.values ?? {})) return null;
    const given = { ...valuesOf(read, this.#pane.chat, this.#world), [option.name]: text };
    const asked = { bot: read.bot, command: read.command, option: option.name, given };
    this.#timer = setTimeout(() => this.#hands.complete(this.#pane.place, asked), PAUSE_MS);
    return [];
  }

  #completed(told) {
    if (!sameId(told.to, this.#world.me) || !this.#pane.chat) return;
    const command = writtenOf(this.#world.who(told.bot), this.#pane.chat).find(({ name }) => name === told.command);
    const option = command?.options.find(({ name }) => name === told.option);
    if (!option) return;
    // What is shown is a name; what the bot wants to be told is the value.
    for (const { name, value } of told.choices) option.values[name] = value;
    this.#told = told;
    this.#hands.again();
  }
}
