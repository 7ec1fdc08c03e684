// Puts the page together.

import { Refused, ask, enter, leave, listen, now, on, act, power } from "./bench.js";
import { cabinet } from "./cabinet.js";
import { faults } from "./faults.js";
import { kiosk } from "./kiosk.js";
import { button, el } from "./parts.js";
import { readScenarios, scenarios } from "./play.js";
import { records } from "./records.js";
import { language, other, t } from "./words.js";

document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
document.title = t("title");

function header() {
  const mains = el("span", { class: "pill", id: "mains", role: "status" });
  const bench = el("span", { class: "pill bad", id: "lost", role: "alert", hidden: true }, t("bench-lost"));
  const draw = () => {
    const pid = now.power?.pid ?? now.kiosk.pid;
    mains.textContent = pid ? `${t("running")} · ${pid}` : t("no-kiosk");
    mains.className = pid ? "pill good" : "pill";
  };
  on("power", draw);
  on("kiosk", draw);
  const speak = el("button", { type: "button", class: "plain", id: "language", lang: other === "zh" ? "zh-CN" : "en",
    onclick: () => { localStorage.setItem("language", other); location.reload(); } }, other === "zh" ? "中文" : "English");
  return el("header", { class: "top" },
    el("h1", {}, t("title")), mains, bench, el("span", { class: "space" }),
    button(t("reset"), () => act("reset"), { key: "b", id: "reset", title: t("reset-says") }), speak);
}

function closed(why) {
  const word = el("input", { id: "token", type: "password", autocomplete: "off", spellcheck: "false" });
  const form = el("form", { class: "card closed", onsubmit: (event) => {
    event.preventDefault();
    location.hash = encodeURIComponent(word.value.trim());
    location.reload();
  } }, el("h1", {}, t("closed")), el("p", {}, why), el("label", { class: "field" }, el("span", {}, t("token")), word),
  el("button", { class: "primary" }, t("open")));
  document.body.replaceChildren(form);
  word.focus();
}

async function begin() {
  if (!enter()) return closed(t("closed-says"));
  let people, catalogue, plays;
  try {
    people = await ask("ask/people");
    catalogue = (await ask("/fault")).catalogue;
    plays = await readScenarios();
  } catch (error) {
    if (error instanceof Refused && error.status === 401) {
      leave();
      return closed(t("closed-says"));
    }
    return closed(`${t("bench-lost")} ${error.message}`);
  }
  document.body.replaceChildren(
    el("a", { class: "skip", href: "#cabinet" }, t("skip")),
    header(),
    el("main", {},
      el("div", { class: "sides" }, kiosk(),
        el("div", { id: "cabinet", class: "cabinet", tabindex: "-1" },
          scenarios(plays), cabinet(people, catalogue), faults(catalogue))),
      records(catalogue)),
    el("p", { id: "told", role: "alert", hidden: true }),
  );
  document.body.dataset.ready = "yes";
  try {
    await listen((there) => { document.getElementById("lost").hidden = there; });
  } catch (error) {
    leave();
    closed(t("closed-says"));
  }
}

begin();
