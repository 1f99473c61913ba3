/** For those who hear the page: what a character's answer has become, once it stops changing. */

import { gistOf } from "./markdown.js";

const SETTLED_MS = 1500;
const REMEMBERED = 200;

/** Say the settled text of edited messages in `region`, as far as a pane shows them. */
export function speakEdits(world, region) {
  const texts = new Map();
  const timers = new Map();
  const note = (message) => {
    texts.set(message.id, message.text);
    if (texts.size > REMEMBERED) texts.delete(texts.keys().next().value);
  };
  world.on("message", ({ message }) => note(message));
  world.on("changed", (message) => {
    if (!message.from.bot || texts.get(message.id) === message.text) return;
    note(message);
    clearTimeout(timers.get(message.id));
    const say = () => {
      timers.delete(message.id);
      const seen = [...world.watchers].some((pane) => pane.isWatching(message));
      if (seen) region.textContent = `${message.from.name}: ${gistOf(message, world)}`;
    };
    timers.set(message.id, setTimeout(say, SETTLED_MS));
  });
}
