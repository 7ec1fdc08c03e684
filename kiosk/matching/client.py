"""``Matcher``: the kiosk's side of the comparisons. Nothing here blocks the event loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import numpy as np

from kiosk.matching import wire
from kiosk.matching.child import Child, Declined, default_command
from kiosk.matching.config import MatchingConfig
from kiosk.matching.decisions import (
    FaceDecision,
    FingerDecision,
    Framing,
    MatcherFailed,
    MatcherMisconfigured,
    face_decision_from,
    finger_decision_from,
    framing_from,
)
from kiosk.matching.wire import Pixels

Decision = TypeVar("Decision")

_REFERENCE_LIMIT: Final = 4096
_RECORD_MAGIC: Final = b"FMR\x00"


class Matcher:
    """Owns one child process, talks to it, and replaces it when it dies, hangs or talks nonsense.

    One call runs at a time; others wait for it. A call whose child fails ends as ``MatcherFailed``, and
    a new child is on its way: the person can try again. Cancelling a call drops its answer and leaves
    the child alone.

    Pictures go to the child straight from the caller's arrays; the child overwrites its copies. The
    arrays belong to the caller, who calls ``wipe`` on them when the visit is done with them.
    """

    def __init__(
        self,
        config: MatchingConfig | None = None,
        command: Sequence[str] | None = None,
        restarted: Callable[[int], None] = lambda _: None,
    ) -> None:
        """``command`` starts another child (tests); ``restarted`` is told how often a child was replaced.

        Raises ``MatcherMisconfigured``.
        """
        self._config = config if config is not None else MatchingConfig.load()
        self._command = tuple(command) if command is not None else default_command()
        self._child: Child | None = None
        self._turn = asyncio.Lock()
        self._alive = asyncio.Event()
        self._stopping = False
        self._keeper: asyncio.Task[None] | None = None
        self._calls: set[asyncio.Task[Any]] = set()
        self._backoff_s = self._config.worker.backoff_first_s
        self.trouble: MatcherMisconfigured | None = None
        """What staff must mend, when the child says that it cannot work at all."""
        self._restarted, self._restarts = restarted, 0

    @property
    def pid(self) -> int | None:
        """The child's process id, None while there is none."""
        return self._child.pid if self._child is not None else None

    async def start(self) -> None:
        """Start the child and wait until it can guide and compare.

        Raises ``MatcherMisconfigured`` (missing engine or weights) and ``MatcherFailed``.
        """
        if self._keeper is not None:
            return
        self._stopping = False
        self.trouble = None
        await self._spawn()
        self._keeper = asyncio.create_task(self._keep(), name="matcher")

    async def stop(self) -> None:
        """End the child; a call under way ends as ``MatcherFailed``."""
        self._stopping = True
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None
        busy = self._turn.locked()
        await self._drop(self._child, at_once=busy)
        for call in tuple(self._calls):
            with contextlib.suppress(Exception):
                await call

    async def ready(self) -> bool:
        """Tell whether the child answers and has both engines loaded; one that hangs is replaced."""
        try:
            await self._call("ping", (), self._config.worker.start_s, lambda _: None)
        except (MatcherFailed, MatcherMisconfigured):
            return False
        return self._child is not None and self._child.warm

    async def guide(self, frame: Pixels) -> Framing:
        """Say what the person should do, for one frame (rows, columns, 3; 8-bit blue, green, red).

        Raises ``MatcherFailed``, ``MatcherMisconfigured``; ``ValueError`` for what is no such frame.
        """
        _check_colour(frame)
        return await self._call("guide", (frame,), self._config.worker.guide_s, framing_from)

    async def compare_face(self, photo: Pixels, frames: Sequence[Pixels]) -> FaceDecision:
        """Decide whether ``photo`` (the card's, grey or colour) and the best of ``frames`` show one person.

        At most 15 frames. Raises as ``guide``.
        """
        if photo.ndim == 2:
            wire.check(photo)
        else:
            _check_colour(photo)
        if not 1 <= len(frames) < wire.ARRAYS_LIMIT:
            raise ValueError(f"{len(frames)} frames")
        for frame in frames:
            _check_colour(frame)
        return await self._call(
            "compare-face", (photo, *frames), self._config.worker.face_s, face_decision_from
        )

    async def compare_finger(self, references: Sequence[bytes], image: Pixels) -> FingerDecision:
        """Compare the pad's ``image`` (rows, columns; 8-bit grey) with ISO/IEC 19794-2:2005 records.

        The best reference counts. Raises as ``guide``; ``ValueError`` also for what is no record.
        """
        wire.check(image)
        limits = self._config.finger
        if image.ndim != 2 or not all(limits.side_px_min <= n <= limits.side_px_max for n in image.shape):
            raise ValueError(f"a finger image of shape {image.shape}")
        if not 1 <= len(references) < wire.ARRAYS_LIMIT:
            raise ValueError(f"{len(references)} references")
        for reference in references:
            if not reference.startswith(_RECORD_MAGIC) or len(reference) > _REFERENCE_LIMIT:
                raise ValueError("a reference that is no ISO/IEC 19794-2:2005 record")
        records = [np.frombuffer(reference, np.uint8) for reference in references]
        return await self._call(
            "compare-finger", (image, *records), self._config.worker.finger_s, finger_decision_from
        )

    async def _call(
        self, op: str, arrays: Sequence[Pixels], limit_s: float, read: Callable[[object], Decision]
    ) -> Decision:
        # In a task of its own: a caller who leaves must not leave half a message on the socket.
        call = asyncio.create_task(self._exchange(op, arrays, limit_s, read))
        self._calls.add(call)
        call.add_done_callback(self._forget)
        return await asyncio.shield(call)

    def _forget(self, call: asyncio.Task[Any]) -> None:
        self._calls.discard(call)
        if not call.cancelled():
            call.exception()  # seen, when nobody waits for it any more

    async def _exchange(
        self, op: str, arrays: Sequence[Pixels], limit_s: float, read: Callable[[object], Decision]
    ) -> Decision:
        async with self._turn:
            child = await self._living()
            try:
                async with asyncio.timeout(limit_s if child.warm else self._config.worker.start_s):
                    decision = read(await child.exchange(op, arrays))
            except Declined as error:
                raise MatcherFailed(str(error)) from error
            except MatcherMisconfigured as error:
                self.trouble = error
                raise
            except (TimeoutError, OSError, ValueError, wire.WireError) as error:
                await self._drop(child, at_once=True)
                raise MatcherFailed(f"{op}: {error or type(error).__name__}") from error
            except asyncio.CancelledError:
                await self._drop(child, at_once=True)
                raise
            self._backoff_s = self._config.worker.backoff_first_s
            return decision

    async def _living(self) -> Child:
        if self._keeper is None or self._stopping:
            raise MatcherFailed("not started")
        if self.trouble is not None:
            raise self.trouble
        try:
            # The next child may be on its way: for both ways of proving who one is, it is worth the wait.
            async with asyncio.timeout(self._config.worker.start_s):
                await self._alive.wait()
        except TimeoutError as error:
            raise MatcherFailed("no child") from error
        if self._child is None:
            raise MatcherFailed("stopped")
        return self._child

    async def _spawn(self) -> None:
        try:
            child = await Child.spawn(self._command, self._config.path)
        except OSError as error:
            raise MatcherFailed(f"start: {error}") from error
        try:
            async with asyncio.timeout(self._config.worker.start_s):
                await child.greeting()
        except (TimeoutError, OSError, wire.WireError) as error:
            await child.end(at_once=True)
            raise MatcherFailed(f"start: {error or type(error).__name__}") from error
        except BaseException:
            await child.end(at_once=True)
            raise
        self._child = child
        self._alive.set()

    async def _keep(self) -> None:
        """Wait for the child's end, whoever brought it about, and start the next one."""
        while True:
            if self._child is not None:
                child = self._child
                await child.gone()
                await self._drop(child, at_once=True)
            await asyncio.sleep(self._backoff_s)
            self._backoff_s = min(self._backoff_s * 2, self._config.worker.backoff_most_s)
            try:
                await self._spawn()
            except MatcherMisconfigured as error:
                self.trouble = error
                return
            except MatcherFailed:
                continue
            self._restarts += 1
            self._restarted(self._restarts)

    async def _drop(self, child: Child | None, at_once: bool) -> None:
        if child is None:
            return
        if self._child is child:
            self._child = None
            self._alive.clear()
        await child.end(at_once)


def _check_colour(picture: Pixels) -> None:
    wire.check(picture)
    if picture.ndim != 3 or picture.shape[2] != 3:
        raise ValueError(f"a colour picture has shape (rows, columns, 3), not {picture.shape}")
