// The machine's clock: set wrong, and right again. It is a fault that stands, like any other.

import { arm, disarm, now, on } from "./bench.js";
import { button, card, row } from "./parts.js";
import { t, word } from "./words.js";

const HOUR_S = 3600;
const YEAR_S = 365 * 24 * HOUR_S;
const STEPS = [["behind", YEAR_S], ["behind", HOUR_S], ["ahead", HOUR_S], ["ahead", YEAR_S]];

export function clock() {
  const set = async (fault, seconds) => {
    await disarm("clock");
    return arm({ device: "clock", fault, args: { by_s: seconds } });
  };
  const right = button(t("clock-right"), () => disarm("clock"), { id: "clock-right" });
  const made = card("clock", t("clock"), row(STEPS.map(([fault, seconds]) =>
    button(`${word("fault", `clock.${fault}`)} ${duration(seconds)}`, () => set(fault, seconds), { id: `clock-${fault}-${seconds}` })), right));
  on("faults", () => {
    const off = now.faults.filter((one) => one.device === "clock");
    made.state(off.map((one) => `${word("fault", `clock.${one.fault}`)} ${duration(one.args.by_s ?? HOUR_S)}`).join(" · ") || t("clock-is-right"),
      off.length ? "bad" : "");
    right.disabled = off.length === 0;
  });
  return made;
}

function duration(seconds) {
  if (seconds >= YEAR_S) return `${Math.round(seconds / YEAR_S)} ${t("years")}`;
  return seconds >= HOUR_S ? `${Math.round(seconds / HOUR_S)} ${t("hours")}` : `${seconds} ${t("seconds")}`;
}
