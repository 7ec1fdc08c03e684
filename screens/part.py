"""What a prompt's kind gives to its page: how its scene is drawn, and its actions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kiosk.prompts import Action
from screens.pen import Pen
from screens.scene import Rect


@dataclass(frozen=True, slots=True)
class Part:
    """``draw`` draws into a rectangle and returns the height it took, which may be more than there is.

    With ``primary`` the first action is the thing to do. ``choices`` tells that the scene itself is touched.
    """

    draw: Callable[[Pen, Rect], float]
    actions: tuple[Action, ...] = ()
    primary: bool = False
    choices: bool = False
