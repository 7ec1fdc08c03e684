"""The panel's own stand: the bench that serves it, and the kiosk that it shows, by touches on its window."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from simulators.control_client import World
from simulators.hands import DataHands, Hands, TouchHands
from simulators.kiosk_link import KioskGone, KioskLink, KioskProcess
from simulators.panel.screen import Eye, Finger, NoWindow, Place
from simulators.power import Power
from simulators.stand import FIRST_PAGES, POLL_S, READY_S, NotReady, Stand

SETTLES_S: Final = 12.0
"""How long devices may need until they are in order again; after that it takes another machine."""
NEVER_A_PAGE: Final = -1
NO_DOUBLE_TAP_S: Final = 0.7
"""From one press to the next: a person's; the window takes a quicker one for a double tap."""
NOTICED_S: Final = 2.0
"""After how long without another page somebody touches again."""
TOUCHES: Final = 3


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that is done: ``kind`` is a step's (``act``, ``fault``, ``clear``) or ``press``."""

    kind: str
    what: str
    more: Mapping[str, Any] = field(default_factory=dict)


Before = Callable[[Move], None]
"""Is told each move before it is made; may hold it up, and raises ``Stopped`` to end the performance."""


class Stopped(Exception):
    """The tester ended the performance."""


class ToldWorld(World):
    """A world whose acts and faults are told before they are done."""

    def __init__(self, url: str, token: str, before: Before) -> None:
        super().__init__(url, token)
        self._before = before

    def do(self, act: str, **arguments: Any) -> None:
        self._before(Move("act", act, arguments))
        super().do(act, **arguments)

    def fault(self, device: str, fault: str, **more: Any) -> None:
        self._before(Move("fault", fault, {"device": device, **more}))
        super().fault(device, fault, **more)

    def clear_faults(self, device: str = "") -> None:
        self._before(Move("clear", device))
        super().clear_faults(device)


class LiveHands:
    """Touches the window where the kiosk has one; answers by data where it has none."""

    def __init__(self, stand: LiveStand, before: Before) -> None:
        self._stand, self._before = stand, before
        self._finger = Finger()
        self._pressed_s = 0.0

    def press(self, page: int, action: str, value: Any = None) -> None:
        if self._still_there(page, Move("press", action, {} if value is None else {"value": value})):
            hands = self._hands()
            hands.press(page, action, value)
            self._make_sure(hands, page, action, None if isinstance(value, list) else value)

    def mark(self, page: int, values: Sequence[str], already: Collection[str]) -> None:
        if self._still_there(page, Move("press", "choose", {"value": list(values)})):
            hands = self._hands()
            hands.mark(page, values, already)
            self._make_sure(hands, page, "choose", None)

    def _make_sure(self, hands: Hands, page: int, action: str, value: Any) -> None:
        """Touch once more, as people do, where a window that is slow took a touch for half a double tap."""
        if isinstance(hands, DataHands):
            return
        for _ in range(TOUCHES):
            deadline_s = time.monotonic() + NOTICED_S
            while time.monotonic() < deadline_s:
                if self._is_gone(page):
                    return
                time.sleep(POLL_S)
            try:
                hands.press(page, action, value)
            except KioskGone:
                if not self._is_gone(page):
                    raise

    def _is_gone(self, page: int) -> bool:
        return bool(self._stand.page().get("number") != page)

    def _still_there(self, page: int, move: Move) -> bool:
        """Tell of a move; returns whether the page did not go while the move was held up."""
        self._before(move)
        return not self._is_gone(page)

    def _hands(self) -> Hands:
        link, place = self._stand.link, self._place()
        if place is None:
            return DataHands(link)
        time.sleep(max(0.0, self._pressed_s + NO_DOUBLE_TAP_S - time.monotonic()))
        self._pressed_s = time.monotonic()
        return TouchHands(link, lambda x, y: self._finger.tap(place, x, y))

    def _place(self) -> Place | None:
        """Return where the kiosk's window is, None when it has none."""
        try:
            eye = Eye()
        except NoWindow:
            return None
        try:
            return eye.place(self._stand.kiosk.pid)
        except NoWindow:
            return None
        finally:
            eye.close()


