/** Elements from plain data: text is always text and never markup. */

/** Make an element; `on…` properties listen, empty ones are left out, children may be strings. */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export const byId = (id) => document.getElementById(id);

/** A picture from the sheet of symbols in index.html; decoration, so readers of the page aloud skip it. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

/** A coloured disc with initials; the same name has the same colour everywhere. */
export function avatar(name, { bot = false, group = false } = {}) {
  const shape = group ? "group" : bot ? "bot" : "person";
  return el("span", { class: `avatar ${shape} tone-${toneOf(name)}`, "aria-hidden": "true" }, initials(name));
}

export function toneOf(name) {
  let sum = 14;
  for (const letter of name) sum = (sum * 43 + letter.codePointAt(0)) % 9973;
  return sum % 8;
}

function initials(name) {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return letters.map((word) => String.fromCodePoint(word.codePointAt(0)).toUpperCase()).join("") || "?";
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const sameYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long" });
const otherYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });

export const timeOf = (seconds) => clock.format(new Date(seconds * 1000));

export function dayOf(seconds) {
  const day = new Date(seconds * 1000);
  const today = new Date();
  if (day.toDateString() === today.toDateString()) return "Today";
  today.setDate(today.getDate() - 1);
  if (day.toDateString() === today.toDateString()) return "Yesterday";
  return (day.getFullYear() === new Date().getFullYear() ? sameYear : otherYear).format(day);
}

/** Run `work` once in the next frame, however often it is asked for until then. */
export function onceAFrame(work) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      work();
    });
  };
}
