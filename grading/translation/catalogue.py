"""The translations: one PO file a notebook, and one each for the package's and the grader's words.

grading/translation/zh/2_convolution.po and its like are what translators write, with any editor of
PO files. `update` brings them up to date with the English; what changed there is marked "fuzzy"
until somebody looks at it, and is not used. `compile_language` writes what is read at run time.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from babel.messages import Catalog
from babel.messages.pofile import read_po, write_po

from cs231n import language as package
from grading.errors import GradingError
from grading.translation import GRADER, units
from grading.translation.units import Unit

FOLDER = Path(__file__).parent
SENTENCES = ("messages", "hints", "mistakes", "grader")

Texts = Mapping[tuple[str, str], str]  # (context, English) -> translation


def languages() -> list[str]:
    """The languages with translations, beside English."""
    return sorted(folder.name for folder in FOLDER.iterdir() if any(folder.glob("*.po")))


def has(language: str, notebook: str) -> bool:
    """Whether a notebook has been put into a language."""
    return path_of(language, notebook).is_file()


def path_of(language: str, name: str) -> Path:
    return FOLDER / language / f"{name}.po"


def texts(language: str, name: str) -> Texts:
    """What a PO file translates; without what is fuzzy."""
    catalog = _read(language, name)
    return {
        (message.context or "", message.id): message.string
        for message in catalog
        if message.id and message.string and not message.fuzzy
    }


def update(language: str, name: str, wanted: Iterable[Unit]) -> bytes:
    """A PO file brought up to date with the English: what is new is empty, what changed there
    "fuzzy", what is gone left out."""
    template = Catalog(charset="utf-8")
    for unit in wanted:
        about = ["May stay as it is: perhaps a name in code."] if unit.free else []
        template.add(unit.text, context=unit.context or None, auto_comments=[unit.kind, *about])
    catalog = _read(language, name)
    catalog.project, catalog.version = "cs231n-kit", "notebooks and messages"
    catalog.header_comment = f"# {name}: English and {catalog.locale_identifier}."
    catalog.msgid_bugs_address = catalog.last_translator = catalog.language_team = ""
    begun = catalog.creation_date
    catalog.update(template, no_fuzzy_matching=True, update_header_comment=False)
    _keep_what_changed(catalog)
    catalog.creation_date = begun  # the same texts give the same file
    out = io.BytesIO()
    # Lines as they are, and no version of Babel: every version writes the same file.
    write_po(out, catalog, width=0, no_location=True, include_previous=True)
    return re.sub(rb'"Generated-By: [^"]*"\n', b"", out.getvalue())


def _keep_what_changed(catalog: Catalog) -> None:
    """Give new texts the translations of what stood in their places and is gone, as "fuzzy"."""
    gone: dict[str, dict[str, str]] = {}
    for message in catalog.obsolete.values():
        if message.string:
            gone.setdefault(message.context or "", {})[message.id] = message.string
    catalog.obsolete.clear()
    for message in catalog:
        before = gone.get(message.context or "", {}) if message.id and not message.string else {}
        for close in get_close_matches(message.id, before, n=1):
            message.string, message.previous_id = before[close], [close]
            message.flags.add("fuzzy")


def problems(language: str, name: str, wanted: Iterable[Unit]) -> list[str]:
    """What is missing in a PO file, and what no longer fits the English."""
    found, here = [], f"{language}/{name}.po"
    if not path_of(language, name).is_file():
        return [f"{here}: there is none yet"]
    known = texts(language, name)
    fuzzy = {(m.context or "", m.id) for m in _read(language, name) if m.id and m.fuzzy}
    keys = set()
    for unit in wanted:
        key = unit.context, unit.text
        keys.add(key)
        where = f"{here}: {unit.context or unit.kind}: {_short(unit.text)}"
        if key in fuzzy:
            found.append(f"{where}: the English changed after the translation")
        elif key not in known and not unit.free:
            found.append(f"{where}: not translated")
    return found + [f"{here}: {_short(t)}: no longer there" for c, t in known if (c, t) not in keys]


def compile_language(language: str) -> dict[Path, bytes]:
    """The files that are read at run time: the package's sentences, and those of the grader."""
    sentences, parts, signs = {}, {}, {}
    for name in SENTENCES[:3]:
        for (context, text), translation in texts(language, name).items():
            kind = {units.PART: parts, units.SIGN: signs}.get(context, sentences)
            kind[text] = translation
    sentences |= headings(language)
    grader = {text: said for (_, text), said in texts(language, "grader").items()}
    return {
        package.FOLDER / f"{language}.json": _json(
            {"sentences": sentences, "parts": parts, "signs": signs}
        ),
        GRADER / f"{language}.json": _json({"sentences": grader}),
    }


def headings(language: str) -> dict[str, str]:
    """How hints name the sections of notebooks -> the same in another language."""
    found = {}
    numbered = texts(language, "messages").get(("", units.SECTION))
    for name in notebooks():
        for (_, english), other in texts(language, name).items():
            pairs = zip(_HEADING.findall(english), _HEADING.findall(other), strict=False)
            for (number, title), (_, translated) in pairs:
                if number and numbered:
                    said = units.SECTION.replace("{1}", number).replace("{2}", title)
                    found[said] = numbered.replace("{1}", number).replace("{2}", translated)
                else:
                    found[f"“{title}”"] = f"“{translated}”"
    return found


_HEADING = re.compile(r"^## (?:(\d+) · )?(.+)", re.MULTILINE)


def notebooks() -> list[str]:
    """The names of all notebooks."""
    from grading.build import assignments

    return [name for names in assignments().values() for name in names]


def _read(language: str, name: str) -> Catalog:
    return _parsed(path_of(language, name), _stamp(path_of(language, name)))


def _stamp(path: Path) -> int:
    return path.stat().st_mtime_ns if path.is_file() else 0


@cache
def _parsed(path: Path, stamp: int) -> Catalog:
    if not stamp:
        return Catalog(locale=path.parent.name, charset="utf-8", fuzzy=False)
    try:
        with path.open("rb") as file:
            return read_po(file, locale=path.parent.name, charset="utf-8", abort_invalid=True)
    except Exception as problem:  # Babel's errors have no common kind
        raise GradingError(f"{path} cannot be read: {problem}") from None


def _short(text: str) -> str:
    line = text.strip().split("\n")[0]
    return repr(line if len(line) <= 60 else f"{line[:57]} …")


def _json(data: Mapping) -> bytes:
    return (json.dumps(data, ensure_ascii=False, indent=0, sort_keys=True) + "\n").encode()
