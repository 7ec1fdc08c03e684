"""Prompts as plain JSON values, for the debug link."""

from __future__ import annotations

import base64
import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from kiosk.prompts.parts import Json, Prompt


def kind(prompt: Prompt) -> str:
    """Return the prompt's kind: its class name in kebab case."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", type(prompt).__name__).lower()


def to_json(value: object) -> Json:
    """Return ``value`` (a page, prompt, answer or part of one) as plain JSON values.

    Prompts carry their ``kind``; bytes become base64.
    """
    if isinstance(value, Prompt):
        return {"kind": kind(value), **_fields(value)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fields(value)
    if isinstance(value, Mapping):
        return {str(name): to_json(part) for name, part in value.items()}
    if isinstance(value, (tuple, list)):
        return [to_json(part) for part in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value


def _fields(value: Any) -> dict[str, Json]:
    return {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
