"""What certificates are made of: who people are, household, insurance, and whether something is known.

A stand-in for three registers of three authorities (人口、犯罪记录、社保), seeded from the section
``certificates`` of a person's file.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, Final, Literal

from sqlalchemy import Connection, RowMapping, Table, delete, insert

from simulators.back_office.contract import Part
from simulators.back_office.desk import Office, Persona
from simulators.back_office.store import find, key, metadata, text, values

subjects: Final = Table(
    "certificate_subjects",
    metadata,
    key("id_number"),
    text("name"),
    text("sex"),
    text("nation"),
    text("birth"),
    text("criminal_record"),
    values("registers"),
)

SEXES: Final = {"1": "男", "2": "女"}
_NATIONS: Final = """
    汉 蒙古 回 藏 维吾尔 苗 彝 壮 布依 朝鲜 满 侗 瑶 白 土家 哈尼 哈萨克 傣 黎 傈僳 佤 畲 高山 拉祜
    水 东乡 纳西 景颇 柯尔克孜 土 达斡尔 仫佬 羌 布朗 撒拉 毛南 仡佬 锡伯 阿昌 普米 塔吉克 怒 乌孜别克
    俄罗斯 鄂温克 德昂 保安 裕固 京 塔塔尔 独龙 鄂伦春 赫哲 门巴 珞巴 基诺
"""
NATIONS: Final = tuple(_NATIONS.split())
"""GB/T 3304: 01 is the first."""


class Household(Part):
    """How somebody is registered (户籍); without an address at the one on the ID card."""

    kind: str = "家庭户"
    relation: str = "户主"
    address: str = ""
    status: str = "正常"


class Insurance(Part):
    """One kind of social insurance (险种); ``first`` and ``last`` are months, ``2008-07``."""

    kind: str
    first: str
    last: str
    months: int
    base_yuan: int


class SocialInsurance(Part):
    """Somebody's account (社保账户), its number as the authority shows it."""

    account: str
    employer: str
    insurances: list[Insurance]


class Records(Part):
    """The section of a person's file. ``registered`` false: the household is registered elsewhere."""

    criminal_record: Literal["none", "hit", "pending"] = "none"
    registered: bool = True
    household: Household = Household()
    social_insurance: SocialInsurance | None = None


def seed(db: Connection, office: Office, personas: Iterable[Persona]) -> None:
    """Make the registers say what ``personas`` say, and nothing else."""
    db.execute(delete(subjects))
    known: set[str] = set()
    for persona in personas:
        card = persona.get("id_card", {})
        number = str(card.get("number", ""))
        if card.get("layout") == "resident" and number not in known:
            known.add(number)
            _enter(db, card, Records.model_validate(persona.get("certificates", {})))


def subject_of(db: Connection, id_number: str, name: str) -> RowMapping | None:
    """Return the person of this number and name, None when the registers have nobody like that."""
    row = find(db, subjects.c.id_number, id_number)
    return row if row is not None and row["name"] == name else None


def someone_else(db: Connection, id_number: str) -> RowMapping | None:
    """Return any other person."""
    return db.execute(subjects.select().where(subjects.c.id_number != id_number)).mappings().first()


def _enter(db: Connection, card: Persona, records: Records) -> None:
    nation = str(card.get("nation", "")) or "01"
    registers: dict[str, Any] = {"no-criminal-record": {}}
    if records.registered:
        household = records.household.model_dump()
        registers["household"] = {**household, "address": household["address"] or str(card["address"])}
    if records.social_insurance is not None:
        registers["social-insurance"] = records.social_insurance.model_dump()
    birth = card["birth"]
    db.execute(
        insert(subjects).values(
            id_number=str(card["number"]),
            name=str(card["name"]),
            sex=SEXES.get(str(card["sex"]), "未说明"),
            nation=f"{NATIONS[int(nation) - 1]}族" if int(nation) <= len(NATIONS) else "其他",
            birth=birth.isoformat() if isinstance(birth, date) else str(birth),
            criminal_record=records.criminal_record,
            registers=registers,
        )
    )
