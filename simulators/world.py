"""The world before the machine: who stands there, what they hold, and what they do.

An act is one thing a person can do (``place_id_card``, ``pay``, ...). It goes to the device's
physical side; the kiosk learns of it through the wire alone.
"""

from __future__ import annotations

import threading
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from simulators.devices.camera import Camera, Scene
from simulators.devices.fingerprint_pad import FingerprintPad, Press
from simulators.devices.id_card_reader import IdCardReader
from simulators.devices.payment_terminal import PaymentTerminal
from simulators.devices.receipt_printer import ReceiptPrinter
from simulators.housing import Housing
from simulators.payment_hosts.hosts import PaymentHosts
from simulators.people import Persona
from simulators.permit.card import PermitCard
from simulators.permit.unit import PermitUnitSimulator, Refused
from simulators.side_cabinet import SideCabinet


class Impossible(Exception):
    """The act cannot be done; the text says why. ``status`` is the HTTP status that fits."""

    def __init__(self, why: str, status: int = 409) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, slots=True)
class Machine:
    """The devices of one cabinet, from the person's side, and the hosts that phones pay at."""

    id_card_reader: IdCardReader
    permit_unit: PermitUnitSimulator
    camera: Camera
    fingerprint_pad: FingerprintPad
    payment_terminal: PaymentTerminal
    receipt_printer: ReceiptPrinter
    payment_hosts: PaymentHosts
    side_cabinet: SideCabinet
    housing: Housing


Act = Callable[..., None]


