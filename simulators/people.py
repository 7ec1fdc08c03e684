"""The people of the bench: what each carries, and what the authorities know of them.

A persona is one TOML file in ``personas/``. Dates may be relative (``"today+400d"``, ``"today-15y"``)
and numbers may be patterns (``"330212{birth}991?"``: ``?`` becomes the check digit), so that a person
who is fifteen stays fifteen.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent / "personas"
LAYOUTS: Final = ("resident", "hk-mo-tw-residence", "foreigner-2017", "foreigner-2023")
SECTIONS: Final = ("traffic", "certificates", "collection")
"""What desks of the back office know of a person besides: a section each, of the desk's own making."""

_BEIJING: Final = timezone(timedelta(hours=8))
_KEYS: Final = {
    *("title", "special", "face", "fingers", "id_card", "permit", "register"),
    *("inserts_permit_of", "pays", "finger_condition"),
    *SECTIONS,
}


class PersonaError(ValueError):
    """A persona's file does not say what it must; the text names the file and the key."""


@dataclass(frozen=True, slots=True)
class IdCardFace:
    """What an ID card's chip holds. ``sex`` GB/T 2261.1, ``nation`` GB/T 3304; no ``expires``: 长期."""

    layout: str
    name: str
    number: str
    sex: str
    nation: str
    birth: date
    address: str
    authority: str
    valid_from: date
    expires: date | None
    photo: bytes
    english_name: str = ""
    nationality: str = ""
    pass_number: str = ""
    issues: int = 1


@dataclass(frozen=True, slots=True)
class PermitFace:
    """A permit as it was issued. ``mrz`` 30 characters, ``chip_mrz`` 90, ``endorsements`` EF 01 20."""

    number: str
    name: str
    surname: str
    given: str
    sex: str
    birth: date
    issued: date
    expires: date
    place: str
    authority: str
    mrz: str
    chip_mrz: str
    endorsements: bytes
    strip_code: str


@dataclass(frozen=True, slots=True)
class RegisteredEndorsement:
    """An endorsement the back office knows: HKG or MAC, the type's letter, trips left (0 = multiple)."""

    destination: str
    type: str
    valid_until: date
    entries_left: int


@dataclass(frozen=True, slots=True)
class Register:
    """What the back office knows of a person."""

    permit_status: str = "valid"
    exit_ban: bool = False
    state_employee: bool = False
    soldier: bool = False
    household: str = "330212"
    individual_travel: bool = True
    first_time: bool = False
    last_issued: date | None = None
    strip_rewrites: int = 0
    endorsements: tuple[RegisteredEndorsement, ...] = ()


@dataclass(frozen=True, slots=True)
class Persona:
    """A simulated person. ``fingers`` maps GA finger codes (11..20) to pictures (``f01``)."""

    name: str
    title: str
    special: str
    face: str
    fingers: Mapping[str, str]
    id_card: IdCardFace
    permit: PermitFace | None
    register: Register
    inserts_permit_of: str = ""
    pays: str = "card"
    finger_condition: str = "ok"
    templates: tuple[FingerTemplate, ...] = field(default=(), repr=False)
    sections: Mapping[str, Any] = field(default_factory=dict)

    def tables(self) -> dict[str, Any]:
        """Return what the authorities and the permit's issuer know, as plain values."""
        tables: dict[str, Any] = {
            "name": self.name,
            "title": self.title,
            "id_card": asdict(self.id_card),
            "register": asdict(self.register),
        }
        tables["register"]["endorsements"] = [asdict(e) for e in self.register.endorsements]
        if self.permit is not None:
            tables["permit"] = {**asdict(self.permit), "endorsements": self.permit.endorsements.hex()}
        tables |= dict(self.sections)
        if "collection" in tables:
            tables["collection"] = {"documents": self.finished_documents()}
        return tables

    def finished_documents(self) -> list[dict[str, Any]]:
        """Return the permits that lie ready for this person, with ``mrz`` and ``chip_mrz`` as issued."""
        made, face, card = [], self.permit, self.id_card
        for document in self.sections.get("collection", {}).get("documents", []):
            if face is None:
                raise PersonaError(f"{self.name}: a permit in store needs the names of [permit]")
            line = permit_mrz(document["number"], document["expires"], card.birth)
            chip = permit_chip_mrz(line, card.name, face.surname, face.given, card.sex, card.birth)
            made.append({**document, "mrz": line, "chip_mrz": chip})
        return made


@dataclass(frozen=True, slots=True)
class FingerTemplate:
    """An enrolled finger on the card: GA code, quality 0..100, ISO/IEC 19794-2:2005 record."""

    finger: int
    quality: int
    record: bytes


