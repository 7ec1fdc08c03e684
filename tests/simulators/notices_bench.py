"""Personal notices for the tests of the back office: what somebody needs, filed with a signature."""

from __future__ import annotations

from typing import Any

from simulators.people import load_personas
from tests.simulators.back_office_bench import Bench

PEOPLE = load_personas()
SIGNATURE = {
    "width": 900,
    "height": 400,
    "strokes": [[{"x": 1, "y": 2, "t_ms": 0}, {"x": 9, "y": 4, "t_ms": 20}]],
}


def needed(bench: Bench, service: str, id_number: str = "", name: str = "") -> Any:
    """Ask what Li, or somebody else, needs."""
    card = PEOPLE["li-wenjing"].tables()["id_card"]
    asked = {
        "kiosk": "330212K01",
        "service": service,
        "id_number": id_number or card["number"],
        "name": name or card["name"],
    }
    answer = bench.post("/v1/notices/questions", asked, key="")
    answer.raise_for_status()
    return {paper["code"]: (paper["standing"], paper["grace_days"]) for paper in answer.json()["papers"]}


def file_notice(
    bench: Bench, case_no: str, service: str = "residence-permit", key: str = "", **more: Any
) -> Any:
    """File Li's notice as it is needed today."""
    card = PEOPLE["li-wenjing"].tables()["id_card"]
    papers = [{"code": code, "standing": standing} for code, (standing, _) in needed(bench, service).items()]
    shown = {
        "case_no": case_no,
        "service": service,
        "id_number": card["number"],
        "name": card["name"],
        "language": "en",
        "papers": papers,
        "signature": SIGNATURE,
    }
    return bench.post("/v1/notices", {**shown, **more}, key=key or f"{case_no}:notice")
