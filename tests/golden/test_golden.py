"""Each driver says byte for byte what it said before, and so does each simulator."""

from __future__ import annotations

from pathlib import Path

import pytest

from devices.recording import TraceDiffers
from devices.trace import read_trace
from tests.golden.__main__ import main
from tests.golden.difference import differences
from tests.golden.exchanges import EXCHANGES
from tests.golden.play import FOLDER, record, replay


@pytest.mark.parametrize("name", EXCHANGES)
def test_nothing_on_the_wire_has_changed(name: str, tmp_path: Path) -> None:
    found = differences(record(EXCHANGES[name], tmp_path))
    assert not found, f"{found}\nright? then: python -m tests.golden --accept {name}"


@pytest.mark.parametrize("name", EXCHANGES)
def test_the_driver_comes_to_the_same_with_the_trace_alone(name: str) -> None:
    replay(EXCHANGES[name])


def test_every_trace_belongs_to_an_exchange() -> None:
    files = {file for exchange in EXCHANGES.values() for file in exchange.files.values()}
    assert {path.name for path in FOLDER.iterdir()} == files


def test_a_changed_byte_of_the_driver_is_found(tmp_path: Path) -> None:
    exchange = EXCHANGES["id-card-lifted"]
    text = (FOLDER / "id-card-lifted.trace").read_text()
    (tmp_path / "id-card-lifted.trace").write_text(text.replace("20 01 22", "20 01 23", 1))
    with pytest.raises(TraceDiffers, match="event 1: byte 9"):
        replay(exchange, tmp_path)


def test_a_difference_is_shown_and_accepted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = "id-card-lifted"
    assert main(["--accept", name], tmp_path) == 0
    file = tmp_path / f"{name}.trace"
    capsys.readouterr()
    assert main(["--show", name], tmp_path) == 0
    assert capsys.readouterr().out == "no difference\n"
    file.write_text(file.read_text().replace("20 01 22", "20 01 23", 1))
    assert main(["--show", name], tmp_path) == 1
    assert "-> AA AA AA 96 69 00 03 20 01 23 | find\n" in capsys.readouterr().out
    assert main(["--accept", name], tmp_path) == 0
    assert len(read_trace(file)) > 5
    assert main(["--show", name], tmp_path) == 0


def test_an_exchange_that_is_none_is_refused() -> None:
    with pytest.raises(SystemExit):
        main(["--show", "nothing"])
