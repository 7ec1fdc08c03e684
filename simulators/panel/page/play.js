// Scenarios: one is picked, played on the kiosk shown at the left, watched, made step by step, and judged.

import { ask, now, on, play } from "./bench.js";
import { button, card, choices, el, row, select, tell, yuan } from "./parts.js";
import { known, t, word } from "./words.js";

const PACES = ["watch", "step", "quick"];
const PACE_S = { watch: 1.2, step: 1.2, quick: 0 };
const UNDER_WAY = ["preparing", "playing"];
const MARKS = { true: "✓", false: "✗", null: "·" };

export function scenarios(all) {
  let pace = "watch";
  const search = el("input", { id: "scenario-search", type: "search", spellcheck: "false", autocomplete: "off" });
  const list = select(t("scenario"), [], { id: "scenario" });
  const paces = choices(t("pace"), PACES.map((one) => [one, t(`pace.${one}`)]), (chosen) => {
    pace = chosen;
    paces.show(pace);
  });
  paces.show(pace);
  const begin = button(t("play"), () => play("play", { name: list.list.value, stepping: pace === "step", pace_s: PACE_S[pace] }),
    { key: "p", id: "play", kind: "primary" });
  const next = button(t("next-step"), () => play("step", { stepping: true }), { key: "s", id: "next-step", kind: "primary" });
  const run = button(t("play-on"), () => play("step", { stepping: false }), { key: "c", id: "play-on" });
  const stop = button(t("stop"), () => play("stop", {}), { key: "z", id: "stop", kind: "danger" });
  const about = el("div", { id: "scenario-about", class: "script" });
  const course = el("ol", { id: "moves", class: "moves scroll", tabindex: "0", "aria-label": t("moves") });
  const verdict = el("ul", { id: "findings", class: "findings scroll", tabindex: "0", "aria-label": t("expectations") });
  const why = el("p", { class: "trouble", id: "play-why", hidden: true });
  const played = el("p", { class: "played", id: "played" });
  const show = el("div", { class: "show", hidden: true },
    el("div", {}, el("h3", {}, t("moves")), course), el("div", {}, el("h3", {}, t("expectations")), verdict));
  const made = card("scenarios", t("scenarios"),
    row(list, el("label", { class: "field" }, el("span", {}, t("search")), search)),
    about, row(paces, el("span", { class: "space" }), begin, next, run, stop), why, played, show);

  const fill = () => {
    const wanted = search.value.trim().toLowerCase();
    const fitting = all.filter((one) => !wanted || JSON.stringify([one.name, one.titles, one.who]).toLowerCase().includes(wanted));
    const chosen = list.list.value;
    const groups = Map.groupBy(fitting, (one) => one.services[document.documentElement.lang] ?? one.service);
    list.list.replaceChildren(...[...groups].map(([service, ones]) => el("optgroup", { label: service },
      ones.map((one) => el("option", { value: one.name }, titleOf(one))))));
    if (fitting.some((one) => one.name === chosen)) list.list.value = chosen;
    describe();
  };
  const describe = () => {
    const one = all.find((other) => other.name === list.list.value);
    begin.disabled = !one || UNDER_WAY.includes(now.play?.state);
    about.replaceChildren(...(one ? script(one, null) : [el("p", { class: "quiet" }, t("no-scenario"))]));
  };
  search.addEventListener("input", fill);
  list.list.addEventListener("change", describe);
  fill();

  let shown = { name: "", moves: "" };
  on("play", (told) => {
    const busy = UNDER_WAY.includes(told.state);
    for (const one of [next, run, stop]) one.hidden = !busy;
    next.hidden = run.hidden = !busy || !told.stepping;
    begin.hidden = busy;
    list.list.disabled = search.disabled = busy;
    for (const one of paces.children) one.disabled = busy;
    made.state(...stateOf(told));
    if (told.state === "none") return;
    if (shown.name !== told.name) {
      shown.name = told.name;
      search.value = "";
      fill();
      list.list.value = told.name;
    }
    played.textContent = titleOf(told);
    show.hidden = false;
    if (busy) about.replaceChildren(...script(told, told.done));
    else describe();
    why.hidden = !told.why;
    why.textContent = told.why;
    const moves = JSON.stringify([told.moves, told.made, told.held]);
    if (moves !== shown.moves) {
      shown.moves = moves;
      course.replaceChildren(...told.moves.map((one, index) => move(one, index, told)));
      course.scrollTop = course.scrollHeight;
    }
    verdict.replaceChildren(...told.findings.map(finding));
    if (!busy) verdict.querySelector(".broken")?.scrollIntoView({ block: "nearest" });
  });
  return made;
}