class World:
    """Who is there and what they do; acts come one at a time."""

    def __init__(
        self,
        people: Mapping[str, Persona],
        machine: Machine,
        reseed: Callable[[], None],
        take_in: Callable[[Persona, str, str, Sequence[str]], None],
    ) -> None:
        self.people = people
        self._machine = machine
        self._reseed = reseed
        self._take_in = take_in
        self._lock = threading.Lock()
        self._persona: Persona | None = None
        self._permits: dict[str, PermitCard] = {}
        self._finger: Press | None = None

    def do(self, name: str, arguments: Mapping[str, Any]) -> None:
        """Do an act of ``ACTS``; raises ``Impossible``."""
        known = ACTS.get(name)
        if known is None:
            raise Impossible(f"no act {name!r}: one of {', '.join(ACTS)}", 400)
        method, kinds = known
        for key, value in arguments.items():
            if key not in kinds:
                raise Impossible(f"{name} takes no {key!r}", 400)
            if type(value) is not kinds[key]:
                raise Impossible(f"{name}: {key} must be {kinds[key].__name__}", 400)
        with self._lock:
            try:
                method(self, **arguments)
            except Refused as error:
                raise Impossible(str(error)) from error
            except (LookupError, ValueError, TypeError) as error:
                raise Impossible(f"{name}: {error}", 400) from error

    def state(self) -> dict[str, Any]:
        """Return the world as plain values."""
        machine = self._machine
        with self._lock:
            scene = machine.camera.scene
            return {
                "persona": self._persona.name if self._persona else None,
                "id_card": {"where": "reader" if machine.id_card_reader.card else "pocket"},
                "permit": self._permit(),
                "camera": {**asdict(scene), "persona": self._whose_face(scene.face)},
                "finger": asdict(self._finger) if self._finger else None,
                "terminal": machine.payment_terminal.world(),
                "receipt": {
                    "paper": machine.receipt_printer.paper,
                    "in_slot": machine.receipt_printer.in_slot,
                    "unknown_commands": machine.receipt_printer.unknown_commands,
                },
                **machine.side_cabinet.world(),
                **machine.housing.world(),
                "orders": {**machine.payment_hosts.orders(), **machine.payment_terminal.book.orders()},
            }

    def _permit(self) -> Mapping[str, Any]:
        """Describe the permit: in the machine, or in the pocket of the person who stands there."""
        permit = self._machine.permit_unit.world()
        card = self._permits.get(self._persona.name) if self._persona else None
        if permit["where"] != "pocket" or card is None:
            return permit
        return {**permit, **card.world()}

    # --- acts ---

    def _arrive(self, name: str) -> None:
        self._persona = self._named(name)
        self._machine.camera.show(Scene(self._persona.face))

    def _place_id_card(self, persona: str = "", spoilt: str = "") -> None:
        self._machine.id_card_reader.place(self._named(persona), spoilt)

    def _lift_id_card(self) -> None:
        self._machine.id_card_reader.lift()

    def _insert_permit(self, persona: str = "", wrong_way_round: bool = False, line: str = "") -> None:
        """Push a permit in; ``line`` is what its face says instead of what was printed when it was issued."""
        person = self._named(persona)
        owner = self.people[person.inserts_permit_of] if person.inserts_permit_of else person
        card = self._permit_of(owner)
        if line:
            card.mrz = LINES[line](card.mrz)
        self._machine.permit_unit.insert(card, wrong_way_round=wrong_way_round)

    def _take_permit(self) -> None:
        self._machine.permit_unit.take()

    def _pull_permit(self) -> None:
        self._machine.permit_unit.pull()

    def _clear_jam(self) -> None:
        self._machine.permit_unit.clear_jam()

    def _look(self, pose: str = "neutral", persona: str = "", second: str = "", attack: str = "") -> None:
        self._machine.camera.show(
            Scene(
                self._named(persona).face,
                pose,
                self._named(second).face if second else None,
                attack or None,
            )
        )

    def _step_away(self) -> None:
        self._machine.camera.show(Scene())

    def _place_finger(self, finger: str = "", impression: int = 2, condition: str = "") -> None:
        person = self._persona
        mine = dict(person.fingers) if person else {}
        picture = mine.get(finger, finger) or next(iter(mine.values()), "")
        press = Press(picture, impression, condition or (person.finger_condition if person else "ok"))
        self._machine.fingerprint_pad.press(press)
        self._finger = press

    def _lift_finger(self) -> None:
        self._machine.fingerprint_pad.lift()
        self._finger = None

    def _pay(self, method: str = "card", result: str = "approve") -> None:
        if not self._machine.payment_terminal.pay(method, result):
            raise Impossible("the terminal asks for no payment")

    def _scan_qr(self, code: str, result: str = "approve") -> None:
        self._machine.payment_hosts.scan(code, result)

    def _take_receipt(self) -> None:
        self._machine.receipt_printer.take()

    def _paper(self, state: str = "full") -> None:
        self._machine.receipt_printer.set_paper(state)

    def _receipt_cover(self, open: bool = True) -> None:
        self._machine.receipt_printer.set_cover(open)

    def _show_code(self, text: str = "", picture: str = "") -> None:
        """Hold a code before the scanner: its text, or a picture (base64) in which one is looked for."""
        shown = b64decode(picture, validate=True)
        self._machine.side_cabinet.barcode_reader.show(text, shown)

    def _hide_code(self) -> None:
        self._machine.side_cabinet.barcode_reader.hide()

    def _load_stacker(self, unit: int = 1, personas: Sequence[str] = ()) -> None:
        """Staff puts these people's finished permits into a stacker; the first comes out first."""
        owners = [self._named(str(name)) for name in personas] or [self._named("")]
        store = self._machine.side_cabinet.card_dispenser.store(unit)
        store.load([self._issued_to(owner) for owner in owners])

    def _take_in_case(
        self,
        case_no: str = "",
        service: str = "residence-permit",
        persona: str = "",
        missing: Sequence[str] = (),
    ) -> None:
        """Somebody applied for something earlier, with all papers but the ``missing`` ones."""
        person = self._named(persona)
        number = case_no or f"HALL-{person.name.replace('-', '').upper()}-{service[:1].upper()}"
        self._take_in(person, number, service, missing)

    def _stock_documents(self) -> None:
        """Staff puts every finished document into the unit that the register says, and nothing else."""
        dispenser = self._machine.side_cabinet.card_dispenser
        dispenser.reset()
        for person in self.people.values():
            finished = person.finished_documents()
            for unit in {document["unit"] for document in finished if document["unit"]}:
                cards = [PermitCard.of(document) for document in finished if document["unit"] == unit]
                dispenser.store(unit).load(cards)

    def _empty_unit(self, unit: int = 1) -> None:
        """Somebody took everything out of a unit; the register does not know."""
        self._machine.side_cabinet.card_dispenser.store(unit).empty()

    def _take_any_card(self) -> None:
        """The person takes whatever lies at a gate; raises ``Refused`` when nothing does."""
        dispenser = self._machine.side_cabinet.card_dispenser
        gates = [number for number, store in enumerate(dispenser.world(), 1) if store["where"] == "gate"]
        if not gates:
            raise Refused("no card lies at a gate")
        dispenser.store(gates[0]).take()

    def _take_card(self, unit: int = 1) -> None:
        self._machine.side_cabinet.card_dispenser.store(unit).take()

    def _clear_unit(self, unit: int = 1) -> None:
        self._machine.side_cabinet.card_dispenser.store(unit).clear()

    def _lay_page(self, picture: str) -> None:
        self._machine.side_cabinet.document_scanner.lay(picture)

    def _document_paper(self, state: str = "full") -> None:
        self._machine.housing.document_printer.set_paper(state)

    def _document_toner(self, state: str = "full") -> None:
        self._machine.housing.document_printer.set_toner(state)

    def _document_cover(self, open: bool = True) -> None:
        self._machine.housing.document_printer.set_cover(open)

    def _jam_document(self) -> None:
        self._machine.housing.document_printer.jam()

    def _free_document(self) -> None:
        self._machine.housing.document_printer.clear_jam()

    def _take_document(self) -> None:
        self._machine.housing.document_printer.take()

    def _door(self, door: str = "cabinetFront", state: str = "open") -> None:
        self._machine.housing.io_board.set_door(door, state)

    def _operator_switch(self, position: str = "run") -> None:
        self._machine.housing.io_board.turn_switch(position)

    def _sensor(self, sensor: str = "proximity", on: bool = True) -> None:
        self._machine.housing.io_board.set_sensor(sensor, on)

    def _mains(self, on: bool = True) -> None:
        self._machine.housing.ups.set_mains(on)

    def _battery(self, percent: int = 100) -> None:
        self._machine.housing.ups.set_battery(percent)

    def _reset(self) -> None:
        machine = self._machine
        machine.id_card_reader.lift()
        machine.permit_unit.reset()
        machine.camera.show(Scene())
        machine.fingerprint_pad.lift()
        machine.payment_terminal.reset()
        machine.payment_hosts.reset()
        machine.receipt_printer.reset()
        machine.side_cabinet.reset()
        machine.housing.reset()
        self._permits.clear()
        self._persona = None
        self._finger = None
        self._reseed()
        self._stock_documents()

    # --- inside ---

    def _named(self, name: str) -> Persona:
        if not name:
            if self._persona is None:
                raise ValueError("nobody stands there: name a persona")
            return self._persona
        if name not in self.people:
            raise ValueError(f"nobody is called {name!r}")
        return self.people[name]

    def _permit_of(self, person: Persona) -> PermitCard:
        if person.name not in self._permits:
            self._permits[person.name] = self._issued_to(person)
        return self._permits[person.name]

    def _issued_to(self, person: Persona) -> PermitCard:
        """Make this person's permit as it was issued."""
        tables = person.tables()
        if "permit" not in tables:
            raise ValueError(f"{person.name} has no permit")
        return PermitCard.of(tables["permit"])

    def _whose_face(self, face: str | None) -> str | None:
        if face is None:
            return None
        if self._persona is not None and self._persona.face == face:
            return self._persona.name
        return next((p.name for p in self.people.values() if p.face == face), None)


