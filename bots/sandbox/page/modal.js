/** Forms that a bot asks to be filled in, and menus of which several can be picked. */

import { ask } from "./dialogs.js";
import { el } from "./dom.js";
import { sameId } from "./world.js";

const [ROW, MENU, TEXT, LABEL, LONG] = [1, 3, 4, 18, 2];

/** Show each form that is for whoever speaks; `fill` sends it. */
export function showForms(world, fill) {
  world.on("form", ({ to, interaction, form }) => sameId(to, world.me) && askForm(form, (filled) => fill(interaction, filled)));
}

function askForm(form, done) {
  const fields = form.components.flatMap(fieldsOf);
  ask({
    title: form.title,
    button: "Submit",
    fields: fields.map(({ label, input }) => el("label", { class: "field" }, el("span", {}, label), input)),
    done: () => done(Object.fromEntries(fields.map(({ name, read }) => [name, read()]))),
    ready: () => fields.every(({ input }) => input.checkValidity()),
  });
}

/** The fields of a row, or the one below a label. */
function fieldsOf(part) {
  if (part.type === ROW) return part.components.map((field) => fieldOf(field, field.label));
  if (part.type === LABEL) return [fieldOf(part.component, part.label)];
  return [];
}

function fieldOf(field, label) {
  const required = field.required !== false;
  const name = field.custom_id;
  if (field.type === MENU) {
    const options = field.options.map((option) => el("option", { value: option.value }, option.label));
    const none = required ? [] : [el("option", { value: "" }, "—")];
    const input = el("select", { name, required }, ...none, ...options);
    return { name, label, input, read: () => (input.value ? [input.value] : []) };
  }
  const rules = { name, required, minlength: field.min_length, maxlength: field.max_length ?? 4000 };
  const look = { ...rules, placeholder: field.placeholder, autocomplete: "off" };
  const long = field.type === TEXT && field.style === LONG;
  const input = long ? el("textarea", { ...look, rows: "4" }) : el("input", { type: "text", ...look });
  input.value = field.value ?? "";
  return { name, label, input, read: () => input.value };
}

/** Ask which of a menu are meant, when that may be several. */
export function askSeveral(key, done) {
  const boxes = key.choices.map(({ label, value }) => {
    const box = el("input", { type: "checkbox", value });
    return { box, row: el("label", { class: "pick" }, box, el("span", {}, label)) };
  });
  const picked = () => boxes.filter(({ box }) => box.checked).map(({ box }) => box.value);
  ask({
    title: key.text,
    button: "Choose",
    fields: boxes.map(({ row }) => row),
    done: () => done(picked()),
    ready: () => picked().length >= key.least && picked().length <= key.most,
  });
}
