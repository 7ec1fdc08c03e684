"""The line to the back office: a question is asked until it is answered, or its time is over."""

from __future__ import annotations

import asyncio
import binascii
import hashlib
import random
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar
from urllib.parse import quote

from kiosk.clock import Clock, mono_s
from kiosk.http import Http, Refused, Request, Unreachable
from kiosk.journal.fields import canonical

T = TypeVar("T")

AT_THE_DOOR: Final = (401, 403)
"""Refusals of us, before anybody looked at what was asked: they say nothing of what a try before came to."""


class Line:
    """Asks. ``timeout_s`` bounds one exchange, ``deadline_s`` a question with all its exchanges.

    A POST carries an ``Idempotency-Key``, so that asking again after a lost reply is harmless.
    """

    def __init__(
        self,
        url: str,
        token: str,
        kiosk: str,
        clock: Clock,
        chance: random.Random,
        *,
        timeout_s: float = 5.0,
        deadline_s: float = 15.0,
        retry_s: float = 0.3,
        workers: int = 4,
    ) -> None:
        self._http = Http(url, token, connect_s=min(3.0, timeout_s), read_s=timeout_s)
        self._kiosk, self._clock, self._chance = kiosk, clock, chance
        self._timeout_s, self._deadline_s, self._retry_s = timeout_s, deadline_s, retry_s
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="platform")

    def close(self) -> None:
        """Let the worker threads go; an exchange under way ends by its own timeout."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def post(
        self,
        path: str,
        body: Mapping[str, Any],
        key: str,
        read: Callable[[Any], T],
        *,
        deadline_s: float | None = None,
    ) -> T:
        """POST ``body`` under the idempotency key ``key``; ``read`` makes the value of the answer."""
        return await self._call(Request("POST", path, body, key), read, deadline_s=deadline_s)

    async def put(
        self, path: str, body: Mapping[str, Any], read: Callable[[Any], T], *, deadline_s: float | None = None
    ) -> T:
        """PUT ``body``: the same again is harmless by itself; ``read`` makes the value of the answer."""
        return await self._call(Request("PUT", path, body), read, deadline_s=deadline_s)

    async def get(self, path: str, read: Callable[[Any], T], *, deadline_s: float | None = None) -> T:
        """GET ``path``; ``read`` makes the value of the answer."""
        return await self._call(Request("GET", path), read, deadline_s=deadline_s)

    async def _call(
        self, request: Request, read: Callable[[Any], T], *, deadline_s: float | None = None
    ) -> T:
        """Ask until there is an answer, at least once, with full jitter between, until the deadline."""
        end = mono_s(self._clock) + (self._deadline_s if deadline_s is None else deadline_s)
        pause_s, unanswered = self._retry_s, False
        while True:
            try:
                return _reading(read, await self._exchange(request, end))
            except Refused as refused:
                if unanswered and refused.status in AT_THE_DOOR:
                    raise Unreachable(refused.code, str(refused.status)) from refused
                raise
            except Unreachable:
                unanswered = True
                wait_s = self._chance.uniform(0, pause_s)
                if mono_s(self._clock) + wait_s >= end:
                    raise
            await self._clock.sleep(wait_s)
            pause_s = min(pause_s * 2, 5.0)

    async def _exchange(self, request: Request, end: float) -> Any:
        left_s = end - mono_s(self._clock)
        # A call without retries has no time of its own to spend: it has that of one exchange.
        left_s = min(self._timeout_s, left_s) if left_s > 0 else self._timeout_s
        future = asyncio.get_running_loop().run_in_executor(self._pool, self._http.exchange, request, left_s)
        try:
            # The socket's own timeouts end the thread soon after; this one bounds what the caller waits.
            # Not wait_for: it can swallow a cancelling that comes in the moment of the answer.
            async with asyncio.timeout(left_s + 0.5):
                return await asyncio.shield(future)
        except TimeoutError:
            future.add_done_callback(_forget)
            raise Unreachable("timeout", "deadline") from None


def question_key() -> str:
    """Return the key of a question that is posted: it says nothing of what is asked, and each has its own."""
    return secrets.token_hex(8)


def path_part(name: str) -> str:
    """Return ``name`` as a part of a path."""
    return quote(name, safe="")


def digest_of(body: Mapping[str, Any]) -> str:
    """Return what tells one body from another in a key: the same question has the same key."""
    return hashlib.sha256(canonical(body).encode()).hexdigest()[:24]


def _forget(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()


def _reading(read: Callable[[Any], T], value: Any) -> T:
    try:
        return read(value)
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as error:
        raise Unreachable("bad-reply", type(error).__name__) from error
