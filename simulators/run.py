"""``script/run``: a bench and a kiosk, used by hand, played by a scripted citizen, or asked for JSON."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from simulators.bench_process import BenchProcess
from simulators.citizen import Citizen, Plan
from simulators.hands import DataHands
from simulators.kiosk_link import KioskProcess
from simulators.level import LEVELS
from simulators.people import load_personas
from simulators.play import play
from simulators.verdict import verdict

OUT = Path("out")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    people = load_personas()
    if options.persona not in people:
        parser.error(f"nobody is called {options.persona!r}: {', '.join(people)}")
    if options.play:
        return play(options, plan_of(options), options.out)
    if options.headless:
        return _headless(options)
    return _by_hand(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="script/run", description=__doc__)
    parser.add_argument("--play", action="store_true", help="play a whole visit by real touches, into out/")
    parser.add_argument("--headless", action="store_true", help="no window, a scripted citizen")
    parser.add_argument("--service", default="endorsement", metavar="NAME")
    parser.add_argument("--persona", default="li-wenjing", metavar="NAME")
    parser.add_argument("--language", choices=("zh-CN", "en"), default="zh-CN")
    parser.add_argument("--pay-by", choices=("payment_terminal", "wechat", "alipay"))
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--level", choices=LEVELS, help="how slow and worn the simulated world is")
    parser.add_argument("--think", type=float, default=0.0, metavar="S", help="seconds a prompt")
    parser.add_argument("--out", type=Path, default=OUT, metavar="DIR", help="where --play leaves things")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    return parser


def _headless(options: argparse.Namespace) -> int:
    """One visit with a scripted citizen and no window."""
    with (
        tempfile.TemporaryDirectory(prefix="kiosk-") as folder,
        BenchProcess(Path(folder), options.level or "ideal", options.seed) as bench,
    ):
        kiosk = KioskProcess(bench.site, headless=True)
        try:
            link = kiosk.connect()
            citizen = Citizen(link, DataHands(link), bench.world, plan_of(options))
            report = citizen.visit()
            link.close()
        finally:
            kiosk.stop()
        said = verdict(report, bench.world, options.persona, Path(folder))
    if options.json:
        print(json.dumps(said, ensure_ascii=False))
    else:
        print(f"{said['outcome']} {said['reason']} {said['case']}")
    return 0 if all(value is True for value in said["invariants"].values()) else 1


def plan_of(options: argparse.Namespace) -> Plan:
    """Return what the citizen wants, from the command line."""
    return Plan(
        persona=options.persona,
        service=options.service,
        language=options.language,
        think_s=options.think,
        pay_by=options.pay_by or ("wechat" if options.persona == "chen-haoran" else "payment_terminal"),
    )


def _by_hand(options: argparse.Namespace) -> int:
    """Bench and kiosk in a window, until the window is closed or Ctrl-C comes."""
    from simulators.bench import OFFICERS, Bench  # heavy, and in the other ways a process of its own

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Bench(OUT / "state", LEVELS[options.level or "real"], options.seed) as bench:
        bench.world.do("persona", {"name": options.persona})
        bench.power.on(headless=False)
        print(f"The kiosk is on the display, and in a browser with its whole world: {bench.panel_url}")
        print(f"The back office for officers: {bench.hire()}")
        print(f"  log in as one of simulators/{OFFICERS.name}, password {bench.token}")
        print(f"State and logs: {bench.state}", flush=True)
        try:
            while bench.power.state()["ended"]["how"] != "by-itself":
                time.sleep(0.5)
        except KeyboardInterrupt:
            pass
        ended = bench.power.off()
    return ended.exit_code if ended.how == "by-itself" else 0


if __name__ == "__main__":
    sys.exit(main())
