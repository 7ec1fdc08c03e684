"""The server against its own OpenAPI document: schemathesis makes the requests, fitting and unfitting ones.

Every operation, as a kiosk or as an officer with every role. Nothing may end in a 5xx, and every answer
is one that the document describes.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import CHECKS, load_all_checks

from simulators.back_office import officers
from simulators.back_office.openapi import KEY_PATTERN, document
from simulators.back_office.operations import OPERATIONS
from simulators.back_office.roles import ROLES
from tests.simulators.back_office_bench import HONG_KONG, TOKEN, Bench, SharedHosts
from tests.simulators.officers_bench import STATION, Desk, accepted, cheap_passwords
from tests.simulators.postgres import PostgresServer

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "6"))
"""Of each operation. For a long run: SCHEMATHESIS_EXAMPLES=200."""

load_all_checks()
CHECKED: Any = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
        "positive_data_acceptance",
        "missing_required_header",
        "ignored_auth",
    ]
)

schema = schemathesis.openapi.from_dict(document(OPERATIONS))
schema.config.generation.update(with_security_parameters=False)
# A list that is too long may make the whole request too large, which is said first.
schema.config.checks.negative_data_rejection.expected_statuses.append("413")


@pytest.fixture(scope="module")
def bench(postgres: PostgresServer, payment_hosts: SharedHosts) -> Iterator[Bench]:
    """A server on PostgreSQL, which is the stricter of the two, with something in its registers."""
    bench = Bench(postgres.database(), payment_hosts)
    with pytest.MonkeyPatch.context() as patch:
        cheap_passwords(patch)
        chief = {"login": "chief", "name": "全", "station": STATION, "roles": ROLES, "password": "all 1"}
        with bench.desk.office.store.begin() as db:
            officers.enter(db, [chief])
        accepted(bench, "CASE-1")
        bill = bench.quote("CASE-2", [HONG_KONG])
        bench.pay_at_terminal("CASE-2", bill, "ORDER0001")
        yield bench
    bench.close()


@pytest.fixture(scope="module")
def chief(bench: Bench) -> Desk:
    return Desk(bench, "chief", "all 1")


def credentials(bench: Bench, desk: Desk) -> dict[str, Any]:
    """What gets in: the kiosk's token, and an officer's session with its CSRF token."""
    return {
        "headers": {"Authorization": f"Bearer {TOKEN}", "X-CSRF-Token": desk.csrf},
        "cookies": desk.session.cookies.get_dict(),
    }


def _whole(value: Any) -> Any:
    """Write 1.0 as 1: JSON Schema takes it for an integer, we do not."""
    if isinstance(value, dict):
        return {name: _whole(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
def test_every_operation_keeps_to_the_document(
    bench: Bench, chief: Desk, case: schemathesis.Case[Any]
) -> None:
    if case.operation.path == "/v1/office/logout":
        shown = credentials(bench, Desk(bench, "chief", "all 1"))
    else:
        shown = credentials(bench, chief)
    case.body = _whole(case.body)
    if re.fullmatch(KEY_PATTERN, str(case.headers.get("Idempotency-Key", ""))) is not None:
        # The same key for another request is refused, which no document can say.
        case.headers["Idempotency-Key"] = uuid.uuid4().hex
    case.call_and_validate(base_url=bench.server.url, checks=CHECKED, **shown)
