"""A visit's ways of asking: back and forth, cancelled, helped, and nobody there any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from kiosk.maintenance.vendor_mode import VendorMode
from kiosk.meter import Meter
from kiosk.prompts import Action, Answer, ChooseOne, Notice, Option, Page, PlaceItem, Rate, StillThere
from kiosk.stage import Stage
from kiosk.steps.farewell import ask_rating
from kiosk.texts import text
from kiosk.visit import Back, Leave, Visit

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Seconds:
    """Monotonic seconds that the test sets."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Person:
    """A view that answers each page by the name of its prompt, in turn."""

    def __init__(self, stage: Stage, answers: dict[str, list[str]]) -> None:
        self._stage, self._answers = stage, answers
        self.pages: list[Page] = []

    def show(self, page: Page) -> None:
        self.pages.append(page)
        waiting = self._answers.get(page.prompt.name)
        if waiting:
            action = waiting.pop(0)
            value = action.removeprefix("choose:") if action.startswith("choose:") else None
            answer = Answer(page.number, action.split(":")[0], value)
            asyncio.get_running_loop().call_soon(self._stage.answer, answer)

    @property
    def names(self) -> list[str]:
        return [page.prompt.name for page in self.pages]


class Silent:
    def event(self, *_: object, **__: object) -> None: ...


Began = Callable[..., tuple[Visit, Person]]


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def began(seconds: Seconds) -> Began:
    def begin(idle_s: float = 60.0, warn_s: float = 1.0, **answers: list[str]) -> tuple[Visit, Person]:
        stage = Stage(site=text("help.question"), simulated=True, now_s=seconds)
        person = Person(stage, {name.replace("_", "-"): said for name, said in answers.items()})
        stage.attach(person)
        house: Any = SimpleNamespace(
            stage=stage,
            events=Silent(),
            times=SimpleNamespace(idle_s=idle_s, warn_s=warn_s, rate_s=idle_s),
            site=SimpleNamespace(hotline="0574-00000000"),
            vendor_mode=VendorMode(),
        )
        service: Any = SimpleNamespace(name="test", title=text("home.question"))
        return Visit(house, service, "v1", "C-1", datetime.now(UTC), Meter(seconds)), person

    return begin


def notice(name: str) -> Notice:
    return Notice(name, text("help.question"), actions=(Action("ok", text("help.close")),))


async def test_an_answer_comes_back(began: Began) -> None:
    visit, _ = began(a=["ok"])
    assert (await visit.ask(notice("a"))).action == "ok"
    assert visit.prompts == ["a"]


async def test_only_an_option_that_is_open_counts(began: Began) -> None:
    visit, person = began(list=["choose:closed", "choose:nonsense", "choose:open"])
    options = (
        Option("closed", text("help.close"), refused=text("help.close")),
        Option("open", text("help.close")),
    )
    assert await visit.choose(ChooseOne("list", text("help.question"), options=options)) == "open"
    assert person.names == ["list"] * 3


async def test_back_returns_to_the_step_before(began: Began) -> None:
    visit, person = began(a=["ok", "ok"], b=["back", "ok"])

    async def step_a() -> None:
        await visit.ask(notice("a"))

    async def step_b() -> None:
        await visit.ask(notice("b"))

    await visit.walk(step_a, step_b)
    assert person.names == ["a", "b", "a", "b"]
    assert [page.can_back for page in person.pages] == [False, True, False, True]


async def test_back_passes_over_a_step_that_asked_nothing(began: Began) -> None:
    visit, person = began(a=["ok", "ok"], c=["back", "ok"])

    async def step_a() -> None:
        await visit.ask(notice("a"))

    async def silent() -> None:
        return

    async def step_c() -> None:
        await visit.ask(notice("c"))

    await visit.walk(step_a, silent, step_c)
    assert person.names == ["a", "c", "a", "c"]


async def test_back_out_of_the_first_step_goes_back_in_the_walk_around_it(began: Began) -> None:
    visit, person = began(a=["ok", "ok"], b=["back", "ok"])

    async def step_a() -> None:
        await visit.ask(notice("a"))

    async def inner() -> None:
        async def step_b() -> None:
            await visit.ask(notice("b"))

        await visit.walk(step_b)

    await visit.walk(step_a, inner)
    assert person.names == ["a", "b", "a", "b"]


