"""Prompts: everything the kiosk can ask or tell a person, as data.

A visit asks by showing one ``Page`` and awaits one ``Answer``. The window, the scripted citizen
and the debug link all answer through the same protocol; none of them decides anything.
Every class here is frozen and serialisable: ``to_json`` gives plain values, and the name of the
prompt's kind is its class name in kebab case (``PlaceItem`` -> ``place-item``).
"""

from __future__ import annotations

from kiosk.prompts.acting import LookAtCamera, Pay, PlaceItem, TakeItem, Working
from kiosk.prompts.choosing import ChooseMany, ChooseOne, ChooseRecords, Rate
from kiosk.prompts.entering import LETTERS_AND_DIGITS, EnterNumber, EnterText, Sign
from kiosk.prompts.front import Attract, Home, OutOfService, StillThere
from kiosk.prompts.page import Answer, Page, View
from kiosk.prompts.parts import Action, Json, Option, Place, Prompt, Row, Tone
from kiosk.prompts.plain import kind, to_json
from kiosk.prompts.reading import CheckAnswers, Checklist, Item, LookAtPictures, Mark, Notice, Picture

__all__ = [
    "LETTERS_AND_DIGITS",
    "Action",
    "Answer",
    "Attract",
    "CheckAnswers",
    "Checklist",
    "ChooseMany",
    "ChooseOne",
    "ChooseRecords",
    "EnterNumber",
    "EnterText",
    "Home",
    "Item",
    "Json",
    "LookAtCamera",
    "LookAtPictures",
    "Mark",
    "Notice",
    "Option",
    "OutOfService",
    "Page",
    "Pay",
    "Picture",
    "Place",
    "PlaceItem",
    "Prompt",
    "Rate",
    "Row",
    "Sign",
    "StillThere",
    "TakeItem",
    "Tone",
    "View",
    "Working",
    "kind",
    "to_json",
]
