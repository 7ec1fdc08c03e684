"""``python -m tests.services_page`` prints the page ``docs/services.md``: every service as it is declared.

Devices, rules and effects come from the declaration, the tests from the scenario files of the service.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kiosk.journal.effects import KINDS
from kiosk.services import Service, all_services
from kiosk.texts import LANGUAGES, Catalogue
from simulators.scenario_file import Scenario, load_all

ROOT = Path(__file__).parent.parent


def page() -> str:
    """Return the page as Markdown."""
    texts = Catalogue.load(ROOT / "config" / "strings")
    scenarios = load_all()
    lines = [
        "# Services (事项)",
        "",
        "Made from the declarations in `kiosk/services/`, the rules, and the scenario files by",
        "`python -m tests.services_page > docs/services.md`; a test compares. In the order of the home",
        "screen.",
        "",
        "| service | 事项 | needs | one of each | rules | minutes |",
        "|---|---|---|---|---|---|",
        *(_row(service, texts) for service in all_services().values()),
    ]
    for service in all_services().values():
        own = [one for one in scenarios if one.citizen.service == service.name]
        lines += ["", *_section(service, texts, own)]
    return "\n".join(lines) + "\n"


def _row(service: Service, texts: Catalogue) -> str:
    chinese, _ = (texts.say(service.title, language) for language in LANGUAGES)
    needs = ", ".join(f"`{name}`" for name in service.needs) or "–"
    one_of = "; ".join(" or ".join(f"`{name}`" for name in group) for group in service.one_of) or "–"
    rules = ", ".join(f"`{name}`" for name in service.rules) or "–"
    anchor = f"[`{service.name}`](#{service.name})"
    return f"| {anchor} | {chinese} | {needs} | {one_of} | {rules} | {service.minutes} |"


def _section(service: Service, texts: Catalogue, scenarios: list[Scenario]) -> Iterator[str]:
    yield f"## {service.name}"
    yield ""
    module = service.script.__module__.replace(".", "/")
    yield f"{texts.say(service.title, 'en')}: {texts.say(service.summary, 'en')}. `{module}.py`"
    yield ""
    if service.effects:
        yield "| effect | asked after a crash | what makes good |"
        yield "|---|---|---|"
        for name in service.effects:
            kind = KINDS[name]
            good = f"`{kind.compensation}`" if kind.compensation else kind.escalation or "–"
            yield f"| `{name}` | {kind.question} | {good} |"
        yield ""
    sources = list(_sources(service))
    if sources:
        yield "Rules and where they were published:"
        yield ""
        yield from sources
        yield ""
    yield f"Tests, {len(scenarios)} scenarios, and a death at each point of the first that goes well:"
    yield ""
    for one in scenarios:
        yield f"- {one.title} (`{one.name}`)"


def _sources(service: Service) -> Iterator[str]:
    for file in service.rules:
        tables: dict[str, Any] = tomllib.loads((ROOT / "config/rules" / file).read_text("utf-8"))
        for name, entries in tables.items():
            for entry in entries if isinstance(entries, list) else []:
                until = f" until {entry['until']}" if "until" in entry else ""
                yield f"- `{name}` from {entry['from']}{until}: {entry['source']}"


if __name__ == "__main__":
    print(page(), end="")
