"""``python -m tests.golden``: shows how the golden traces differ from what passes now, and accepts it."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.golden.difference import accept, differences
from tests.golden.exchanges import EXCHANGES
from tests.golden.play import record


def main(arguments: list[str] | None = None, folder: Path | None = None) -> int:
    """Return 1 when there are differences that were not accepted."""
    parser = argparse.ArgumentParser(prog="python -m tests.golden", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--list", action="store_true", help="name the exchanges")
    what.add_argument("--show", metavar="NAME", help="tell what differs in an exchange, or in all")
    what.add_argument(
        "--accept", metavar="NAME", help="make what passes now the golden trace of NAME, or all"
    )
    told = parser.parse_args(arguments)
    if told.list:
        print("\n".join(EXCHANGES))
        return 0
    wanted = told.show or told.accept
    if wanted != "all" and wanted not in EXCHANGES:
        parser.error(f"no exchange {wanted!r}: all, or one of {', '.join(EXCHANGES)}")
    where = {} if folder is None else {"folder": folder}
    found = ""
    for name in EXCHANGES if wanted == "all" else [wanted]:
        with tempfile.TemporaryDirectory() as wires:
            traces = record(EXCHANGES[name], Path(wires))
        found += differences(traces, **where)
        if told.accept:
            accept(traces, **where)
    print(found or "no difference", end="" if found else "\n")
    return 1 if found and told.show else 0


if __name__ == "__main__":
    sys.exit(main())
