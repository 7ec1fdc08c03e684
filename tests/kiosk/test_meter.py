"""Whose time it is."""

from __future__ import annotations

from kiosk.meter import Meter


class Seconds:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_the_innermost_span_counts() -> None:
    seconds = Seconds()
    meter = Meter(seconds)
    seconds.now_s = 1
    with meter.citizen():
        seconds.now_s = 4
        with meter.devices():
            seconds.now_s = 6
        seconds.now_s = 7
    seconds.now_s = 7.5
    said = meter.seconds()
    assert (said.total, said.own, said.devices, said.citizen) == (7.5, 1.5, 2.0, 4.0)


def test_the_parts_make_the_whole_when_spans_end_out_of_order() -> None:
    seconds = Seconds()
    meter = Meter(seconds)
    citizen, devices = meter.citizen(), meter.devices()
    citizen.__enter__()
    devices.__enter__()
    seconds.now_s = 2
    citizen.__exit__(None, None, None)
    seconds.now_s = 3
    devices.__exit__(None, None, None)
    seconds.now_s = 5
    said = meter.seconds()
    assert said.own + said.devices + said.citizen == said.total == 5
