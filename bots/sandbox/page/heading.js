/** What stands above a conversation: whose it is, who is typing, its topics, and what can be done with it. */

import { avatar, el, icon, onceAFrame } from "./dom.js";
import { hasMark, isDirect, mayWrite } from "./world.js";

const MARKS = {
  board: "board",
  post: "board",
  thread: "thread",
  private_thread: "thread",
  voice: "loud",
  stage: "loud",
};
const MAIN = new Set(["text", "announcement"]);

export class Heading {
  #world;
  #pane;
  #newTopic;

  constructor(world, pane, { newTopic, newThread, about, split, unsplit, list }) {
    this.#world = world;
    this.#pane = pane;
    this.#newTopic = newTopic;
    pane.part("info").addEventListener("click", () => about(pane));
    pane.part("thread").addEventListener("click", () => newThread(pane, null));
    pane.part("split").addEventListener("click", split);
    pane.part("unsplit").addEventListener("click", () => unsplit(pane));
    pane.part("back").addEventListener("click", list);
    const draw = onceAFrame(() => this.#draw());
    world.on("reset place message changed gone live chats read", draw);
  }

  #draw() {
    const held = document.activeElement?.dataset?.key;
    this.#drawName();
    this.#drawTopics();
    // The buttons are new ones; whoever stood on one with the keyboard stands there still.
    const again = held && document.activeElement === document.body;
    if (again) this.#pane.root.querySelector(`[data-key="${held}"]`)?.focus();
  }

  #drawName() {
    const [world, pane] = [this.#world, this.#pane];
    const { chat } = pane;
    const main = MAIN.has(chat?.kind);
    pane.part("info").hidden = !chat;
    pane.part("thread").hidden = !main;
    if (!chat) return pane.part("heading").replaceChildren();
    const name = world.titleOf(chat);
    pane.part("heading").replaceChildren(
      faceOf(chat, name),
      el("h2", {}, hasMark(chat) && main ? `#${name}` : name),
      el("p", {}, this.#status(chat)),
    );
    // What stands there for readers of a channel depends on whether they comment.
    if (mayWrite(chat, world.me)) pane.part("text").placeholder = placeholderOf(chat, name);
  }

  #status(chat) {
    const world = this.#world;
    const live = [...this.#pane.live(world.typing), ...this.#pane.live(world.drafts)];
    const names = [...new Set(live.map((one) => String(one.from)))].map((id) => world.who(id).name);
    if (names.length) return el("em", {}, `${names.join(", ")} ${names.length > 1 ? "are" : "is"} typing…`);
    if (isDirect(chat)) return chat.platform === "discord" ? "app on Discord" : "bot";
    if (chat.kind === "business") return businessOf(chat, world);
    const count = (all, one, many) => (all.length === 1 ? `1 ${one}` : `${all.length} ${many}`);
    const who = `${count(chat.people, "person", "people")}, ${count(chat.bots, "character", "characters")}`;
    const above = world.chats.get(chat.parent);
    if (above) return `${chat.kind === "post" ? "Post" : "Thread"} in #${above.title} · ${who}`;
    if (chat.kind === "channel") return `Channel · ${count(chat.people, "subscriber", "subscribers")}`;
    return chat.guild ? `${world.guildOf(chat)?.name} · ${who}` : who;
  }

  #drawTopics() {
    const [world, pane] = [this.#world, this.#pane];
    const { chat } = pane;
    const bar = pane.part("topics");
    const may = chat?.kind === "private" && world.who(chat.bots[0]).able?.includes("new_topics");
    bar.hidden = !chat?.topics.length && !may;
    if (bar.hidden) return bar.replaceChildren();
    const chips = chat.topics.map((topic) => {
      const unread = world.unread(chat.id, topic.id);
      return el(
        "button",
        {
          type: "button",
          class: "topic",
          "data-key": `topic ${topic.id}`,
          "aria-pressed": String(topic.id === pane.place.topic),
          onclick: () => pane.enter(chat.id, topic.id),
        },
        topic.name,
        unread ? el("span", { class: "badge", "aria-label": `${unread} unread` }, String(unread)) : null,
      );
    });
    const start = () => this.#newTopic(pane);
    const more = el(
      "button",
      { type: "button", class: "topic", "aria-label": "New topic", "data-key": "topic new", onclick: start },
      icon("plus"),
    );
    bar.replaceChildren(...chips, more);
  }
}

/** A direct chat has a face, a group its letters, a channel its mark. */
export function faceOf(chat, name) {
  const mark = { class: "avatar mark", "aria-hidden": "true" };
  if (hasMark(chat)) return el("span", mark, icon(MARKS[chat.kind] ?? "hash"));
  return avatar(name, { bot: isDirect(chat), group: !isDirect(chat) });
}

/** A business is spoken for by whom it let do so. */
function businessOf(chat, world) {
  const owner = world.who(chat.business).name;
  return chat.stood_in_by ? `${world.who(chat.stood_in_by).name} stands in for ${owner}` : `Business of ${owner}`;
}

function placeholderOf(chat, name) {
  if (isDirect(chat)) return `Message ${name}`;
  return MAIN.has(chat.kind) ? `Message #${name}` : "Message";
}
