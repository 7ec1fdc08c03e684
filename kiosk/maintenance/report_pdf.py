"""The readiness report as a PDF, set by typst from ``config/templates/readiness.typ``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from kiosk.settings import ROOT

TEMPLATE: Final = ROOT / "config/templates/readiness.typ"


def pdf(report: Mapping[str, Any], fonts: Path) -> bytes:
    """Return the PDF of a report's ``body``; takes a third of a second, so call it beside the window."""
    import typst  # loaded only when a report is made: it would slow every start

    make: Any = typst.compile
    page: bytes = make(
        str(TEMPLATE),
        font_paths=[fonts],
        ignore_system_fonts=True,
        sys_inputs={"report": json.dumps(report, ensure_ascii=False)},
    )
    return page
