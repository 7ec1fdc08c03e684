"""Sizes in millimetres and colours by meaning. Nothing else in this room knows a number for either."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from kiosk.prompts import Tone

Colour = tuple[float, float, float, float]


def colour(code: str, alpha: float = 1.0) -> Colour:
    """Return ``#RRGGBB`` as red, green, blue, alpha from 0 to 1."""
    return int(code[1:3], 16) / 255, int(code[3:5], 16) / 255, int(code[5:7], 16) / 255, alpha


class Size(Enum):
    """Em heights in mm. All text of all pages uses these and no others: glyph textures are memory."""

    CAPTION = 6.5
    SMALL = 7.5
    BODY = 9.0
    BODY_ROOMY = 11.0
    BODY_LARGE = 13.0
    QUESTION = 14.0
    QUESTION_LARGE = 18.0
    FIGURE = 30.0


@dataclass(frozen=True, slots=True)
class Measures:
    """Lengths in mm of one text size. On a ``crowded`` page the question moves up to make room."""

    question: Size
    body: Size
    small: Size
    caption: Size
    button: Size
    figure: Size
    header: float
    primary: float
    secondary: float
    row: float
    tallest_row: float
    margin: float = 18.0
    gap: float = 6.0
    radius: float = 4.0
    hairline: float = 0.4
    outline: float = 0.9
    least_target: float = 20.0
    crowded: bool = False


NORMAL = Measures(
    question=Size.QUESTION,
    body=Size.BODY,
    small=Size.SMALL,
    caption=Size.CAPTION,
    button=Size.BODY,
    figure=Size.FIGURE,
    header=30.0,
    primary=28.0,
    secondary=22.0,
    row=26.0,
    tallest_row=40.0,
)
ROOMY = Measures(
    question=Size.QUESTION_LARGE,
    body=Size.BODY_ROOMY,
    small=Size.BODY,
    caption=Size.SMALL,
    button=Size.BODY_ROOMY,
    figure=Size.FIGURE,
    header=32.0,
    primary=34.0,
    secondary=24.0,
    row=32.0,
    tallest_row=52.0,
)
LARGE = Measures(
    question=Size.QUESTION_LARGE,
    body=Size.BODY_LARGE,
    small=Size.BODY_ROOMY,
    caption=Size.BODY,
    button=Size.BODY_LARGE,
    figure=Size.FIGURE,
    header=36.0,
    primary=34.0,
    secondary=28.0,
    row=34.0,
    tallest_row=60.0,
)


@dataclass(frozen=True, slots=True)
class ToneColours:
    """Text and ground of one tone."""

    ink: Colour
    wash: Colour


@dataclass(frozen=True, slots=True)
class Colours:
    """A colour by what it means. ``on_action`` is drawn on ``action``, ``on_header`` on ``header``."""

    ground: Colour
    card: Colour
    ink: Colour
    ink_2: Colour
    line: Colour
    action: Colour
    on_action: Colour
    header: Colour
    on_header: Colour
    header_2: Colour
    wash: Colour
    pressed: Colour
    attention: ToneColours
    stopped: ToneColours
    done: ToneColours

    def tone(self, tone: Tone) -> ToneColours:
        """Return the colours of ``tone``."""
        return {
            Tone.PLAIN: ToneColours(self.action, self.wash),
            Tone.NEEDS_YOU: self.attention,
            Tone.STOPPED: self.stopped,
            Tone.DONE: self.done,
        }[tone]


DAY = Colours(
    ground=colour("#F4F6FA"),
    card=colour("#FFFFFF"),
    ink=colour("#10203A"),
    ink_2=colour("#44546E"),
    line=colour("#C3CDDC"),
    action=colour("#0B3D91"),
    on_action=colour("#FFFFFF"),
    header=colour("#0B3D91"),
    on_header=colour("#FFFFFF"),
    header_2=colour("#DCE7F8"),
    wash=colour("#DCE7F8"),
    pressed=colour("#10203A", 0.28),
    attention=ToneColours(colour("#7A4200"), colour("#FFF1D6")),
    stopped=ToneColours(colour("#961017"), colour("#FDE8E8")),
    done=ToneColours(colour("#0A5736"), colour("#DFF3E8")),
)
HIGH_CONTRAST = Colours(
    ground=colour("#000000"),
    card=colour("#000000"),
    ink=colour("#FFFFFF"),
    ink_2=colour("#FFFFFF"),
    line=colour("#FFFFFF"),
    action=colour("#FFD400"),
    on_action=colour("#000000"),
    header=colour("#000000"),
    on_header=colour("#FFFFFF"),
    header_2=colour("#FFFFFF"),
    wash=colour("#2B2500"),
    pressed=colour("#FFFFFF", 0.45),
    attention=ToneColours(colour("#FFD400"), colour("#000000")),
    stopped=ToneColours(colour("#FFFFFF"), colour("#3D0000")),
    done=ToneColours(colour("#FFFFFF"), colour("#002B17")),
)
