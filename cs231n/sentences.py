"""Putting a message into another language, with a catalogue of sentences.

A message was put together in English, out of sentences with numbers and names in them; here it is
taken apart again. Nothing of that has to be known where messages are made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

_FIELD = re.compile(r"\{(\w+)\}")
# What is no prose: code in backticks, a call, what is quoted, a name with a dot, an address.
_CODE = re.compile(
    r"`[^`]*`|\b\w+\((?:'[^']*'|[^'()])*\)|“[^”]*”|(?<!\w)'[^']*'"
    r"|\b\w+(?:\.\w|[_(\[])(?:\S*[\w)\]])?|https?://\S+"
)
_WORD = re.compile(r"(?<![\w.])[A-Za-z]?[a-z]{2,}(?![\w(])")
# What no sentence ends in: code, numbers in brackets, and an error with what Python says of it.
_ONE = re.compile(rf"{_CODE.pattern}|\([^()A-Za-z]*\)|\[[^\[\]A-Za-z]*\]|\w(?:Error|Warning): ")
_SIGN = re.compile(r"[.?!:;,…] | — (?=[A-Z])")
# Chinese, with a space that came with what was put in.
_GAP = re.compile(r"(?<=[\u2e80-\u9fff，。：；？！、）”]) (?=[\u2e80-\u9fff（“])")
_LONGEST = 4000  # characters of a line that is translated
_WEAK = 5  # letters in a sentence beside what is computed


class Translator:
    """Puts a message into another language, whole or in its parts.

    A message is one of the catalogue's sentences, or several, with signs between them; what was
    computed in a sentence may be a sentence itself. Of all ways to read it, that one is taken which
    leaves the fewest words as they are.
    """

    def __init__(
        self,
        sentences: Mapping[str, str],
        parts: Mapping[str, str] | None = None,
        signs: Mapping[str, str] | None = None,
    ):
        """
        Inputs:
        - sentences: English -> its translation, both with {name} in place of what is computed
        - parts: single words that are translated within a sentence too
        - signs: ", " and the like -> what is written between two sentences
        """
        self._exact = {
            _literal(key): _literal(text) for key, text in sentences.items() if not _fields(key)
        }
        self._parts, self.signs = dict(parts or {}), dict(signs or {})
        templates = [_Template(key, text) for key, text in sentences.items() if _fields(key)]
        templates.sort(key=lambda template: -template.precision)
        self._by_word: dict[str, list[tuple[int, _Template]]] = {}  # "": those without a word
        for place, template in enumerate(templates):
            self._by_word.setdefault(template.word, []).append((place, template))
        self._best = lru_cache(maxsize=4096)(self._read)

    def __call__(self, text: str) -> str:
        """The translation."""
        return _GAP.sub("", self._lines(text)[1])

    def left(self, text: str) -> int:
        """How many words of a message stay English."""
        return self._lines(text)[0]

    def _lines(self, text: str) -> tuple[int, str]:
        if text in self._exact:
            return 0, self._exact[text]
        pairs = [self._line(line) for line in text.split("\n")]
        best = sum(words for words, _ in pairs), "\n".join(line for _, line in pairs)
        if best[0] and len(pairs) > 1 and len(text) <= _LONGEST:
            best = min(best, self._whole(text), key=_words)
        return best

    def _line(self, line: str) -> tuple[int, str]:
        inner = line.strip()
        if not inner or len(inner) > _LONGEST:
            return 0, line
        words, text = (0, self._exact[inner]) if inner in self._exact else self._best(inner)
        return words, line.replace(inner, text, 1)

    def _read(self, text: str) -> tuple[int, str]:
        """(words that stay English, translation) of the best way to read a text."""
        best = self._whole(text)
        if best[0] and text[-1] + " " in self.signs:
            words, begin = self._whole(text[:-1])
            best = min(best, (words, begin + self.signs[text[-1] + " "].rstrip()), key=_words)
        signs = _SIGN.finditer(_ONE.sub(lambda one: "_" * len(one[0]), text))
        for sign in signs if best[0] else ():
            before = text[: sign.start()]
            words, begin = self._whole(before)
            # Words that stay English keep their sign.
            english = begin == before or (sign[0] == ": " and re.search("[A-Za-z]$", begin))
            ending = sign[0] if english else self.signs.get(sign[0], sign[0])
            begin = min((words, begin + ending), self._whole(text[: sign.start() + 1]), key=_words)
            if begin[0] < best[0]:
                words, rest = self._best(text[sign.end() :])
                gap = " " if begin[1][-1:].isascii() and not begin[1].endswith(" ") else ""
                best = min(best, (begin[0] + words, begin[1] + gap + rest), key=_words)
            tail = self._whole(text[sign.start() :])  # ", it should be 3"
            if best[0] and tail[0] == 0:
                words, begin = self._whole(text[: sign.start()])
                best = min(best, (words, begin + tail[1]), key=_words)
        return best

    def _like(self, text: str) -> Iterator[_Template]:
        """The templates that a text may be made from, the most precise first."""
        words = {"", *re.findall("[A-Za-z]{2,}", text)}
        found = (pair for word in words for pair in self._by_word.get(word, ()))
        return (template for _, template in sorted(found, key=lambda pair: pair[0]))

    def _whole(self, text: str) -> tuple[int, str]:
        """The same, where the text is no sequence of sentences."""
        known = self._exact if " " in text else self._parts
        if text in known:
            return 0, known[text]
        best = len(_WORD.findall(_CODE.sub(" ", text))), text
        for template in self._like(text) if best[0] else ():
            if best[0] == 0:
                break
            values = template.match(text)
            if values is None:
                continue
            parts = {
                name: self._best(value) if value and name not in template.code else (0, value)
                for name, value in values
            }
            words = sum(part[0] for part in parts.values())
            if words < best[0] and not (words and template.is_weak and _says_more(values, parts)):
                best = words, template.filled({name: part[1] for name, part in parts.items()})
        if best[0] and text.startswith(("The ", "A ", "An ")):  # a phrase that begins a sentence
            whole = self._whole(text[0].lower() + text[1:])
            best = min(best, whole, key=_words)
        return best


def _words(pair: tuple[int, str]) -> int:
    return pair[0]


def _says_more(values: list[tuple[str, str]], parts: Mapping[str, tuple[int, str]]) -> bool:
    """Whether what was computed is more than names, one or several."""
    return any(parts[n][0] and not re.fullmatch(r"[^\s,]+(, [^\s,]+)*", v) for n, v in values)


class _Template:
    """A sentence with {name} in place of what is computed, and its translation."""

    def __init__(self, english: str, other: str):
        literals = _FIELD.split(english)  # literal, name, literal, name, ..., literal
        self._names = literals[1::2]
        # The longest of the words that stand there by themselves.
        whole = "\0".join(literals[::2])
        words = re.findall(r"(?<![A-Za-z\0])[A-Za-z]{2,}(?![A-Za-z\0])", whole)
        self.word = max(words, key=len, default="")
        self.code = set()  # names of what stands in backticks
        ticks = 0
        pattern = re.escape(_literal(literals[0]))
        for name, left, right in zip(self._names, literals[:-2:2], literals[2::2], strict=True):
            some = "([^A-Za-z]*?)" if name.startswith("number") else "(.*?)"
            ticks += left.count("`")
            if ticks % 2:
                self.code.add(name)
                some = "([^`]*)"
            elif right == " " and _is_sentence(left, right):
                some = r"(.*?[.?!])"  # another one follows
            elif some == "(.*?)" and not _is_sentence(left, right):
                some = r"((?:(?![.?!] [A-Z]|; ).)*?)"  # it does not go on into the next sentence
            pattern += some + re.escape(_literal(right))
        # A sentence that is put in at the beginning or the end may be missing, with its space.
        pattern = re.sub(r"^\(\.\*\?\)\\ ", r"(?:(.*?)\\ )?", pattern)
        pattern = re.sub(r"\\ \(\.\*\?\)$", r"(?:\\ (.*?))?", pattern)
        self._pattern = re.compile(pattern, re.DOTALL)
        self._other = other
        # "{1} of {2}" fits too much: it is taken only where nothing stays English but names.
        letters = len(re.sub("[^A-Za-z`]", "", "".join(literals[::2])))
        self.is_weak = letters < _WEAK and not self.code
        self.precision = letters + sum(name.startswith("number") for name in self._names)

    def match(self, text: str) -> list[tuple[str, str]] | None:
        """What was computed, with its name; None where the text is not of this form."""
        found = self._pattern.fullmatch(text)
        return list(zip(self._names, found.groups(""), strict=True)) if found else None

    def filled(self, values: Mapping[str, str]) -> str:
        parts = _FIELD.split(self._other)
        parts[::2] = map(_literal, parts[::2])
        parts[1::2] = [values.get(name, "") for name in parts[1::2]]
        return "".join(parts).strip()


def _is_sentence(left: str, right: str) -> bool:
    """Whether sentences are put in between what stands left and right of them; else a phrase."""
    if left.strip():
        return left.rstrip()[-1] in ".:?!—"
    return bool(re.match(r"\s*$|\s+[A-Z“`(]|\.", right))


def _fields(text: str) -> list[str]:
    return _FIELD.findall(text.replace("{{", "").replace("}}", ""))


def _literal(text: str) -> str:
    return text.replace("{{", "{").replace("}}", "}")
