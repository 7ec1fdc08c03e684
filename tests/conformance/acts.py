"""What persons are asked to do at a unit, and how the bench does it."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any, Final

import qrcode

from simulators.bench import Bench
from simulators.faults import Order
from simulators.people import load_personas
from simulators.permit.card import PermitCard
from tests.conformance.person import Act

PERSONA: Final = "li-wenjing"


def _done(act: str, /, **arguments: Any) -> Any:
    return lambda bench: bench.world.do(act, arguments)


def _wrong(*orders: Order) -> Any:
    def arm(bench: Bench) -> None:
        for order in orders:
            bench.faults.arm(replace(order))  # it counts down as it waits

    return arm


def _first(*steps: Any) -> Any:
    def do(bench: Bench) -> None:
        for step in steps:
            step(bench)

    return do


LAY_CARD: Final = Act(
    "把身份证放在读卡区 Lay a resident ID card on the reader", _done("place_id_card", persona=PERSONA)
)
LIFT_CARD: Final = Act("拿起身份证 Lift the card off the reader", _done("lift_id_card"))
LAY_OTHER_CARD: Final = Act(
    "放一张非身份证的感应卡 Lay some other contactless card (bank, transport) on the reader",
    _first(
        _done("place_id_card", persona=PERSONA),
        _wrong(Order("id_card_reader", "wrongCard", "select", repeat=True)),
    ),
)

PUSH_PERMIT: Final = Act(
    "插入测试用的往来港澳通行证，正面朝上 Push the test permit in, face up",
    _done("insert_permit", persona=PERSONA),
)
PUSH_PERMIT_WRONG: Final = Act(
    "反面插入通行证 Push the test permit in the wrong way round",
    _done("insert_permit", persona=PERSONA, wrong_way_round=True),
)
TAKE_PERMIT: Final = Act("取走通行证 Take the permit", _done("take_permit"))
LEAVE_PERMIT: Final = Act("不要取走通行证 Leave the permit at the gate", lambda bench: None)

STAND: Final = Act("站在摄像头前 Stand before the camera", _done("persona", name=PERSONA))

PRESS_FINGER: Final = Act(
    "按压手指 Press a finger on the glass",
    _first(_done("persona", name=PERSONA), _done("place_finger", finger="11")),
)
PRESS_TIP: Final = Act(
    "只用指尖轻触 Touch the glass with a tip of a finger only",
    _first(_done("persona", name=PERSONA), _done("place_finger", finger="11", condition="partial")),
)
LIFT_FINGER: Final = Act("抬起手指 Take the finger off the glass", _done("lift_finger"))

PAY: Final = Act("在终端上支付 Pay the amount at the terminal", _done("pay"))
PAY_WITH_CODE: Final = Act("出示付款码支付 Pay with a payment code", _done("pay", method="code"))
PAY_DECLINED: Final = Act(
    "用会被拒绝的卡支付 Pay with a card that will be declined", _done("pay", result="decline")
)
CANCEL: Final = Act("在终端上取消 Press cancel at the terminal", _done("pay", result="cancel"))
WALK_AWAY: Final = Act("不要支付 Do not pay; wait", _done("pay", result="walk_away"))

TAKE_PAPER_OUT: Final = Act("取出纸卷 Take the paper roll out", _done("paper", state="out"))
PUT_PAPER_IN: Final = Act("装上纸卷 Put a paper roll in", _done("paper", state="full"))
PUT_NEARLY_EMPTY_IN: Final = Act(
    "装上快用完的纸卷 Put in a roll that is nearly at its end", _done("paper", state="low")
)
OPEN_COVER: Final = Act("打开上盖 Open the printer's cover", _wrong(Order("receipt_printer", "coverOpen")))
CLOSE_COVER: Final = Act("合上上盖 Close the cover", lambda bench: bench.faults.clear("receipt_printer"))

INTERRUPT: Final = Act(
    "准备好：一开始打印就打开上盖 Be ready to open the cover as soon as it begins to print",
    _wrong(Order("receipt_printer", "paperOut", "print", nth=5)),
)
MEND: Final = Act("理好纸卷，合上上盖 Straighten the paper and close the cover", _done("paper", state="full"))


def unplug(link: str) -> Act:
    return Act(f"拔下线缆 Pull the cable of {link} out", _wrong(Order(link, "disconnect")))


def plug_in(link: str) -> Act:
    return Act(f"插回线缆 Put the cable of {link} in", lambda bench: bench.faults.clear(link))


PAY_UNHEARD: Final = Act(
    "线缆断开时支付 Pay at the terminal while its cable is out", _done("pay", result="answer_lost_paid")
)

# --- document printer ----------------------------------------------------------------

_DOCUMENT: Final = "document_printer"
PUT_A4_IN: Final = Act("装上 A4 纸 Put A4 paper into the tray", _done("document_paper", state="full"))
TAKE_A4_OUT: Final = Act(
    "取出纸盘里的纸 Take the paper out of the tray", _done("document_paper", state="out")
)
PUT_ONE_SHEET_IN: Final = Act(
    "纸盘里只放一张纸 Put one single sheet into the tray",
    _wrong(Order(_DOCUMENT, "paperOut", "page", nth=2)),
)
OPEN_DOCUMENT_COVER: Final = Act(
    "打开文件打印机盖 Open the document printer's cover", _done("document_cover", open=True)
)
CLOSE_DOCUMENT_COVER: Final = Act(
    "关上文件打印机盖 Close the document printer's cover", _done("document_cover", open=False)
)

# --- I/O board, UPS ----------------------------------------------------------------


def door(name: str, state: str) -> Act:
    return Act(
        f"{name}：{state} Bring the door {name} into the state: {state}",
        _done("door", door=name, state=state),
    )


def key_to(position: str) -> Act:
    return Act(
        f"把钥匙转到 {position} Turn the operator's key to {position}",
        _done("operator_switch", position=position),
    )


def sensor(name: str, on: bool) -> Act:
    what = "触发" if on else "松开"
    return Act(
        f"{what} {name} Let the sensor {name} be {'on' if on else 'off'}", _done("sensor", sensor=name, on=on)
    )


MAINS_OUT: Final = Act("拔下市电插头 Pull the mains plug of the UPS", _done("mains", on=False))
MAINS_IN: Final = Act("插上市电插头 Put the mains plug in", _done("mains", on=True))
BATTERY_LOW: Final = Act(
    "等到电池将尽 Wait until the battery is nearly empty (s: skip)", _done("battery", percent=10)
)
BATTERY_FULL: Final = Act("等电池充满 Let the battery charge", _done("battery", percent=100))
DATA_CABLE_OUT: Final = Act(
    "拔下备用电源的数据线 Pull the data cable of the UPS out", _wrong(Order("ups", "dataStale"))
)
DATA_CABLE_IN: Final = Act(
    "插回备用电源的数据线 Put the data cable of the UPS in", lambda bench: bench.faults.clear("ups")
)

# --- barcode reader ----------------------------------------------------------------


def show_code(text: str) -> Act:
    """Show ``text`` as a code: on the terminal, for the unit that is tested to read."""
    picture = io.StringIO()
    code = qrcode.QRCode(border=2)
    code.add_data(text.encode("utf-8"))
    code.print_ascii(picture, invert=True)
    return Act(
        f"对准这个码 Hold the scanner before this code\n{picture.getvalue()}", _done("show_code", text=text)
    )


HIDE_CODE: Final = Act("移开扫码器 Turn the scanner away from every code", _done("hide_code"))

# --- document scanner ----------------------------------------------------------------

LAY_WHITE: Final = Act("放一张白纸 Lay a white sheet on the glass", _done("lay_page", picture="Solid white"))
LAY_DARK: Final = Act(
    "放一张深色的纸 Lay a dark sheet on the glass, over all of it", _done("lay_page", picture="Solid black")
)
LAY_COLOURS: Final = Act(
    "放一张彩色的纸 Lay a sheet with bright colours on the glass", _done("lay_page", picture="Color pattern")
)
THREE_PAGES: Final = Act(
    "进纸器里放三张纸 Put three sheets into the feeder",
    _wrong(Order("document_scanner", "noMedia", "scan", nth=4)),
)
NO_PAGES: Final = Act(
    "进纸器里不放纸 Leave the feeder empty", _wrong(Order("document_scanner", "noMedia", "scan"))
)

# --- card dispenser ----------------------------------------------------------------

LINE: Final = PermitCard.of(load_personas()[PERSONA].tables()["permit"]).mrz
"""What is printed on the card that the bench loads."""

LOAD_ONE: Final = Act(
    "在第一个卡箱里放一张测试证件 Put one test card into the first stacker",
    _first(
        lambda bench: bench.side_cabinet.card_dispenser.store(1).empty(),
        _done("load_stacker", unit=1, personas=[PERSONA]),
    ),
)
LOAD_FIVE: Final = Act(
    "在第一个卡箱里放五张测试证件 Put five test cards into the first stacker",
    _first(
        lambda bench: bench.side_cabinet.card_dispenser.store(1).empty(),
        _done("load_stacker", unit=1, personas=[PERSONA] * 5),
    ),
)
EMPTY_STACKER: Final = Act(
    "清空第一个卡箱 Empty the first stacker",
    lambda bench: bench.side_cabinet.card_dispenser.store(1).empty(),
)
TAKE_CARD: Final = Act("取走证件 Take the card from the gate", _done("take_card", unit=1))
LEAVE_CARD: Final = Act("不要取走证件 Leave the card at the gate", lambda bench: None)
