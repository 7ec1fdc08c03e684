// The cabinet as a person stands before it: who they are, what they hold, what they do.

import { act, arm, disarm, now, on, stands } from "./bench.js";
import { clock } from "./clock.js";
import { housing } from "./housing.js";
import { button, card, choices, el, row, select, toggle, yuan } from "./parts.js";
import { known, t, word } from "./words.js";
import { faultSwitch, filled, follow, others } from "./world.js";

const POSES = ["neutral", "left", "right", "far", "close", "dark", "bright", "blur", "closed"];
const SPOILT = ["check-digit", "birth", "date"];
const LINES = ["check-digit", "taiwan"];
const CONDITIONS = ["ok", "dry", "partial"];
const RESULTS = ["approve", "decline", "cancel", "walk_away", "answer_lost_paid", "answer_lost_unpaid"];

export function cabinet(people, catalogue) {
  const byName = new Map(people.map((one) => [one.name, one]));
  return el("div", { class: "cards" },
    persons(people, byName), idCard(people), permit(people), camera(people), finger(byName), payment(), printer(),
    clock(), housing(people), cables(catalogue));
}

// --- who is there ---------------------------------------------------------------------------------

function persons(people, byName) {
  const list = el("div", { class: "people", role: "group", "aria-label": t("person") }, people.map((one) =>
    el("button", { type: "button", class: "person", "data-name": one.name, "aria-pressed": "false",
      title: word("person", one.name, one.special), onclick: () => act("persona", { name: one.name }) },
    el("img", { src: one.portrait, alt: "", width: "64", height: "64" }), el("span", {}, one.title.split("，")[0]))));
  const about = el("div", { class: "about" });
  const made = card("person", t("person"), list, about);
  follow((world) => {
    for (const one of list.children) one.setAttribute("aria-pressed", String(one.dataset.name === world.persona));
    const person = byName.get(world.persona);
    made.state(person ? "" : t("nobody"));
    about.replaceChildren(...(person
      ? [el("strong", {}, person.title), el("span", {}, word("person", person.name, person.special))]
      : [el("span", { class: "quiet" }, t("choose-person"))]));
  });
  return made;
}

// --- ID card --------------------------------------------------------------------------------------

function idCard(people) {
  const whose = select(t("whose"), others(people), { id: "id-card-of" });
  const spoilt = select(t("spoilt"), [["", t("good")], ...SPOILT.map((one) => [one, word("spoilt", one)])], { id: "id-card-spoilt" });
  const place = () => act("place_id_card", filled({ persona: whose.list.value, spoilt: spoilt.list.value }));
  const badly = async () => {
    await arm({ device: "id_card_reader", fault: "cardRemoved", operation: "read", nth: 1 });
    return place();
  };
  const made = card("id-card", t("id-card"),
    row(button(t("place"), place, { key: "q", id: "place-id-card", kind: "primary" }),
      button(t("lift"), () => act("lift_id_card"), { key: "w", id: "lift-id-card" }),
      button(t("hold-badly"), badly, { id: "hold-badly", title: t("hold-badly-says") })),
    el("details", {}, el("summary", {}, t("more")), row(whose, spoilt)));
  follow((world) => made.state(word("where", world.id_card.where), world.id_card.where === "reader" ? "busy" : ""));
  return made;
}

// --- permit ---------------------------------------------------------------------------------------