async def test_back_where_there_is_none_is_an_answer_like_any_other(began: Began) -> None:
    visit, _ = began(a=["back"])
    assert (await visit.ask(notice("a"))).action == "back"


async def test_cancel_leaves_the_visit(began: Began) -> None:
    visit, _ = began(a=["cancel"])
    with pytest.raises(Leave, match="cancelled"):
        await visit.ask(notice("a"))


async def test_with_money_under_way_there_is_no_cancel_and_no_back(began: Began) -> None:
    visit, person = began(a=["cancel", "ok"])
    visit.held.money = True
    assert (await visit.ask(notice("a"))).action == "cancel"
    assert not person.pages[0].can_cancel


async def test_cancelling_ends_what_waits_at_the_device(began: Began) -> None:
    visit, _ = began(place=["cancel"])
    ended = asyncio.Event()

    async def wait_for_ever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(Leave):
        await visit.during(PlaceItem("place", text("help.question")), wait_for_ever())
    assert ended.is_set()


async def test_the_device_ends_the_prompt(began: Began) -> None:
    visit, _ = began()

    async def card() -> str:
        await asyncio.sleep(0)
        return "card"

    assert await visit.during(PlaceItem("place", text("help.question")), card()) == "card"


async def test_a_fault_at_the_device_comes_through(began: Began) -> None:
    visit, _ = began()

    async def broken() -> None:
        raise Back

    with pytest.raises(Back):
        await visit.during(PlaceItem("place", text("help.question")), broken())


async def test_help_comes_and_goes_and_the_question_stays(began: Began) -> None:
    visit, person = began(a=["help", "ok"], help=["ok"])
    assert (await visit.ask(notice("a"))).action == "ok"
    assert person.names == ["a", "help", "a"]
    assert visit.prompts == ["a"]
    assert person.pages[1].prompt.case == "C-1"  # type: ignore[attr-defined]


async def test_an_update_does_not_cover_the_help(began: Began) -> None:
    visit, person = began()
    visit.tell(notice("help"))
    visit.update(notice("a"))
    assert person.names == ["help"]


async def test_nobody_there_leaves(began: Began, seconds: Seconds) -> None:
    visit, person = began(idle_s=0.05, warn_s=1)
    asking = asyncio.ensure_future(visit.ask(notice("a")))
    await asyncio.sleep(0)
    seconds.now_s = 6
    with pytest.raises(Leave, match="nobody-there"):
        await asking
    assert any(isinstance(page.prompt, StillThere) for page in person.pages)


async def test_never_while_money_is_under_way(began: Began, seconds: Seconds) -> None:
    visit, person = began(idle_s=0.01)
    visit.held.money = True
    seconds.now_s = 100
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(visit.ask(notice("a")), 0.2)
    assert person.names == ["a"]


async def test_what_is_kept_is_wiped_once(began: Began) -> None:
    class Data:
        wiped = 0

        def wipe(self) -> None:
            self.wiped += 1

    visit, _ = began()
    data = Data()
    visit.keep(data)
    visit.wipe()
    visit.wipe()
    assert data.wiped == 1


async def test_a_door_that_opens_ends_the_visit_when_nothing_is_under_way(began: Began) -> None:
    visit, _ = began()
    mode = visit.house.vendor_mode
    visit.held.working = True
    asking = asyncio.ensure_future(visit.ask(notice("a")))
    mode.call(at_once=True)
    await asyncio.sleep(0.7)
    assert not asking.done()
    visit.held.working = False
    with pytest.raises(Leave) as left:
        await asking
    assert left.value.reason == "maintenance"


async def test_the_key_alone_lets_the_visit_come_to_its_end(began: Began) -> None:
    visit, _ = began(a=["ok"])
    visit.house.vendor_mode.call()
    assert (await visit.ask(notice("a"))).action == "ok"


@pytest.mark.parametrize(("permit", "label"), [(True, "rate.skip-to-permit"), (False, "rate.skip")])
async def test_a_rating_is_asked_for_once_and_skipping_says_what_comes(
    began: Began, permit: bool, label: str
) -> None:
    visit, person = began(rate=["skip", "skip"])
    visit.held.permit = permit
    await ask_rating(visit)
    await ask_rating(visit)
    (page,) = person.pages
    assert isinstance(page.prompt, Rate)
    assert page.prompt.skip is not None
    assert page.prompt.skip.label.key == label
