/** A message's text and its entities, as nodes. Offsets count UTF-16 units, as JavaScript's strings do. */

import { el } from "./dom.js";

const PLAIN = {
  bold: "strong",
  italic: "em",
  underline: "u",
  strikethrough: "s",
  code: "code",
  blockquote: "blockquote",
  expandable_blockquote: "blockquote",
};
const BLOCKS = new Set(["pre", "blockquote", "expandable_blockquote"]);
const SAFE = new Set(["http:", "https:", "mailto:", "tg:"]);

/** Nodes for the whole text; unknown entities and unsafe addresses stay plain words. */
export function rich(text, entities = []) {
  const marks = entities
    .map((mark) => ({ ...mark, end: Math.min(mark.offset + mark.length, text.length) }))
    .filter((mark) => mark.offset >= 0 && mark.end > mark.offset)
    .sort((one, two) => one.offset - two.offset || two.end - one.end);
  return between(text, 0, text.length, marks);
}

function between(text, start, end, marks) {
  const nodes = [];
  const waiting = [...marks];
  let at = start;
  while (waiting.length) {
    const mark = waiting.shift();
    if (mark.offset > at) nodes.push(plain(text, at, mark.offset, { after: nodes.at(-1), before: mark }));
    // A mark that reaches over this one's end is cut there, and its rest continues afterwards.
    const inside = [];
    const after = [];
    for (const other of waiting) {
      if (other.offset >= mark.end) after.push(other);
      else if (other.end <= mark.end) inside.push(other);
      else {
        inside.push({ ...other, end: mark.end });
        after.push({ ...other, offset: mark.end });
      }
    }
    after.sort((one, two) => one.offset - two.offset || two.end - one.end);
    waiting.splice(0, waiting.length, ...after);
    nodes.push(...wrap(mark, text.slice(mark.offset, mark.end), between(text, mark.offset, mark.end, inside)));
    at = mark.end;
  }
  if (at < end) nodes.push(plain(text, at, end, { after: nodes.at(-1) }));
  return nodes;
}

/** Words between marks. A block begins and ends its own line, so the line break beside it is not shown again. */
function plain(text, start, end, { after = null, before = null }) {
  let words = text.slice(start, end);
  if (after instanceof Element && after.matches("pre, blockquote")) words = words.replace(/^\n/, "");
  if (before && BLOCKS.has(before.type)) words = words.replace(/\n$/, "");
  return words;
}

function wrap(mark, words, inner) {
  if (mark.type in PLAIN) return [el(PLAIN[mark.type], {}, ...inner)];
  switch (mark.type) {
    case "pre":
      return [el("pre", { "data-language": mark.language }, el("code", {}, ...inner))];
    case "spoiler":
      return [spoiler(inner)];
    case "text_link":
      return link(mark.url, inner);
    case "url":
      return link(/^[a-z][a-z0-9+.-]*:/i.test(words) ? words : `https://${words}`, inner);
    case "email":
      return link(`mailto:${words}`, inner);
    case "mention":
    case "text_mention":
    case "hashtag":
    case "cashtag":
      return [el("span", { class: "mention" }, ...inner)];
    case "bot_command":
      return [command(words)];
    default:
      return inner;
  }
}

export function link(address, inner) {
  if (!URL.canParse(address ?? "") || !SAFE.has(new URL(address).protocol)) return inner;
  return [el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, ...inner)];
}

export function spoiler(inner) {
  const hidden = el("span", { class: "spoiler", role: "button", tabindex: "0", "aria-label": "Hidden text" }, ...inner);
  const reveal = (event) => {
    if (event.type === "keydown" && event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    hidden.classList.add("open");
    for (const name of ["role", "tabindex", "aria-label"]) hidden.removeAttribute(name);
    hidden.removeEventListener("click", reveal);
    hidden.removeEventListener("keydown", reveal);
  };
  hidden.addEventListener("click", reveal);
  hidden.addEventListener("keydown", reveal);
  return hidden;
}

/** A command in a message says itself when pressed; the page listens for "say". */
function command(words) {
  const say = (event) => event.target.dispatchEvent(new CustomEvent("say", { bubbles: true, detail: words }));
  return el("button", { type: "button", class: "command", onclick: say }, words);
}
