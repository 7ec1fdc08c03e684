"""The scripted citizen: reads the kiosk's pages as data and does what a person would do."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulators.control_client import Refused, World
from simulators.habits import AT_A_PLACE, SIGNATURE, TAKING, records_to_choose
from simulators.hands import Hands
from simulators.kiosk_link import KioskGone, KioskLink


@dataclass(slots=True)
class Plan:
    """What the citizen wants, and where they do something else than the kiosk hopes.

    ``answers`` says by a prompt's name which action (and value) to take instead of the obvious one;
    ``acts`` by a prompt's name which acts on the world to do there, each once. ``think_s`` is how long
    the citizen takes for each prompt. ``applied`` tells whether who asks for progress has any case.
    """

    persona: str = "li-wenjing"
    service: str = "endorsement"
    language: str = "zh-CN"
    think_s: float = 0.0
    way: str = "agree"
    pay_by: str = "payment_terminal"
    pay_result: str = "approve"
    rating: int | None = 5
    answers: Mapping[str, tuple[str, Any]] = field(default_factory=dict)
    acts: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    forgets_permit: bool = False
    applied: bool = True


@dataclass(frozen=True, slots=True)
class Seen:
    """A page that the citizen saw: its prompt, when it came, when it was answered."""

    prompt: str
    kind: str
    at_s: float


Watcher = Callable[[dict[str, Any]], None]
Director = Callable[[dict[str, Any]], bool]


class Citizen:
    """Walks up, is served, leaves. ``watcher`` is told each new page once it can be seen.

    ``director`` is told everything that is shown, changes of a page too, and returns whether the
    citizen then does the obvious thing.
    """

    def __init__(
        self,
        link: KioskLink,
        hands: Hands,
        world: World,
        plan: Plan,
        watcher: Watcher | None = None,
        director: Director | None = None,
    ) -> None:
        self._link, self._hands, self.world, self._plan = link, hands, world, plan
        self._watcher = watcher
        self._director = director
        self._acted: set[str] = set()
        self._done_here: tuple[int, str] | None = None
        self.seen: list[Seen] = []

    def visit(self, timeout_s: float = 120.0) -> dict[str, Any]:
        """Be served once; returns the kiosk's report, or one that says why no visit began.

        Raises ``KioskGone``, and ``TimeoutError`` when no end comes.
        """
        self.world.do("persona", name=self._plan.persona)
        if self._plan.service == "progress" and self._plan.applied:
            self.world.do("take_in_case")
            self.world.do("take_in_case", service="id-card-renewal", missing=["household"])
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            message = self._link.next(1.0)
            if message is None:
                continue
            if "report" in message:
                self._walk_away()
                report: dict[str, Any] = message["report"]
                return report
            if "page" in message:
                refusal = self.see(message["page"])
                if refusal is not None:
                    self._walk_away()
                    return refusal
        raise TimeoutError(f"the last pages were {[seen.prompt for seen in self.seen[-5:]]}")

    # --- one page ------------------------------------------------------------------------------------

    def see(self, page: dict[str, Any]) -> dict[str, Any] | None:
        """Do what the page asks, or what the plan says instead; a refusal at the home page comes back."""
        prompt = page["prompt"]
        name, kind = str(prompt["name"]), str(prompt["kind"])
        trouble = str((prompt.get("trouble") or {}).get("key", ""))
        obvious = self._director is None or self._director(page)
        if self._done_here == (page["number"], trouble):
            return None
        self._done_here = (page["number"], trouble)
        if not self.seen or self.seen[-1].prompt != name:
            self.seen.append(Seen(name, kind, time.monotonic()))
            if self._watcher is not None:
                self._watcher(page)
        if kind == "home" and (refusal := self._refused_at_home(prompt)) is not None:
            self._hands.press(page["number"], "back")
            return refusal
        if name == "out-of-service":
            return self._refused(str((prompt.get("body") or {}).get("key", "")))
        time.sleep(self._plan.think_s)
        for act in self._once(name):
            self.attempt(**act)
        if name in self._plan.answers and self._once_answered(name):
            action, value = self._plan.answers[name]
            self._hands.press(page["number"], action, value)
            return None
        if not obvious:
            return None
        self._behave(page, name, kind, prompt)
        return None

    def _behave(self, page: dict[str, Any], name: str, kind: str, prompt: dict[str, Any]) -> None:
        number = page["number"]
        match kind:
            case "attract":
                self._hands.press(number, "begin", self._plan.language)
            case "home":
                self._hands.press(number, "choose", self._plan.service)
            case "notice" | "check-answers" | "look-at-pictures" | "enter-text":
                self._choose_action(number, name, prompt["actions"])
            case "choose-many":
                values = [o["value"] for o in prompt["options"] if o["refused"] is None]
                chosen = {o["value"] for o in prompt["options"] if o["chosen"]}
                self._hands.press(number, "choose", [v for v in values if v not in chosen] or values)
            case "choose-records":
                wanted = records_to_choose(prompt)
                if wanted:
                    already = {o["value"] for o in prompt["options"] if o["chosen"]}
                    self._hands.mark(number, wanted, already)
                else:
                    self._hands.press(number, "cancel")
            case "choose-one":
                self._choose_one(number, name, prompt["options"])
            case "place-item":
                if (habit := AT_A_PLACE.get(name)) is not None:
                    habit(self, prompt)
            case "look-at-camera":
                self.attempt("look")
            case "pay":
                self._pay(prompt)
            case "take-item":
                self._take(number, name, prompt)
            case "sign":
                self._hands.press(number, "sign", SIGNATURE)
            case "checklist":
                self._choose_action(number, name, prompt["actions"])
            case "rate":
                self._rate(number)
            case "still-there":
                self._hands.press(number, "more-time")
            case _:
                pass

    def _choose_action(self, number: int, name: str, actions: list[dict[str, Any]]) -> None:
        if not actions:
            return
        action = actions[0]["name"]
        if name in ("consent-face", "leaflet-and-consent"):
            action = self._plan.way
        self._hands.press(number, action)

    def _choose_one(self, number: int, name: str, options: list[dict[str, Any]]) -> None:
        free = [option["value"] for option in options if option["refused"] is None]
        wanted = self._plan.pay_by if name == "choose-payment" else free[0] if free else ""
        if wanted in free:
            self._hands.press(number, "choose", wanted)
        else:
            self._hands.press(number, "cancel")

    def _pay(self, prompt: dict[str, Any]) -> None:
        if prompt.get("code"):
            self.attempt("scan_qr", code=prompt["code"], result=self._plan.pay_result)
            return
        deadline_s = time.monotonic() + 5
        while self.world.state()["terminal"]["state"] != "waiting" and time.monotonic() < deadline_s:
            time.sleep(0.02)
        self.attempt("pay", method="card", result=self._plan.pay_result)

    def _take(self, number: int, name: str, prompt: dict[str, Any]) -> None:
        if name == "take-permit" and self._plan.forgets_permit:
            return
        if (habit := TAKING.get(name)) is not None:
            habit(self, prompt)
        self._choose_action(number, name, prompt["actions"])

    def _rate(self, number: int) -> None:
        if self._plan.rating is None:
            self._hands.press(number, "skip")
        else:
            self._hands.press(number, "rate", str(self._plan.rating))

    # --- inside --------------------------------------------------------------------------------------

    def _refused_at_home(self, prompt: dict[str, Any]) -> dict[str, Any] | None:
        """Return why the service cannot be had, None when it can."""
        offered = {service["value"]: service for service in prompt["services"]}
        service = offered.get(self._plan.service)
        if service is not None and service["refused"] is None:
            return None
        why = service["refused"]["args"].get("reason", {}).get("key", "") if service else "unknown-service"
        return self._refused(why)

    def _refused(self, why: str) -> dict[str, Any]:
        """Return the report of a citizen who could not even begin."""
        return {
            "outcome": "refused",
            "reason": f"not-offered:{why}",
            "prompts": [seen.prompt for seen in self.seen],
        }

    def _once(self, name: str) -> list[dict[str, Any]]:
        key = f"acts:{name}"
        if key in self._acted:
            return []
        self._acted.add(key)
        return list(self._plan.acts.get(name, ()))

    def _once_answered(self, name: str) -> bool:
        key = f"answer:{name}"
        first = key not in self._acted
        self._acted.add(key)
        return first

    def attempt(self, act: str, **arguments: Any) -> None:
        """Do an act if the world lets it; what is not possible now is simply not done."""
        try:
            self.world.do(act, **arguments)
        except Refused:
            return

    def _walk_away(self) -> None:
        for act in ("lift_id_card", "take_receipt", "take_document", "step_away", "lift_finger"):
            self.attempt(act)


__all__ = ["Citizen", "KioskGone", "Plan", "Seen"]
