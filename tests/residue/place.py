"""A place on which a visit is watched, and searched afterwards: files, memory, and what went out."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from simulators.citizen import Director, Watcher
from simulators.people import load_personas
from tests.chaos.test_processes import child_of
from tests.crash.ground import Ground
from tests.crash.routes import Route
from tests.residue import marks, search
from tests.residue.told import Trace

CLEAN_S: Final = 1.0
"""How soon after its end nothing may be left (invariant 7)."""
THE_WORLDS: Final = ("back_office", "bench", TRACE := "trace")
"""Files of the simulated world, whose registers hold everybody; and of the search itself."""
OFFICE, CHILD, PAGES = "back office", "comparing child", "pages"
RECEIVES: Final[Mapping[str, frozenset[str]]] = {
    OFFICE: frozenset({"name", "id-number", "permit", "phone", "signature"}),
    CHILD: frozenset({"card-photo", "face", "finger"}),
    PAGES: frozenset({"name", "permit"}),
}
"""Who is told which class of data; no device, file or other connection is told any.

``PAGES`` is the debug link, which says what stands on the screen; a production site refuses it. The strip and
what is printed for the person go out as pictures, in which their data are not found.
"""


@dataclass(slots=True)
class Out:
    """What went out in a visit: which classes of data were found on the way to whom."""

    found: dict[str, set[str]] = field(default_factory=dict)

    @property
    def astray(self) -> dict[str, set[str]]:
        """What went to somebody who has no business with it."""
        extra = {to: classes - RECEIVES.get(to, frozenset()) for to, classes in self.found.items()}
        return {to: classes for to, classes in extra.items() if classes}


@dataclass(frozen=True, slots=True)
class Left:
    """What is left a second after a visit: classes by file, and how often in each process's memory."""

    files: dict[str, set[str]]
    kiosk: Counter[str]
    child: Counter[str]


NOTHING: Final = Left({}, Counter(), Counter())


class Place:
    """A ground whose kiosk keeps its temporary files in ``temp``, and the person of ``expect``."""

    def __init__(self, ground: Ground, temp: Path) -> None:
        self.ground, self.temp = ground, temp
        self.marks: marks.Marks = {}
        self._finder: search.Finder | None = None

    def expect(self, persona: str) -> None:
        """Have an empty world, everything usable, and look for what betrays this person."""
        self.ground.ready()
        self.ground.world.do("persona", name=persona)
        camera = self.ground.links["camera"].partition("?")[0]
        self.marks = marks.of(load_personas()[persona], camera)
        self._finder = search.Finder(self.marks)

    @property
    def finder(self) -> search.Finder:
        assert self._finder is not None, "nobody is expected"
        return self._finder

    def visit(
        self,
        route: Route,
        watcher: Watcher | None = None,
        director: Director | None = None,
        dies_with: int = -9,
    ) -> tuple[dict[str, Any] | None, Out]:
        """Serve the person of ``route``; the report (None after a death), and what went out meanwhile."""
        file = self.ground.state / TRACE
        places = self._places()
        with Trace(self.ground.pid, file) as trace:
            report = self.ground.visit(route, watcher=watcher, director=director, dies_with=dies_with)
        out = Out()
        for place, said in trace.told().items():
            if classes := set(self.finder.count(said)):
                out.found.setdefault(_named(place, places), set()).update(classes)
        file.unlink()
        return report, out

    def files(self) -> dict[str, set[str]]:
        return search.in_files([self.ground.state, self.temp], self.finder, THE_WORLDS)

    def memory(self) -> Counter[str]:
        return search.in_memory(self.ground.pid, self.finder)

    def left(self) -> Left:
        """Return what is left a second after a visit's end."""
        time.sleep(CLEAN_S)
        return Left(self.files(), self.memory(), self._child())

    def _child(self) -> Counter[str]:
        """Search the child too, where this user may look into a process that is not dumpable."""
        child = child_of(self.ground)
        assert child is not None
        try:
            return search.in_memory(child, self.finder)
        except PermissionError:
            return Counter()  # tests/matching/test_traces.py looks into one that lets itself be looked at

    def _places(self) -> dict[str, str]:
        """Return by ports and paths, as they occur in a trace, who is at the other end."""
        debug = json.loads((self.ground.state / "debug.json").read_text())["port"]
        office = self.ground.office[0].rpartition(":")[2]
        places = {f"127.0.0.1:{debug}->": PAGES, f"->127.0.0.1:{office}]": OFFICE, "UNIX-STREAM:[": CHILD}
        for name, url in self.ground.links.items():
            scheme, _, rest = url.partition("?")[0].partition("://")
            if scheme == "serial":
                places[os.path.realpath(rest)] = name
            elif rest.startswith("127.0.0.1:"):
                places[f"->{rest.partition('/')[0]}]"] = name
        return places


def _named(place: str, places: Mapping[str, str]) -> str:
    return next((name for part, name in places.items() if part in place), place)
