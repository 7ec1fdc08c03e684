// The devices beside those of the first service, and the housing: doors, lights, mains. A bench has some of them.

import { act } from "./bench.js";
import { button, card, choices, el, row, select, toggle } from "./parts.js";
import { t, word } from "./words.js";
import { faultSwitch, follow, others } from "./world.js";

const DOOR_STATES = ["locked", "closed", "open"];
const SWITCH = ["run", "maintenance", "supervisor"];
const CHARGES = [100, 60, 15];

export function housing(people) {
  return el("details", { class: "group", id: "housing" }, el("summary", {}, t("housing")),
    el("div", { class: "cards" }, documents(), codes(), dispenser(people), board(), supply()));
}

/** Draw a card from one part of the world; a bench that has no such part has no such card. */
function drawn(made, part, draw) {
  follow((world) => {
    made.hidden = world[part] === undefined;
    if (!made.hidden) draw(world[part]);
  });
  return made;
}

// --- document printer -------------------------------------------------------------------------------

function documents() {
  const levels = (what) => choices(t(what), ["full", "low", "out"].map((one) => [one, word(what, one)]),
    (state) => act(`document_${what}`, { state }));
  const paper = levels("paper");
  const toner = levels("toner");
  const cover = toggle(t("cover-open"), (open) => act("document_cover", { open }), { id: "document-cover" });
  const take = button(t("take-pages"), () => act("take_document"), { id: "take-document", kind: "primary" });
  const jobs = el("ul", { class: "orders" });
  const made = card("documents", word("device", "document_printer"),
    row(take, button(t("jam"), () => act("jam_document"), { id: "jam-document" }),
      button(t("free"), () => act("free_document"), { id: "free-document" })),
    el("p", { class: "quiet" }, t("paper")), paper, el("p", { class: "quiet" }, t("toner")), toner,
    row(cover, faultSwitch("document_printer", "outputFull")), jobs);
  const level = (trouble, what) => (trouble.includes(`${what}Out`) ? "out" : trouble.includes(`${what}Low`) ? "low" : "full");
  return drawn(made, "document_printer", ({ trouble, in_tray: inTray, jobs: all }) => {
    paper.show(level(trouble, "paper"));
    toner.show(level(trouble, "toner"));
    cover.show(trouble.includes("coverOpen"));
    take.disabled = !inTray;
    made.state(trouble.length ? trouble.map((one) => word("fault", `document_printer.${one}`, one)).join("、")
      : inTray ? `${inTray} ${t("pages-in-tray")}` : t("in-order"), trouble.length ? "bad" : inTray ? "done" : "");
    jobs.replaceChildren(...all.slice(-3).reverse().map((one) => el("li", {}, one.name, el("span", { class: "space" }),
      `${one.printed}/${one.pages} · ${one.state}`)));
  });
}

// --- barcode reader, card dispenser ---------------------------------------------------------------

function codes() {
  const text = el("input", { id: "code-text", type: "text", spellcheck: "false", placeholder: "330212K01-20261122-0001-I" });
  const made = card("codes", word("device", "barcode_reader"),
    el("label", { class: "field" }, el("span", {}, t("code")), text),
    row(button(t("show-code"), () => act("show_code", { text: text.value.trim() }), { id: "show-code", kind: "primary" }),
      button(t("hide-code"), () => act("hide_code"), { id: "hide-code" })));
  return drawn(made, "code", ({ shown }) => made.state(shown || t("empty"), shown ? "busy" : ""));
}

function dispenser(people) {
  const whose = select(t("whose"), others(people, (one) => one.has_permit), { id: "dispense-of" });
  const units = el("div", { class: "units" });
  const made = card("dispenser", word("device", "card_dispenser"), row(whose), units);
  let count = 0;
  return drawn(made, "dispenser", (stores) => {
    if (count !== stores.length) {
      count = stores.length;
      units.replaceChildren(...stores.map((_, index) => unit(index + 1, whose)));
    }
    for (const [index, store] of stores.entries()) units.children[index].show(store);
    const waiting = stores.reduce((sum, store) => sum + store.stacker.length, 0);
    made.state(`${waiting} ${t("stacked")}`, waiting ? "busy" : "");
  });
}

