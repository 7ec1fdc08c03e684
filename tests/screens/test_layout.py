"""Every kind of page, in every language, text size and theme, on every panel: it fits, and can be touched."""

from __future__ import annotations

import itertools
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest
from PIL import ImageFont

from kiosk import prompts
from kiosk.prompts import Option, Page, Prompt
from kiosk.texts import LANGUAGES, verbatim
from screens.compose import compose
from screens.fonts import Fonts
from screens.kinds import FULL_PAGE, RENDERERS
from screens.panel import Panel
from screens.scene import Box, Disc, Glyphs, Rect, Scene
from screens.theme import DAY, HIGH_CONTRAST, Colour, Colours, Size
from screens.view import Showing
from tests.screens import harness, samples

NOW = datetime(2026, 11, 22, 14, 32)
NAMES = sorted(samples.PROMPTS)


@cache
def fonts() -> Fonts:
    return harness.fonts()


@cache
def scenes(panel: str, name: str) -> tuple[tuple[str, Scene], ...]:
    """All variants of a sample on a panel; ``Working`` as it stands after ten seconds."""
    catalogue = samples.catalogue(harness.STRINGS)
    found = []
    for variant, page in samples.variants():
        if page.prompt is samples.PROMPTS[name]:
            showing = Showing(NOW, page_s=10.0, marked=frozenset({"HKG-1"}))
            found.append((variant, compose(page, harness.PANELS[panel], fonts(), catalogue, showing)))
    return tuple(found)


every_page = pytest.mark.parametrize(
    ("panel", "name"),
    [pytest.param(*pair, id="-".join(pair)) for pair in itertools.product(sorted(harness.PANELS), NAMES)],
)


@every_page
def test_everything_fits(panel: str, name: str) -> None:
    for variant, scene in scenes(panel, name):
        assert scene.overflow_px <= 0.5, f"{variant}: {scene.overflow_px:.0f} px too high"
        for part, rect in scene.blocks:
            assert rect.within(scene.bounds), f"{variant}: {part} at {rect}"
        for text in texts(scene):
            assert text.rect.within(scene.bounds), f"{variant}: {text.text} at {text.rect}"


@every_page
def test_nothing_overlaps(panel: str, name: str) -> None:
    for variant, scene in scenes(panel, name):
        for (one, a), (other, b) in itertools.combinations(scene.blocks, 2):
            apart = not a.overlaps(b) or a.within(b) or b.within(a)
            assert apart, f"{variant}: {one} {a} and {other} {b}"
        for first, second in itertools.combinations(texts(scene), 2):
            assert not first.rect.overlaps(second.rect, slack=2.0), f"{variant}: {first.text} {second.text}"


@every_page
def test_targets_are_large_apart_and_in_reach(panel: str, name: str) -> None:
    shape = harness.PANELS[panel]
    least = 20.0 * shape.px_per_mm - 0.5
    for variant, scene in scenes(panel, name):
        small = [t for t in scene.targets if t.rect != scene.bounds]
        for target in small:
            assert min(target.rect.w, target.rect.h) >= least, f"{variant}: {target.name} {target.rect}"
            in_reach = target.rect.y >= shape.unreachable_mm * shape.px_per_mm - 0.5
            settings = target.name in ("large-text", "high-contrast", "language", "help")
            assert in_reach or (settings and not shape.low_reach), f"{variant}: {target.name} out of reach"
        for one, other in itertools.combinations(small, 2):
            assert not one.rect.overlaps(other.rect), f"{variant}: {one.name} and {other.name}"
        names = [target.name for target in scene.targets]
        assert len(names) == len(set(names)), variant


@every_page
def test_words_are_drawn_by_a_font_that_has_them(panel: str, name: str) -> None:
    for variant, scene in scenes(panel, name):
        for text in texts(scene):
            missing = [c for c in text.text if not text.face.has(c)]
            assert not missing, f"{variant}: {missing} in {text.text}"


@pytest.mark.parametrize("panel", sorted(harness.PANELS))
def test_no_letter_touches_the_border_of_its_button(panel: str) -> None:
    """Measured at the ink of the letters: a g hangs out of the em box that the layout reckons with."""
    px_per_mm = harness.PANELS[panel].px_per_mm
    for variant, scene in itertools.chain.from_iterable(scenes(panel, name) for name in NAMES):
        if "-en-" not in variant:
            continue
        for text in texts(scene):
            for target in scene.targets:
                rect = target.rect
                line = Rect(text.rect.x, text.baseline, text.rect.w, 0)
                if rect == scene.bounds or not line.within(rect):
                    continue
                above, below = ink(text)
                clear = min(text.baseline + above - rect.y, rect.y + rect.h - text.baseline - below)
                assert clear >= 1.5 * px_per_mm, f"{variant}: {target.name}, {text.text!r}: {clear:.1f} px"