function permit(people) {
  const whose = select(t("whose"), others(people, (one) => one.has_permit), { id: "permit-of" });
  const line = select(t("line"), [["", t("good")], ...LINES.map((one) => [one, word("line", one)])], { id: "permit-line" });
  const put = (more) => act("insert_permit", { ...filled({ persona: whose.list.value, line: line.list.value }), ...more });
  const where = el("ol", { class: "track", "aria-label": t("permit-track") },
    ["pocket", "gate", "held", "rf", "printer"].map((place) => el("li", { "data-place": place }, word("where", place))));
  const facts = el("p", { class: "quiet", id: "permit-facts" });
  const made = card("permit", t("permit"), where,
    row(button(t("insert"), () => put({}), { key: "i", id: "insert-permit", kind: "primary" }),
      button(t("wrong-way"), () => put({ wrong_way_round: true }), { id: "insert-wrong-way" }),
      button(t("pull-back"), () => act("pull_permit"), { id: "pull-permit" }),
      button(t("take"), () => act("take_permit"), { key: "o", id: "take-permit", kind: "primary" })),
    facts,
    el("details", {}, el("summary", {}, t("more")), row(whose, line),
      row(faultSwitch("permit_unit", "bin_full"), faultSwitch("permit_unit", "chip_dead"), faultSwitch("permit_unit", "foreign_card")),
      row(button(t("clear-jam"), () => act("clear_jam"), { id: "clear-jam" }))));
  follow((world) => {
    const at = world.permit.where;
    made.state(word("where", at), at === "jammed" || at === "bin" ? "bad" : at === "pocket" ? "" : "busy");
    for (const one of where.children) {
      if (one.dataset.place === at) one.setAttribute("aria-current", "step");
      else one.removeAttribute("aria-current");
    }
    facts.textContent = [
      at === "gate" ? t("leave-says") : "",
      world.permit.strip.code ? `${t("strip")} ${world.permit.strip.code}` : "",
      `${t("rewrites")} ${world.permit.strip.rewrites}`, `${t("bin")} ${world.permit.bin}`,
    ].filter(Boolean).join(" · ");
  });
  return made;
}

// --- camera ---------------------------------------------------------------------------------------

function camera(people) {
  const second = select(t("second"), [["", t("nobody-else")], ...others(people).slice(1)], { id: "second" });
  const other = select(t("who-looks"), others(people), { id: "looks" });
  const look = (more) => act("look", filled({ persona: other.list.value, second: second.list.value, ...more }));
  const poses = choices(t("pose"), POSES.map((one) => [one, word("pose", one)]), (pose) => look({ pose }));
  const attacks = row(button(word("attack", "print"), () => look({ attack: "print" }), { id: "attack-print" }),
    button(word("attack", "replay"), () => look({ attack: "replay" }), { id: "attack-replay" }));
  for (const field of [second, other]) {
    field.list.addEventListener("change", () => { if (now.world?.camera.face) look({ pose: now.world.camera.pose }); });
  }
  const made = card("camera", t("camera"),
    row(button(t("stand"), () => look({}), { key: "l", id: "look", kind: "primary" }),
      button(t("step-away"), () => act("step_away"), { key: "k", id: "step-away" })),
    poses, attacks,
    el("details", {}, el("summary", {}, t("more")), row(other, second),
      row(faultSwitch("camera", "covered"), faultSwitch("camera", "black"), faultSwitch("camera", "stalled"))));
  follow((world) => {
    const { face, pose, attack, second: beside } = world.camera;
    poses.show(face && !attack ? pose : "");
    made.state(!face ? t("empty") : [attack ? word("attack", attack) : word("pose", pose), beside ? t("two-people") : ""]
      .filter(Boolean).join(" · "), face ? "busy" : "");
  });
  return made;
}

// --- finger ---------------------------------------------------------------------------------------

function finger(byName) {
  const which = select(t("finger"), [["", t("first-finger")]], { id: "finger" });
  const impression = select(t("impression"), ["1", "2", "3", "4"].map((one) => [one, one]), { id: "impression", value: "2" });
  impression.list.value = "2";
  let condition = "";
  const states = choices(t("condition"), CONDITIONS.map((one) => [one, word("condition", one)]), (chosen) => {
    condition = condition === chosen ? "" : chosen;
    states.show(condition);
  });
  const made = card("fingers", t("fingerprint"),
    row(button(t("press-finger"), () => act("place_finger", { impression: Number(impression.list.value),
      ...filled({ finger: which.list.value, condition }) }), { key: "g", id: "place-finger", kind: "primary" }),
    button(t("lift-finger"), () => act("lift_finger"), { key: "h", id: "lift-finger" })),
    states, row(which, impression),
    el("details", {}, el("summary", {}, t("more")), row(faultSwitch("fingerprint_pad", "dirty"), faultSwitch("fingerprint_pad", "noAnswer"))));
  let offered = null;
  follow((world) => {
    if (world.persona !== offered) {
      offered = world.persona;
      const codes = Object.keys(byName.get(offered)?.fingers ?? {});
      const choice = [["", t("first-finger")], ...codes.map((code) => [code, word("finger", code, code)]), ["f14", t("strange-finger")]];
      which.list.replaceChildren(...choice.map(([value, words]) => el("option", { value }, words)));
    }
    made.state(world.finger ? word("condition", world.finger.condition) : t("empty"), world.finger ? "busy" : "");
  });
  return made;
}

