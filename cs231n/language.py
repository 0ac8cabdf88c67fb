"""The language of messages and pictures.

    language.use("zh")      from now on, in this notebook

A message is made in English, where its reason is known, and put into the reader's language where it
is shown: what is stored and graded is the same for all. The catalogues lie in locale/, a file a
language: English sentences, with {name} in place of what is computed ({number}: a number), and what
stands for them. They are written by ``python -m grading translations``.

Which language: the environment variable CS231N_LANGUAGE; the notebook's metadata
({"cs231n": {"language": "zh"}}), or what its set-up cell says where its file cannot be read; the
locale; English.
"""

from __future__ import annotations

import contextlib
import json
import locale
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TextIO
from unicodedata import east_asian_width

from cs231n.sentences import Translator

ENGLISH = "en"
FOLDER = Path(__file__).with_name("locale")
VARIABLE = "CS231N_LANGUAGE"

_in_use: list[str] = []  # the last one counts
_folders = [FOLDER]


def known() -> tuple[str, ...]:
    """The languages that there are, by their ISO 639-1 codes, English first."""
    return (ENGLISH, *sorted(path.stem for path in FOLDER.glob("*.json")))


def use(language: str) -> None:
    """Show messages, and the words in pictures, in this language.

    Inputs:
    - language: the notebook's, "en" or "zh". Where the notebook's metadata, or the variable
      CS231N_LANGUAGE, name another one, it is that.

    Raises ValueError for a language that there is not.
    """
    if language not in known():
        raise ValueError(f"The languages are {', '.join(known())}, not {language!r}.")
    asked = os.environ.get(VARIABLE, "")
    language = _plain(asked) or _of_notebook() or language
    _in_use[:] = [language]
    if language != ENGLISH:
        from cs231n.vis import fonts

        fonts.use(language)


@contextlib.contextmanager
def using(language: str) -> Iterator[None]:
    """Within this context, show messages in that language; afterwards as before."""
    _in_use.append(language)
    try:
        yield
    finally:
        _in_use.pop()


def current() -> str:
    """The language that messages are shown in."""
    if _in_use:
        return _in_use[-1]
    return _plain(os.environ.get(VARIABLE, "")) or _of_locale() or ENGLISH


def translate(text: str, language: str | None = None) -> str:
    """A message as it is shown; what no catalogue has stays English.

    Inputs:
    - text: a message of the course in English
    - language: by default the current one
    """
    language = current() if language is None else language
    return text if language == ENGLISH or not text else translator(language)(text)


def say(text: str, file: TextIO | None = None) -> None:
    """Print a message in the reader's language."""
    print(translate(text), file=file, flush=True)


def join(parts: Iterable[str]) -> str:
    """Sentences one after another, each translated and with a sign at its end."""
    text = ""
    for part in map(translate, parts):
        if not part.endswith((".", "?", "!", "。", "？", "！")):
            part += _stop()
        text += (" " if text and text[-1].isascii() else "") + part
    return text


def add(folder: Path) -> None:
    """Take more sentences from a folder with the same files, such as those of the grader."""
    if folder not in _folders:
        _folders.append(folder)
        translator.cache_clear()


def width(text: str) -> int:
    """The columns of a terminal that a text takes: a Chinese character takes two."""
    return sum(1 + (east_asian_width(character) in "WF") for character in text)


def padded(text: str, columns: int, right: bool = False) -> str:
    """A text with spaces behind it, or before it, so many columns wide."""
    space = " " * (columns - width(text))
    return space + text if right else text + space


# A word or a character, with the opening signs before and the closing ones behind it.
_PIECE = re.compile(r"[（“]*(?:[\u2e80-\u9fff]|[^\s\u2e80-\u9fff（“]+)[，。：；？！、）”]*|\s+|.")


def wrapped(text: str, columns: int) -> list[str]:
    """A text in lines of at most so many columns. Lines end between
    words; between Chinese characters too, which take two columns."""
    lines, used = [""], 0
    for piece in _PIECE.findall(text):
        wide = width(piece)
        if used + wide > columns and used and not piece.isspace():
            lines[-1] = lines[-1].rstrip()
            lines.append("")
            used = 0
        if used or not piece.isspace():
            lines[-1] += piece.replace("\n", " ")
            used += wide
    return [line for line in (line.rstrip() for line in lines) if line]


def of_metadata(notebook: Mapping) -> str | None:
    """The language that a notebook's metadata name, None where they name none that there is."""
    try:
        return _plain(notebook["metadata"]["cs231n"]["language"])
    except (KeyError, TypeError):
        return None


def _plain(name: object) -> str | None:
    """ "zh" for "zh_CN.UTF-8" and "zh-Hans"; None for a language that there is not."""
    found = re.match(r"[A-Za-z]{2,3}(?![A-Za-z])", name) if isinstance(name, str) else None
    return found[0].lower() if found and found[0].lower() in known() else None


def _of_locale() -> str | None:
    """The language of the user's locale: the first of those asked for that there is."""
    asked = [os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    first = next(filter(None, asked), "") or locale.getlocale()[0] or ""
    if first.split(".")[0] in ("C", "POSIX"):
        return None
    several = os.environ.get("LANGUAGE", "").split(":")
    return next(filter(None, map(_plain, [*several, first])), None)


def _of_notebook() -> str | None:
    """The language in the metadata of the notebook that runs here, where its file can be read.

    JupyterLab tells a kernel where it lies.
    """
    try:
        text = Path(os.environ["JPY_SESSION_NAME"]).read_text(encoding="utf-8")
        return of_metadata(json.loads(text))
    except (KeyError, OSError, ValueError):
        return None


def _stop() -> str:
    """The sign at the end of a sentence."""
    return "." if current() == ENGLISH else translator(current()).signs.get(". ", ".")


# ---- the catalogues ----------------------------------------------------------------------------


@cache
def translator(language: str) -> Translator:
    """The translator into a language. Raises FileNotFoundError where there is no catalogue."""
    found: dict[str, dict[str, str]] = {}
    for folder in _folders:
        catalogue = json.loads((folder / f"{language}.json").read_text(encoding="utf-8"))
        for kind, texts in catalogue.items():
            found.setdefault(kind, {}).update(texts)
    return Translator(**found)
