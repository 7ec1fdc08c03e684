"""What is printed for a person, made as the kiosk makes it. A service adds its papers to ``PAPERS``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from devices.interfaces import ReceiptLine
from kiosk.guide import GuideItem
from kiosk.notice_office import Needed, Paper, Standing
from kiosk.steps.decision_paper import document_lines
from kiosk.steps.farewell import Receipt, receipt_lines
from kiosk.steps.personal_notice import slip
from kiosk.strip import StripTemplate, draw_strip
from kiosk.texts import Catalogue, text, verbatim
from kiosk.traffic_office import Decision

ROOT: Final = Path(__file__).parents[2]
FONT: Final = ROOT / ".cache" / "fonts" / "NotoSansCJKsc-Regular.otf"
TEMPLATE: Final = StripTemplate.load(ROOT / "config" / "templates" / "endorsement_strip.toml", FONT)
CATALOGUE: Final = Catalogue.load(
    ROOT / "config" / "strings", own={"site.elsewhere": {"zh-CN": "办事窗口", "en": "the counter"}}
)
NOON: Final = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
STRIP_DOTS: Final = (200, 640)


@dataclass(frozen=True, slots=True)
class Client:
    """The ``number``-th person; everything about them differs from everybody else's."""

    number: int

    @property
    def case_no(self) -> str:
        return f"330212K01-20261122-{self.number:04d}-X"

    @property
    def marks(self) -> tuple[str, ...]:
        """What may stand on this person's papers and on nobody else's."""
        return (self.case_no, f"K{self.number:05d}T", f"2611230{self.number:05d}")


def strip(client: Client) -> bytes:
    """The endorsement's strip: its dots, which were read back while they were drawn."""
    dots = draw_strip(
        TEMPLATE,
        STRIP_DOTS,
        permit_number=f"CZ{client.number:07d}",
        endorsements=[
            {
                "number": client.marks[2],
                "destination": ("HKG", "MAC")[client.number % 2],
                "type": "G",
                "valid_from": date(2026, 11, 23),
                "valid_until": date(2027, 2, 22),
                "entries": 1,
                "stay_days": 7,
            }
        ],
        code=f"EN2611230{client.number:08d}",
    )
    return dots.tobytes()


def receipt(client: Client) -> bytes:
    """The receipt's lines."""
    content = Receipt(
        title=text("endorsement.title"),
        rows=[
            (text("receipt.paid"), text("amount", amount=1500 + client.number)),
            (text("receipt.order"), verbatim(client.marks[1])),
        ],
        code=client.case_no,
        footer=text("receipt.footer"),
    )
    return _plain(receipt_lines(_visit(client), content))


def decision(client: Client) -> bytes:
    """A decision (处罚决定书) on the receipt printer."""
    number = client.marks[1]
    words = ("公安交通管理简易程序处罚决定书", f"编号 {number}", f"被处罚人 第{client.number}人")
    made = Decision(number, client.marks[2], 10000 + client.number, 0, NOON.date(), words)
    return _plain(document_lines(_visit(client), made))


def notice(client: Client) -> bytes:
    """The slip of a personal notice (一次性告知单)."""
    papers = (Paper("photo", verbatim(client.marks[2]), Standing.BRING, 0),)
    needed = Needed("id-card-renewal", papers, client.number, "依据")
    words = verbatim("事项")
    item = GuideItem("id-card-renewal", words, "", (), (), 0, "", NOON.date(), words, words)
    visit = _visit(client)
    return _plain(receipt_lines(visit, slip(visit, item, needed, client.marks[1], signed=True)))


def _visit(client: Client) -> Any:
    """Return a visit in a house of its own: one machine serves one person."""
    site = SimpleNamespace(name={"zh-CN": "测试大厅", "en": "hall"}, hotline="0574-00000000")
    stage = SimpleNamespace(settings=SimpleNamespace(language=("zh-CN", "en")[client.number % 2]))
    house = SimpleNamespace(
        catalogue=CATALOGUE, stage=stage, site=site, now=lambda: NOON, receipt_url="https://example.org/"
    )
    return SimpleNamespace(house=house, case_no=client.case_no)


def _plain(lines: Sequence[ReceiptLine]) -> bytes:
    return "\n".join(f"{line.text}|{line.code}" for line in lines).encode()


PAPERS: Final[Mapping[str, Callable[[Client], bytes]]] = {
    "strip": strip,
    "receipt": receipt,
    "decision": decision,
    "notice": notice,
}


def made(paper: str, number: int) -> bytes:
    """Make one paper; for processes of their own."""
    return PAPERS[paper](Client(number))
