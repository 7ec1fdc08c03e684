"""The acts on the outside world that cannot be taken back, and what each must be able to answer.

An effect is committed as an intent before the act and concluded after it. A crash between the two
leaves a question; recovery asks it and never simply repeats the act. So each kind states: its
evidence before and after, its idempotency key, the question, and what makes good when the answer
is bad (a compensation, which is another effect, or an escalation to staff).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from kiosk.journal.records import Effect

TAKE_PERMIT: Final = "take-permit"
TAKE_MONEY: Final = "take-money"
SUBMIT_ENDORSEMENT: Final = "submit-endorsement"
SUBMIT_DECISION: Final = "submit-decision"
SUBMIT_OBJECTION: Final = "submit-objection"
SETTLE_FINES: Final = "settle-fines"
SUBMIT_NOTICE: Final = "submit-notice"
SUBMIT_CERTIFICATE: Final = "submit-certificate"
PRINT_DOCUMENT: Final = "print-document"
PRINT_STRIP: Final = "print-strip"
WRITE_CHIP: Final = "write-chip"
RESTORE_CHIP: Final = "restore-chip"
PRINT_RECEIPT: Final = "print-receipt"
PICK_DOCUMENT: Final = "pick-document"
PRESENT_DOCUMENT: Final = "present-document"
RETAIN_DOCUMENT: Final = "retain-document"
GIVE_BACK_PERMIT: Final = "give-back-permit"
RETRACT_PERMIT: Final = "retract-permit"
REFUND_MONEY: Final = "refund-money"

PAYMENT_TERMINAL: Final = "payment_terminal"
"""The channel, and device, that takes cards; the other channels are those of the back office."""


SURRENDERED: Final = "surrendered"
"""Why a permit was retracted that its holder handed in for a new one; others were left behind."""
FOUND: Final = "found"
"""Why a permit was taken and retracted that was inside before the entry opened: it may be anybody's."""


@dataclass(frozen=True, slots=True)
class EffectKind:
    """What is fixed for a kind of effect.

    ``before`` and ``after`` name the fields of evidence that an intent, and a conclusion as done,
    must hold. ``key`` says what the idempotency key is made of, ``question`` what recovery asks.
    ``blocks`` is the device kept out of service while the question is open: a device's name,
    ``"{channel}"`` for the payment channel named in the evidence, or "" for none.
    """

    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    key: str
    question: str
    compensation: str = ""
    escalation: str = ""
    blocks: str = ""


