"""What a printer says of itself, in XFS4IoT's words."""

from __future__ import annotations

import pytest

from devices.base import StaffAction, State
from devices.document_printer.reasons import IDLE, MEANINGS, PROCESSING, STOPPED, status_from


@pytest.mark.parametrize(
    ("reason", "fault", "action", "part"),
    [
        ("media-empty-error", "paperOut", StaffAction.CLEAR, ("paper", "out")),
        ("media-jam-error", "paperJammed", StaffAction.CLEAR, ("paper", "jammed")),
        ("toner-empty-error", "tonerOut", StaffAction.MAINTENANCE, ("toner", "out")),
        ("cover-open-error", "coverOpen", StaffAction.CLEAR, ("cover", "open")),
        ("door-open", "coverOpen", StaffAction.CLEAR, ("cover", "open")),
        ("output-area-full-error", "stackerFull", StaffAction.CLEAR, ("output", "full")),
        ("marker-waste-full-error", "wasteTonerFull", StaffAction.MAINTENANCE, ("toner", "full")),
        ("fuser-over-temp-error", "hardwareError", StaffAction.MAINTENANCE, ("state", "stopped")),
        ("paused", "offline", StaffAction.RESET, ("state", "stopped")),
        ("shutdown", "powerOff", StaffAction.RESET, ("state", "stopped")),
        ("com.example.gremlin-error", "hardwareError", StaffAction.RESET, ("state", "stopped")),
        ("none", "offline", StaffAction.RESET, ("state", "stopped")),
    ],
)
def test_a_printer_that_has_stopped(
    reason: str, fault: str, action: StaffAction, part: tuple[str, str]
) -> None:
    status = status_from(STOPPED, [reason], True)
    assert (status.fault, status.action, status.usable) == (fault, action, False)
    assert status.parts[part[0]] == part[1]


@pytest.mark.parametrize("ending", ["-report", "-warning"])
@pytest.mark.parametrize(
    ("reason", "warning", "part"),
    [
        ("media-low", "paperLow", ("paper", "low")),
        ("media-empty", "paperLow", ("paper", "low")),
        ("toner-low", "tonerLow", ("toner", "low")),
        ("toner-empty", "tonerLow", ("toner", "low")),
        ("output-area-almost-full", "stackerHigh", ("output", "high")),
        ("opc-near-eol", "maintenanceDue", ("state", "processing")),
        ("com.example.gremlin", "unknownReason", ("state", "processing")),
    ],
)
def test_a_printer_that_goes_on(reason: str, ending: str, warning: str, part: tuple[str, str]) -> None:
    status = status_from(PROCESSING, [reason + ending], True)
    assert (status.state, status.fault, status.warnings) == (State.ONLINE, None, (warning,))
    assert status.parts[part[0]] == part[1]


def test_the_ending_decides_while_it_goes_on_and_no_ending_is_an_error() -> None:
    assert status_from(IDLE, ["media-jam-report"], True).usable
    assert status_from(IDLE, ["media-jam-error"], True).fault == "paperJammed"
    assert status_from(IDLE, ["media-jam"], True).fault == "paperJammed"
    assert status_from(STOPPED, ["media-jam-report"], True).fault == "paperJammed"


def test_a_job_that_needs_paper_waits_however_mild_that_is_said() -> None:
    assert status_from(PROCESSING, ["media-empty-warning", "media-needed-warning"], True).fault == "paperOut"


def test_what_is_low_is_no_fault_even_as_an_error() -> None:
    assert status_from(IDLE, ["toner-low-error", "stopped-partly"], True).warnings == (
        "tonerLow", "stoppedPartly",
    )  # fmt: skip


def test_several_at_once_are_all_kept() -> None:
    status = status_from(STOPPED, ["cover-open-error", "media-jam-error", "toner-low-warning"], True)
    assert (status.fault, status.warnings) == ("coverOpen", ("tonerLow",))
    assert (status.parts["paper"], status.parts["reasons"]) == (
        "jammed", "cover-open-error media-jam-error toner-low-warning",
    )  # fmt: skip


def test_a_printer_that_takes_no_jobs_is_busy() -> None:
    status = status_from(IDLE, ["none"], False)
    assert (status.state, status.fault, status.action) == (
        State.DEVICE_BUSY, "deviceBusy", StaffAction.SUSPEND,
    )  # fmt: skip


def test_a_state_that_is_none() -> None:
    with pytest.raises(ValueError):
        status_from(7, [], True)


def test_every_reason_of_the_standard_means_something() -> None:
    """RFC 8011, 5.4.12, without ``none`` and ``other``."""
    standard = """media-needed media-jam moving-to-paused paused shutdown connecting-to-device timed-out
        stopping stopped-partly toner-low toner-empty spool-area-full cover-open interlock-open door-open
        input-tray-missing media-low media-empty output-tray-missing output-area-almost-full
        output-area-full marker-supply-low marker-supply-empty marker-waste-almost-full marker-waste-full
        fuser-over-temp fuser-under-temp opc-near-eol opc-life-over developer-low developer-empty
        interpreter-resource-unavailable"""
    assert set(standard.split()) <= set(MEANINGS)
