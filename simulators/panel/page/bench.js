// The bench as the page knows it: questions, acts, and the news that come by themselves.

const FROM_START = "bench-token";

let token = "";
const listeners = new Map();

/** What was heard last, by part: world, faults, power, kiosk, printed, play. */
export const now = { world: null, faults: [], power: null, kiosk: {}, printed: null, play: null };

/** Take the token out of the address, so that it stays in no history; false when there is none. */
export function enter() {
  const given = decodeURIComponent(location.hash.slice(1));
  if (given) {
    sessionStorage.setItem(FROM_START, given);
    history.replaceState(null, "", location.pathname);
  }
  token = sessionStorage.getItem(FROM_START) ?? "";
  return token !== "";
}

export function leave() {
  sessionStorage.removeItem(FROM_START);
}

export class Refused extends Error {
  constructor(status, why) {
    super(why);
    this.status = status;
  }
}

/** Ask the bench; `body` makes it a POST. Throws Refused. */
export async function ask(path, body, method) {
  const answer = await raw(path, body, method);
  return answer.status === 204 ? null : answer.json();
}

/** Ask the bench and return the response itself. Throws Refused. */
export async function raw(path, body, method) {
  const options = { method: method ?? (body === undefined ? "GET" : "POST"), headers: { "X-Bench-Token": token } };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const answer = await fetch(path, options);
  if (!answer.ok) {
    const why = await answer.json().then((said) => said.error, () => answer.statusText);
    throw new Refused(answer.status, why);
  }
  return answer;
}

/** Open the living picture of the kiosk's window; a WebSocket carries its token as a subprotocol. */
export const filmSocket = () => new WebSocket(new URL("film", location.href.replace(/^http/, "ws")), ["bench", token]);

/** Have `heard` called with each new value of a part of the news, and now when it is known. */
export function on(part, heard) {
  if (!listeners.has(part)) listeners.set(part, []);
  listeners.get(part).push(heard);
  if (now[part] !== undefined && now[part] !== null) heard(now[part]);
}

/** Listen for news for ever. `connected` is told when the bench is lost and when it is back. */
export async function listen(connected) {
  let seen = {};
  for (;;) {
    let news;
    try {
      news = await ask("ask/news", { seen });
    } catch (error) {
      if (error instanceof Refused && error.status === 401) throw error;
      connected(false);
      await new Promise((over) => setTimeout(over, 1000));
      continue;
    }
    connected(true);
    seen = news.seen;
    for (const [part, value] of Object.entries(news)) {
      if (part === "seen") continue;
      now[part] = value;
      for (const heard of listeners.get(part) ?? []) heard(value);
    }
  }
}

// --- what a tester does ---------------------------------------------------------------------------

export const act = (name, more = {}) => ask("/do", { act: name, ...more });
export const arm = (order) => ask("/fault", order);
export const press = (page, action, value = null) => ask("do/press", { page, action, value });
export const touch = (kind, x, y) => ask("do/touch", { kind, x, y });
export const power = (to) => ask("do/power", { to });
export const play = (what, more) => ask(`do/${what}`, more);

/** Call off the orders for a device, or only one of its faults, or all. */
export function disarm(device, fault) {
  const which = new URLSearchParams();
  if (device) which.set("device", device);
  if (fault) which.set("fault", fault);
  return ask(`/fault?${which}`, undefined, "DELETE");
}

/** Tell whether a fault stands as a state. */
export const stands = (device, fault) =>
  now.faults.some((order) => order.device === device && order.fault === fault && order.operation === null);
