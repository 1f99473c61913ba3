/** Discord's Markdown, as nodes. What is not Markdown stays the words it was; no text ever becomes markup. */

import { el } from "./dom.js";
import { link, spoiler } from "./text.js";
import { briefly } from "./things.js";

// Marks within marks deeper than this are shown as they were typed.
const DEEPEST = 10;
const FENCE = /```(?:([\w+#.-]{1,30})\n)?\n?([\s\S]+?)\n?```/g;
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** Nodes for a whole message; `scene` is {world, chat, pinged, everyone}: whom its marks mean. */
export function rendered(text, scene) {
  const nodes = [];
  let at = 0;
  for (const fence of text.matchAll(FENCE)) {
    nodes.push(...blocks(text.slice(at, fence.index).replace(/\n$/, ""), scene));
    nodes.push(el("pre", { "data-language": fence[1] }, el("code", {}, fence[2])));
    at = fence.index + fence[0].length;
  }
  return [...nodes, ...blocks(at ? text.slice(at).replace(/^\n/, "") : text, scene)];
}

/** A message in one line of plain words; what is hidden stays hidden. */
export function gistOf(message, world) {
  const chat = world.chats.get(message.chat);
  if (chat?.platform !== "discord") return briefly(message);
  const whole = el("div", {}, ...rendered(message.text.slice(0, 1000), sceneOf(message, world, chat)));
  for (const hidden of whole.querySelectorAll(".spoiler")) hidden.textContent = "▒▒▒";
  for (const block of whole.querySelectorAll("pre, blockquote, li, h3, h4, h5, small")) block.append(" ");
  return whole.textContent.trim() || (message.files?.length ? message.files[0].name : message.embeds?.[0]?.title ?? "");
}

