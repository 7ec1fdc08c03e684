"""The OpenAPI 3.1 document, made from the table of operations and the contract's models."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from simulators.back_office.contract import Failure, Part
from simulators.back_office.desk import MESSAGES
from simulators.back_office.operation import Operation
from simulators.back_office.sessions import COOKIE

_REF: Final = "#/components/schemas/{model}"
_FAILURES: Final = {
    400: "The request does not fit the contract",
    401: "No or a wrong token",
    404: "No such record",
    403: "Not with this role, or without the CSRF token",
    409: "Refused; the error says why",
    413: "The request is too large",
    422: "The Idempotency-Key was used for another request",
    500: "The system failed; ask again",
    503: "Not now; ask again",
}
_SECURITY: Final[dict[str, list[dict[str, list[str]]]]] = {
    "kiosk": [{"token": []}],
    "officer": [{"session": []}],
    "open": [],
}
KEY_PATTERN: Final = r"^[\x21-\x7e]{1,128}$"


def document(operations: Iterable[Operation]) -> dict[str, Any]:
    """Return the document as JSON values."""
    table = tuple(operations)
    models: list[type[Part]] = [Failure]
    for operation in table:
        spoken = operation.model if operation.method != "GET" else None
        models += [m for m in (spoken, operation.answer) if m is not None and m not in models]
    # Two desks may call a model by the same name: the references say which is meant.
    named, schemas = models_json_schema([(m, "validation") for m in models], ref_template=_REF)
    references = {model: reference for (model, _), reference in named.items()}
    paths: dict[str, dict[str, Any]] = {}
    for operation in table:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _describe(operation, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Back office of the self-service kiosk",
            "version": "1.0.0",
            "description": "Money in fen. A POST with an Idempotency-Key may be repeated: the stored "
            "answer comes again; a PUT may be repeated as it is. "
            "Error codes: " + ", ".join(sorted(MESSAGES)) + ".",
        },
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "a kiosk"},
                "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "an officer"},
            },
        },
    }


def _describe(operation: Operation, references: Mapping[Any, Any]) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": kind.json_schema()}
        for name, kind in operation.numbers.items()
    ]
    if operation.method == "GET" and operation.model is not None:
        schema = operation.model.model_json_schema()
        parameters += [
            {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": kind}
            for name, kind in schema["properties"].items()
        ]
    if operation.keyed:
        parameters.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "schema": {"type": "string", "pattern": KEY_PATTERN},
            }
        )
    if operation.door == "officer" and operation.method != "GET":
        parameters.append(
            {"name": "X-CSRF-Token", "in": "header", "required": True, "schema": {"type": "string"}}
        )
    described: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", operation.name).strip("_"),
        "summary": operation.summary,
        "security": _SECURITY[operation.door],
        "parameters": parameters,
        "responses": {str(operation.status): _body(references[operation.answer], "Done")}
        | {str(status): _body(references[Failure], words) for status, words in _FAILURES.items()},
    }
    if operation.method != "GET" and operation.model is not None:
        described["requestBody"] = {"required": True, **_body(references[operation.model])}
    return described


def _body(reference: Any, description: str | None = None) -> dict[str, Any]:
    content: dict[str, Any] = {"content": {"application/json": {"schema": reference}}}
    return content if description is None else {"description": description, **content}
