// What the cards of the cabinet share: how they follow the world, and switches for faults that stand.

import { arm, disarm, now, on, stands } from "./bench.js";
import { toggle } from "./parts.js";
import { t, word } from "./words.js";

/** Have a card drawn anew whenever the world or the faults changed. */
export function follow(draw) {
  const both = () => { if (now.world) draw(now.world); };
  on("world", both);
  on("faults", both);
}

export const others = (people, fitting = () => true) =>
  [["", t("own")], ...people.filter(fitting).map((one) => [one.name, one.title.split("，")[0]])];
export const filled = (entries) => Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== ""));

/** A fault that stands, as a switch. */
export function faultSwitch(device, fault, label) {
  const made = toggle(label ?? word("fault", `${device}.${fault}`, fault),
    (turnOn) => (turnOn ? arm({ device, fault }) : disarm(device, fault)), { id: `fault-${device}-${fault}` });
  follow(() => made.show(stands(device, fault)));
  return made;
}
