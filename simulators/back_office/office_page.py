"""The officers' web page: static files that ask the API, from no address but this server's."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

FOLDER: Final = Path(__file__).parent / "page"
KINDS: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


async def _show(request: Request) -> Response:
    name = request.path_params.get("name") or "index.html"
    file = FOLDER / str(name)
    if file.suffix not in KINDS or file.parent != FOLDER or not file.is_file():
        raise HTTPException(404)
    return FileResponse(file, headers=HEADERS, media_type=KINDS[file.suffix])


async def _whole_address(request: Request) -> Response:
    return RedirectResponse("/office/", 308)


ROUTES: Final = (
    Route("/office", _whole_address, methods=["GET"]),
    Route("/office/", _show, methods=["GET"]),
    Route("/office/{name}", _show, methods=["GET"]),
)
