// Small things that every part of the page is made of.

import { Refused } from "./bench.js";
import { t } from "./words.js";

/** Make an element: attributes by name, `on…` handlers, then children (nodes or text; null is left out). */
export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "value" || key === "checked") made[key] = value;
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

/** A button that does something on the bench; what is refused is told. */
export function button(label, act, { key, kind, id, disabled, title } = {}) {
  const made = el(
    "button",
    { type: "button", class: kind ?? "plain", id, disabled, title, accesskey: key, onclick: () => attempt(act) },
    el("span", {}, label),
    key ? el("kbd", { "aria-hidden": "true" }, key.toUpperCase()) : null,
  );
  return made;
}

/** Choices of which one holds, as a row of buttons. `chosen` says which one now, on each `refresh`. */
export function choices(label, options, choose) {
  const buttons = options.map(([value, words]) =>
    el("button", { type: "button", class: "choice", "data-value": value, "aria-pressed": "false",
      onclick: () => attempt(() => choose(value)) }, words));
  const group = el("div", { class: "choices", role: "group", "aria-label": label }, buttons);
  group.show = (chosen) => {
    for (const one of buttons) one.setAttribute("aria-pressed", String(one.dataset.value === String(chosen)));
  };
  return group;
}

/** A switch: `turn(on)` when it is flipped; `show(on)` draws it. */
export function toggle(label, turn, { id } = {}) {
  const made = el("button", { type: "button", class: "switch", role: "switch", "aria-checked": "false", id,
    onclick: () => attempt(() => turn(made.getAttribute("aria-checked") !== "true")) },
    el("span", { class: "knob", "aria-hidden": "true" }), el("span", {}, label));
  made.show = (on) => made.setAttribute("aria-checked", String(on));
  return made;
}

/** A labelled list to choose from. */
export function select(label, options, attributes = {}) {
  const list = el("select", attributes, options.map(([value, words]) => el("option", { value }, words)));
  const field = el("label", { class: "field" }, el("span", {}, label), list);
  field.list = list;
  return field;
}

/** A card of the cabinet: title, a word on its state, and what can be done. */
export function card(id, title, ...children) {
  const state = el("span", { class: "state", id: `${id}-state`, role: "status" });
  const made = el("section", { class: "card", id, "aria-labelledby": `${id}-title` },
    el("header", {}, el("h2", { id: `${id}-title` }, title), state), children);
  made.state = (words, tone = "") => {
    if (state.textContent !== words) state.textContent = words;
    state.className = `state ${tone}`;
  };
  return made;
}

export const row = (...children) => el("div", { class: "row" }, ...children);

/** Do something on the bench; say why when it is refused. */
export async function attempt(act) {
  try {
    return await act();
  } catch (error) {
    tell(error instanceof Refused ? error.message : `${t("bench-lost")} ${error.message}`);
    return null;
  }
}

let hiding;

/** Say a sentence at the foot of the page for a few seconds. */
export function tell(words) {
  const place = document.getElementById("told");
  place.textContent = words;
  place.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { place.hidden = true; }, 6000);
}

export const yuan = (fen) => (fen === null || fen === undefined ? "" : `¥${(fen / 100).toFixed(2)}`);

/** Seconds since the bench's start as 12:34.567. */
export function clock(seconds) {
  const minutes = Math.floor(seconds / 60);
  return `${String(minutes).padStart(2, "0")}:${(seconds - minutes * 60).toFixed(3).padStart(6, "0")}`;
}