KINDS: Final[Mapping[str, EffectKind]] = {
    kind.name: kind
    for kind in (
        EffectKind(
            TAKE_PERMIT,
            before=("media",),
            after=("media",),
            key="<visit>:<n-th permit taken in>",
            question="permit unit: where is the permit?",
            compensation=GIVE_BACK_PERMIT,
            blocks="permit_unit",
        ),
        EffectKind(
            TAKE_MONEY,
            before=("channel", "amount_fen"),
            after=("state",),
            key="<order number>",
            question="payment host or back office: what became of the order?",
            compensation=REFUND_MONEY,
            blocks="{channel}",
        ),
        EffectKind(
            SUBMIT_ENDORSEMENT,
            before=("order_no", "bill_no"),
            after=("approval_no",),
            key="<case number>:endorse",
            question="back office: has the case an approval?",
            compensation=REFUND_MONEY,
        ),
        EffectKind(
            SUBMIT_DECISION,
            before=("violation_no", "fine_fen", "points"),
            after=("decision_no",),
            key="<case number>:decide:<violation number>",
            question="back office: has the case a decision on the violation?",
            escalation="none: a decision stands, and can be paid until its days are over",
        ),
        EffectKind(
            SUBMIT_OBJECTION,
            before=("violation_no", "reason"),
            after=("objection_no",),
            key="<case number>:object:<violation number>",
            question="back office: has the case an objection to the violation?",
            escalation="none: nothing was decided or paid",
        ),
        EffectKind(
            SUBMIT_NOTICE,
            before=("document", "way"),
            after=("document_no",),
            key="<case number>:notice",
            question="back office: has the case a personal notice?",
            escalation="none: the person has the paper, and may ask for another",
        ),
        EffectKind(
            SETTLE_FINES,
            before=("order_no", "bill_no"),
            after=("receipts",),
            key="<case number>:settle",
            question="back office: are the fines of the case booked as paid?",
            compensation=REFUND_MONEY,
        ),
        EffectKind(
            SUBMIT_CERTIFICATE,
            before=("document", "copies", "purpose"),
            after=("state",),
            key="<case number>:certificate",
            question="back office: which certificates has the case?",
            escalation="none: a certificate that was not printed is void",
        ),
        EffectKind(
            PRINT_DOCUMENT,
            before=("serial", "digest", "sheets"),
            after=("state", "sheets"),
            key="<case number>-D<n-th document>, the printer's name for the job",
            question="document printer: what became of the job; how many sheets has it counted?",
            escalation="a certificate is void and may be applied for again; another paper comes another way",
            blocks="document_printer",
        ),
        EffectKind(
            PRINT_STRIP,
            before=("strip_code",),
            after=("strip_code",),
            key="<approval number>:strip:<n-th try>",
            question="imager: which code does the strip show?",
            escalation="refund, tell staff that chip and strip may disagree",
            blocks="permit_unit",
        ),
        EffectKind(
            WRITE_CHIP,
            before=("chip_digest",),
            after=("chip_digest",),
            key="<approval number>:chip:<n-th try>",
            question="chip: what does its endorsement file hold?",
            escalation="refund, tell staff that chip and strip may disagree",
            blocks="permit_unit",
        ),
        EffectKind(
            RESTORE_CHIP,
            before=("chip_digest",),
            after=("chip_digest",),
            key="<approval number>:chip:undo",
            question="chip: what does its endorsement file hold?",
            escalation="staff read the permit and put the chip right",
            blocks="permit_unit",
        ),
        EffectKind(
            PRINT_RECEIPT,
            before=("cuts",),
            after=("cuts",),
            key="<visit>:receipt:<n-th receipt>",
            question="receipt printer: how many cuts has its maintenance counter?",
            escalation="receipt by the back office's link",
            blocks="receipt_printer",
        ),
        EffectKind(
            GIVE_BACK_PERMIT,
            before=("media",),
            after=("media",),
            key="<visit>:<n-th giving back>",
            question="permit unit: where is the permit?",
            compensation=RETRACT_PERMIT,
            blocks="permit_unit",
        ),
        EffectKind(
            RETRACT_PERMIT,
            before=("bin_count",),
            after=("bin_count",),
            key="<visit>:<n-th retraction>",
            question="permit unit: how many permits are in the retain bin?",
            escalation="staff open the bin and give the permit back against the case number",
            blocks="permit_unit",
        ),
        EffectKind(
            PICK_DOCUMENT,
            before=("unit", "retained"),
            after=("media",),
            key="<visit>:<document>:pick",
            question="dispenser: is a card in the unit's path?",
            compensation=RETAIN_DOCUMENT,
            blocks="card_dispenser",
        ),
        EffectKind(
            PRESENT_DOCUMENT,
            before=("unit", "retained"),
            after=("media",),
            key="<visit>:<document>:present",
            question="dispenser: is the card still in the unit's path, or at its gate?",
            compensation=RETAIN_DOCUMENT,
            blocks="card_dispenser",
        ),
        EffectKind(
            RETAIN_DOCUMENT,
            before=("unit", "retained"),
            after=("retained",),
            key="<visit>:<document>:retain",
            question="dispenser: how many cards are in the unit's bin?",
            escalation="staff open the bin and hand the document over against the case number",
            blocks="card_dispenser",
        ),
        EffectKind(
            REFUND_MONEY,
            before=("order_no", "channel", "amount_fen"),
            after=("refunded_fen",),
            key="<order number>R1",
            question="payment host or back office: how much of the order went back?",
            escalation="six failures: staff refund by hand against the case number",
            blocks="{channel}",
        ),
    )
}


def blocked(effects: Iterable[Effect]) -> frozenset[str]:
    """Return the devices and payment channels that unresolved ``effects`` keep out of service.

    A QR order whose end isn't known yet blocks nothing: no device of ours holds it, and it can be
    paid by the person who scanned it only. An unresolved refund blocks its channel.
    """
    names: set[str] = set()
    for effect in effects:
        if effect.state.resolved:
            continue
        channel = str(effect.before.get("channel", ""))
        if effect.kind == TAKE_MONEY and channel != PAYMENT_TERMINAL:
            continue
        names.add(KINDS[effect.kind].blocks.replace("{channel}", channel))
    return frozenset(names - {""})
