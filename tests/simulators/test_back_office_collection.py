"""Finished documents: what should lie in each unit of a kiosk, and what becomes of one that was not there."""

from __future__ import annotations

from typing import Any

from simulators.people import load_personas
from tests.simulators.back_office_bench import Bench

HERE, ELSEWHERE = "330212K01", "330212K02"
CASE = "330212K01-20261122-0009-X"


def store(bench: Bench, kiosk: str) -> dict[int, list[str]]:
    units = bench.get(f"/v1/kiosks/{kiosk}/store")["units"]
    return {unit["unit"]: unit["documents"] for unit in units}


def test_a_document_that_was_not_theirs_is_promised_nobody_and_nowhere_again(bench: Bench) -> None:
    people = load_personas()
    bench.desk.reseed([person.tables() for person in people.values()])
    card = people["chen-haoran"].id_card

    def promised(kiosk: str = HERE) -> list[Any]:
        asked = {"kiosk": kiosk, "id_number": card.number, "name": card.name, "receipt": ""}
        found = bench.post("/v1/documents/search", asked).json()["documents"]
        return [document["document_no"] for document in found]

    assert store(bench, HERE) == {1: ["SL2026110001"], 2: ["SL2026110002", "SL2026110003"]}
    assert store(bench, ELSEWHERE) == {}
    assert (promised(), promised(ELSEWHERE)) == (["SL2026110002", "SL2026110003"], [])
    bench.open_case(CASE).raise_for_status()
    for slip, outcome in (("SL2026110002", "wrong"), ("SL2026110001", "missing")):
        told = {"case_no": CASE, "outcome": outcome, "detail": "accessDenied"}
        bench.post(f"/v1/documents/{slip}/outcome", told, key=f"{slip}-{outcome}").raise_for_status()
    assert (store(bench, HERE), promised()) == ({2: ["SL2026110003"]}, ["SL2026110003"])
