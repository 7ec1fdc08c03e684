// The kiosk: its window as a living picture that can be touched, and its page as data with buttons.

import { filmSocket, now, on, power, press, touch } from "./bench.js";
import { attempt, button, el, yuan } from "./parts.js";
import { t } from "./words.js";


export function kiosk() {
  const picture = el("canvas", { id: "window", width: "540", height: "960", role: "img", "aria-label": t("window") });
  const curtain = el("div", { class: "curtain", id: "curtain" });
  const pace = el("span", { class: "pace", id: "pace" });
  const name = el("span", { class: "name", id: "prompt-name" });
  const page = el("div", { id: "page", class: "page", "aria-live": "polite" });
  const frame = el("div", { class: "glass" }, picture, curtain);
  const look = living(picture, curtain, pace);
  touchable(picture);
  let shown = "";
  const draw = () => {
    const told = now.kiosk.page ?? null;
    name.textContent = !told ? "" : told.prompt.name + (told.steps ? ` · ${t("step")} ${told.step}/${told.steps}` : "");
    // Drawn anew only when the page changed: a button that has the focus keeps it.
    const text = JSON.stringify([told, look.seen()]);
    if (text !== shown) {
      shown = text;
      keepFocus(page, () => page.replaceChildren(...pageAsData(told, look.seen())));
    }
    curtains(curtain, look.seen());
  };
  // Where there is no picture the buttons are the only way, so they are laid open.
  const data = el("details", { class: "card data", id: "data", open: true }, el("summary", {}, t("page-as-data")), page);
  on("kiosk", draw);
  on("power", draw);
  look.changed = () => {
    data.open = !look.seen();
    draw();
  };
  const mains = el("div", { class: "row mains" },
    button(t("power-on"), () => power("on"), { key: "u", id: "power-on" }),
    button(t("power-off"), () => power("off"), { id: "power-off" }),
    button(t("power-cut"), () => power("cut"), { key: "y", id: "power-cut", kind: "danger", title: t("power-cut-says") }));
  on("power", (state) => {
    mains.querySelector("#power-on").disabled = state.on;
    mains.querySelector("#power-off").disabled = !state.on;
    mains.querySelector("#power-cut").disabled = !state.on;
  });
  return el("section", { class: "kiosk", "aria-label": t("kiosk") },
    frame, el("div", { class: "under" }, name, el("span", { class: "space" }), pace), mains,
    data);
}

function keepFocus(place, change) {
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.press : null;
  change();
  if (focused) place.querySelector(`[data-press="${CSS.escape(focused)}"]`)?.focus();
}

function curtains(curtain, seen) {
  curtain.hidden = seen;
  curtain.classList.toggle("short", Boolean(now.kiosk.pid) && now.power !== null && !now.power.display);
  if (seen) return;
  const state = now.power;
  if (state && !state.on && !now.kiosk.pid) {
    const how = state.ended.how;
    curtain.replaceChildren(el("strong", {}, t("no-kiosk")), el("p", {}, t(`ended.${how}`)));
    if (state.ended.words) curtain.append(el("pre", {}, state.ended.words));
  } else if (curtain.classList.contains("short")) {
    curtain.replaceChildren(el("strong", {}, t("headless")), el("p", {}, t("headless-says")));
  } else {
    curtain.replaceChildren(el("p", {}, t("starting")));
  }
}

// --- the picture ------------------------------------------------------------------------------------

