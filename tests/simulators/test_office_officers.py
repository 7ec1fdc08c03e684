"""Officers: log-in, sessions, roles, forged requests, lockout, and the trail of what they did."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from argon2 import Type
from sqlalchemy import delete, select, update

from simulators.back_office import officers
from simulators.back_office.audit import audit
from simulators.back_office.sessions import sessions
from tests.simulators.back_office_bench import Bench
from tests.simulators.officers_bench import PASSWORD, Desk, accepted


@pytest.fixture
def bench(bench_on_file: Bench) -> Bench:
    """One database is enough here: the tests of cases have officers on both."""
    return bench_on_file


def _log_in(bench: Bench, login: str, password: str) -> requests.Response:
    body = {"login": login, "password": password}
    return requests.post(f"{bench.server.url}/v1/office/login", json=body, timeout=10)


def _status(desk: Desk, path: str) -> int:
    with pytest.raises(requests.HTTPError) as error:
        desk.get(path)
    return error.value.response.status_code


def test_a_password_costs_who_tries_many() -> None:
    # RFC 9106's second recommended option: Argon2id, 64 MiB, three passes.
    cost = officers._hasher
    assert (cost.type, cost.memory_cost, cost.time_cost) == (Type.ID, 65536, 3)


def test_passwords_and_sessions_are_kept_as_digests_only(office: Bench) -> None:
    desk = Desk(office, "accept")
    cookie = next(iter(desk.session.cookies))
    assert (cookie.name, cookie.path) == ("office_session", "/v1/office")
    assert {"HttpOnly", "SameSite"} <= set(cookie._rest)  # type: ignore[attr-defined]
    with office.desk.office.store.begin() as db:
        hashes = db.scalars(select(officers.officers.c.password_hash)).all()
        digests = db.scalars(select(sessions.c.digest)).all()
    assert all(text.startswith("$argon2id$") for text in hashes)
    assert str(cookie.value) not in digests


def test_who_is_logged_in_and_out_again(office: Bench) -> None:
    desk = Desk(office, "both")
    me = desk.get("session")
    assert (me["login"], me["roles"], me["csrf"]) == ("both", ["decider", "reviewer"], desk.csrf)
    desk.post("logout").raise_for_status()
    assert not desk.session.cookies
    assert _status(desk, "session") == 401


def test_a_session_ends_when_it_is_not_used_and_after_a_day(office: Bench) -> None:
    idle, busy = Desk(office, "accept"), Desk(office, "review")
    office.wait(14 * 60)
    busy.get("session")
    office.wait(2 * 60)
    assert _status(idle, "session") == 401
    for _ in range(34):
        busy.get("session")
        office.wait(14 * 60)
    assert _status(busy, "session") == 401


def test_a_kiosks_token_is_no_officer_and_an_officer_is_no_kiosk(office: Bench) -> None:
    assert office.session.get(f"{office.server.url}/v1/office/cases", timeout=5).status_code == 401
    desk = Desk(office, "accept")
    assert desk.session.get(f"{office.server.url}/v1/health", timeout=5).status_code == 401


def test_a_request_without_the_csrf_token_does_nothing(office: Bench) -> None:
    accepted(office, "CA-1")
    desk = Desk(office, "review")
    for forged in ("", "x", "é"):
        desk.csrf = forged
        answer = desk.session.post(
            f"{office.server.url}/v1/office/cases/CA-1/review",
            json={"opinion": "grant", "reasons": ""},
            headers={"X-CSRF-Token": forged.encode(), "Idempotency-Key": "k"},
            timeout=5,
        )
        assert (answer.status_code, answer.json()["error"]) == (403, "csrf")
    assert office.get("/v1/cases/CA-1")["state"] == "accepted"


ROLES = {
    "review": {"review", "both", "other", "district"},
    "decision": {"decide", "both", "district"},
    "moves": {"accept", "review", "decide", "both", "other", "district"},
    "supplement-requests": {"accept", "review", "decide", "both", "other", "district"},
}
BODIES: dict[str, dict[str, Any]] = {
    "review": {"opinion": "grant", "reasons": ""},
    "decision": {"opinion": "grant", "reasons": "", "legal_basis": ""},
    "moves": {"what": "file", "to": "330212", "reason": "x"},
    "supplement-requests": {"code": "x", "title": "x", "days": 5},
}


def test_each_role_does_its_own_and_nothing_else(office: Bench) -> None:
    for login in ("accept", "review", "decide", "audit"):
        desk = Desk(office, login)
        for act, allowed in ROLES.items():
            answer = desk.post(f"cases/NONE-1/{act}", **BODIES[act])
            expected = (404, "not-found") if login in allowed else (403, "not-your-role")
            assert (answer.status_code, answer.json()["error"]) == expected, (login, act)
        audit_status = desk.session.get(f"{office.server.url}/v1/office/audit", timeout=5).status_code
        assert audit_status == (200 if login == "audit" else 403)


def test_wrong_passwords_lock_longer_each_time_and_a_restart_does_not_help(office: Bench) -> None:
    for _ in range(5):
        answer = _log_in(office, "accept", "wrong")
        assert (answer.status_code, answer.json()["error"]) == (401, "wrong-password")
    assert _log_in(office, "accept", PASSWORD).json()["error"] == "locked"
    office.restart()
    assert _log_in(office, "accept", PASSWORD).json()["error"] == "locked"
    assert _log_in(office, "review", PASSWORD).status_code == 200, "others are not locked out"
    office.wait(15 * 60 + 1)
    for _ in range(5):
        assert _log_in(office, "accept", "wrong").json()["error"] == "wrong-password"
    office.wait(15 * 60 + 1)
    assert _log_in(office, "accept", PASSWORD).json()["error"] == "locked"
    office.wait(15 * 60)
    assert _log_in(office, "accept", PASSWORD).status_code == 200
    assert _log_in(office, "accept", "wrong").json()["error"] == "wrong-password", "counted from the start"


def test_nobody_learns_which_logins_there_are(office: Bench) -> None:
    assert _log_in(office, "nobody", "x").json() == _log_in(office, "accept", "x").json()


def test_an_account_is_entered_anew_with_its_own_password(office: Bench) -> None:
    account = {"login": "accept", "name": "新", "station": "330212", "roles": ["auditor"], "password": "n 1"}
    with office.desk.office.store.begin() as db:
        officers.enter(db, [account])
    assert _log_in(office, "accept", PASSWORD).status_code == 401
    assert _log_in(office, "accept", "n 1").json()["roles"] == ["auditor"]
    with office.desk.office.store.begin() as db, pytest.raises(ValueError, match="no role chief"):
        officers.enter(db, [{**account, "roles": ["chief"]}])


def test_everything_an_officer_does_is_in_the_trail(office: Bench) -> None:
    accepted(office, "CA-1")
    reviewer = Desk(office, "review")
    reviewer.get("cases/CA-1")
    reviewer.post("cases/CA-1/review", opinion="grant", reasons="").raise_for_status()
    reviewer.get("messages")
    reviewer.post("logout").raise_for_status()
    trail = Desk(office, "audit").get("audit")
    assert trail["whole"] is True
    assert [(e["officer"], e["act"], e["case_no"]) for e in reversed(trail["entries"])] == [
        ("review", "log-in", ""),
        ("review", "view", "CA-1"),
        ("review", "review", "CA-1"),
        ("review", "read-messages", ""),
        ("review", "log-out", ""),
        ("audit", "log-in", ""),
    ]


def test_a_refused_act_leaves_neither_trace_nor_trail(office: Bench) -> None:
    accepted(office, "CA-1")
    other = Desk(office, "other")
    assert other.post("cases/CA-1/review", opinion="grant", reasons="").status_code == 409
    assert [e["act"] for e in Desk(office, "audit").get("audit")["entries"]] == ["log-in", "log-in"]


@pytest.mark.parametrize("spoil", ["changed", "missing", "first missing"])
def test_a_trail_that_was_meddled_with_does_not_hold(office: Bench, spoil: str) -> None:
    desk = Desk(office, "audit")
    for _ in range(3):
        desk.post("logout").raise_for_status()
        desk = Desk(office, "audit")
    assert desk.get("audit")["whole"] is True
    with office.desk.office.store.begin() as db:
        if spoil == "changed":
            db.execute(update(audit).where(audit.c.number == 2).values(officer="accept"))
        else:
            db.execute(delete(audit).where(audit.c.number == (2 if spoil == "missing" else 1)))
    assert desk.get("audit")["whole"] is False


def test_pages_of_a_long_trail_hold_each_by_itself(office: Bench) -> None:
    accepted(office, "CA-1")
    desk = Desk(office, "accept")
    for _ in range(120):
        desk.get("cases/CA-1")
    auditor = Desk(office, "audit")
    newest = auditor.get("audit")
    assert (len(newest["entries"]), newest["whole"]) == (100, True)
    older = auditor.get("audit", before=newest["entries"][-1]["number"])
    assert (older["entries"][-1]["number"], older["whole"]) == (1, True)
    assert auditor.get("audit", before=1) == {"entries": [], "whole": True}