/** Ask for the scenarios; a file that cannot be read is told, and none are there. */
export async function readScenarios() {
  try {
    return await ask("ask/scenarios");
  } catch (error) {
    setTimeout(() => tell(error.message));
    return [];
  }
}

const titleOf = (one) => one.titles[document.documentElement.lang] ?? one.titles.en;

function stateOf(told) {
  if (told.state === "over") {
    const broken = told.findings.filter((one) => one.holds === false).length;
    return broken ? [`${broken} ${t("do-not-hold")}`, "bad"] : [`${told.findings.length} ${t("all-hold")}`, "done"];
  }
  if (told.held) return [t("held"), "busy"];
  const tone = { none: "", stopped: "", failed: "bad" }[told.state] ?? "busy";
  return [t(`play.${told.state}`), tone];
}

/** What the file has done, and when; `done` are the numbers of what had its moment (null: it is not played). */
function script(one, done) {
  const parts = [];
  if (one.who) parts.push(el("p", { class: "quiet" }, `${t("comes")} ${one.who}`));
  const lines = [];
  if (one.before.length) lines.push(line(t("at-first"), one.before.map(stepWords), done === null ? null : true));
  for (const [index, when] of one.when.entries()) {
    const at = when.said ? `${t("when-said")} ${when.said}` : `${t("at-page")} ${when.prompt}${when.time > 1 ? ` ×${when.time}` : ""}`;
    lines.push(line(at + (when.every ? ` · ${t("repeat")}` : ""), when.do.map(stepWords), done === null ? null : done.includes(index)));
  }
  if (one.failpoint) lines.push(line(t("at-failpoint"), [`${word("move", "power")} ${one.failpoint}`], null));
  parts.push(lines.length ? el("ul", { class: "whens" }, lines) : el("p", { class: "quiet" }, t("nothing-goes-wrong")));
  return parts;
}

const line = (at, steps, done) => el("li", { class: done ? "had" : null },
  el("span", { class: "mark-of" }, done === null ? "·" : done ? "✓" : "…"),
  el("span", {}, el("span", { class: "quiet" }, `${at} `), steps.join(t("comma")) || t("does-nothing")));

function plain(value) {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map(plain).join(t("comma")) || t("nothing");
  if (typeof value === "object") return Object.entries(value).map(([name, one]) => `${name}=${plain(one)}`).join(" ");
  return String(value);
}

function stepWords({ kind, what, more }) {
  if (kind === "fault") {
    const { device, ...rest } = more;
    const name = known("fault", `${device}.${what}`) ? word("fault", `${device}.${what}`) : word("link-fault", what, what);
    return [word("device", device, known("link", device) ? word("link", device) : device), name, plain(rest)].filter(Boolean).join(" ");
  }
  if (kind === "act") return [word("act", what, what), plain(more)].filter(Boolean).join(" ");
  const about = kind === "clear" || kind === "noticed" ? word("device", what, what || t("all")) : plain(what);
  return [word("move", kind, kind), about, plain(more.value)].filter(Boolean).join(" ");
}

function move(one, index, told) {
  const current = index === told.made && UNDER_WAY.includes(told.state);
  return el("li", { class: index < told.made ? "had" : null, "aria-current": current ? "step" : null },
    el("span", { class: "mark-of" }, index < told.made ? "✓" : current ? (told.held ? "❚❚" : "▶") : "·"),
    el("span", {}, one.page ? el("span", { class: "mono quiet" }, `${one.page} `) : null, stepWords(one)));
}

function finding(one) {
  const wanted = one.what.endsWith("_fen") ? yuan(one.wanted) : one.what === "outcome" ? word("outcome", one.wanted, one.wanted) : plain(one.wanted);
  const tone = { true: "holds", false: "broken", null: "open" }[one.holds];
  return el("li", { class: tone }, el("span", { class: "mark-of", title: t(`finding.${tone}`) }, MARKS[one.holds]),
    el("span", {}, el("span", { class: "quiet" }, `${word("finding", one.what, one.what)} `), wanted,
      one.otherwise ? el("span", { class: "otherwise" }, one.otherwise) : null));
}
