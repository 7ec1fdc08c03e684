// What was said, done and printed: wires in words, the journal, the kiosk's log, paper as pictures.

import { ask, on } from "./bench.js";
import { attempt, clock, el, toggle } from "./parts.js";
import { t, word } from "./words.js";

const ROWS = 400;

export function records(catalogue) {
  const pages = [["wires", wires(catalogue.links.names)], ["journal", journal()], ["log", log()], ["printed", printed()]];
  const tabs = pages.map(([name, page], index) => {
    page.id = `records-${name}`;
    page.setAttribute("role", "tabpanel");
    page.setAttribute("aria-labelledby", `tab-${name}`);
    page.hidden = index > 0;
    return el("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": page.id,
      "aria-selected": String(index === 0), tabindex: index === 0 ? "0" : "-1" }, t(`records.${name}`));
  });
  const show = (chosen) => tabs.forEach((tab, index) => {
    tab.setAttribute("aria-selected", String(index === chosen));
    tab.tabIndex = index === chosen ? 0 : -1;
    pages[index][1].hidden = index !== chosen;
  });
  tabs.forEach((tab, index) => {
    tab.addEventListener("click", () => show(index));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const chosen = (index + step + tabs.length) % tabs.length;
      show(chosen);
      tabs[chosen].focus();
    });
  });
  const count = el("span", { class: "count", hidden: true });
  on("printed", ({ receipts, strips, pages }) => {
    count.textContent = receipts.length + strips + pages;
    count.hidden = count.textContent === "0";
  });
  tabs[3].append(count);
  return el("section", { class: "records", "aria-label": t("records") },
    el("div", { class: "tabs", role: "tablist", "aria-label": t("records") }, tabs), pages.map(([, page]) => page));
}

// --- wires ------------------------------------------------------------------------------------------

/** Frames as they pass. What a link says again and again is one line that counts. */
function wires(links) {
  const body = el("tbody");
  const chips = links.map((link) => el("button", { type: "button", class: "choice", "data-link": link, "aria-pressed": "true",
    onclick: (event) => {
      const chip = event.currentTarget;
      const on = chip.getAttribute("aria-pressed") !== "true";
      chip.setAttribute("aria-pressed", String(on));
      for (const line of body.children) if (line.dataset.link === link) line.hidden = !on;
    } }, word("link", link, link)));
  let held = [];
  const hold = toggle(t("hold"), (on) => {
    hold.show(on);
    if (!on) {
      add(held);
      held = [];
    }
  }, { id: "hold" });
  const clear = el("button", { type: "button", class: "plain", onclick: () => { body.replaceChildren(); last.clear(); } }, t("clear"));
  const last = new Map();
  const hidden = (link) => chips.find((chip) => chip.dataset.link === link)?.getAttribute("aria-pressed") === "false";

  function add(frames) {
    const atEnd = scroll.scrollTop + scroll.clientHeight > scroll.scrollHeight - 40;
    for (const frame of frames) {
      const here = last.get(frame.link) ?? {};
      const before = here[frame.direction];
      if (before && before.words === frame.words && before.line.isConnected) {
        before.times += 1;
        before.line.cells[0].textContent = clock(frame.at_s);
        before.line.cells[4].textContent = `×${before.times}`;
        continue;
      }
      const bytes = frame.hex.replace(/../g, "$& ").trim() + (frame.size * 2 > frame.hex.length ? " …" : "");
      const line = el("tr", { "data-link": frame.link, class: frame.direction, hidden: hidden(frame.link) },
        el("td", { class: "mono" }, clock(frame.at_s)), el("td", {}, word("link", frame.link, frame.link)),
        el("td", { class: "arrow", title: t(frame.direction) }, frame.direction === "to_device" ? "→" : "←"),
        el("td", {}, frame.words), el("td", { class: "times" }),
        el("td", { class: "mono hex", title: bytes }, bytes),
        el("td", { class: "mono" }, `${frame.size}`));
      body.append(line);
      // A new request begins a new exchange: its answer is shown again, even the same one.
      last.set(frame.link, frame.direction === "to_device" ? { to_device: { words: frame.words, line, times: 1 } }
        : { ...here, from_device: { words: frame.words, line, times: 1 } });
    }
    while (body.rows.length > ROWS) body.rows[0].remove();
    if (atEnd) scroll.scrollTop = scroll.scrollHeight;
  }

  const scroll = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("records.wires") },
    el("table", { class: "wires" }, el("thead", {}, el("tr", {}, ["time", "wire", "", "words", "times", "bytes", "size"].map((name) =>
      el("th", { scope: "col" }, name ? t(`column.${name}`) : "")))), body));
  on("wires", (frames) => {
    if (hold.getAttribute("aria-checked") === "true") held = [...held, ...frames].slice(-ROWS * 4);
    else add(frames);
  });
  return el("div", { class: "record" }, el("div", { class: "row" }, el("div", { class: "choices", role: "group",
    "aria-label": t("column.wire") }, chips), el("span", { class: "space" }), hold, clear), scroll);
}

