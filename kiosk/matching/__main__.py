"""The child: ``python -m kiosk.matching --fd N --parent PID --config FILE``. Started by ``Matcher`` only."""

from __future__ import annotations

import argparse
import socket
from pathlib import Path

from kiosk.matching import wire
from kiosk.matching.config import MatchingConfig
from kiosk.matching.decisions import MatcherMisconfigured
from kiosk.matching.hardening import harden


def main() -> int:
    """Serve the inherited socket; 0 when the kiosk closed it, 1 after saying what is missing."""
    parser = argparse.ArgumentParser(prog="python -m kiosk.matching")
    parser.add_argument("--fd", type=int, required=True, help="inherited socket")
    parser.add_argument("--parent", type=int, required=True, help="process id of the kiosk")
    parser.add_argument("--config", type=Path, required=True, help="config/matching.toml")
    arguments = parser.parse_args()
    harden(arguments.parent)
    with socket.socket(fileno=arguments.fd) as connection:
        try:
            # The engines are imported here, so that a missing one is told and not a traceback.
            from kiosk.matching.worker import Worker

            worker = Worker(connection, MatchingConfig.load(arguments.config))
        except (MatcherMisconfigured, ImportError) as error:
            told = {"id": 0, "error": wire.CONFIGURATION, "detail": str(error)[:500]}
            connection.sendall(wire.pack(told))
            return 1
        try:
            worker.run()
        except (BrokenPipeError, ConnectionResetError):
            return 0
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
