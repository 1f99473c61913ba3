/** The stage's page: puts its parts together. */

import { Call } from "./call.js";
import { Deeds } from "./deeds.js";
import { notice } from "./dialogs.js";
import { byId } from "./dom.js";
import { follow } from "./link.js";
import { Making } from "./making.js";
import { closeMenu, showMenu } from "./menu.js";
import { showForms } from "./modal.js";
import { Pane } from "./pane.js";
import { Panel } from "./panel.js";
import { Panes } from "./panes.js";
import { Sidebar } from "./sidebar.js";
import { speakEdits } from "./spoken.js";
import { addressOf, placesIn } from "./whereabouts.js";
import { World } from "./world.js";

const world = new World();
const deeds = new Deeds(world);
const making = new Making(world, (deed) => deeds.does(deed), () => panes);
const panel = new Panel(world, (deed) => deeds.does(deed));
const newThread = (pane, message) => making.newThread(pane, message);

const hands = {
  say: (place, text, replyTo) => deeds.say(place, text, replyTo),
  attach: (place, files, how) => deeds.attach(place, files, how),
  hand: (place, thing, replyTo) => deeds.hand(place, thing, replyTo),
  quote: (place, message, part, text) => deeds.quote(place, message, part, text),
  remark: (post, text) => deeds.remark(post, text),
  vote: (message, options) => deeds.vote(message, options),
  stop: (pane) => deeds.stop(pane),
  inline: (place, bot, text) => deeds.inline(place, bot, text),
  choose: (place, bot, query, result) => deeds.choose(place, bot, query, result),
  complete: (place, asked) => deeds.complete(place, asked),
  who: (chat, account, owner) => deeds.who(chat, account, owner),
  dismiss: (message) => deeds.dismiss(message),
  change: (message, text) => deeds.change(message, text),
  react: (message, emoji, on) => deeds.react(message, emoji, on),
  press: (message, key, owner) => deeds.press(message, key, owner),
  menu: (pane, row, box) => deeds.menu(pane, row, box, { newThread }),
  enter: (chat) => panes.show(chat),
  newTopic: (pane) => making.newTopic(pane),
  newThread,
  newPost: (pane) => making.newPost(pane),
  about: (pane) => panel.turn(pane),
  split,
  unsplit: (pane) => panes.close(pane),
  list: () => showList(),
  call: new Call(world, notice),
};

const panes = new Panes(world, new Pane(world, "", hands), new Pane(world, "-beside", hands));
const sidebar = new Sidebar(world, panes, { newThing: (guild, owner) => making.newThing(guild, owner) });

speakEdits(world, byId("spoken"));
showForms(world, (interaction, fields) => deeds.fill(interaction, fields));

/** Show the first chat of the other platform beside the one that is open. */
function split() {
  const mine = world.myChats().filter((chat) => chat.id !== panes.one.place.chat);
  const other = mine.find((chat) => chat.platform !== panes.one.platform) ?? mine[0];
  if (other) panes.beside(other.id);
}

for (const pane of panes.all) {
  pane.part("mouth").addEventListener("click", (event) => making.chooseSpeaker(event.currentTarget));
}
byId("speaker").addEventListener("click", (event) => making.chooseSpeaker(event.currentTarget));
byId("new").addEventListener("click", (event) => {
  const owner = event.currentTarget;
  const items = [
    { label: "New group…", icon: "group", run: () => making.newGroup() },
    { label: "New channel…", icon: "board", run: () => making.newBroadcast() },
    { label: "Write to a business…", icon: "thread", run: () => making.newCustomer(owner) },
    { label: "New person…", icon: "person", run: () => making.newPerson() },
  ];
  showMenu(owner.getBoundingClientRect(), items, { label: "New", owner });
});

world.on("chats", () => {
  if (!panes.one.chat) goHome();
  // Bots are told of with the state alone; one that came later is asked for.
  if ([...world.chats.values()].some((chat) => chat.bots.some((id) => !world.isBot(id)))) stage.refresh();
});

// Where one is: kept in the address, so that reloading stays there

function goHome() {
  panes.restore(placesIn(location.hash, world.myChats(), panes.wide));
  if (!panel.open) panes.one.focus();
}

world.on("reset", () => {
  const mine = world.myChats();
  const isThere = ({ chat, topic }) =>
    mine.some((one) => one.id === chat && (topic === null || one.topics.some((each) => each.id === topic)));
  // A DM belongs to one person: whoever speaks now may not see it.
  if (!panes.places.every(isThere)) goHome();
});

world.on("place", () => {
  const address = addressOf(panes.places);
  if (location.hash !== address) history.replaceState(null, "", address);
  document.body.classList.remove("listing");
});

// A mention of a channel is a link to it
addEventListener("hashchange", () => {
  const [asked] = placesIn(location.hash, world.myChats(), false);
  if (asked?.chat) panes.show(asked.chat, asked.topic);
});

// On a narrow screen either the list of chats or the chat is shown
function showList() {
  document.body.classList.add("listing");
  byId("chats").querySelector("[aria-current]")?.focus();
}

const readAll = () => panes.shown.forEach((pane) => pane.markRead());

byId("chats").addEventListener("click", (event) => {
  if (!event.target.closest("[data-chat]")) return;
  document.body.classList.remove("listing");
  readAll();
  panes.active.focus();
});

document.addEventListener("visibilitychange", () => !document.hidden && readAll());
document.addEventListener("say", (event) => {
  const pane = panes.all.find((one) => one.root.contains(event.target)) ?? panes.active;
  deeds.say(pane.place, event.detail, null);
});
document.addEventListener("keydown", (event) => {
  if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    event.preventDefault();
    closeMenu();
    sidebar.step(event.key === "ArrowUp" ? -1 : 1);
  } else if (event.key === "F6" && panes.two.open) {
    event.preventDefault();
    panes.turn();
  } else if (event.key === "Escape" && !document.querySelector("dialog[open]")) panes.active.focus();
  else if (isLetter(event) && document.activeElement === document.body) panes.active.focus();
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
