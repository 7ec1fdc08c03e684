"""The page of a kiosk that could not be started: out of service, where else to go, whom to call.

It needs no device, no journal and no back office: one of them may be the reason. The supervisor shows it
after several starts that failed (``systemd/kiosk-closed.service``), and tries the kiosk again later.
"""

from __future__ import annotations

from kiosk.prompts import OutOfService, Row, Tone
from kiosk.settings import Settings
from kiosk.texts import text, verbatim


def out_of_service(settings: Settings) -> OutOfService:
    """Return the page, for citizens above and for staff below."""
    return OutOfService(
        "closed",
        text("out-of-service.question"),
        text("out-of-service.body"),
        Tone.NEEDS_YOU,
        elsewhere=text("out-of-service.elsewhere", place=text("site.elsewhere")),
        staff=(
            Row(text("out-of-service.staff.machine"), verbatim(settings.site.id)),
            Row(text("out-of-service.staff.hotline"), verbatim(settings.site.hotline)),
            Row(text("out-of-service.staff.why"), text("out-of-service.staff.not-started")),
        ),
    )
