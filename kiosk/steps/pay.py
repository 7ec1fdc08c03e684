"""Paying: by card or payment code at the terminal, or by a code on the screen.

Approved, declined, cancelled, timed out and unknown are five different things, and the person is
told which it was. What was unknown has been settled by the cashier before it comes back here.
"""

from __future__ import annotations

from devices.interfaces import PaymentState
from kiosk.journal.effects import PAYMENT_TERMINAL
from kiosk.journal.records import Outcome
from kiosk.money import CODE_CHANNELS, ChannelBlocked, Collected, Payment
from kiosk.platform import Bill, PlatformError
from kiosk.platform import Refused as PlatformRefused
from kiosk.prompts import Action, Answer, ChooseOne, Notice, Option, Pay, Place, Tone, Working
from kiosk.texts import Text, text
from kiosk.visit import Closed, Leave, Refused, Visit

BILL_CHANGED = ("bill-differs", "bill-expired")
"""What the back office says of a bill that is no longer what is owed: no other way of paying helps."""


async def pay(visit: Visit, bill: Bill) -> Payment:
    """Take the bill's amount in a way that the person chooses; returns the approved payment.

    Raises ``Leave`` when the person would rather not pay, and ``Closed`` when what became of the
    money had to be settled.
    """
    trouble: Text | None = None
    while True:
        method = await visit.choose(await _methods(visit, trouble))
        try:
            payment = await _begin(visit, bill, method)
        except PlatformRefused as refused:
            if refused.code in BILL_CHANGED:
                raise Refused("fee-differs", text("pay.quote-differs.why")) from refused
            trouble = text("pay.method.refused")
            continue
        except (PlatformError, ChannelBlocked):
            trouble = text("pay.method.refused")
            continue
        visit.held.money = True
        collected = await _collect(visit, payment)
        if collected.state is PaymentState.APPROVED:
            return payment
        visit.held.money = False
        _close_if_settled(collected)
        trouble = await _ask_to_try_again(visit, collected)


async def _methods(visit: Visit, trouble: Text | None) -> ChooseOne:
    house = visit.house
    blocked = set(await house.cashier.blocked_channels())
    if house.cabinet.payment_terminal.fault() is not None:
        blocked.add(PAYMENT_TERMINAL)
    refused = text("pay.method.refused")
    options = [
        Option(
            channel,
            text(f"pay.method.{name}"),
            text(f"pay.method-detail.{name}"),
            refused=refused if channel in blocked else None,
        )
        for channel, name in [(PAYMENT_TERMINAL, "terminal"), *((c, c) for c in CODE_CHANNELS)]
    ]
    return ChooseOne(
        "choose-payment",
        text("pay.method.question"),
        trouble,
        Tone.NEEDS_YOU if trouble else Tone.PLAIN,
        options=tuple(options),
    )


async def _begin(visit: Visit, bill: Bill, method: str) -> Payment:
    cashier, seconds = visit.house.cashier, visit.house.times.pay_s
    if method == PAYMENT_TERMINAL:
        return await cashier.at_terminal(visit.number, bill, timeout_s=seconds)
    return await cashier.by_code(visit.number, bill, method, lifetime_s=int(seconds))


async def _collect(visit: Visit, payment: Payment) -> Collected:
    by_code = payment.code is not None
    prompt = Pay(
        "pay-by-code" if by_code else "pay-at-terminal",
        text(f"pay.{'code' if by_code else 'terminal'}.question", amount=payment.amount_fen),
        text(f"pay.{'code' if by_code else 'terminal'}.body"),
        amount_fen=payment.amount_fen,
        place=Place.SCREEN if by_code else Place.PAYMENT_TERMINAL,
        code=payment.code,
        seconds_left=int(visit.house.times.pay_s),
        actions=(Action("stop", text(f"pay.stop.{'code' if by_code else 'terminal'}")),),
    )
    ended = await visit.during(prompt, payment.outcome(), idle=False)
    if not isinstance(ended, Answer):
        return ended
    visit.tell(Working("asking-payment", text("pay.asking.question"), text("pay.asking.body")))
    with visit.meter.devices():
        return await payment.give_up()


def _close_if_settled(collected: Collected) -> None:
    """Raise ``Closed`` for a payment that nobody could tell the end of, or that staff have to give back."""
    settled = collected.settlement
    if settled is None or settled.outcome is None:
        return
    if collected.state is PaymentState.UNKNOWN:
        raise Closed(settled.outcome, "payment-unknown", text("closed.payment-unknown"))
    if settled.outcome is Outcome.ESCALATED:
        raise Closed(settled.outcome, settled.reason, text("closed.not-given-back"))


async def _ask_to_try_again(visit: Visit, collected: Collected) -> Text:
    """Say what happened; returns the sentence for the next page, raises ``Leave``."""
    known = collected.state in (
        PaymentState.DECLINED,
        PaymentState.CANCELLED,
        PaymentState.TIMED_OUT,
    )
    said = text(f"pay.trouble.{collected.state.value if known else 'failed'}")
    if collected.settlement is not None and collected.settlement.outcome is Outcome.REFUNDED:
        said = text("pay.trouble.refunded")
    answer = await visit.ask(
        Notice(
            "payment-not-made",
            text("pay.again.question"),
            paragraphs=(said,),
            actions=(
                Action("again", text("pay.again.again")),
                Action("give-up", text("pay.again.give-up")),
            ),
            tone=Tone.NEEDS_YOU,
        )
    )
    if answer.action == "give-up":
        raise Leave("not-paid")
    return said
