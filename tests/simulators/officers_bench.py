"""Officers at their desks: each a browser's worth of cookies, for the tests of the back office."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from argon2 import PasswordHasher
from sqlalchemy import insert, select

from simulators.back_office import officers
from tests.simulators.back_office_bench import LI, Bench

PASSWORD = "for tests only 1"
STATION, OTHER_STATION, DISTRICT, BUREAU = "33021201", "33021202", "330212", "330200"
ACCOUNTS: list[dict[str, Any]] = [
    {"login": login, "name": name, "station": station, "roles": roles, "password": PASSWORD}
    for login, name, station, roles in (
        ("accept", "受理员", STATION, ["accepting"]),
        ("review", "审核员", STATION, ["reviewer"]),
        ("decide", "审批员", STATION, ["decider"]),
        ("both", "双岗", STATION, ["reviewer", "decider"]),
        ("other", "邻所", OTHER_STATION, ["accepting", "reviewer"]),
        ("district", "分局", DISTRICT, ["reviewer", "decider"]),
        ("audit", "审计", BUREAU, ["auditor"]),
    )
]
_rows: list[dict[str, Any]] = []


class Desk:
    """An officer who is logged in."""

    def __init__(self, bench: Bench, login: str, password: str = PASSWORD) -> None:
        self._url = bench.server.url
        self.session = requests.Session()
        self._bench = bench
        answer = self.session.post(
            f"{self._url}/v1/office/login", json={"login": login, "password": password}, timeout=10
        )
        answer.raise_for_status()
        self.csrf = str(answer.json()["csrf"])
        self._keys = 0

    def get(self, path: str, **query: Any) -> Any:
        answer = self.session.get(f"{self._url}/v1/office/{path}", params=query, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, **body: Any) -> requests.Response:
        self._keys += 1
        headers = {"X-CSRF-Token": self.csrf, "Idempotency-Key": f"{self.csrf}{self._keys}"}
        return self.session.post(
            f"{self._url}/v1/office/{path}", json=body or None, headers=headers, timeout=10
        )


def cheap_passwords(patch: pytest.MonkeyPatch) -> None:
    """Hash passwords fast: many log in here, and nobody tries them out."""
    patch.setattr(officers, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    officers._nobody.cache_clear()


def hire(bench: Bench) -> None:
    """Enter the officers; their passwords are hashed once for all tests."""
    with bench.desk.office.store.begin() as db:
        if not _rows:
            officers.enter(db, ACCOUNTS)
            _rows.extend(dict(row) for row in db.execute(select(officers.officers)).mappings())
        else:
            db.execute(insert(officers.officers), _rows)


def open_case(
    bench: Bench, case_no: str, service: str = "residence-permit", kiosk: str = "330212K01"
) -> None:
    """Open a case of the applicant Li with a phone."""
    opened = {
        "case_no": case_no,
        "kiosk": kiosk,
        "service": service,
        "opened_at": bench.now.isoformat(),
        "applicant": {
            "id_number": LI["id_card"]["number"],
            "name": LI["id_card"]["name"],
            "phone": "13800000001",
        },
    }
    bench.post("/v1/cases", opened, key=f"open-{case_no}").raise_for_status()


def apply(bench: Bench, case_no: str, *codes: str, form: str = "electronic") -> Any:
    """Hand papers in at the kiosk; return the acceptance."""
    body = {"materials": [{"code": code, "form": form} for code in codes]}
    answer = bench.post(f"/v1/cases/{case_no}/application", body, key=f"apply-{case_no}-{len(codes)}")
    answer.raise_for_status()
    return answer.json()


def accepted(bench: Bench, case_no: str, service: str = "residence-permit", form: str = "electronic") -> Any:
    """Open a case and hand everything in."""
    open_case(bench, case_no, service)
    item = bench.get(f"/v1/items/{service}")
    return apply(bench, case_no, *(material["code"] for material in item["materials"]), form=form)


def days(bench: Bench, number: float) -> None:
    """Let days pass."""
    bench.wait(number * 86400)