/** A message as its writer typed it: people and channels by name instead of number. */
export function wordsOf(message, world, chat) {
  return message.text
    .replace(/<@!?(\d+)>/g, (mark, id) => (world.whose(id) ? `@${world.whose(id).name}` : mark))
    .replace(/<#(\d+)>/g, (mark, id) => (channel(id, world) ? `#${channel(id, world).title}` : mark))
    .replace(/<@&(\d+)>/g, (mark, id) => (role(id, world, chat) ? `@${role(id, world, chat).name}` : mark));
}

export function sceneOf(message, world, chat) {
  return { world, chat, pinged: new Set(message.mentions ?? []), everyone: Boolean(message.everyone) };
}

const channel = (id, world) => world.chats.get(`dc:${id}`) ?? null;
const role = (id, world, chat) => world.guildOf(chat)?.roles.find((one) => one.id === id) ?? null;

// Lines: headings, quotes, lists and the words between them

const HEADINGS = { "#": "h3", "##": "h4", "###": "h5", "-#": "small" };

function blocks(text, scene) {
  const nodes = [];
  let words = [];
  const flush = () => {
    if (words.length) nodes.push(...inline(words.join("\n"), scene));
    words = [];
  };
  const lines = text === "" ? [] : text.split("\n");
  while (lines.length) {
    const line = lines[0];
    const heading = /^(#{1,3}|-#) +(\S.*)$/.exec(line);
    if (heading) {
      flush();
      nodes.push(el(HEADINGS[heading[1]], {}, ...inline(heading[2], scene)));
      lines.shift();
    } else if (line.startsWith(">>> ")) {
      flush();
      const rest = lines.splice(0).map((one) => one.replace(/^>>> /, ""));
      nodes.push(el("blockquote", {}, ...blocks(rest.join("\n"), scene)));
    } else if (line.startsWith("> ")) {
      flush();
      const quoted = takeWhile(lines, (one) => one.startsWith("> ")).map((one) => one.slice(2));
      nodes.push(el("blockquote", {}, ...inline(quoted.join("\n"), scene)));
    } else if (ITEM.test(line)) {
      flush();
      nodes.push(...lists(takeWhile(lines, (one) => ITEM.test(one)), scene));
    } else words.push(lines.shift());
  }
  flush();
  return nodes;
}

const ITEM = /^( *)(?:([-*])|(\d{1,9})\.) +(\S.*)$/;

function lists(lines, scene) {
  const made = [];
  const open = [];
  for (const line of lines) {
    const [, lead, , number, words] = ITEM.exec(line);
    const depth = Math.min(lead.length, 20);
    while (open.length && open.at(-1).depth > depth) open.pop();
    const kind = number ? "ol" : "ul";
    if (!open.length || open.at(-1).depth < depth || open.at(-1).kind !== kind) {
      if (open.at(-1)?.depth === depth) open.pop();
      const list = el(kind, number ? { start: number } : {});
      const inside = open.at(-1)?.list.lastElementChild;
      if (inside) inside.append(list);
      else made.push(list);
      open.push({ depth, kind, list });
    }
    open.at(-1).list.append(el("li", {}, ...inline(words, scene)));
  }
  return made;
}

function takeWhile(lines, fits) {
  const end = lines.findIndex((line) => !fits(line));
  return lines.splice(0, end < 0 ? lines.length : end);
}

// Words: the first rule that fits at a place wins

const wrap = (tag) => (found, inner) => [el(tag, {}, ...inner(found[1]))];
const RULES = [
  [/\\([^\sA-Za-z0-9])/y, (found) => [found[1]]],
  [/(`+)([^`]|[^`][\s\S]*?[^`])\1(?!`)/y, (found) => [el("code", {}, found[2].trim() || found[2])]],
  [/<@!?(\d{1,20})>/y, (found, inner, scene) => person(found[1], scene)],
  [/<@&(\d{1,20})>/y, (found, inner, scene) => group(found[0], found[1], scene)],
  [/<#(\d{1,20})>/y, (found, inner, scene) => place(found[0], found[1], scene)],
  [/<a?:(\w{2,32}):\d{1,20}>/y, (found) => [`:${found[1]}:`]],
  [/<\/([-\w ]{1,100}):\d{1,20}>/y, (found) => [pill(`/${found[1]}`, true)]],
  [/<t:(-?\d{1,12})(?::[tTdDfFR])?>/y, (found) => [time(Number(found[1]))]],
  [/@(everyone|here)\b/y, (found, inner, scene) => [pill(found[0], scene.everyone)]],
  [/<(https?:\/\/[^\s<>]+)>/y, (found) => link(found[1], [found[1]])],
  [/\[([^\[\]\n]{1,300})\]\(<?(https?:\/\/[^\s<>()]+)>?\)/y, (found, inner) => link(found[2], inner(found[1]))],
  [/https?:\/\/[^\s<>"]*[^\s<>"'.,:;!?)\]]/y, (found) => link(found[0], [found[0]])],
  [/\|\|([\s\S]+?)\|\|/y, (found, inner) => [spoiler(inner(found[1]))]],
  [/\*\*([\s\S]+?)\*\*(?!\*)/y, wrap("strong")],
  [/__([\s\S]+?)__(?!_)/y, wrap("u")],
  [/~~([\s\S]+?)~~/y, wrap("s")],
  [/\*(?![\s*])((?:\\.|\*\*[^*]+\*\*|[^*\\])+?)\*(?!\*)/y, wrap("em")],
  [/(?<!\w)_(?!_)((?:\\.|__[^_]+__|[^_\\])+?)_(?!\w)/y, wrap("em")],
];
const SPECIAL = /[\\`<@[h|*_~]/g;

function inline(text, scene, depth = 0) {
  if (depth > DEEPEST) return [text];
  const nodes = [];
  const inner = (words) => inline(words, scene, depth + 1);
  let plain = 0;
  let at = nextSpecial(text, 0);
  while (at < text.length) {
    const [found, make] = ruleAt(text, at);
    if (!found) {
      at = nextSpecial(text, at + 1);
      continue;
    }
    if (at > plain) nodes.push(text.slice(plain, at));
    nodes.push(...make(found, inner, scene));
    plain = at + found[0].length;
    at = nextSpecial(text, plain);
  }
  if (plain < text.length) nodes.push(text.slice(plain));
  return nodes;
}

function nextSpecial(text, from) {
  SPECIAL.lastIndex = from;
  return SPECIAL.exec(text)?.index ?? text.length;
}

function ruleAt(text, at) {
  for (const [pattern, make] of RULES) {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) return [found, make];
  }
  return [null, null];
}

// Marks that mean someone or something

const pill = (words, on = true) => (on ? el("span", { class: "mention" }, words) : words);

/** A name is marked when its person was called; a mark that called nobody is only a name. */
function person(id, { world, pinged }) {
  const who = world.whose(id);
  return [pill(`@${who?.name ?? "unknown-user"}`, pinged.has(id))];
}

function group(mark, id, { world, chat, pinged }) {
  const found = role(id, world, chat);
  return [found ? pill(`@${found.name}`, pinged.has(id)) : "@unknown-role"];
}

function place(mark, id, { world }) {
  const found = channel(id, world);
  if (!found) return ["#unknown"];
  return [el("a", { class: "mention", href: `#/${found.id}` }, `#${found.title}`)];
}

function time(seconds) {
  const when = new Date(seconds * 1000);
  if (Number.isNaN(when.getTime())) return "a moment";
  return el("time", { class: "moment", datetime: when.toISOString() }, moment.format(when));
}