def id_check_digit(body: str) -> str:
    """Return the 18th character for 17 digits: MOD 11-2 of GB 11643-1999."""
    return "10X98765432"[sum(int(d) << (17 - i) for i, d in enumerate(body)) % 11]


def mrz_check_digit(text: str) -> str:
    """Return the 7-3-1 check digit of ICAO 9303-3."""
    values = (0 if c == "<" else int(c, 36) for c in text)
    return str(sum(v * (7, 3, 1)[i % 3] for i, v in enumerate(values)) % 10)


def permit_mrz(number: str, expires: date, birth: date) -> str:
    """Return the 30 characters on the face of a 往来港澳通行证 card.

    Not ICAO's TD1: the expiry comes before the birth, and the last digit covers the three fields
    with their check digits but not the fillers. Checked against the public sample
    ``CSC000000004<2404200<8108038<6``.
    """
    fields = [f + mrz_check_digit(f) for f in (number, f"{expires:%y%m%d}", f"{birth:%y%m%d}")]
    return "CS" + "".join(f + "<" for f in fields) + mrz_check_digit("".join(fields))


def permit_chip_mrz(mrz: str, name: str, surname: str, given: str, sex: str, birth: date) -> str:
    """Return the 90 characters of DG1: the face's line, the name's line, a line of our own making.

    The name's first characters are written with a letter for each nibble of their GBK code (A for 0
    to P for 15): 证件样 is ``NGKELMPONBPJ``. A character outside GBK takes its four GB 18030 bytes.
    What the third line holds is not published in full; ours has sex and century of birth.
    """
    letters = ""
    for character in name:
        code = "".join(chr(ord("A") + n) for b in character.encode("gb18030") for n in (b >> 4, b & 15))
        if len(letters) + len(code) > 12:
            break
        letters += code
    pinyin = re.sub("[^A-Z<]", "", f"{surname}<<{given}".upper().replace(" ", "<"))
    return mrz + f"{letters:<<12}{pinyin[:18]:<<18}" + f"{'M' if sex == '1' else 'F'}{birth.year // 100:<<29}"


def load_personas(folder: Path = FOLDER, today: date | None = None) -> dict[str, Persona]:
    """Read every ``*.toml`` of ``folder``; relative dates count from ``today`` (default: now).

    Raises ``PersonaError``.
    """
    day = today or date.today()
    people = {path.stem: _Reader(path, day).persona() for path in sorted(folder.glob("*.toml"))}
    for person in people.values():
        if person.inserts_permit_of and person.inserts_permit_of not in people:
            raise PersonaError(f"{person.name}: nobody is called {person.inserts_permit_of}")
    return people


