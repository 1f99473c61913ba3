/** What a message of Telegram carries beside words: pictures, sounds, films, places, cards, throws. */

import { avatar, el, icon } from "./dom.js";
import { poll } from "./poll.js";
import { file } from "./rows.js";
import { spoiler } from "./text.js";

const KINDS = {
  photo: "Photo",
  voice: "Voice message",
  video: "Video",
  video_note: "Video message",
  animation: "GIF",
  location: "Location",
};
const SEEN = new Set(["photo", "video", "animation", "video_note"]);
const HEARD = new Set(["voice", "audio"]);
const DRAWN = { sticker, location: place, venue: place, contact, dice: thrown, poll };

/** Everything that these messages carry: one message, or all of an album. */
export function thingsOf(messages, world, hands) {
  const [first] = messages;
  if (first.kind in DRAWN) return [DRAWN[first.kind](first, world, hands)];
  const looks = messages.flatMap((message) => (message.files ?? []).map((one) => look(message, one)));
  if (messages.length < 2 || !messages.every(({ kind }) => SEEN.has(kind))) return looks;
  return [el("div", { class: "mosaic", role: "group", "aria-label": `Album of ${looks.length}` }, ...looks)];
}

/** A message in a few words, for a list and for the line above an answer. */
export function briefly(message) {
  if (message.text) return message.text;
  const { kind, emoji, poll: asked, place: where, contact: card, dice, files } = message;
  if (kind === "sticker") return `${emoji ?? ""} Sticker`.trim();
  if (asked) return `Poll: ${asked.question}`;
  if (where?.title) return where.title;
  if (card) return `Contact: ${nameOf(card)}`;
  if (dice) return `${dice.emoji} ${dice.value}`;
  if (kind === "audio") return songOf(files[0]);
  return KINDS[kind] ?? files?.[0]?.name ?? "";
}

function look(message, one) {
  if (HEARD.has(message.kind)) return sound(message, one);
  if (!SEEN.has(message.kind) || !one.at) return file(one);
  const thing = message.kind === "photo" ? picture(one) : film(message, one);
  return message.spoiler ? spoiler([thing]) : thing;
}

function picture(one) {
  const box = { width: one.width, height: one.height };
  return el("img", { class: "picture", src: one.picture ?? one.at, alt: one.name, ...box });
}

function film({ kind }, one) {
  const ends = { controls: true, preload: "none", loop: kind === "animation", playsinline: true };
  const box = { width: one.width, height: one.height, poster: one.still, src: one.at };
  const name = [KINDS[kind], lasting(one)].filter(Boolean).join(", ");
  const look = kind === "video_note" ? "picture film round-film" : "picture film";
  return el("video", { class: look, ...box, ...ends, "aria-label": name });
}

function sound({ kind }, one) {
  const name = kind === "voice" ? KINDS.voice : songOf(one);
  const player = one.at ? el("audio", { src: one.at, controls: true, preload: "none", "aria-label": name }) : null;
  const keeps = { href: one.at, download: one.name, class: "keep", "aria-label": `Save ${name}`, title: "Save" };
  const save = one.at ? el("a", keeps, icon("keep")) : null;
  const words = el("span", {}, el("b", {}, name), el("small", {}, lasting(one)));
  return el("div", { class: "sound" }, icon(kind === "voice" ? "voice" : "music"), words, save, player);
}

function sticker(message) {
  const [one] = message.files;
  const name = `Sticker ${message.emoji ?? ""}`.trim();
  const shown = one?.picture ?? one?.still;
  if (!shown) return el("div", { class: "sticker", role: "img", "aria-label": name }, message.emoji ?? "🖼️");
  return el("img", { class: "sticker", src: shown, alt: name, title: message.emoji, width: 512, height: 512 });
}

function place({ place: where }) {
  const spot = `${where.latitude}, ${where.longitude}`;
  const query = new URLSearchParams({ mlat: where.latitude, mlon: where.longitude });
  const away = { href: `https://www.openstreetmap.org/?${query}`, target: "_blank", rel: "noopener noreferrer" };
  const title = where.title ?? (where.live ? "Live location" : "Location");
  return el(
    "div",
    { class: "card-row" },
    el("span", { class: "disc", "aria-hidden": "true" }, icon("place")),
    el(
      "span",
      {},
      el("b", {}, title),
      where.address ? el("small", {}, where.address) : null,
      el("small", {}, el("a", away, spot)),
    ),
  );
}

function contact({ contact: card }) {
  const name = nameOf(card);
  return el(
    "div",
    { class: "card-row" },
    avatar(name),
    el("span", {}, el("b", {}, name), el("small", {}, card.phone_number)),
  );
}

function thrown({ dice }) {
  const name = `${dice.emoji} shows ${dice.value}`;
  return el("div", { class: "throw", role: "img", "aria-label": name }, dice.emoji, el("b", {}, String(dice.value)));
}

const nameOf = (card) => [card.first_name, card.last_name].filter(Boolean).join(" ");
const songOf = (one) => [one?.performer, one?.title].filter(Boolean).join(" – ") || (one?.name ?? "Music");

function lasting({ seconds }) {
  if (!seconds) return "";
  return `${Math.floor(seconds / 60)}:${String(Math.round(seconds % 60)).padStart(2, "0")}`;
}
