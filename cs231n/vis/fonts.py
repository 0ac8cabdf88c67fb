"""The words in pictures, in the reader's language and in a font that has its characters.

Matplotlib's own font has no Chinese. One is looked for among the fonts of this machine, and in the
Python packages that ship one; Colab has neither, so there the smallest such package is installed.
Where no font is found, nothing is drawn as boxes: the words stand below the picture, by number.
"""

from __future__ import annotations

import importlib.util
import logging
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from html import escape
from pathlib import Path

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.text import Text

from cs231n.language import ENGLISH, current, say, translate

# A character that a font for a language has, and others have not.
SAMPLE = {"zh": "归"}
# Known to be good for a language, the best first; any other font with the sample will do.
FAMILIES = {
    "zh": (
        *("Noto Sans SC", "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC"),
        *("Microsoft YaHei", "WenQuanYi Micro Hei", "Hiragino Sans GB", "SimHei"),
    ),
}
# Packages that ship one: the name to install, the module, the file in it.
PACKAGES = {
    "zh": (
        ("pylopdf-fonts-zh-cn", "pylopdf_fonts_zh_cn", "NotoSansSC-Regular.otf"),
        ("zhplot", "zhplot", "fonts/NotoSansSC-Regular.ttf"),
        ("mplfonts", "mplfonts", "fonts/NotoSansCJKsc-Regular.otf"),
    ),
}
_DIGITS = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"


def use(language: str) -> str | None:
    """Let all pictures have a font for a language, beside the one they have.

    Returns the font's name. Where there is none, None: then one line says how to get one.
    """
    family = find(language)
    if family is None and "google.colab" in sys.modules and language in PACKAGES:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", PACKAGES[language][0][0]]
        subprocess.run(pip, capture_output=True)
        importlib.invalidate_caches()
        family = find(language)
    if family is None:
        package = PACKAGES[language][0][0] if language in PACKAGES else "Noto Sans"
        say(
            "No font for this language was found, so the words of pictures stand below them. To "
            f"have them in the pictures: pip install {package}, and restart the kernel."
        )
        return None
    mpl.rcParams["font.family"] = _with(mpl.rcParams["font.family"], family)
    # Most of these fonts have no bold: where a title is bold, their part of it is not.
    logging.getLogger("matplotlib.font_manager").addFilter(_is_no_weight)
    return family


def _is_no_weight(record: logging.LogRecord) -> bool:
    return "font weight" not in record.getMessage()


def find(language: str) -> str | None:
    """The name of a font that has the characters of a language; None where there is none."""
    if language not in SAMPLE:
        return "DejaVu Sans"
    names = {font.name: font.fname for font in font_manager.fontManager.ttflist}
    known = [name for name in FAMILIES[language] if name in names]
    for name in known:
        if _has(names[name], SAMPLE[language]):
            return name
    for _, module, file in PACKAGES[language]:
        found = importlib.util.find_spec(module)
        path = Path(found.origin).parent / file if found and found.origin else None
        if path and path.is_file():
            font_manager.fontManager.addfont(path)
            return font_manager.FontProperties(fname=path).get_name()
    others = (n for n, path in sorted(names.items()) if _has(path, SAMPLE[language]))
    return next(others, None)


def readable(fig: Figure, changed: Iterable[Text] | None = None) -> Figure:
    """Puts the words in a figure into the reader's language; returns the figure.

    Inputs:
    - fig: the figure
    - changed: those of its texts that are new since the last time; None: all may be

    Where no font can draw them, there are numbers instead, which legend_html explains.
    """
    if current() == ENGLISH:
        return fig
    font = mpl.rcParams["font.family"][-1]
    for text in fig.findobj(Text) if changed is None else changed:
        words = text.get_text()
        shown = translate(words)
        if not shown.isascii() and any("\u2e80" <= c <= "\uffef" for c in shown):
            if _family_has(font, SAMPLE.get(current(), "a")):
                text.set_fontfamily(_with(text.get_fontfamily(), font))
            else:
                numbers = fig.__dict__.setdefault("words_below", {})
                shown = numbers.setdefault(shown, _DIGITS[len(numbers) % len(_DIGITS)])
        if shown != words:
            text.set_text(shown)
    return fig


def legend_html(fig: Figure) -> str:
    """The words that stand in a figure as numbers, as HTML; nothing where there are none."""
    numbers = getattr(fig, "words_below", {})
    lines = (f"<li>{number} {escape(text)}</li>" for text, number in numbers.items())
    return f'<ul style="list-style: none">{"".join(lines)}</ul>' if numbers else ""


def _with(families: list[str], family: str) -> list[str]:
    """Fonts to look for a character in, one after another."""
    return [*(name for name in families if name != family), family]


@cache
def _family_has(family: str, character: str) -> bool:
    try:
        path = font_manager.findfont(family, fallback_to_default=False)
    except ValueError:
        return False
    return _has(path, character)


@cache
def _has(path: str, character: str) -> bool:
    """Whether a font file has a character."""
    try:
        return bool(font_manager.get_font(path).get_char_index(ord(character)))
    except (OSError, RuntimeError):
        return False
