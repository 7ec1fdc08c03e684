"""The back office as an ASGI application: every operation behind its address, and the hosts' notices."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.back_office import (
    guide_page,
    office_page,
    officers,
    operations,
    outstanding,
    payments,
    receipt_page,
    verification,
)
from simulators.back_office.answers import Clerk
from simulators.back_office.desk import Clock, Office, Persona, Refused, beijing_now
from simulators.back_office.endpoint import DEVICE, FAULTS, Endpoint, failure, limited_body
from simulators.back_office.merchant import (
    AlipayChannel,
    Channel,
    HostRefused,
    HostSilent,
    MerchantAccount,
    WeChatChannel,
)
from simulators.back_office.officers import Account
from simulators.back_office.openapi import document
from simulators.back_office.operations import OPERATIONS
from simulators.back_office.papers import Papers
from simulators.back_office.seals import Seal
from simulators.back_office.store import open_store
from simulators.faults import Faults

__all__ = ["DEVICE", "FAULTS", "Desk", "create_app"]

WATCH_INTERVAL_S: Final = 1.0

log = logging.getLogger(__name__)


class Desk:
    """The running back office: its office, its clerk, its watch over payments and deadlines."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.clerk = Clerk(office)
        self._stop = threading.Event()
        self._watch = threading.Thread(target=self._watch_all, name="back office watch", daemon=True)
        self._watch.start()

    def reseed(self, people: Iterable[Persona]) -> None:
        """Set the registers anew; cases and money stay."""
        operations.seed(self.office, people)

    def hire(self, people: Iterable[Account]) -> None:
        """Make or change officers' accounts."""
        with self.office.store.begin() as db:
            officers.enter(db, people)

    def close(self) -> None:
        """End the watch and close the store."""
        self._stop.set()
        self._watch.join()
        self.office.store.dispose()

    def _watch_all(self) -> None:
        while not self._stop.wait(WATCH_INTERVAL_S):
            try:
                payments.look_after_all(self.office)
                outstanding.look_after_all(self.office)
            except Exception:
                log.exception("the watch failed, it goes on")


def create_app(
    *,
    database: str,
    token: str,
    people: Iterable[Persona] | None = None,
    faults: Faults | None = None,
    merchant: MerchantAccount | None = None,
    clock: Clock | None = None,
    seal: Seal | None = None,
) -> Starlette:
    """Build the application; ``app.state.desk`` is its ``Desk``, to be closed after the server.

    ``database`` is ``sqlite:///path`` or ``postgresql://user@host/name``; without ``merchant`` no
    QR payment can be made. ``people`` sets the registers to these personas; without it they stay as
    they are. ``clock`` returns the time now with its zone. ``seal`` signs certificates; without one it is
    a test seal with keys made here.
    """
    channels: dict[str, Channel] = {}
    wechat = alipay = None
    if merchant is not None:
        wechat, alipay = WeChatChannel(merchant), AlipayChannel(merchant)
        channels = {"wechat": wechat, "alipay": alipay}
    guard = faults or Faults()
    office = Office(open_store(database), clock or beijing_now, channels, Papers(seal), guard)
    if people is not None:
        operations.seed(office, people)
    desk = Desk(office)
    openapi = JSONResponse(document(OPERATIONS))

    async def show_openapi(request: Request) -> Response:
        return openapi

    async def wechat_notice(request: Request) -> Response:
        body = (await limited_body(request)).decode("utf-8", "replace")
        order_no = wechat.noticed_order(dict(request.headers), body) if wechat is not None else None
        return await _noticed(office, order_no, Response(status_code=204), Response(status_code=401))

    async def alipay_notice(request: Request) -> Response:
        form = dict(parse_qsl((await limited_body(request)).decode("utf-8", "replace")))
        order_no = alipay.noticed_order(form) if alipay is not None else None
        return await _noticed(office, order_no, Response("success"), Response("failure"))

    app = Starlette(
        routes=[
            Route("/v1/openapi.json", show_openapi, methods=["GET"]),
            Route("/notify/wechat", wechat_notice, methods=["POST"]),
            Route("/notify/alipay", alipay_notice, methods=["POST"]),
            *verification.routes(office),
            *guide_page.routes(office),
            *receipt_page.routes(office),
            *office_page.ROUTES,
            *(
                Route(
                    operation.path, Endpoint(operation, desk.clerk, token, guard), methods=[operation.method]
                )
                for operation in OPERATIONS
            ),
        ],
        exception_handlers={HTTPException: _http_failure, Refused: _refusal},
    )
    app.state.desk = desk
    return app


async def _noticed(office: Office, order_no: str | None, taken: Response, refused: Response) -> Response:
    """A notice is only a reason to ask the host: what it says is not believed."""
    if order_no is None:
        return refused
    try:
        await run_in_threadpool(payments.show_payment, office, order_no)
    except (Refused, HostSilent, HostRefused) as error:
        log.warning("notice for order %s came to nothing: %s", order_no, error)
    return taken


async def _http_failure(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    word = {404: "not-found", 405: "method-not-allowed"}.get(
        status, "failed" if status >= 500 else "bad-request"
    )
    return failure(status, word)


async def _refusal(request: Request, error: Exception) -> Response:
    if not isinstance(error, Refused):
        raise error
    return failure(error.status, error.error, error.detail)