class LiveStand(Stand):
    """A stand on a bench that runs already, with the kiosk of its mains switch.

    ``before`` is told every move. It leaves bench and kiosk as they are when it is closed.
    """

    def __init__(
        self, state: Path, control: str, office: tuple[str, str], power: Power, before: Before
    ) -> None:
        super().__init__()
        self._state, self._office, self._power = state, office, power
        self._told_world = ToldWorld(control, office[1], before)
        self._bare_world = World(control, office[1])
        self._stopped = False
        self.hands = LiveHands(self, before)

    @property
    def world(self) -> World:
        return self._told_world

    @property
    def link(self) -> KioskLink:
        if self._link is None:
            raise KioskGone("no kiosk is connected")
        return self._link

    @property
    def kiosk(self) -> KioskProcess:
        kiosk = self._power.kiosk or self._kiosk
        if kiosk is None:
            raise KioskGone("no kiosk runs")
        return kiosk

    @property
    def state(self) -> Path:
        return self._state

    @property
    def office(self) -> tuple[str, str]:
        return self._office

    def prepare(self) -> None:
        """Have an empty world and the kiosk on its first page, everything usable; raises ``NotReady``.

        Somebody's open visit is ended by a restart. Where staff would have to come first, or a world
        that was reset in the middle of a visit left a journal that no verdict could rest on, another
        machine is put in its place.
        """
        self.order_failpoint("")
        self._bare_world.clear_faults()
        self._bare_world.do("reset")
        try:
            self.start_kiosk()
            if self.page()["prompt"]["name"] not in (*FIRST_PAGES, ""):
                self._power.off()
                self.start_kiosk()
            self.until(self._in_order, "the first page with everything in order", SETTLES_S)
            self._judge_journal()
        except NotReady:
            self._replace_machine()
            self._bare_world.do("reset")  # documents are in the store of the machine that is here
            self.start_kiosk()
            self.until(self._in_order, "the first page with everything in order")
        self.link.begin_now()

    def start_kiosk(self) -> None:
        """Switch the kiosk on unless it runs, and connect to it; raises ``KioskGone``."""
        self._hang_up()
        self._power.on()
        self._kiosk = self.kiosk
        self._link = self._kiosk.connect()

    def order_failpoint(self, point: str) -> None:
        self._power.order_failpoint(point)

    def cut_power(self) -> None:
        self._power.cut()
        self._hang_up()

    def until(self, met: Callable[[], bool], what: str, timeout_s: float = READY_S) -> None:
        """Wait until ``met``; raises ``NotReady``, ``Stopped``."""

        def met_or_stopped() -> bool:
            if self._stopped:
                raise Stopped
            return met()

        super().until(met_or_stopped, what, timeout_s)

    def stop(self) -> None:
        """End the performance from another thread: whoever waits here is woken."""
        self._stopped = True
        if self._link is not None:
            self._link.hang_up()

    def stay(self) -> None:
        """Touch nothing in particular, so that the kiosk does not take the person for gone."""
        self.link.answer(NEVER_A_PAGE, "stay")

    def close(self) -> None:
        self._hang_up()

    def _judge_journal(self) -> None:
        """Raise ``NotReady`` when what was done here before already breaks an invariant."""
        held = self.link.ask("invariants")
        if broken := [str(verdict) for verdict in held.values() if verdict is not True]:
            raise NotReady(broken[0])

    def _replace_machine(self) -> None:
        """Put the next machine of the hall here: a number of its own, a journal with nothing in it."""
        self._power.off()
        self._hang_up()
        aside = self._state / f"bench-machine-{time.time_ns()}"
        aside.mkdir()
        for file in self._state.glob("journal.*"):
            file.rename(aside / file.name)
        site = self._state / "site.toml"
        site.write_text(_with_next_id(site.read_text("utf-8")), "utf-8")

    def _hang_up(self) -> None:
        if self._link is not None:
            self._link.close()
        self._link = None


def _with_next_id(site: str) -> str:
    """Return a site file with the machine's number one higher: cases are counted by machine."""

    def next_id(found: re.Match[str]) -> str:
        return f"{found[1]}{int(found[2]) + 1:0{len(found[2])}d}{found[3]}"

    return re.sub(r'(?m)^(id = "[0-9A-Za-z]*?)(\d{2,3})(")', next_id, site, count=1)