LINES: Final[Mapping[str, Callable[[str], str]]] = {
    "check-digit": lambda line: line[:-1] + str((int(line[-1]) + 1) % 10),
    "taiwan": lambda line: "CD" + line[2:],
}
"""What may be wrong with the line on a face: a digit; or it is a permit for Taiwan (往来台湾通行证)."""

ACTS: Final[Mapping[str, tuple[Act, Mapping[str, type]]]] = {
    "persona": (World._arrive, {"name": str}),
    "place_id_card": (World._place_id_card, {"persona": str, "spoilt": str}),
    "lift_id_card": (World._lift_id_card, {}),
    "insert_permit": (World._insert_permit, {"persona": str, "wrong_way_round": bool, "line": str}),
    "take_permit": (World._take_permit, {}),
    "pull_permit": (World._pull_permit, {}),
    "clear_jam": (World._clear_jam, {}),
    "look": (World._look, {"pose": str, "persona": str, "second": str, "attack": str}),
    "step_away": (World._step_away, {}),
    "place_finger": (World._place_finger, {"finger": str, "impression": int, "condition": str}),
    "lift_finger": (World._lift_finger, {}),
    "pay": (World._pay, {"method": str, "result": str}),
    "scan_qr": (World._scan_qr, {"code": str, "result": str}),
    "take_receipt": (World._take_receipt, {}),
    "refill_paper": (World._paper, {}),
    "paper": (World._paper, {"state": str}),
    "receipt_cover": (World._receipt_cover, {"open": bool}),
    "show_code": (World._show_code, {"text": str, "picture": str}),
    "hide_code": (World._hide_code, {}),
    "take_in_case": (
        World._take_in_case,
        {"case_no": str, "service": str, "persona": str, "missing": list},
    ),
    "stock_documents": (World._stock_documents, {}),
    "empty_unit": (World._empty_unit, {"unit": int}),
    "take_any_card": (World._take_any_card, {}),
    "load_stacker": (World._load_stacker, {"unit": int, "personas": list}),
    "take_card": (World._take_card, {"unit": int}),
    "clear_unit": (World._clear_unit, {"unit": int}),
    "lay_page": (World._lay_page, {"picture": str}),
    "document_paper": (World._document_paper, {"state": str}),
    "document_toner": (World._document_toner, {"state": str}),
    "document_cover": (World._document_cover, {"open": bool}),
    "jam_document": (World._jam_document, {}),
    "free_document": (World._free_document, {}),
    "take_document": (World._take_document, {}),
    "door": (World._door, {"door": str, "state": str}),
    "operator_switch": (World._operator_switch, {"position": str}),
    "sensor": (World._sensor, {"sensor": str, "on": bool}),
    "mains": (World._mains, {"on": bool}),
    "battery": (World._battery, {"percent": int}),
    "reset": (World._reset, {}),
}
"""What a person can do, and the types of its arguments."""