def test_few_sizes_of_text() -> None:
    assert len(Size) <= 8
    panel = Panel()
    allowed = {round(size.value * panel.px_per_mm) for size in Size}
    drawn = {t.size_px for name in NAMES for _, s in scenes("27-portrait", name) for t in texts(s)}
    assert drawn <= allowed


def test_every_kind_of_prompt_has_a_renderer_and_a_sample() -> None:
    kinds = {kind for kind in vars(prompts).values() if isinstance(kind, type) and issubclass(kind, Prompt)}
    kinds.discard(Prompt)
    assert kinds == set(RENDERERS) | set(FULL_PAGE)
    assert kinds == {type(prompt) for prompt in samples.PROMPTS.values()}


def test_large_text_is_larger() -> None:
    for name in NAMES:
        by_variant = dict(scenes("27-portrait", name))
        normal, large = (
            max(t.size_px for t in texts(by_variant[f"{name}-zh-CN-{look}"])) for look in ("normal", "large")
        )
        assert large >= normal, name
    sizes = {
        look: {t.text: t.size_px for t in texts(dict(scenes("27-portrait", "home"))[f"home-zh-CN-{look}"])}
        for look in ("normal", "large")
    }
    for words, size in sizes["normal"].items():
        if words.startswith("往来"):
            assert sizes["large"][words] > size


@pytest.mark.parametrize(
    ("colours", "least"), [(DAY, 7.0), (HIGH_CONTRAST, 14.0)], ids=["day", "high-contrast"]
)
def test_contrast(colours: Colours, least: float) -> None:
    pairs = [
        (colours.ink, colours.ground),
        (colours.ink, colours.card),
        (colours.ink_2, colours.ground),
        (colours.ink_2, colours.card),
        (colours.ink, colours.wash),
        (colours.on_action, colours.action),
        (colours.on_header, colours.header),
        (colours.header_2, colours.header),
        (colours.action, colours.card),
        *((tone.ink, tone.wash) for tone in (colours.attention, colours.stopped, colours.done)),
        *((tone.ink, colours.ground) for tone in (colours.attention, colours.stopped, colours.done)),
    ]
    for ink, ground in pairs:
        assert contrast(ink, ground) >= least, (ink, ground, contrast(ink, ground))


def test_the_chosen_is_told_by_shape_and_not_by_colour_alone() -> None:
    scene = dict(scenes("27-portrait", "choose-many"))["choose-many-zh-CN-normal"]
    rows = {t.name: t.rect for t in scene.targets if t.name.startswith("choose:")}

    def strokes(rect: Rect) -> int:
        return sum(
            1
            for piece in scene.moving
            if not isinstance(piece, Box | Disc | Glyphs)
            and all(rect.holds(x, y) for x, y in getattr(piece, "points", ((-1, -1),)))
        )

    assert strokes(rows["choose:HKG-1"]) == strokes(rows["choose:HKG-2"]) + 1


def test_what_is_refused_cannot_be_touched_and_says_why() -> None:
    for name, refused in (("home", "choose:certificate"), ("choose-many", "choose:MAC-2")):
        for _, scene in scenes("27-portrait", name):
            assert refused not in {target.name for target in scene.targets}
            assert refused in {part for part, _ in scene.blocks}


@cache
def _font(path: Path, size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), size_px)


def ink(text: Glyphs) -> tuple[float, float]:
    """Return where the ink of a run begins and ends, in pixels below its baseline."""
    _, above, _, below = _font(text.face.path, text.size_px).getbbox(text.text, anchor="ls")
    return above, below


def texts(scene: Scene) -> list[Glyphs]:
    """All runs of text of a scene."""
    return [piece for piece in (*scene.moving, *scene.still) if isinstance(piece, Glyphs)]


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio of WCAG 2.2."""

    def light(colour: Colour) -> float:
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    bright, dark = sorted((light(one), light(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("panel", sorted(harness.PANELS))
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_long_list_has_leaves_on_which_every_option_can_be_touched(panel: str, language: str) -> None:
    catalogue = samples.catalogue(harness.STRINGS)
    many = tuple(Option(f"{n}", verbatim(f"第 {n} 派出所"), verbatim("人民路 1 号")) for n in range(60))
    page = Page(
        1, prompts.ChooseOne("where", samples.SERVICE, options=many), language=language, large_text=True
    )
    found: list[str] = []
    leaf = 0
    while True:
        scene = compose(page, harness.PANELS[panel], fonts(), catalogue, Showing(NOW, leaf=leaf))
        assert scene.overflow_px <= 0.5
        names = [target.name for target in scene.targets]
        found += [name for name in names if name.startswith("choose:")]
        assert ("earlier" in names) == (leaf > 0)
        if "more" not in names:
            break
        leaf += 1
    assert found == [f"choose:{n}" for n in range(60)]
    assert leaf >= 1
