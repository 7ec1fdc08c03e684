"""Certificates: making and signing one, checking its bytes, and the whole service at a person's pace."""

from __future__ import annotations

import asyncio
import statistics
import time

from kiosk.paper_check import Expected, PaperCheck
from simulators.back_office.papers import Papers
from simulators.citizen import Plan
from simulators.hands import TouchHands
from simulators.level import REAL
from tests.bench.rig import running

PAPERS = 40
THINK_S = 3.0
PERSON = Expected("无犯罪记录证明", "330212-20261122-000001-K", "严䶮", "330212195603219972")
DATA = {
    "serial": PERSON.serial, "code": "2" * 16, "spoken_code": "2222 2222 2222 2222", "authority": "测试",
    "name": PERSON.name, "number": PERSON.number, "sex": "男", "nation": "汉族", "birth": "1956-03-21",
    "purpose": "求职就业", "issued": "2026-11-22", "valid_days": 90, "valid_until": "2027-02-20",
    "kiosk": "330212K01", "case_no": "330212K01-20261122-0001-I", "register": {}, "sample": True,
}  # fmt: skip


def measure() -> dict[str, float]:
    """Return ``certificate.render_sign_s`` and ``check_s`` (the slowest of a series), ``real_s`` of a visit.

    What comes first loads Typst, the fonts and pyHanko; it stands by itself.
    """
    papers = Papers()
    check = PaperCheck(papers.seal.anchor)
    made_s, checked_s = [], []
    for number in range(PAPERS):
        begun_s = time.perf_counter()
        pdf = papers.make("no-criminal-record", {**DATA, "valid_days": number}, "https://verify.example/2222")
        made_s.append(time.perf_counter() - begun_s)
        begun_s = time.perf_counter()
        asyncio.run(check.check(pdf, PERSON))
        checked_s.append(time.perf_counter() - begun_s)
    with running(REAL, headless=False) as rig:
        rig.until("attract")
        plan = Plan(service="certificates", think_s=THINK_S)
        report = rig.visit(plan, hands=TouchHands(rig.link), timeout_s=200)
    return {
        "certificate.first_s": made_s[0],
        "certificate.render_sign_s": max(made_s[1:]),
        "certificate.render_sign_median_s": statistics.median(made_s[1:]),
        "certificate.check_s": max(checked_s[1:]),
        "certificate.real_s": report["seconds"]["total"],
    }
