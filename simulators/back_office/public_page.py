"""What the public pages have in common: read on a phone, in both languages, without a script."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Final

HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def page(chinese: str, english: str, body: str) -> str:
    """Return a whole page under its title in both languages; ``body`` is HTML."""
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="robots" content="noindex"><title>{escape(chinese)} {escape(english)}</title>'
        f"<style>{_STYLE}</style></head><body><header>{escape(chinese)}"
        f'<span lang="en">{escape(english)}</span></header>'
        f"<main>{body}</main><footer>模拟环境 SIMULATED</footer></body></html>"
    )


def said(chinese: str, english: str) -> str:
    """Return Chinese with its English below, as HTML; what has no English stands alone."""
    below = f'<span class="en" lang="en">{escape(english)}</span>' if english else ""
    return f"{escape(chinese)}{below}"


def table(rows: Iterable[tuple[tuple[str, str], tuple[str, str]]]) -> str:
    """Return rows of label and value, each in both languages, as HTML."""
    lines = "".join(f"<tr><th>{said(*label)}</th><td>{said(*value)}</td></tr>" for label, value in rows)
    return f"<table>{lines}</table>"


_STYLE: Final = """
:root { font: 18px/1.5 "Noto Sans SC", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; color: #10203a; }
body { margin: 0; background: #f4f6fa; }
header { background: #0b3d91; color: #fff; padding: 1rem 1.2rem; font-weight: 700; font-size: 1.2rem; }
header span { display: block; font-weight: 400; font-size: .8rem; }
main { max-width: 34rem; margin: 1.5rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.5rem; line-height: 1.3; margin: 0; }
section { border-radius: .6rem; padding: 1.2rem; text-align: center; border: 2px solid; }
section h1 { font-size: 2rem; }
section p { margin: 0; }
.yes { background: #dff3e8; color: #0a5736; }
.yes h1::before { content: "✓ "; }
.no { background: #fde8e8; color: #961017; }
.no h1::before { content: "✕ "; }
.wait { background: #fff1d6; color: #7a4200; }
table { width: 100%; border-collapse: collapse; margin: 1.2rem 0; background: #fff; }
th, td { text-align: left; vertical-align: top; padding: .7rem .9rem; border: 1px solid #c8d1de; }
th { font-weight: 400; width: 40%; color: #44546e; }
td { font-weight: 700; overflow-wrap: anywhere; }
td .en { font-weight: 400; }
.en { color: #44546e; font-size: .85rem; }
h1 + .en { margin: 0; }
th .en, td .en, label .en, li .en { display: block; }
section .en { color: inherit; }
ul { list-style: none; margin: 0; padding: 0; }
li a { display: block; padding: .9rem; margin-bottom: .6rem; background: #fff; border: 1px solid #c8d1de;
  border-radius: .4rem; font-weight: 700; text-decoration: none; }
li a .en { font-weight: 400; }
a { color: #0b3d91; }
form { margin-top: 1.5rem; display: grid; gap: .6rem; }
input { font: inherit; font-family: monospace; padding: .7rem; border: 2px solid #44546e;
  border-radius: .4rem; }
button { font: inherit; font-weight: 700; padding: .8rem; border: 0; border-radius: .4rem;
  background: #0b3d91; color: #fff; }
footer { text-align: center; color: #44546e; font-size: .8rem; padding: 1rem; }
"""