/** Draw each new picture of the window as it comes; tell how many come a second and how old they are. */
function living(picture, curtain, pace) {
  const drawn = [];
  let seen = false;
  const it = { changed: () => {}, seen: () => seen };
  const context = picture.getContext("2d", { alpha: false });
  const set = (is) => {
    if (is !== seen) {
      seen = is;
      it.changed();
    }
  };
  const measure = () => {
    const from = performance.now() - 1000;
    while (drawn.length && drawn[0].at < from) drawn.shift();
    const delay = drawn.length ? drawn.reduce((sum, one) => sum + one.delay, 0) / drawn.length : 0;
    pace.textContent = !seen ? "" : drawn.length ? `${drawn.length} ${t("frames-a-second")} · ${Math.round(delay)} ms` : t("still");
    pace.dataset.fps = drawn.length;
    pace.dataset.delayMs = delay.toFixed(1);
  };
  setInterval(measure, 500);
  let film = null;
  const tell = (seen) => {
    const width = Math.ceil(picture.clientWidth * devicePixelRatio) || picture.width;
    if (film?.readyState === WebSocket.OPEN) film.send(JSON.stringify({ width, seen }));
  };
  const draw = async (message) => {
    const came = performance.now();
    const frame = unpacked(message);
    const images = await Promise.all(frame.parts.map((part) => createImageBitmap(part.jpeg)));
    if (picture.width !== frame.width || picture.height !== frame.height) {
      picture.width = frame.width;
      picture.height = frame.height;
    }
    images.forEach((image, index) => {
      context.drawImage(image, frame.parts[index].left, frame.parts[index].top);
      image.close();
    });
    picture.dataset.frame = frame.number;
    set(true);
    await new Promise(requestAnimationFrame); // no faster than the browser shows them
    drawn.push({ at: performance.now(), delay: frame.age + performance.now() - came });
    tell(frame.number);
  };
  const open = () => {
    if (document.hidden) return;
    let drawing = Promise.resolve(); // one after the other: a part belongs on what was drawn before it
    const socket = film = filmSocket();
    socket.binaryType = "arraybuffer";
    socket.onopen = () => tell(0);
    socket.onmessage = ({ data }) => {
      if (typeof data === "string") set(JSON.parse(data).window);
      else drawing = drawing.then(() => (film === socket ? draw(data) : null)).catch(() => socket.close());
    };
    socket.onclose = () => {
      if (film !== socket) return;
      film = null;
      set(false);
      setTimeout(() => { if (film === null) open(); }, 1000);
    };
  };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) film?.close();
    else if (film === null) open();
  });
  on("kiosk", (told) => { if (!told.pid) set(false); });
  open();
  return it;
}

/** A frame: number, size, age, and the parts that changed (see the bench's projector). */
function unpacked(body) {
  const view = new DataView(body);
  const parts = [];
  for (let at = 10; at < body.byteLength;) {
    const length = view.getUint32(at + 4);
    const jpeg = new Blob([new Uint8Array(body, at + 8, length)], { type: "image/jpeg" });
    parts.push({ left: view.getUint16(at), top: view.getUint16(at + 2), jpeg });
    at += 8 + length;
  }
  return { number: view.getUint32(0), width: view.getUint16(4), height: view.getUint16(6), age: view.getUint16(8), parts };
}

/** Hand touches on the picture to the real window, in order; of moves only the newest. */
function touchable(picture) {
  let queue = Promise.resolve();
  let next = null;
  const send = (kind, at) => { queue = queue.then(() => attempt(() => touch(kind, at.x, at.y))); };
  const place = (event) => {
    const box = picture.getBoundingClientRect();
    const part = (value) => Math.min(Math.max(value, 0), 1);
    return { x: part((event.clientX - box.left) / box.width), y: part((event.clientY - box.top) / box.height) };
  };
  let down = false;
  picture.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    picture.setPointerCapture(event.pointerId);
    down = true;
    send("down", place(event));
    ripple(picture, event);
  });
  picture.addEventListener("pointermove", (event) => {
    if (!down) return;
    const waiting = next !== null;
    next = place(event);
    if (!waiting) {
      queue = queue.then(() => {
        const at = next;
        next = null;
        return at === null ? null : attempt(() => touch("move", at.x, at.y));
      });
    }
  });
  const lift = (event) => {
    if (!down) return;
    down = false;
    next = null;
    send("up", place(event));
  };
  picture.addEventListener("pointerup", lift);
  picture.addEventListener("pointercancel", lift);
}

