"""What a page begins with, and what stays when only its settings change."""

from __future__ import annotations

from dataclasses import replace

from kiosk.prompts import ChooseMany, ChooseRecords, EnterNumber, EnterText, Page


def with_key(typed: str, key: str, page: Page) -> str:
    """Return what stands in the field after ``key``, the empty key taking the last one back."""
    if not key:
        return typed[:-1]
    most = page.prompt.most if isinstance(page.prompt, (EnterNumber, EnterText)) else 0
    return (typed + key)[:most]


def only_settings_changed(before: Page, page: Page) -> bool:
    """Tell whether it is the same page in another language, size or contrast: marks and scrolling stay."""
    changed = replace(
        before, language=page.language, large_text=page.large_text, high_contrast=page.high_contrast
    )
    return changed != before and replace(changed, number=page.number) == page


def chosen_before(page: Page) -> frozenset[str]:
    """Return what is marked on a page when it comes."""
    if not isinstance(page.prompt, (ChooseMany, ChooseRecords)):
        return frozenset()
    return frozenset(o.value for o in page.prompt.options if o.chosen and o.refused is None)
