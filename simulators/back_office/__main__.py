"""``python -m simulators.back_office``: the back office alone, as a server of one or several processes.

The token of the kiosks is taken from the environment (``BACK_OFFICE_TOKEN``): arguments are for all to
read. The file of officers has ``[[officers]]`` with ``login``, ``name``, ``station``, ``roles`` and
``password`` of each; it is not needed again.
"""

from __future__ import annotations

import argparse
import os
import sys
import tomllib
from pathlib import Path
from typing import Final

import uvicorn
from starlette.applications import Starlette
from uvicorn.supervisors import Multiprocess

from simulators.back_office.app import create_app
from simulators.back_office.desk import Office, beijing_now
from simulators.back_office.officers import enter
from simulators.back_office.operations import seed
from simulators.back_office.server import listening
from simulators.back_office.store import open_store
from simulators.people import load_personas

DATABASE: Final = "BACK_OFFICE_DATABASE"
TOKEN: Final = "BACK_OFFICE_TOKEN"


def main() -> int:
    """Serve until a signal ends it."""
    parser = argparse.ArgumentParser(prog="python -m simulators.back_office", description=__doc__)
    parser.add_argument("--database", required=True, metavar="URL", help="sqlite:///path or postgresql://…")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--workers", type=int, default=1, help="processes; more than one needs PostgreSQL")
    parser.add_argument("--personas", action="store_true", help="put the bench's people into the registers")
    parser.add_argument("--officers", type=Path, metavar="FILE", help="TOML with accounts to make or change")
    options = parser.parse_args()
    if not os.environ.get(TOKEN):
        parser.error(f"{TOKEN} is not set")
    if options.workers > 1 and not options.database.startswith("postgresql"):
        parser.error("several processes need PostgreSQL")
    os.environ[DATABASE] = options.database
    store = open_store(options.database)
    if options.personas:
        seed(Office(store, beijing_now, {}), [person.tables() for person in load_personas().values()])
    if options.officers is not None:
        with store.begin() as db:
            enter(db, tomllib.loads(options.officers.read_text("utf-8"))["officers"])
    store.dispose()
    config = uvicorn.Config(
        "simulators.back_office.__main__:application",
        factory=True,
        workers=options.workers,
        log_level="warning",
        access_log=False,
    )
    with listening(options.host, options.port) as listener:
        if options.workers > 1:
            Multiprocess(config, sockets=[listener]).run()
        else:
            uvicorn.Server(config).run(sockets=[listener])
    return 0


def application() -> Starlette:
    """Build the application of one process."""
    return create_app(database=os.environ[DATABASE], token=os.environ[TOKEN])


if __name__ == "__main__":
    sys.exit(main())
