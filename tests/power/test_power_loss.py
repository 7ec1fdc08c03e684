"""Power cuts in the middle of visits: whatever the disk then holds, every acknowledged commit is there.

The counts are printed; ``python -m tests.power`` cuts at every single write.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.counts import Counted
from tests.power.disk import Acknowledged, Disk, Name, Step, Sync, Truncate, UnknownCall, Write, recorded
from tests.power.replay import record, replay


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> list[Step]:
    """What two starts with six visits each did to the disk; a checkpoint after every hundred pages."""
    return record(tmp_path_factory.mktemp("power"), "--visits", "6", "--checkpoint-pages", "100")


def test_the_recording_holds_what_a_machine_does(steps: list[Step]) -> None:
    """Visits' commits, checkpoints into the file, a log that begins anew, the journal made and closed."""
    written = [step for step in steps if isinstance(step, Write)]
    assert sum(isinstance(step, Acknowledged) for step in steps) > 150
    assert sum(step.file == "journal.db-wal" and step.offset == 0 for step in written) > 5
    assert sum(step.file == "journal.db" for step in written) > 100
    assert Name("journal.db-wal", False) in steps
    for number, step in enumerate(steps):
        if isinstance(step, Acknowledged):
            before = next(one for one in reversed(steps[:number]) if not isinstance(one, Acknowledged))
            assert not isinstance(before, Write), "acknowledged before the disk had it"


def test_no_power_cut_loses_what_was_acknowledged(steps: list[Step], counted: Counted) -> None:
    tally = replay(steps, variants=3, every=8, most=60)
    counted(f"power: {tally}")
    assert tally.distinct > 150
    assert tally.recoveries > 35
    assert not tally.found, str(tally)


def test_commits_that_do_not_wait_for_the_disk_are_found(tmp_path: Path) -> None:
    """``synchronous=NORMAL`` syncs at checkpoints only: the same replay must find what it loses."""
    relaxed = record(tmp_path, "--visits", "3", "--checkpoint-pages", "100", "--synchronous", "NORMAL")
    tally = replay(relaxed, variants=2, every=50, most=15)
    assert tally.found["acknowledged commits lost"] > 5


def test_a_disk_that_does_not_keep_its_word_is_found(steps: list[Step]) -> None:
    lying = [step for step in steps if step != Sync("journal.db-wal")]
    tally = replay(lying, variants=1, every=500, most=8)
    assert tally.found["acknowledged commits lost"] > 1


def test_a_checkpoint_that_overtakes_its_log_is_found(steps: list[Step]) -> None:
    """Were the file not synced before the log begins anew, both could be half there."""
    lying = [step for step in steps if step != Sync("journal.db")]
    tally = replay(lying, variants=2, every=40, most=25)
    assert tally.found


# --- the model of the disk -------------------------------------------------------------------------------


def _play(disk: Disk, *steps: Step) -> None:
    for step in steps:
        disk.play(step)


def test_what_was_synced_is_in_every_image_and_the_rest_in_some() -> None:
    disk = Disk()
    for step in (
        Name("a", True),
        Sync(""),
        Write("a", 0, b"1" * 1024),
        Sync("a"),
        Write("a", 512, b"2" * 1024),
    ):
        disk.play(step)
    images = [image["a"] for image in disk.images(random.Random(1), 60)]
    assert all(image[:512] == b"1" * 512 for image in images)
    seconds = {image[512:1024] for image in images}
    assert {b"1" * 512, b"2" * 512, bytes(512)} <= seconds
    assert any(image[512:] == b"1" * 512 + b"2" * 512 for image in images), "sectors come in any order"
    assert {1024, 1536} <= {len(image) for image in images}


def test_files_are_reordered_and_names_come_and_go_with_their_folder() -> None:
    disk = Disk()
    _play(disk, Name("a", True), Name("b", True), Write("a", 0, b"a"), Write("b", 0, b"b"))
    images = list(disk.images(random.Random(1), 9))
    assert {} in images
    assert {"a": b"a", "b": b""} in images
    assert {"a": b"", "b": b"b"} in images
    _play(disk, Sync(""), Sync("a"), Sync("b"), Name("a", False))
    assert list(disk.images(random.Random(1), 0))[:2] == [{"a": b"a", "b": b"b"}, {"b": b"b"}]
    disk.play(Sync(""))
    assert disk.certain
    disk.play(Truncate("b", 0))
    assert {"b": b""} in list(disk.images(random.Random(1), 0))


def test_a_call_that_the_model_does_not_know_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"12")
    script = f"import os; os.truncate({str(tmp_path / 'journal.db')!r}, 1)"
    with pytest.raises(UnknownCall, match="truncate"):
        recorded(["python3", "-c", script], tmp_path, "acknowledged", tmp_path / "trace")
