/** A poll: what it asks, how people voted, and one's own vote. */

import { el, icon } from "./dom.js";
import { sameId } from "./world.js";

/** Pressing an option votes for it; pressing one's own takes it back. */
export function poll(message, world, hands) {
  const asked = message.poll;
  const isMine = (option) => option.from.some((id) => sameId(id, world.me));
  const mine = asked.options.flatMap((option, number) => (isMine(option) ? [number] : []));
  const counted = mine.length > 0 || asked.closed;

  const option = (one, number) => {
    const own = mine.includes(number);
    const others = mine.filter((each) => each !== number);
    const next = own ? others : asked.several ? [...mine, number] : [number];
    const share = asked.voters ? Math.round((100 * one.votes) / asked.voters) : 0;
    const names = asked.anonymous ? null : one.from.map((id) => world.who(id).name).join(", ");
    return el(
      "button",
      {
        type: "button",
        class: "option",
        "data-key": `option ${number}`,
        "aria-pressed": String(own),
        disabled: asked.closed,
        title: names || null,
        onclick: () => hands.vote(message, next),
      },
      el("span", { class: "option-mark", "aria-hidden": "true" }, own ? icon("save") : null),
      el("span", {}, one.text),
      counted ? el("b", {}, `${share}%`) : null,
      counted ? el("progress", { max: 100, value: share, "aria-hidden": "true" }) : null,
    );
  };

  return el(
    "div",
    { class: "poll", role: "group", "aria-label": `Poll: ${asked.question}` },
    el("b", {}, asked.question),
    el("small", {}, natureOf(asked)),
    ...asked.options.map(option),
    el("small", {}, asked.voters === 1 ? "1 vote" : `${asked.voters || "No"} votes`),
  );
}

function natureOf({ closed, quiz, several, anonymous }) {
  if (closed) return "Final results";
  const kind = quiz ? "quiz" : several ? "poll, several answers" : "poll";
  return `${anonymous ? "Anonymous" : "Open"} ${kind}`;
}
