"""办事指南: what an item needs, costs and takes, found by pinyin or from the list; nobody is identified.

Who wants the notice of what they themselves still have to bring (一次性告知单) is, and signs for it.
"""

from __future__ import annotations

from urllib.parse import quote

from kiosk.guide import GuideItem, brought_up_to_date, offered_today, own_copy, search
from kiosk.journal.effects import PRINT_DOCUMENT, PRINT_RECEIPT, SUBMIT_NOTICE
from kiosk.platform import PlatformError
from kiosk.prompts import Action, ChooseOne, EnterText, Notice, Option, Row, Tone
from kiosk.services import service
from kiosk.steps import farewell
from kiosk.steps.id_card import ask_to_take_id_card
from kiosk.steps.office_paper import ask_to_take_papers
from kiosk.steps.personal_notice import can_give_notice, give_notice
from kiosk.texts import LANGUAGES, Text, text, verbatim
from kiosk.visit import Visit


@service(
    "guide",
    needs=(),
    rules=("guide.toml",),
    effects=(SUBMIT_NOTICE, PRINT_DOCUMENT, PRINT_RECEIPT),
    minutes=1,
    place=60,
    picture="book",
    offline=True,
)
async def look_up(visit: Visit) -> None:
    """Find an item, read it, take it away as a code; as many as one likes.

    Reading opens no case: nobody is identified and nothing is applied for. A personal notice does.
    """
    visit.steps = 2
    items = await _items(visit)
    found, next_ = items[0], "another"
    printed = False

    async def find() -> None:
        nonlocal found
        visit.step = 1
        found = await _find(visit, items)

    async def read() -> None:
        nonlocal next_
        visit.step = 2
        next_ = await _show(visit, found)

    while next_ == "another":
        await visit.walk(find, read)
    if next_ == "notice":
        visit.steps = 4
        printed = await give_notice(visit, found)
    await farewell.ask_rating(visit)
    if next_ == "notice":
        await ask_to_take_id_card(visit)
    if await ask_to_take_papers(visit):
        return
    await farewell.say_goodbye(visit, receipt_printed=printed)


async def _items(visit: Visit) -> tuple[GuideItem, ...]:
    """Return the catalogue as it is today; the machine's own copy when the back office can't be asked."""
    house = visit.house
    copy = own_copy(house.rules_folder, house.today())
    try:
        with visit.meter.devices():
            on, offered = await offered_today(house.platform)
    except PlatformError:
        return copy
    return brought_up_to_date(copy, on, offered, without=visit.service.name) or copy


async def _find(visit: Visit, items: tuple[GuideItem, ...]) -> GuideItem:
    """Let an item be searched for, or chosen from the whole list."""
    nothing_found = False
    while True:
        answer = await visit.ask(
            EnterText(
                "find-item",
                text("guide.find.question"),
                text("guide.find.nothing" if nothing_found else "guide.find.body"),
                Tone.NEEDS_YOU if nothing_found else Tone.PLAIN,
                most=20,
                actions=(Action("all", text("guide.find.all", count=len(items))),),
            )
        )
        found = items if answer.action == "all" else search(items, str(answer.value))
        nothing_found = not found
        if found:
            return await _choose(visit, found)


async def _choose(visit: Visit, found: tuple[GuideItem, ...]) -> GuideItem:
    chosen = await visit.choose(
        ChooseOne(
            "choose-item",
            text("guide.choose.question"),
            options=tuple(Option(item.service, item.title, _takes(item)) for item in found),
        )
    )
    return next(item for item in found if item.service == chosen)


async def _show(visit: Visit, item: GuideItem) -> str:
    """Show an item with its code; return what is wanted next: ``done``, ``another`` or ``notice``."""
    rows = _rows(item)
    notice = Action("notice", text("guide.notice"))
    answer = await visit.ask(
        Notice(
            "item",
            item.title,
            text("guide.as-of", day=item.as_of.isoformat()),
            rows=(
                *rows,
                Row(text("guide.basis"), verbatim(item.source)),
                Row(text("guide.where"), text("site.elsewhere")),
            ),
            actions=(
                Action("done", text("guide.done")),
                *((notice,) if can_give_notice(visit) else ()),
                Action("another", text("guide.another")),
            ),
            code=_to_take_away(visit, item, rows),
        )
    )
    return answer.action


def _rows(item: GuideItem) -> tuple[Row, ...]:
    return (
        Row(
            text("guide.materials"),
            text("guide.list", items=item.materials) if item.materials else text("guide.none"),
        ),
        Row(text("guide.conditions"), item.conditions),
        Row(text("guide.takes"), _takes(item)),
        Row(text("guide.fee"), item.fee),
    )


def _takes(item: GuideItem) -> Text:
    return text("guide.days", days=item.days) if item.days else text("guide.at-once")


def _to_take_away(visit: Visit, item: GuideItem, rows: tuple[Row, ...]) -> str:
    """Return what the code holds: the address of the item's public page.

    At a site that has none, the item itself in the language of the page, to read without a network.
    """
    if visit.house.site.guide_url:
        return f"{visit.house.site.guide_url}{quote(item.service, safe='')}"
    language = visit.house.stage.settings.language
    say = visit.house.catalogue.say
    separator = "：" if language == LANGUAGES[0] else ": "
    lines = [say(item.title, language)]
    lines += [f"{say(row.label, language)}{separator}{say(row.value, language)}" for row in rows]
    return "\n".join(lines)
