/** Discord in the list: each server with its channels, threads and posts, then the direct messages. */

import { avatar, el, icon } from "./dom.js";
import { peopleIn } from "./callbar.js";
import { faceOf } from "./heading.js";
import { isDirect } from "./world.js";

/** Sections for these chats; `list` makes the doors, badges and buttons that every entry has. */
export function serverParts(chats, world, list) {
  const guilds = [...world.guilds.values()].filter((guild) => chats.some((chat) => chat.guild === guild.id));
  const direct = chats.filter((chat) => isDirect(chat));
  const parts = guilds.map((guild) => {
    const rooms = chats.filter((chat) => chat.guild === guild.id);
    return el(
      "div",
      { class: "server", role: "group", "aria-label": guild.name },
      el("h3", {}, avatar(guild.name, { group: true }), el("span", {}, guild.name), adder(guild, list)),
      el("ul", {}, ...rooms.map((room) => entry(room, world, list))),
    );
  });
  if (!direct.length) return parts;
  const doors = direct.map((chat) => entry(chat, world, list));
  const heading = el("h3", {}, el("span", {}, "Direct messages"));
  const group = { class: "server", role: "group", "aria-label": "Direct messages" };
  return [...parts, el("div", group, heading, el("ul", {}, ...doors))];
}

function entry(chat, world, list) {
  const name = world.titleOf(chat);
  const typing = [...world.typing.values()].some((one) => one.chat === chat.id);
  const kind = chat.parent ? "entry-room inner" : "entry-room";
  const unread = world.unread(chat.id) ? " unread" : "";
  const door = el(
    "button",
    { ...list.doorTo(chat), class: kind + unread },
    faceOf(chat, name),
    el("span", { class: "entry-title" }, name),
    typing ? el("em", {}, "typing…") : null,
    list.badge(chat),
  );
  return el("li", {}, door, list.beside(chat), chat.voices?.inside.length ? peopleIn(chat, world) : null);
}

function adder(guild, list) {
  const name = `New channel in ${guild.name}`;
  const add = (event) => list.hands.newThing(guild, event.currentTarget);
  const adds = { type: "button", class: "round", "aria-label": name, onclick: add };
  return el("button", { ...adds, "data-key": `new ${guild.id}` }, icon("plus"));
}
