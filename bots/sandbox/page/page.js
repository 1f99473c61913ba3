/** The stage's page: puts its parts together and gives them hands. */

import { Composer } from "./composer.js";
import { askGroup, askLine, notice } from "./dialogs.js";
import { avatar, byId } from "./dom.js";
import { act, follow, Refused } from "./link.js";
import { Log } from "./log.js";
import { closeMenu, showMenu } from "./menu.js";
import { Panel } from "./panel.js";
import { Sidebar } from "./sidebar.js";
import { sameId, World } from "./world.js";

const REACTIONS = {
  "👍": "Thumbs up",
  "❤️": "Heart",
  "😂": "Laughing",
  "🔥": "Fire",
  "🤔": "Thinking",
  "👎": "Thumbs down",
};

const world = new World();
const log = new Log(world, { menu, react, press });
const composer = new Composer(world, {
  say: (place, text, replyTo) => does({ do: "send", chat: place.chat, topic: place.topic, text, reply_to: replyTo }),
  change: (message, text) => does({ do: "edit", chat: message.chat, id: message.id, text }),
});
const sidebar = new Sidebar(world, { newTopic });
const panel = new Panel(world, { block: (bot, on) => does({ do: "block", bot, on }) });

/** Do it on the stage as whoever speaks; false, and a notice, when the stage refuses. */
async function does(deed) {
  try {
    const answer = await act({ as: world.who(world.me).id, ...deed });
    const message = answer.message;
    // The stream may have been quicker, and by now know more of this message than the answer does.
    if (deed.do === "send" && message && !world.message(message.chat, message.id)) world.arrived(message);
    return true;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    notice(error.message);
    return false;
  }
}

// Messages

function menu(row, box) {
  const { message } = row;
  if (!message || message.service) return;
  const own = sameId(message.from.id, world.me);
  const mine = message.reactions?.find(({ from }) => from.some((id) => sameId(id, world.me)))?.emoji;
  const items = [
    { label: "Reply", icon: "reply", run: () => composer.reply(message) },
    own && { label: "Edit", icon: "edit", run: () => composer.edit(message) },
    { label: "Copy", icon: "copy", run: () => copy(message.text) },
    own && { label: "Delete", icon: "delete", danger: true, run: () => remove(message) },
  ].filter(Boolean);
  const reactions = Object.entries(REACTIONS).map(([glyph, label]) => ({
    glyph,
    label,
    checked: bare(glyph) === bare(mine),
    run: () => react(message, bare(glyph) === bare(mine) ? null : glyph),
  }));
  row.focus({ preventScroll: true });
  showMenu(box, items, { label: "Message", row: reactions });
}

// Telegram writes the heart without the sign that asks for a coloured picture.
const bare = (emoji) => emoji?.replace("\uFE0F", "") ?? null;

function react(message, emoji) {
  return does({ do: "react", chat: message.chat, id: message.id, emoji: bare(emoji) });
}

function remove(message) {
  return does({ do: "delete", chat: message.chat, id: message.id });
}

function press(message, key) {
  if (key.url) open(key.url, "_blank", "noopener");
  else does({ do: "press", chat: message.chat, id: message.id, data: key.data });
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    notice("The browser did not allow copying.");
  }
}

// People, groups, topics

function chooseSpeaker(event) {
  const owner = event.currentTarget;
  const people = [...world.people.values()].map((person) => ({
    label: person.name,
    face: avatar(person.name),
    checked: sameId(person.id, world.me),
    run: () => speakAs(person),
  }));
  const another = { label: "New person…", icon: "person", run: newPerson };
  showMenu(owner.getBoundingClientRect(), [...people, another], { label: "Speak as", owner });
}

function speakAs(person) {
  world.speakAs(person.id);
  composer.focus();
}

