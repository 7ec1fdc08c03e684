"""Proving that the person who stands here is the holder: by face, or by finger; never by face only."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from devices.base import DeviceError, Fault, Retry, StaffAction
from devices.interfaces import Camera
from kiosk.cabinet import Worker
from kiosk.matching.decisions import FaceDecision, FaceOutcome, FingerOutcome, MatcherFailed
from kiosk.matching.memory import wipe
from kiosk.prompts import Action, Answer, LookAtCamera, Notice, Place, PlaceItem, Tone
from kiosk.steps.id_card import Holder
from kiosk.steps.opening import Proof
from kiosk.texts import Text, text
from kiosk.visit import Refused, Visit

GUIDE_EVERY_S = 0.1
"""From one sentence of guidance to the next; a face that is well placed is not kept waiting."""
FRAME_LOOK_S = 0.02
GOOD_FRAMES = 3
"""So many in a row; the sharpest of them is compared."""
FRAMES_SHOWN = 3
FINGER_POLL_S = 0.2
FACE_TRIES = 3
FINGER_TRIES = 3
MESSAGE_S = 1.5
"""How long the result of a comparison that failed stands before the next."""


@dataclass(frozen=True, slots=True)
class How:
    """Which proof it is: by the ``last`` way that is left, or one ``again`` in the same visit."""

    last: bool
    again: bool


async def prove_identity(visit: Visit, holder: Holder, first: Proof, *, again: bool = False) -> Proof:
    """Compare the person with the card, ``first`` in the way chosen, then in the other; return which did.

    ``again`` in a visit it is a new proof: a finger that still lies there has to be lifted first.

    Raises ``Refused`` with ``not-the-holder`` when no way is left.
    """
    ways = [first] + [way for way in Proof if way is not first]
    for place, way in enumerate(ways):
        prove = _by_face if way is Proof.FACE else _by_finger
        proved = await prove(visit, holder, How(last=place == len(ways) - 1, again=again))
        await visit.house.journal.note(
            visit.number, "identity-compared", way=way.value, verdict="match" if proved else "none"
        )
        if proved:
            return way
        if place == 0 and not await _try_other_way(visit, ways[1], holder):
            break
    raise Refused("not-the-holder", text("prove.refused.not-the-holder"))


async def _try_other_way(visit: Visit, other: Proof, holder: Holder) -> bool:
    """Ask before changing the way: comparing a face needs consent of its own."""
    if other is Proof.FINGER and not holder.fingerprints:
        return False
    answer = await visit.ask(
        Notice(
            "try-another-way",
            text(f"prove.other-way.{other}.question"),
            paragraphs=(text(f"prove.other-way.{other}.body"),),
            actions=(
                Action("another-way", text(f"prove.other-way.{other}.go")),
                Action("give-up", text("prove.other-way.give-up")),
            ),
            tone=Tone.NEEDS_YOU,
        )
    )
    return answer.action == "another-way"


# --- by face -------------------------------------------------------------------------------------


@asynccontextmanager
async def camera_warm(visit: Visit, way: Proof) -> AsyncIterator[None]:
    """Within this the camera runs, when a face is to be compared; for after the consent to that.

    A stream takes up to seconds to begin, and the person is busy with card and permit meanwhile. A
    camera that does not begin is met when it is needed.
    """
    if way is not Proof.FACE:
        yield
        return
    camera = visit.house.cabinet.camera
    starting = asyncio.ensure_future(camera(lambda unit: unit.start()))
    try:
        yield
    finally:
        await asyncio.gather(starting, return_exceptions=True)
        await _stop(camera)


async def _by_face(visit: Visit, holder: Holder, how: How) -> bool:
    """Compare up to ``FACE_TRIES`` times; false when none matched, or the person wants the other way."""
    camera, tries = visit.house.cabinet.camera, FACE_TRIES
    used: list[NDArray[np.uint8]] = []
    try:
        photo = await asyncio.to_thread(visit.house.photo_decoder.decode, bytes(holder.photo))
        used.append(photo)
        await visit.device(camera, lambda unit: unit.start())
        while tries > 0:
            answer = await visit.during(
                _face_prompt(tries, how), _compare_once(visit, photo, used, tries, how)
            )
            if isinstance(answer, Answer):
                return False
            if answer.outcome is FaceOutcome.MATCH:
                return True
            if answer.photo_unusable:
                return False
            if answer.outcome is FaceOutcome.NO_MATCH:
                tries -= 1
    except (DeviceError, MatcherFailed, ValueError) as failure:
        _unavailable(visit, "face", failure)
    finally:
        await _stop(camera)
        wipe(*used)
    return False


async def _stop(camera: Worker[Camera]) -> None:
    with contextlib.suppress(DeviceError):
        await camera(lambda unit: unit.stop())


def _face_prompt(tries: int, how: How, *, guidance: Text | None = None, framed: bool = False) -> LookAtCamera:
    return LookAtCamera(
        "look-at-camera",
        text("face.question"),
        text("face.again" if how.again else "face.body"),
        guidance=guidance,
        framed=framed,
        tries_left=tries,
        actions=() if how.last else (Action("another-way", text("face.another-way")),),
    )


async def _compare_once(
    visit: Visit,
    photo: NDArray[np.uint8],
    used: list[NDArray[np.uint8]],
    tries: int,
    how: How,
) -> FaceDecision:
    """Guide until a few good frames are there, then compare the sharpest.

    ``used`` holds the pictures that are still to be wiped.
    """
    house, seen = visit.house, 0
    with visit.meter.devices():
        matcher = await house.matching()
    good: list[tuple[float, NDArray[np.uint8]]] = []
    while len(good) < GOOD_FRAMES:
        frame = house.cabinet.camera.device.latest()
        if frame is None:
            await house.cabinet.camera(_require_pictures)
        if frame is None or frame.number == seen:
            await asyncio.sleep(FRAME_LOOK_S)
            continue
        seen = frame.number
        used.append(frame.image)
        framing = await matcher.guide(frame.image)
        if framing.ok:
            house.stage.touched()  # a face is before the camera: somebody is there
        sharpness = framing.quality.sharpness if framing.quality else 0.0
        good = [*good, (sharpness, frame.image)] if framing.ok else []
        _wipe_old(used, keep=[photo, *(image for _, image in good)])
        guidance = text(f"face.guidance.{framing.guidance}")
        visit.update(_face_prompt(tries, how, guidance=guidance, framed=framing.ok))
        if not framing.ok:
            await asyncio.sleep(GUIDE_EVERY_S)
    _, sharpest = max(good, key=lambda look: look[0])
    decision = await matcher.compare_face(photo, [sharpest])
    if decision.outcome is FaceOutcome.NO_MATCH:
        visit.update(_face_prompt(tries - 1, how, guidance=text("face.guidance.no-match")))
        await asyncio.sleep(MESSAGE_S)
    return decision


def _wipe_old(used: list[NDArray[np.uint8]], keep: Sequence[NDArray[np.uint8]]) -> None:
    """Wipe what is no longer needed; somebody may stand here for minutes, at a megabyte a frame.

    The newest are left: the window may still be showing them.
    """
    newest = used[-FRAMES_SHOWN:]
    for picture in used[:-FRAMES_SHOWN]:
        if not any(picture is kept for kept in keep):
            wipe(picture)
    used[:] = [*keep, *(picture for picture in newest if not any(picture is kept for kept in keep))]


def _require_pictures(unit: Camera) -> None:
    """Raise ``Fault`` when the camera says that no pictures come any more."""
    status = unit.status()
    if status.fault is not None:
        raise Fault(unit.name, status.fault, status.action or StaffAction.RESET)


# --- by finger -----------------------------------------------------------------------------------


async def _by_finger(visit: Visit, holder: Holder, how: How) -> bool:
    """Compare a finger with the two on the card, up to ``finger_tries`` times."""
    try:
        templates = [visit.house.template_decoder.template(print_.block) for print_ in holder.fingerprints]
    except ValueError as failure:
        _unavailable(visit, "finger", failure)
        return False
    if not templates:
        return False
    trouble: Text | None = None
    for _ in range(FINGER_TRIES):
        prompt = PlaceItem(
            "place-finger",
            text("finger.question"),
            text(
                "finger.again" if how.again else "finger.body",
                fingers=tuple(text(f"finger.name.{p.finger}") for p in holder.fingerprints),
            ),
            Tone.NEEDS_YOU if trouble else Tone.PLAIN,
            place=Place.FINGERPRINT_PAD,
            trouble=trouble,
            actions=() if how.last else (Action("another-way", text("finger.another-way")),),
        )
        try:
            verdict = await visit.during(
                prompt, _compare_finger_once(visit, templates, again=how.again or trouble is not None)
            )
        except Retry as again:
            trouble = visit.house.faults.sentence(again)
            continue
        except (DeviceError, MatcherFailed) as failure:
            _unavailable(visit, "finger", failure)
            return False
        if isinstance(verdict, Answer):
            return False
        if verdict is FingerOutcome.MATCH:
            return True
        trouble = text(f"finger.trouble.{verdict}")
    return False


async def _compare_finger_once(visit: Visit, templates: list[bytes], *, again: bool) -> FingerOutcome:
    pad = visit.house.cabinet.fingerprint_pad
    while again and await pad(lambda unit: unit.finger_present()):
        await asyncio.sleep(FINGER_POLL_S)  # the finger of the last try has to be lifted first
    while not await pad(lambda unit: unit.finger_present()):
        await asyncio.sleep(FINGER_POLL_S)
    image = await visit.device(pad, lambda unit: unit.image())
    try:
        matcher = await visit.house.matching()
        decision = await matcher.compare_finger(templates, image)
    finally:
        image.fill(0)
    return decision.outcome


def _unavailable(visit: Visit, way: str, failure: Exception) -> None:
    visit.house.events.event(
        "proof-unavailable",
        visit=visit.number,
        way=way,
        device=failure.device if isinstance(failure, DeviceError) else None,
        code=failure.code if isinstance(failure, DeviceError) else None,
        reason=type(failure).__name__,
    )