function ripple(picture, event) {
  const box = picture.parentElement.getBoundingClientRect();
  const ring = el("span", { class: "ripple", "aria-hidden": "true" });
  ring.style.left = `${event.clientX - box.left}px`;
  ring.style.top = `${event.clientY - box.top}px`;
  ring.addEventListener("animationend", () => ring.remove());
  picture.parentElement.append(ring);
}

// --- the page as data ---------------------------------------------------------------------------------

function pageAsData(page, windowed) {
  if (!page) return [el("p", { class: "quiet" }, t("no-page"))];
  const prompt = page.prompt;
  const parts = [el("p", { class: "question" }, prompt.question)];
  for (const words of [prompt.body, prompt.guidance]) if (words) parts.push(el("p", {}, words));
  if (prompt.trouble) parts.push(el("p", { class: "trouble" }, prompt.trouble));
  for (const words of prompt.paragraphs ?? []) parts.push(el("p", {}, words));
  if (prompt.rows?.length) {
    parts.push(el("dl", {}, prompt.rows.flatMap((one) => [el("dt", {}, one.label), el("dd", {}, one.value)])));
  }
  const total = prompt.total_fen ?? prompt.amount_fen;
  if (total) parts.push(el("p", { class: "sum" }, yuan(total)));
  if (prompt.case) parts.push(el("p", { class: "mono" }, prompt.case));
  if (prompt.seconds_left !== undefined && prompt.seconds_left !== null) {
    parts.push(el("p", { class: "quiet" }, `${prompt.seconds_left} ${t("seconds-left")}`));
  }
  if (prompt.kind === "choose-many") parts.push(marks(page, windowed));
  parts.push(el("div", { class: "row" }, offers(page).map((one) =>
    el("button", { type: "button", class: one.kind ?? "plain", disabled: !one.enabled, title: one.why,
      "data-press": `${one.action}:${one.value ?? ""}`,
      onclick: () => attempt(() => press(page.number, one.action, one.value ?? null)) }, one.label))));
  return parts;
}

/** What the page offers to press, in its own order. */
function offers(page) {
  const prompt = page.prompt;
  const found = [];
  const add = (action, value, label, more = {}) => found.push({ action, value, label, enabled: true, ...more });
  if (prompt.kind === "attract") {
    add("begin", "zh-CN", t("begin-zh"), { kind: "primary" });
    add("begin", "en", t("begin-en"));
  }
  if (prompt.kind === "home" || prompt.kind === "choose-one") {
    for (const one of prompt.services ?? prompt.options) {
      add("choose", one.value, one.label, { kind: "primary", enabled: !one.refused, why: one.refused });
    }
  }
  for (const one of prompt.levels ?? []) add("rate", one.value, one.label);
  if (prompt.skip) add(prompt.skip.name, null, prompt.skip.label);
  for (const one of prompt.rows ?? []) if (one.edit) add(one.edit.name, null, one.edit.label, { enabled: one.edit.enabled });
  for (const [index, one] of (prompt.actions ?? []).entries()) {
    add(one.name, null, one.label, { enabled: one.enabled, kind: index === 0 ? "primary" : "plain" });
  }
  if (page.can_back) add("back", null, t("back"));
  if (page.can_cancel) add("cancel", null, t("cancel"));
  return found;
}

/** The list of which some can be marked. On a window only what differs from it is touched. */
function marks(page, windowed) {
  const boxes = page.prompt.options.map((one) => {
    const box = el("input", { type: "checkbox", checked: one.chosen, disabled: Boolean(one.refused), value: one.value });
    box.was = one.chosen;
    return el("label", { class: "mark", title: one.refused }, box,
      el("span", {}, one.label, one.price_fen ? ` ${yuan(one.price_fen)}` : ""));
  });
  const confirm = () => {
    const inputs = boxes.map((label) => label.firstChild).filter((box) => !box.disabled);
    const chosen = inputs.filter((box) => (windowed ? box.checked !== box.was : box.checked)).map((box) => box.value);
    return press(page.number, "choose", chosen);
  };
  return el("div", { class: "marks" }, boxes,
    button(page.prompt.confirm ?? t("confirm"), confirm, { kind: "primary", id: "confirm-marks" }));
}