class _Reader:
    """One persona's file, read with the file's name and key in every complaint."""

    def __init__(self, path: Path, today: date) -> None:
        self._path = path
        self._today = today
        with path.open("rb") as file:
            self._top = tomllib.load(file)
        unknown = set(self._top) - _KEYS
        if unknown:
            raise PersonaError(f"{path.name}: nobody asks for {', '.join(sorted(unknown))}")

    def persona(self) -> Persona:
        top = self._top
        fingers = {str(k): str(v) for k, v in top.get("fingers", {}).items()}
        card = self._id_card(top["id_card"])
        return Persona(
            name=self._path.stem,
            title=str(top["title"]),
            special=str(top.get("special", "")),
            face=str(top["face"]),
            fingers=fingers,
            id_card=card,
            permit=self._permit(top["permit"], card) if "permit" in top else None,
            register=self._register(top.get("register", {})),
            inserts_permit_of=str(top.get("inserts_permit_of", "")),
            pays=str(top.get("pays", "card")),
            finger_condition=str(top.get("finger_condition", "ok")),
            templates=tuple(self._template(code, picture) for code, picture in fingers.items()),
            sections={name: self._resolved(top[name], name) for name in SECTIONS if name in top},
        )

    def _id_card(self, table: Mapping[str, Any]) -> IdCardFace:
        layout = str(table["layout"])
        if layout not in LAYOUTS:
            raise self._wrong("id_card.layout", layout)
        birth = self._date(table["birth"], "id_card.birth")
        photo = (FOLDER / "faces" / str(table["photo"]) / "chip.webp").read_bytes()
        return IdCardFace(
            layout=layout,
            name=str(table["name"]),
            number=_number(str(table["number"]), birth),
            sex=str(table["sex"]),
            nation=str(table.get("nation", "")),
            birth=birth,
            address=str(table.get("address", "")),
            authority=str(table["authority"]),
            valid_from=self._date(table["valid_from"], "id_card.valid_from"),
            expires=self._date(table["expires"], "id_card.expires") if table["expires"] else None,
            photo=photo,
            english_name=str(table.get("english_name", "")),
            nationality=str(table.get("nationality", "")),
            pass_number=str(table.get("pass_number", "")),
            issues=int(table.get("issues", 1)),
        )

    def _permit(self, table: Mapping[str, Any], card: IdCardFace) -> PermitFace:
        number = str(table["number"])
        name = str(table.get("name", card.name))
        surname, given = str(table["surname"]), str(table["given"])
        sex = str(table.get("sex", card.sex))
        birth = self._date(table["birth"], "permit.birth") if "birth" in table else card.birth
        expires = self._date(table["expires"], "permit.expires")
        mrz = str(table.get("mrz") or permit_mrz(number, expires, birth))
        chip_line = mrz
        if "chip_expires" in table:
            chip_line = permit_mrz(number, self._date(table["chip_expires"], "permit.chip_expires"), birth)
        return PermitFace(
            number=number,
            name=name,
            surname=surname,
            given=given,
            sex=sex,
            birth=birth,
            issued=self._date(table["issued"], "permit.issued"),
            expires=expires,
            place=str(table.get("place", "浙江")),
            authority=str(table.get("authority", "中华人民共和国出入境管理局")),
            mrz=mrz,
            chip_mrz=str(
                table.get("chip_mrz") or permit_chip_mrz(chip_line, name, surname, given, sex, birth)
            ),
            endorsements=bytes.fromhex(str(table.get("endorsements", ""))),
            strip_code=str(table.get("strip_code", "")),
        )

    def _register(self, table: Mapping[str, Any]) -> Register:
        status = str(table.get("permit_status", "valid"))
        if status not in {"valid", "lost", "cancelled"}:
            raise self._wrong("register.permit_status", status)
        last = table.get("last_issued")
        return Register(
            permit_status=status,
            exit_ban=bool(table.get("exit_ban", False)),
            state_employee=bool(table.get("state_employee", False)),
            soldier=bool(table.get("soldier", False)),
            household=str(table.get("household", "330212")),
            individual_travel=bool(table.get("individual_travel", True)),
            first_time=bool(table.get("first_time", False)),
            last_issued=self._date(last, "register.last_issued") if last else None,
            strip_rewrites=int(table.get("strip_rewrites", 0)),
            endorsements=tuple(
                RegisteredEndorsement(
                    destination=str(e["destination"]),
                    type=str(e["type"]),
                    valid_until=self._date(e["valid_until"], "register.endorsements.valid_until"),
                    entries_left=int(e["entries_left"]),
                )
                for e in table.get("endorsements", [])
            ),
        )

    def _template(self, code: str, picture: str) -> FingerTemplate:
        data = (FOLDER / "fingers" / f"{picture}.fmr").read_bytes()
        return FingerTemplate(finger=int(code), quality=data[20], record=data)

    def _resolved(self, value: Any, key: str) -> Any:
        """Return a section's value with its relative days made dates, or times where they name one."""
        if isinstance(value, dict):
            return {name: self._resolved(inner, f"{key}.{name}") for name, inner in value.items()}
        if isinstance(value, list):
            return [self._resolved(inner, key) for inner in value]
        if not isinstance(value, str) or not value.startswith("today"):
            return value
        day, _, clock = value.partition("T")
        try:
            return (
                datetime.combine(self._date(day, key), time.fromisoformat(clock), _BEIJING)
                if clock
                else self._date(day, key)
            )
        except ValueError as error:
            raise self._wrong(key, value) from error

    def _date(self, value: object, key: str) -> date:
        if isinstance(value, date):
            return value
        match = re.fullmatch(r"today(?:([+-])(\d+)y)?(?:([+-])(\d+)d)?", str(value))
        if match is None:
            raise self._wrong(key, str(value))
        years = int((match[1] or "+") + (match[2] or "0"))
        days = int((match[3] or "+") + (match[4] or "0"))
        start = self._today
        if years and (start.month, start.day) == (2, 29):
            start = start.replace(day=28)
        return start.replace(year=start.year + years) + timedelta(days=days)

    def _wrong(self, key: str, value: str) -> PersonaError:
        return PersonaError(f"{self._path.name}: {key}: {value!r} is not one of the values it may have")


def _number(pattern: str, birth: date) -> str:
    number = pattern.replace("{birth}", f"{birth:%Y%m%d}").replace("{yymmdd}", f"{birth:%y%m%d}")
    return number[:-1] + id_check_digit(number[:-1]) if number.endswith("?") else number
