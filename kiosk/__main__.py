"""The kiosk's front door: ``kiosk run``, ``kiosk journal …``, ``kiosk reconcile …``, ``kiosk settings``."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import resource
import signal
import sys
import time
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiosk import forgetting
from kiosk import settings as site_settings
from kiosk.http import PlatformError
from kiosk.journal import JournalFailed, JournalRefused
from kiosk.journal import commands as journal_commands
from kiosk.maintenance import front_door
from kiosk.pushed_head import pushed_head
from kiosk.reconcile import reconcile
from kiosk.settings import Settings, SettingsError

if TYPE_CHECKING:
    from kiosk.texts import Catalogue
    from screens.window import Window

EXIT_OK, EXIT_REFUSED, EXIT_USAGE, EXIT_JOURNAL_FAILED = 0, 1, 2, 3
"""How a process ends. After ``EXIT_JOURNAL_FAILED`` and ``watchdog.EXIT_HUNG`` it is to be started again."""
SWITCH_S = 0.001
"""How long a device's thread may keep the interpreter from the window's: five times that would be a third
of a frame."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    try:
        settings = site_settings.load(chosen.site)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return EXIT_USAGE
    code: int = chosen.act(settings, chosen)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kiosk", description=__doc__)
    parser.add_argument("--site", type=Path, default=Path("site.toml"), help="the site file")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="receive people")
    run.add_argument("--headless", action="store_true", help="no window; pages go to the debug link only")
    run.add_argument("--fullscreen", action="store_true")
    run.set_defaults(act=_run)

    closed = commands.add_parser("closed", help="show that the machine is out of service")
    closed.add_argument("--fullscreen", action="store_true")
    closed.set_defaults(act=_closed)

    check = commands.add_parser("settings", help="check the site and model files")
    check.set_defaults(act=_settings)

    journal = commands.add_parser("journal", help="verify, show or export the journal")
    acts = journal.add_subparsers(required=True, metavar="ACT")
    verify = acts.add_parser("verify", help="exit code 0 only when the chain is whole")
    known = verify.add_mutually_exclusive_group()
    known.add_argument("--head", help="number:hex of a head known from before")
    known.add_argument("--office", action="store_true", help="compare with the head that the back office has")
    verify.set_defaults(act=_verify)
    show = acts.add_parser("show", help="list the visits, or one visit's events")
    show.add_argument("visit", nargs="?")
    show.set_defaults(
        act=lambda s, c: journal_commands.show(s.journal.path, s.journal.key_file, visit=c.visit)
    )
    export = acts.add_parser("export", help="the chain as JSON lines")
    export.set_defaults(act=lambda s, _: journal_commands.export(s.journal.path, s.journal.key_file))

    books = commands.add_parser("reconcile", help="compare a day with the bills; exit code 0 when they agree")
    books.add_argument("--day", type=date.fromisoformat, required=True, help="YYYY-MM-DD, a day that is over")
    books.set_defaults(act=lambda s, c: reconcile(s, c.day))
    front_door.add_to(commands)
    return parser


def _verify(settings: Settings, chosen: argparse.Namespace) -> int:
    head = chosen.head
    try:
        if chosen.office:
            head = str(pushed_head(settings))
    except (JournalRefused, PlatformError) as error:
        print(f"no head to compare with: {error}", file=sys.stderr)
        return journal_commands.UNREADABLE
    return journal_commands.verify(settings.journal.path, settings.journal.key_file, head=head)


def _settings(settings: Settings, _: argparse.Namespace) -> int:
    kind = "production" if settings.site.production else "not production"
    print(f"{settings.site.id}: {settings.model.name}, {kind}, {len(settings.links)} links")
    return EXIT_OK


def _run(settings: Settings, chosen: argparse.Namespace) -> int:
    if not settings.model.strip_font.is_file():
        print(f"no font at {settings.model.strip_font}: script/setup puts it there", file=sys.stderr)
        return EXIT_USAGE
    forgetting.start_forgetting()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold the person's data
    gc.disable()  # until everything stands: nothing of it is garbage
    try:
        asyncio.run(_receive(settings, headless=chosen.headless, fullscreen=chosen.fullscreen))
    except JournalRefused as refused:
        print(f"the journal can't be used: {refused}", file=sys.stderr)
        return EXIT_REFUSED
    except JournalFailed as failed:
        with contextlib.suppress(OSError):  # what it would be written to may be the same full disk
            print(f"the journal could not be written: {failed}", file=sys.stderr)
        return EXIT_JOURNAL_FAILED
    except asyncio.CancelledError:
        pass
    return EXIT_OK


async def _receive(settings: Settings, *, headless: bool, fullscreen: bool) -> None:
    """Run until told to end; the window, when there is one, runs beside and ends with it."""
    from kiosk.app import Kiosk  # large, and loaded only once: by a process that forgets

    kiosk = Kiosk(settings)
    receiving = asyncio.current_task()
    assert receiving is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, receiving.cancel)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, kiosk.end_when_idle)
    if headless:
        await kiosk.run()
        return
    sys.setswitchinterval(SWITCH_S)
    window = _window(
        settings,
        kiosk.ground.catalogue,
        fullscreen=fullscreen,
        on_answer=kiosk.answered,
        on_touch=kiosk.ground.stage.touched,
        preview=kiosk.preview,
        clock=kiosk.now,
        on_frame=lambda: kiosk.watchdog.beat("window"),
    )
    kiosk.ground.stage.attach(window)
    showing = asyncio.create_task(window.run(), name="window")
    showing.add_done_callback(lambda _: receiving.cancel())
    try:
        await kiosk.run(window=window)
    finally:
        window.stop()
        await asyncio.wait({showing})
        showing.result()  # a window that failed is a kiosk that failed: it is to be started again


def _closed(settings: Settings, chosen: argparse.Namespace) -> int:
    asyncio.run(_stay_closed(settings, fullscreen=chosen.fullscreen))
    return EXIT_OK


async def _stay_closed(settings: Settings, *, fullscreen: bool) -> None:
    """Show that the machine is out of service until told to end."""
    from kiosk.closed import out_of_service
    from kiosk.stage import Stage, Surroundings
    from kiosk.texts import Catalogue, text

    names = {"site.name": settings.site.name, "site.elsewhere": settings.site.elsewhere}
    stage = Stage(site=text("site.name"), simulated=settings.simulated, now_s=time.monotonic)
    window = _window(
        settings,
        Catalogue.load(settings.model.strings, own=names),
        fullscreen=fullscreen,
        on_answer=stage.answer,
        on_touch=stage.touched,
        preview=lambda: None,
        clock=lambda: datetime.now().astimezone(),
    )
    stage.attach(window)
    stage.show(out_of_service(settings), Surroundings(can_help=False))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, window.stop)
    await window.run()


def _window(settings: Settings, catalogue: Catalogue, *, fullscreen: bool, **calls: Any) -> Window:
    """Return the window for the model's panel; ``calls`` are its callbacks."""
    from screens.fonts import Fonts  # the window's library is loaded only when a window is wanted
    from screens.panel import Panel
    from screens.window import Window

    panel = settings.model.panel
    return Window(
        panel=Panel(
            *panel.pixels, *panel.size_mm, mounting_height_mm=panel.lower_edge_mm, low_reach=panel.low_reach
        ),
        catalogue=catalogue,
        fonts=Fonts.in_folder(settings.model.fonts),
        fullscreen=fullscreen,
        **calls,
    )


if __name__ == "__main__":
    sys.exit(main())