// --- journal ----------------------------------------------------------------------------------------

function facts(body) {
  return Object.entries(body).map(([name, value]) =>
    `${name}=${value !== null && typeof value === "object" ? `{${facts(value)}}` : value}`).join("  ");
}

function journal() {
  const place = el("div", { class: "journal" });
  let shown = "";
  on("kiosk", (told) => {
    const visit = told.journal ?? null;
    const report = told.reports?.find((one) => one.visit === visit?.visit);
    const text = JSON.stringify([visit, report]);
    if (text === shown) return;
    shown = text;
    if (!visit) {
      place.replaceChildren(el("p", { class: "quiet" }, t("no-visit")));
      return;
    }
    const invariants = Object.entries(report?.invariants ?? {});
    place.replaceChildren(
      el("p", { class: "row" }, el("strong", {}, visit.case_no || visit.visit), el("span", {}, visit.service),
        el("span", { class: `state ${visit.outcome === "delivered" ? "done" : visit.outcome ? "busy" : ""}` },
          visit.outcome ? word("outcome", visit.outcome, visit.outcome) : t("open-visit")), visit.reason),
      el("ul", { class: "effects" }, visit.effects.map((one) => el("li", { class: one.state },
        el("strong", {}, word("effect", one.kind, one.kind)), el("span", { class: "state" }, word("state", one.state, one.state)),
        el("span", { class: "mono quiet" }, facts(one.after))))),
      invariants.length ? el("p", { class: "quiet" }, `${t("invariants")} `, invariants.map(([name, holds]) =>
        el("span", { class: `state ${holds === true ? "done" : "bad"}`, title: String(holds) }, `${name} ${holds === true ? "✓" : "✗"}`))) : null,
      el("table", {}, el("thead", {}, el("tr", {}, ["number", "time", "entry", "holds"].map((name) =>
        el("th", { scope: "col" }, t(`column.${name}`))))), el("tbody", {}, visit.events.map((one) =>
        el("tr", {}, el("td", { class: "mono" }, one.number), el("td", { class: "mono" }, one.at.slice(11, 23)),
          el("td", {}, one.kind), el("td", { class: "mono hex" }, facts(one.body)))))),
    );
  });
  place.append(el("p", { class: "quiet" }, t("no-visit")));
  return el("div", { class: "record" }, el("div", { class: "scroll", tabindex: "0", role: "region",
    "aria-label": t("records.journal") }, place));
}

// --- the kiosk's log ----------------------------------------------------------------------------------

function log() {
  const body = el("tbody");
  const scroll = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("records.log") },
    el("table", {}, el("thead", {}, el("tr", {}, ["time", "severity", "event", "holds"].map((name) =>
      el("th", { scope: "col" }, t(`column.${name}`))))), body));
  on("log", (lines) => {
    const atEnd = scroll.scrollTop + scroll.clientHeight > scroll.scrollHeight - 40;
    for (const { at, event, type, severity, ...rest } of lines) {
      body.append(el("tr", { class: severity }, el("td", { class: "mono" }, at.slice(11, 23)),
        el("td", {}, el("span", { class: `state ${{ warning: "busy", error: "bad", critical: "bad" }[severity] ?? ""}` }, severity)),
        el("td", { title: type }, event), el("td", { class: "mono hex" }, facts(rest))));
    }
    while (body.rows.length > ROWS) body.rows[0].remove();
    if (atEnd) scroll.scrollTop = scroll.scrollHeight;
  });
  return el("div", { class: "record" }, scroll);
}

// --- paper ------------------------------------------------------------------------------------------

function printed() {
  const place = el("div", { class: "papers" }, el("p", { class: "quiet" }, t("nothing-printed")));
  const draw = async () => {
    const paper = await attempt(() => ask("/printed"));
    if (!paper) return;
    const figures = [
      ...paper.strips.map((one) => figure(one, t("strip"), [one.code])),
      ...(paper.pages ?? []).map((one) => figure(one, `${t("document")} ${one.job} · ${one.page}`, [], one.text)),
      ...paper.receipts.map((one) => figure(one, one.torn ? t("torn") : t("receipt"), one.codes, one.text)),
    ];
    place.replaceChildren(...(figures.length ? figures.reverse() : [el("p", { class: "quiet" }, t("nothing-printed"))]));
  };
  on("printed", draw);
  return el("div", { class: "record" }, place);
}

function figure(paper, what, codes, text = "") {
  return el("figure", {}, el("img", { src: `data:image/png;base64,${paper.png}`, alt: text || codes.join(" ") }),
    el("figcaption", {}, el("strong", {}, what), codes.map((code) => el("span", { class: "mono" }, String(code)))));
}
