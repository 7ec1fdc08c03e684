// Faults: any of the bench's catalogue, now or at the n-th matching operation, and what is armed.

import { arm, disarm, on } from "./bench.js";
import { attempt, button, card, el, row, select, tell } from "./parts.js";
import { known, t, word } from "./words.js";

export function faults(catalogue) {
  const places = [
    ...Object.keys(catalogue.devices).map((name) => [`device ${name}`, word("device", name, name)]),
    ...catalogue.links.names.map((name) => [`link ${name}`, `${t("wire-of")} ${word("link", name, name)}`]),
  ];
  const where = select(t("where"), places, { id: "fault-where" });
  const which = select(t("fault"), [], { id: "fault-which" });
  const when = select(t("when"), [], { id: "fault-when" });
  const nth = el("input", { id: "fault-nth", type: "number", min: "1", max: "9999", value: "1", inputmode: "numeric" });
  const again = el("input", { id: "fault-repeat", type: "checkbox" });
  const path = el("input", { id: "fault-path", type: "text", placeholder: "POST /v1/endorsements", spellcheck: "false" });
  const args = el("input", { id: "fault-args", type: "text", placeholder: '{"seconds": 2}', spellcheck: "false" });
  const after = el("input", { id: "fault-after", type: "number", min: "0", max: "86400", step: "any", value: "0", inputmode: "decimal" });
  const odds = el("input", { id: "fault-odds", type: "number", min: "0", max: "1", step: "any", value: "1", inputmode: "decimal" });
  const says = el("p", { class: "quiet", id: "fault-says" });
  const pathField = el("label", { class: "field" }, el("span", {}, t("operation")), path);
  const afterField = el("label", { class: "field short" }, el("span", {}, t("after")), after);
  const oddsField = el("label", { class: "field short" }, el("span", {}, t("odds")), odds);
  const nthField = el("label", { class: "field short" }, el("span", {}, t("nth")), nth);

  const entry = () => {
    const [kind, name] = where.list.value.split(" ");
    return { kind, name, ...(kind === "link" ? catalogue.links : catalogue.devices[name]) };
  };
  const wordOf = (device, fault) =>
    known("fault", `${device}.${fault}`) ? word("fault", `${device}.${fault}`) : word("link-fault", fault, fault);
  const say = () => { says.textContent = entry().faults[which.list.value] ?? ""; };
  const timing = () => {
    const stateful = when.list.value === "";
    nthField.hidden = stateful;
    oddsField.hidden = stateful;
    again.closest("label").hidden = stateful;
    pathField.hidden = stateful || entry().operations.length > 0;
  };
  const fill = () => {
    const { kind, name, faults: all, operations } = entry();
    which.list.replaceChildren(...Object.keys(all).map((fault) => el("option", { value: fault },
      `${kind === "link" ? word("link-fault", fault, fault) : wordOf(name, fault)} (${fault})`)));
    when.list.replaceChildren(el("option", { value: "" }, t("as-state")),
      ...(entry().states_only ? [] : operations.length ? operations : ["*"]).map((operation) =>
        el("option", { value: operation }, operation === "*" ? t("at-request") : `${t("at")} ${operation}`)));
    say();
    timing();
  };
  where.list.addEventListener("change", fill);
  which.list.addEventListener("change", say);
  when.list.addEventListener("change", timing);

  const order = () => {
    const { name } = entry();
    const made = { device: name, fault: which.list.value };
    if (when.list.value !== "") {
      made.operation = when.list.value === "*" ? path.value.trim() : when.list.value;
      made.nth = Number(nth.value);
      made.repeat = again.checked;
      if (Number(odds.value) !== 1) made.probability = Number(odds.value);
    }
    if (Number(after.value) !== 0) made.after_s = Number(after.value);
    if (args.value.trim()) {
      try {
        made.args = JSON.parse(args.value);
      } catch {
        tell(t("args-no-json"));
        return null;
      }
    }
    return arm(made);
  };

  const armed = el("ul", { class: "armed", id: "armed" });
  const clear = button(t("clear-all"), () => disarm(), { id: "fault-clear" });
  const made = card("faults", t("faults"),
    row(where, which, when, pathField, nthField, afterField, oddsField,
      el("label", { class: "mark" }, again, el("span", {}, t("repeat"))),
      el("label", { class: "field" }, el("span", {}, t("args")), args)),
    says, row(button(t("arm"), order, { id: "fault-arm", kind: "primary" }), clear), armed);
  fill();
  on("faults", (orders) => {
    made.state(orders.length ? `${orders.length} ${t("armed")}` : t("none-armed"), orders.length ? "bad" : "");
    clear.disabled = orders.length === 0;
    armed.replaceChildren(...orders.map((one) => el("li", {},
      el("strong", {}, word("device", one.device, known("link", one.device) ? word("link", one.device) : one.device)),
      el("span", {}, wordOf(one.device, one.fault)), el("span", { class: "quiet" }, one.operation === null ? t("as-state")
        : `${t("at")} ${one.operation} · ${t("nth")} ${one.nth}${one.repeat ? ` · ${t("repeat")}` : ""}`),
      one.after_s ? el("span", { class: "quiet" }, `${t("after")} ${one.after_s}`) : null,
      one.probability < 1 ? el("span", { class: "quiet" }, `${t("odds")} ${one.probability}`) : null,
      el("span", { class: "space" }),
      el("button", { type: "button", class: "plain", onclick: () => attempt(() => disarm(one.device, one.fault)) }, t("call-off")))));
  });
  return made;
}