// --- payment --------------------------------------------------------------------------------------

function payment() {
  let result = "approve";
  const results = choices(t("result"), RESULTS.map((one) => [one, word("pay", one)]), (chosen) => {
    result = chosen;
    results.show(chosen);
  });
  results.show(result);
  const scan = button(t("scan"), () => act("scan_qr", { code: now.kiosk.page?.prompt.code ?? "", result: result === "approve" ? "approve" : result }),
    { key: "n", id: "scan-qr" });
  const orders = el("ul", { class: "orders", id: "orders" });
  const made = card("payment", t("payment"), results,
    row(button(t("pay-card"), () => act("pay", { method: "card", result }), { key: "m", id: "pay-card", kind: "primary" }),
      button(t("pay-code"), () => act("pay", { method: "code", result }), { id: "pay-code" }), scan),
    orders, el("details", {}, el("summary", {}, t("more")), row(faultSwitch("payment_terminal", "hostDown"), faultSwitch("payment_terminal", "noAnswer"))));
  const draw = () => {
    if (!now.world) return;
    const terminal = now.world.terminal;
    const code = now.kiosk.page?.prompt.code;
    scan.disabled = !(now.kiosk.page?.prompt.kind === "pay" && code);
    made.state(terminal.state === "waiting" ? `${t("asks-for")} ${yuan(terminal.amount_fen)}` : t("terminal-idle"),
      terminal.state === "waiting" ? "busy" : "");
    orders.replaceChildren(...Object.entries(now.world.orders).slice(-4).reverse().map(([number, order]) =>
      el("li", {}, el("span", { class: "mono" }, number), el("span", { class: "space" }),
        el("span", {}, word("order", order.state, order.state)), el("strong", {}, yuan(order.amount_fen)),
        order.refunded_fen ? el("span", { class: "state done" }, `${t("refunded")} ${yuan(order.refunded_fen)}`) : null)));
  };
  on("world", draw);
  on("kiosk", draw);
  return made;
}

// --- receipt printer --------------------------------------------------------------------------------

function printer() {
  const paper = choices(t("paper"), ["full", "low", "out"].map((one) => [one, word("paper", one)]), (state) => act("paper", { state }));
  const take = button(t("take-receipt"), () => act("take_receipt"), { key: "t", id: "take-receipt", kind: "primary" });
  const made = card("printer", t("printer"), row(take), paper,
    row(faultSwitch("receipt_printer", "coverOpen"), faultSwitch("receipt_printer", "cutterFault"),
      faultSwitch("receipt_printer", "headHot"), faultSwitch("receipt_printer", "hardwareError")));
  follow((world) => {
    paper.show(world.receipt.paper);
    take.disabled = !world.receipt.in_slot;
    made.state(world.receipt.in_slot ? t("receipt-waits") : word("paper", world.receipt.paper),
      world.receipt.paper === "out" ? "bad" : world.receipt.in_slot ? "done" : "");
  });
  return made;
}

// --- cables ---------------------------------------------------------------------------------------

function cables(catalogue) {
  const plugs = [...catalogue.links.names.map((link) => [link, link, "disconnect"])];
  for (const [device, entry] of Object.entries(catalogue.devices)) {
    if (!catalogue.links.names.includes(device) && "disconnect" in entry.faults) plugs.push([device, device, "disconnect"]);
    if ("down" in entry.faults) plugs.push([device, device, "down"]);
  }
  const made = card("cables", t("cables"));
  const switches = plugs.map(([name, device, fault]) => {
    const plug = toggle(known("link", name) ? word("link", name) : word("device", name, name),
      (plugged) => (plugged ? disarm(device, fault) : arm({ device, fault })), { id: `plug-${name}` });
    plug.out = () => stands(device, fault);
    return plug;
  });
  made.append(el("div", { class: "plugs" }, switches));
  on("faults", () => {
    for (const plug of switches) plug.show(!plug.out());
    const out = switches.filter((plug) => plug.out()).length;
    made.state(out ? `${out} ${t("unplugged")}` : t("all-plugged"), out ? "bad" : "");
  });
  return made;
}
