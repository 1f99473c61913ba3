/** Small menus beside a button or a message, for mouse and keys alike. */

import { el, icon } from "./dom.js";

let open = null;

/**
 * Show a menu next to a box on the screen. An item is {label, icon?, face?, danger?, checked?, run};
 * `row` are short items shown side by side above the others.
 */
export function showMenu(box, items, { label, row = [], owner = null } = {}) {
  closeMenu();
  const back = owner ?? document.activeElement;
  const menu = el("div", { class: "menu", role: "menu", "aria-label": label });
  if (row.length) {
    menu.append(el("div", { class: "menu-row", role: "group" }, ...row.map((item) => entry(item, "menu-glyph"))));
  }
  menu.append(...items.map((item) => entry(item, "menu-item")));
  menu.addEventListener("keydown", walk);
  document.body.append(menu);
  place(menu, box);
  owner?.setAttribute("aria-expanded", "true");
  open = { menu, back, owner };
  (menu.querySelector(".menu-item[aria-checked=true]") ?? menu.querySelector("button")).focus();
}

export function closeMenu({ refocus = false } = {}) {
  if (!open) return;
  const { menu, back, owner } = open;
  open = null;
  menu.remove();
  owner?.setAttribute("aria-expanded", "false");
  if (refocus) back?.focus();
}

function entry(item, kind) {
  const chooses = item.checked !== undefined;
  return el(
    "button",
    {
      class: item.danger ? `${kind} danger` : kind,
      type: "button",
      role: chooses ? "menuitemradio" : "menuitem",
      "aria-checked": chooses ? String(item.checked) : null,
      "aria-label": item.glyph ? item.label : null,
      tabindex: "-1",
      onclick: () => {
        closeMenu({ refocus: true });
        item.run();
      },
    },
    item.face ?? (item.icon ? icon(item.icon) : null),
    el("span", {}, item.glyph ?? item.label),
    item.checked ? icon("save") : null,
  );
}

function walk(event) {
  const all = [...event.currentTarget.querySelectorAll("button")];
  const glyphs = all.filter((button) => button.classList.contains("menu-glyph"));
  const at = all.indexOf(document.activeElement);
  const inRow = at < glyphs.length;
  const steps = {
    ArrowDown: inRow ? glyphs.length - at : 1,
    ArrowUp: inRow ? -1 - at : at === glyphs.length && glyphs.length ? -at : -1,
    ArrowRight: inRow ? 1 : 0,
    ArrowLeft: inRow ? -1 : 0,
    Home: -at,
    End: all.length - 1 - at,
  };
  if (event.key === "Escape" || event.key === "Tab") closeMenu({ refocus: true });
  else if (event.key in steps) all.at((at + steps[event.key]) % all.length).focus();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function place(menu, box) {
  const gap = 6;
  const { width, height } = menu.getBoundingClientRect();
  const fitsBelow = box.bottom + gap + height < innerHeight;
  const top = fitsBelow ? box.bottom + gap : Math.max(gap, Math.min(box.top, innerHeight) - gap - height);
  const left = Math.max(gap, Math.min(box.left, innerWidth - width - gap));
  menu.style.top = `${top}px`;
  menu.style.left = `${left}px`;
}

document.addEventListener("pointerdown", (event) => {
  if (open && !open.menu.contains(event.target)) closeMenu();
});
addEventListener("resize", () => closeMenu());
