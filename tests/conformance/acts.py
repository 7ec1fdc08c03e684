"""What persons are asked to do at a unit, and how the bench does it."""

from __future__ import annotations

from typing import Any, Final

from simulators.bench import Bench
from simulators.faults import Order
from tests.conformance.person import Act

PERSONA: Final = "li-wenjing"


def _done(act: str, /, **arguments: Any) -> Any:
    return lambda bench: bench.world.do(act, arguments)


def _wrong(*orders: Order) -> Any:
    def arm(bench: Bench) -> None:
        for order in orders:
            bench.faults.arm(order)

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
