/** One message of Discord as a row of the log: a list without bubbles, names above the words. */

import { avatar, el, icon, timeOf, toneOf } from "./dom.js";
import { gistOf, rendered, sceneOf } from "./markdown.js";
import { poll } from "./poll.js";
import { buttons, files, moreButton, reactions, serviceRow } from "./rows.js";
import { sameId } from "./world.js";

/** Build the row; `hands` are what a person can do with it: menu, react, jump, press, enter. */
export function rowOf(message, world, chat, hands) {
  if (message.began) return beginning(message, world);
  if (message.service) return serviceRow(message);
  const row = el("div", { class: "row flat", "data-id": message.id, tabindex: "-1" });
  row.message = message;
  row.classList.toggle("own", sameId(message.from.id, world.me));
  row.classList.toggle("calling", isCalled(message, world));
  row.classList.toggle("whispered", Boolean(message.only));
  const scene = sceneOf(message, world, chat);
  const words = message.thinking ? [thinking(message.from.name)] : rendered(message.text ?? "", scene);
  const text = el("div", { class: "text", dir: "auto" }, ...words);
  const body = el("div", { class: "body" }, byline(message, world, chat, hands), text);
  if (message.forwarded) body.append(passed(message.forwarded, scene));
  if (message.stickers?.length) body.append(...message.stickers.map(sticker));
  if (message.poll) body.append(poll(message, world, hands));
  if (message.edited) body.append(el("span", { class: "edited" }, "(edited)"));
  body.append(...(message.embeds ?? []).map((embed) => card(embed, scene)));
  body.append(...files(message));
  if (message.buttons?.length) body.append(buttons(message, hands));
  if (message.reactions?.length) body.append(reactions(message, world, hands));
  if (message.only) body.append(aside(message, hands));
  const thread = threadOf(message, world);
  if (thread) body.append(way(thread, hands));
  if (message.reply_to || message.used) row.append(above(message, world, hands));
  row.append(
    el(
      "div",
      { class: "line" },
      faceOf(message.from),
      el("time", { class: "beside-time", "aria-hidden": "true" }, timeOf(message.date)),
      body,
      moreButton(row, hands),
    ),
  );
  return row;
}

/** The top of a thread: the message it was begun at, and by whom. */
function beginning(message, world) {
  const row = serviceRow(message);
  const first = world.message(message.began.chat, message.began.id);
  if (!first) return row;
  const chat = world.chats.get(first.chat);
  const words = rendered(first.text, sceneOf(first, world, chat));
  const body = el("div", { class: "body" }, byline(first, world, chat), el("div", { class: "text" }, ...words));
  const line = el("div", { class: "line" }, avatar(first.from.name, { bot: first.from.bot }), body);
  row.prepend(el("div", { class: "row flat starter" }, line));
  return row;
}

/** Somebody is writing. */
export function liveRow(who) {
  const words = el("span", {}, el("b", {}, who.name), " is typing…");
  return el("div", { class: "row flat typing" }, el("div", { class: "line" }, dots(), words));
}

const dots = () => el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i"));

const thinking = (name) => el("span", { class: "thinking" }, dots(), `${name} is thinking…`);

/** Whether the words call whoever speaks here; that an answer calls whom it answers is said above it. */
function isCalled(message, world) {
  const me = world.who(world.me);
  const marks = [`<@${me.snowflake}>`, `<@!${me.snowflake}>`];
  const named = message.mentions?.includes(me.snowflake) && marks.some((mark) => message.text.includes(mark));
  return (named || message.everyone) && !sameId(message.from.id, me.id);
}

/** A webhook may have a picture of its own with each message. */
const faceOf = ({ name, bot, picture }) =>
  picture ? el("img", { class: "avatar", src: picture, alt: "" }) : avatar(name, { bot });

const sticker = (name) => el("p", { class: "sticker-name" }, `Sticker: ${name}`);

function passed({ text }, scene) {
  const head = el("div", { class: "passed" }, icon("forward"), "Forwarded");
  return el("div", { class: "snapshot" }, head, el("div", {}, ...rendered(text, scene)));
}

/** What one person alone sees can be put away. */
function aside(message, hands) {
  const away = { class: "plain", type: "button", "data-key": "dismiss", onclick: () => hands.dismiss(message) };
  return el("p", { class: "aside" }, "Only you can see this · ", el("button", away, "Dismiss"));
}

function byline(message, world, chat, hands) {
  const role = world.roleOf(chat, message.from.id);
  const look = role ? `sender tone-${toneOf(role.name)}` : "sender";
  const words = el("b", { class: look, title: role?.name ?? null }, message.from.name);
  const known = hands?.who && !message.from.face;
  const asks = (event) => hands.who(chat, message.from.id, event.currentTarget);
  const does = { type: "button", tabindex: "-1", "data-key": "who", onclick: asks };
  const name = known ? el("button", does, words) : words;
  return el(
    "div",
    { class: "byline" },
    name,
    message.from.bot ? el("span", { class: "app-mark" }, "APP") : null,
    el("time", { datetime: new Date(message.date * 1000).toISOString() }, timeOf(message.date)),
  );
}

/** The line over a message: what it answers, or which command it came from. */
function above(message, world, hands) {
  if (message.used) {
    const command = el("span", { class: "mention" }, `/${message.used.command}`);
    return el("div", { class: "answered" }, el("b", {}, message.used.name), "used", command);
  }
  const reply = message.reply_to;
  if (!reply.id) return el("div", { class: "answered" }, el("i", {}, "Original message was deleted"));
  const whole = world.message(message.chat, reply.id) ?? { ...reply, chat: message.chat };
  const called = whole.from && message.mentions?.includes(world.who(whole.from.id).snowflake);
  return el(
    "button",
    { class: "answered quote", type: "button", tabindex: "-1", onclick: () => hands.jump(reply.id) },
    avatar(reply.name ?? "?", {}),
    el("b", {}, `${called ? "@" : ""}${reply.name ?? "Someone"}`),
    el("span", {}, gistOf(whole, world) || "Message"),
  );
}

function card(embed, scene) {
  const part = ({ name, value }) =>
    el("div", {}, el("b", {}, ...rendered(name, scene)), el("div", {}, ...rendered(value, scene)));
  const parts = (embed.fields ?? []).map(part);
  const by = embed.author ? el("small", {}, embed.author) : null;
  const title = embed.title ? el("h4", {}, ...rendered(embed.title, scene)) : null;
  const words = embed.description ? el("div", {}, ...rendered(embed.description, scene)) : null;
  const foot = embed.footer ? el("small", {}, embed.footer) : null;
  const made = el("div", { class: "embed" }, by, title, words, ...parts, foot);
  const color = embed.color && `#${embed.color.toString(16).padStart(6, "0")}`;
  if (color) made.style.borderLeftColor = color;
  return made;
}

function threadOf(message, world) {
  // A thread that was started on a message has the number of that message.
  const thread = world.chats.get(`dc:${message.id}`);
  return thread && thread.parent === message.chat ? thread : null;
}

function way(thread, hands) {
  return el(
    "button",
    { class: "way", type: "button", onclick: () => hands.enter(thread.id) },
    icon("thread"),
    el("b", {}, thread.title),
    el("span", {}, "Open thread"),
  );
}