function unit(number, whose) {
  const facts = el("span", { class: "quiet" });
  const load = () => act("load_stacker", { unit: number, ...(whose.list.value ? { personas: [whose.list.value] } : {}) });
  const made = row(el("strong", {}, `${t("unit")} ${number}`), facts, el("span", { class: "space" }),
    button(t("load"), load, { id: `load-${number}` }), button(t("take"), () => act("take_card", { unit: number }), { id: `take-card-${number}` }),
    button(t("clear-unit"), () => act("clear_unit", { unit: number }), { id: `clear-unit-${number}` }));
  made.show = (store) => { facts.textContent = `${store.stacker.length} · ${word("place", store.where, store.where)} ${store.card} · ${t("bin")} ${store.retained}`; };
  return made;
}

// --- doors, key switch, sensors, lights ---------------------------------------------------------------

function board() {
  const doors = el("div", { class: "units" });
  const sensors = el("div", { class: "plugs" });
  const lamps = el("ul", { class: "lamps", "aria-label": t("lights") });
  const key = choices(t("key-switch"), SWITCH.map((one) => [one, word("switch", one)]), (position) => act("operator_switch", { position }));
  const made = card("board", word("device", "io_board"), doors, el("p", { class: "quiet" }, t("key-switch")), key, sensors, lamps);
  const rows = new Map();
  return drawn(made, "io_board", ({ doors: all, operator_switch: position, sensors: felt, lights }) => {
    if (!rows.size) {
      for (const door of Object.keys(all)) {
        const states = door === "safe" ? [...DOOR_STATES, "tampered"] : DOOR_STATES;
        const choice = choices(word("door", door, door), states.map((one) => [one, word("door-state", one)]),
          (state) => act("door", { door, state }));
        rows.set(door, choice);
        doors.append(row(el("strong", {}, word("door", door, door)), el("span", { class: "space" }), choice));
      }
      for (const sensor of Object.keys(felt)) {
        const made = toggle(word("sensor", sensor, sensor), (on) => act("sensor", { sensor, on }), { id: `sensor-${sensor}` });
        rows.set(sensor, made);
        sensors.append(made);
      }
    }
    for (const [door, state] of Object.entries(all)) rows.get(door).show(state);
    for (const [sensor, on] of Object.entries(felt)) rows.get(sensor).show(on);
    key.show(position);
    lamps.replaceChildren(...Object.entries(lights).map(([light, rate]) =>
      el("li", { class: rate === "off" ? "off" : "lit", title: rate }, word("device", light, word("light", light, light)),
        rate === "off" ? null : ` ${word("rate", rate, rate)}`)));
    const open = Object.values(all).filter((state) => state !== "locked").length;
    made.state(open ? `${open} ${t("doors-not-locked")}` : t("all-locked"), open ? "busy" : "");
  });
}

// --- mains and battery --------------------------------------------------------------------------------

function supply() {
  const mains = toggle(t("mains"), (on) => act("mains", { on }), { id: "ups-mains" });
  const charge = choices(t("battery"), CHARGES.map((one) => [one, `${one} %`]), (percent) => act("battery", { percent: Number(percent) }));
  const made = card("ups", word("device", "ups"), row(mains, faultSwitch("ups", "batteryReplace"), faultSwitch("ups", "overload")),
    el("p", { class: "quiet" }, t("battery")), charge);
  return drawn(made, "ups", (told) => {
    mains.show(told.mains);
    charge.show(told.charge);
    made.state(`${told.status} · ${told.charge} %`, told.mains ? "" : "bad");
  });
}
