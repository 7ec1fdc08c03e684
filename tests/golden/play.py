"""Speaks an exchange with the simulator, which gives its traces, or with traces alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from functools import partial
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final
from unittest import mock

from devices.link import Link
from devices.recording import ReplayLink, recorded, replayed
from devices.trace import read_trace, settled, worded
from devices.travel_chip.secure_messaging import authenticate
from simulators.wire import Wire, WireClosed
from tests.golden.kinds import Exchange, Scene
from tests.golden.words import words_of
from tests.simulators.wiring import Room, served

FOLDER: Final = Path(__file__).parent / "traces"
_NOON: Final = datetime(2026, 11, 22, 12, 0)


def record(exchange: Exchange, folder: Path) -> Mapping[str, str]:
    """Speak with the simulator; return the settled traces by the names of their files."""
    room = Room()
    kind = exchange.kind
    device = kind.simulator(room, folder)
    scene = Scene(device, kind.name, room)
    links: dict[str, Link] = {}
    with ExitStack() as running:
        running.enter_context(_nothing_by_chance())
        for wire, lay in kind.wires.items():
            line, link = lay(room, folder, wire, device)
            running.enter_context(served(line, _until_closed(kind.serve(device, wire))))
            links[wire] = recorded(link, folder / f"{wire}.raw")
        driver = kind.driver(links)
        running.callback(driver.close)
        driver.open()
        exchange.speak(driver, lambda act: act(scene))
    return {
        file: f"# {exchange.name}, {wire}\n" + _text(wire, folder / f"{wire}.raw")
        for wire, file in exchange.files.items()
    }


def replay(exchange: Exchange, folder: Path = FOLDER) -> None:
    """Speak with the traces alone; raises ``TraceDiffers`` when the driver says anything else."""
    links = {wire: replayed(f"replay://{folder / file}") for wire, file in exchange.files.items()}
    with _nothing_by_chance():
        driver = exchange.kind.driver(links)
        driver.open()
        exchange.speak(driver, lambda act: None)
        driver.close()
    for link in links.values():
        assert isinstance(link, ReplayLink)
        link.finish()


def _until_closed(serve: Callable[[Wire], None]) -> Callable[[Wire], None]:
    def run(wire: Wire) -> None:
        with suppress(WireClosed):
            serve(wire)

    return run


def _text(wire: str, raw: Path) -> str:
    return "".join(event.text() for event in worded(settled(read_trace(raw)), words_of(wire)))


@contextmanager
def _nothing_by_chance() -> Iterator[None]:
    """Have both ends draw the same numbers and see the same clock at every run."""
    numbers = count(1)
    nonces = SimpleNamespace(token_bytes=lambda size: bytes(range(0xA0, 0xA0 + size)))
    stopped: Any = SimpleNamespace(now=lambda: _NOON)
    with ExitStack() as patches:
        for target, value in (
            (
                "devices.travel_chip.chip.authenticate",
                partial(authenticate, random=lambda n: bytes(range(n))),
            ),
            ("simulators.permit.chip.secrets", nonces),
            (
                "devices.payment_terminal.messages.uuid",
                SimpleNamespace(uuid4=lambda: SimpleNamespace(hex=f"{next(numbers):032x}")),
            ),
            ("simulators.devices.payment_terminal.datetime", stopped),
            ("simulators.devices.order_book.datetime", stopped),
        ):
            patches.enter_context(mock.patch(target, value))
        yield
