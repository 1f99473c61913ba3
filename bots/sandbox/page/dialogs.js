/** Questions with a form, and short notices. */

import { avatar, byId, el } from "./dom.js";

const NOTICE_MS = 6000;

/** Ask for one line of text; `done` gets it trimmed. */
export function askLine({ title, label, placeholder, button, done }) {
  const field = line({ name: "line", maxlength: "64", placeholder });
  ask({
    title,
    button,
    fields: [el("label", { class: "field" }, el("span", {}, label), field)],
    done: () => done(field.value.trim()),
    ready: () => field.value.trim() !== "",
  });
}

/** Ask for a new group or channel: its title, who is in it, and a `choice` that is made by ticking it. */
export function askGroup({ heading = "New group", choice, people, bots, done }) {
  const title = line({ name: "title", maxlength: "128", placeholder: "Book lovers" });
  const [name, offer] = choice;
  const tick = el("input", { type: "checkbox", name });
  const boxes = (who, bot) =>
    who.map((one) => {
      const box = el("input", { type: "checkbox", checked: true });
      box.who = one.id;
      const label = el("label", { class: "pick" }, box, avatar(one.name, { bot }), el("span", {}, one.name));
      return { box, label };
    });
  const characters = boxes(bots, true);
  const guests = boxes(people, false);
  const chosen = (list) => list.filter(({ box }) => box.checked).map(({ box }) => box.who);
  const group = (legend, list) =>
    list.length ? el("fieldset", {}, el("legend", {}, legend), ...list.map(({ label }) => label)) : null;
  ask({
    title: heading,
    button: "Create",
    fields: [
      el("label", { class: "field" }, el("span", {}, "Name"), title),
      group("Characters", characters),
      group("People", guests),
      el("label", { class: "pick" }, tick, el("span", {}, offer)),
    ],
    done: () =>
      done({
        title: title.value.trim(),
        people: chosen(guests),
        bots: chosen(characters),
        [name]: tick.checked,
      }),
    ready: () => title.value.trim() !== "",
  });
}

/** Ask for a post of a forum: its title and its first words. */
export function askPost({ done }) {
  const title = line({ name: "title", maxlength: "100", placeholder: "Which tea for a rainy day?" });
  const words = el("textarea", { name: "words", rows: "4", maxlength: "2000", required: true });
  ask({
    title: "New post",
    button: "Post",
    fields: [
      el("label", { class: "field" }, el("span", {}, "Title"), title),
      el("label", { class: "field" }, el("span", {}, "First words"), words),
    ],
    done: () => done({ name: title.value.trim(), text: words.value.trim() }),
    ready: () => title.value.trim() !== "" && words.value.trim() !== "",
  });
}

export const line = (more) => el("input", { type: "text", required: true, autocomplete: "off", ...more });

/** A form of one's own; `ready` says whether it can be sent. */
export function ask({ title, button, fields, done, ready }) {
  const submit = el("button", { class: "primary", type: "submit" }, button);
  const dialog = el("dialog", { class: "dialog", "aria-label": title });
  const leave = () => dialog.close();
  const cancel = el("button", { type: "button", class: "plain", onclick: leave }, "Cancel");
  const deeds = el("div", { class: "deeds" }, cancel, submit);
  const form = el("form", { method: "dialog" }, el("h2", {}, title), ...fields, deeds);
  const check = () => {
    submit.disabled = !ready();
  };
  form.addEventListener("input", check);
  form.addEventListener("submit", (event) => {
    if (!ready()) event.preventDefault();
    else done();
  });
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("pointerdown", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.append(form);
  document.body.append(dialog);
  check();
  dialog.showModal();
  form.querySelector("input, textarea, select")?.focus();
}

/** Say one sentence at the edge of the screen for a while. */
export function notice(words) {
  const note = el("div", { class: "toast" }, words);
  const away = () => note.remove();
  note.addEventListener("click", away);
  byId("toasts").append(note);
  setTimeout(away, NOTICE_MS);
}
