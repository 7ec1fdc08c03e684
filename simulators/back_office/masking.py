"""What is shown of a person where the whole is not needed (脱敏)."""

from __future__ import annotations


def masked_name(name: str) -> str:
    """Return the name with all but its first character hidden: 李**."""
    return name[:1] + "*" * (len(name) - 1)


def masked_phone(phone: str) -> str:
    """Return 138****0001."""
    return f"{phone[:3]}****{phone[-4:]}" if phone else ""


def masked_id(id_number: str | None) -> str:
    """Return 330***********9928: province and district, and the last four; of a short one nothing."""
    if not id_number:
        return ""
    hidden = len(id_number) - 7
    return f"{id_number[:3]}{'*' * hidden}{id_number[-4:]}" if hidden > 3 else "*" * len(id_number)
