"""While somebody looks at the camera, what is past is wiped at once, whatever it takes until a verdict."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kiosk.steps.prove import FRAMES_SHOWN, _wipe_old

Picture = NDArray[np.uint8]


def picture(value: int) -> Picture:
    return np.full((4, 4, 3), value, np.uint8)


def test_a_long_look_holds_no_more_than_the_newest_frames() -> None:
    photo = picture(9)
    used, past = [photo], []
    for value in range(1, 100):
        past.append(picture(value))
        used.append(past[-1])
        _wipe_old(used, keep=[photo])
    assert len(used) == 1 + FRAMES_SHOWN
    assert photo.all()
    assert not any(frame.any() for frame in past[:-FRAMES_SHOWN])
    assert all(frame.all() for frame in past[-FRAMES_SHOWN:])


def test_good_frames_are_kept_until_they_are_compared() -> None:
    photo, frames = picture(9), [picture(value) for value in range(1, 8)]
    used = [photo]
    for frame in frames:
        used.append(frame)
        _wipe_old(used, keep=[photo, *frames[:2]])
    assert all(frame.all() for frame in [photo, *frames[:2], *frames[-FRAMES_SHOWN:]])
    assert not frames[2].any()
    assert len(used) == len({id(kept) for kept in used})