function newPerson() {
  askLine({
    title: "New person",
    label: "Name",
    placeholder: "Noor",
    button: "Add",
    done: async (name) => {
      const before = new Set(world.people.keys());
      if (!(await does({ do: "person", name }))) return;
      const isNew = (person) => person.name === name && !before.has(String(person.id));
      const appeared = () => [...world.people.values()].find(isNew);
      if (appeared()) speakAs(appeared());
      else waiting = appeared;
    },
  });
}

let waiting = null;

world.on("chats", () => {
  if (!world.chat) goHome();
  // Bots are told of with the state alone; one that came later is asked for.
  if ([...world.chats.values()].some((chat) => chat.bots.some((id) => !world.isBot(id)))) stage.refresh();
  const person = waiting?.();
  if (!person) return;
  waiting = null;
  speakAs(person);
});

function newGroup() {
  const people = [...world.people.values()].filter((person) => !sameId(person.id, world.me));
  askGroup({
    people,
    bots: [...world.bots.values()],
    done: (group) => does({ do: "group", ...group, people: [world.who(world.me).id, ...group.people] }),
  });
}

function newTopic() {
  const { chat } = world.place;
  askLine({
    title: "New topic",
    label: "Name",
    placeholder: "Poems",
    button: "Create",
    done: (name) => does({ do: "topic", chat, name }),
  });
}

byId("speaker").addEventListener("click", chooseSpeaker);
byId("mouth").addEventListener("click", chooseSpeaker);
byId("new").addEventListener("click", (event) => {
  const owner = event.currentTarget;
  const items = [
    { label: "New group…", icon: "group", run: newGroup },
    { label: "New person…", icon: "person", run: newPerson },
  ];
  showMenu(owner.getBoundingClientRect(), items, { label: "New", owner });
});

// Where one is: kept in the address, so that reloading stays there

function goHome() {
  const mine = world.myChats();
  const [chat, topic] = decodeURIComponent(location.hash.slice(2)).split("/");
  const asked = mine.find((one) => one.id === chat);
  if (asked) world.go(asked.id, asked.topics.some((one) => one.id === topic) ? topic : null);
  else world.go(mine[0]?.id ?? null);
}

world.on("reset", () => {
  const { chat, topic } = world.place;
  const here = world.myChats().find((one) => one.id === chat);
  // A DM belongs to one person: whoever speaks now may not see it.
  if (!here || (topic !== null && !here.topics.some((one) => one.id === topic))) goHome();
});

world.on("place", () => {
  const { chat, topic } = world.place;
  const address = chat ? `#/${chat}${topic ? `/${topic}` : ""}` : "#";
  if (location.hash !== address) history.replaceState(null, "", address);
  list(false);
  if (!panel.open) composer.focus();
});

// On a narrow screen either the list of chats or the chat is shown
function list(on) {
  document.body.classList.toggle("listing", on);
  if (!on) world.markRead();
}

byId("back").addEventListener("click", () => {
  list(true);
  byId("chats").querySelector("[aria-current]")?.focus();
});
byId("chats").addEventListener("click", (event) => event.target.closest(".entry-chat") && composer.focus());

document.addEventListener("visibilitychange", () => !document.hidden && world.markRead());
document.addEventListener("say", (event) => does({ do: "send", ...world.place, text: event.detail, reply_to: null }));
document.addEventListener("keydown", (event) => {
  if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    event.preventDefault();
    closeMenu();
    sidebar.step(event.key === "ArrowUp" ? -1 : 1);
  } else if (event.key === "Escape" && !document.querySelector("dialog[open]")) composer.focus();
  else if (isLetter(event) && document.activeElement === document.body) composer.focus();
});

const isLetter = (event) => event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;

let late = 0;

const stage = follow({
  onState: (state) => {
    clearTimeout(late);
    byId("banner").hidden = true;
    world.load(state);
  },
  onEvent: (event) => (event.type === "answered" ? event.text && notice(event.text) : world.apply(event)),
  onLost: () => {
    clearTimeout(late);
    // A blink is not worth a notice.
    late = setTimeout(() => {
      byId("banner").hidden = false;
    }, 400);
  },
});
