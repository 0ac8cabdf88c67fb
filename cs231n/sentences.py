"""Putting a message into another language, with a catalogue of sentences.

A message was put together in English, out of sentences with numbers and names in them; here it is
taken apart again. Nothing of that has to be known where messages are made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

_FIELD = re.compile(r"\{(\w+)\}")
# What is no prose: code in backticks, a list of strings, a call, what is quoted, a name with a dot,
# an address.
_CODE = re.compile(
    r"`[^`]*`|[\[({]'[^\[\](){}]*[\])}]|\b\w+\((?:'[^']*'|[^'()])*\)|“[^”]*”|(?<!\w)'[^']*'"
    r"|\b\w+(?:\.\w|[_(\[])(?:\S*[\w)\]])?|https?://\S+"
)
_WORD = re.compile(r"(?<![\w.])[A-Za-z]?[a-z]{2,}(?![\w(])")
# What no sentence ends in: code, numbers in brackets, and an error with what Python says of it.
_ONE = re.compile(rf"{_CODE.pattern}|\([^()A-Za-z]*\)|\[[^\[\]A-Za-z]*\]|\w(?:Error|Warning): ")
_SIGN = re.compile(r"[.?!:;,…] | — (?=[A-Z])")
# A space that came with what was put in: after a Chinese sign, or between two characters.
_GAP = re.compile(r"(?<=[，。：；？！、）”]) +(?=\S)|(?<=[\u2e80-\u9fff]) (?=[\u2e80-\u9fff（“])")
# A student's code can put anything into a message: what is longer, or has more signs, or takes too
# many steps to read, stays English.
_LONGEST, _MOST_SIGNS = 2000, 60
_STEPS, _TRIES = 40_000, 100  # templates that are tried for a message; places for one of them
_WEAK = 5  # letters in a sentence beside what is computed


class _TooLong(Exception):
    """A message would take too long to read."""


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
        self._whole = lru_cache(maxsize=16384)(self._read_whole)

    def __call__(self, text: str) -> str:
        """The translation."""
        return _GAP.sub("", self._lines(text)[1])

    def left(self, text: str) -> int:
        """How many words of a message stay English."""
        return self._lines(text)[0]

    def _lines(self, text: str) -> tuple[int, str]:
        self._steps = _STEPS
        try:
            return self._in_lines(text)
        except (RecursionError, _TooLong):
            return len(_WORD.findall(text)), text

    def _in_lines(self, text: str) -> tuple[int, str]:
        if text in self._exact:
            return 0, self._exact[text]
        pairs = [self._line(line) for line in text.split("\n")]
        best = sum(words for words, _ in pairs), "\n".join(line for _, line in pairs)
        if best[0] and len(pairs) > 1 and len(text) <= _LONGEST:
            best = min(best, self._whole(text), key=_words)
        return best

    def _line(self, line: str) -> tuple[int, str]:
        inner = line.strip()
        if inner in self._exact:
            return 0, line.replace(inner, self._exact[inner], 1)
        return (0, line) if len(inner) > _LONGEST else self._value(line)

    def _value(self, text: str) -> tuple[int, str]:
        """What _read gives for a text, with the space around it as it was."""
        inner = text.strip()
        if not inner:
            return 0, text
        words, said = self._best(inner)
        return words, text.replace(inner, said, 1)

    def _read(self, text: str) -> tuple[int, str]:
        """(words that stay English, translation) of the best way to read a text."""
        best = self._whole(text)
        if best[0] and text[-1] + " " in self.signs:
            words, begin = self._whole(text[:-1])
            if begin != text[:-1]:
                best = min(best, (words, begin + self.signs[text[-1] + " "].rstrip()), key=_words)
        signs = list(_SIGN.finditer(_ONE.sub(lambda one: "_" * len(one[0]), text)))
        for sign in signs if best[0] and len(signs) <= _MOST_SIGNS else ():
            before = text[: sign.start()]
            left, said = self._whole(before)
            # Words that stay English keep their sign.
            english = said == before or (said[-1:].isascii() and said[-1:].isalpha())
            ending = sign[0] if english else self.signs.get(sign[0], sign[0])
            begin = min((left, said + ending), self._whole(text[: sign.start() + 1]), key=_words)
            if begin[0] < best[0]:
                words, rest = self._best(text[sign.end() :])
                gap = " " if begin[1][-1:].isascii() and not begin[1].endswith(" ") else ""
                best = min(best, (begin[0] + words, begin[1] + gap + rest), key=_words)
            tail = self._whole(text[sign.start() :])  # ", it should be 3"
            if best[0] and tail[0] == 0:
                best = min(best, (left, said + tail[1]), key=_words)
        return best

    def _like(self, text: str) -> Iterator[_Template]:
        """The templates that a text may be made from, the most precise first."""
        words = {"", *re.findall("[A-Za-z]{2,}", text)}
        found = (pair for word in words for pair in self._by_word.get(word, ()))
        return (template for _, template in sorted(found, key=lambda pair: pair[0]))

    def _read_whole(self, text: str) -> tuple[int, str]:
        """The same, where the text is no sequence of sentences."""
        known = self._exact if " " in text else self._parts
        if text in known:
            return 0, known[text]
        best = len(_WORD.findall(_CODE.sub(" ", text))), text
        for template in self._like(text) if best[0] else ():
            if best[0] == 0:
                break
            self._steps -= 1
            if self._steps < 0:
                raise _TooLong
            values = template.match(text)
            if values is None:
                continue
            parts = {
                name: (0, value) if name in template.code else self._value(value)
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
        self._names, self._other = literals[1::2], other
        self._literals = [_literal(text) for text in literals[::2]]
        # The longest of the words that stand there by themselves.
        whole = "\0".join(literals[::2])
        words = re.findall(r"(?<![A-Za-z\0])[A-Za-z]{2,}(?![A-Za-z\0])", whole)
        self.word = max(words, key=len, default="")
        self.code = set()  # names of what stands in backticks
        self._may_be = []  # what may be put in, a pattern for each name; None: anything
        ticks = 0
        for name, left, right in zip(self._names, literals[:-2:2], literals[2::2], strict=True):
            ticks += left.count("`")
            if ticks % 2:
                self.code.add(name)
            self._may_be.append(_kind(name, left, right, name in self.code))
        # "{1} of {2}" fits too much: it is taken only where nothing stays English but names.
        letters = len(re.sub("[^A-Za-z`]", "", "".join(literals[::2])))
        self.is_weak = letters < _WEAK and not self.code
        self.precision = letters + sum(name.startswith("number") for name in self._names)

    def match(self, text: str) -> list[tuple[str, str]] | None:
        """What was computed, with its name; None where the text is not of this form."""
        first, *_, last = self._literals
        if not text.startswith(first):
            return None
        self._tries = _TRIES
        values = self._values(text, 0, len(first))
        # What is put in at the end, or at the beginning, may be missing, with its space.
        if values is None and not last and self._literals[-2].endswith(" "):
            values = self._values(text + " ", 0, len(first))
        if values is None and not first and self._literals[1].startswith(" "):
            values = self._values(" " + text, 0, 0)
        pairs = list(zip(self._names, values or (), strict=values is not None))
        # One name is one thing, however often it stands there.
        return pairs if pairs and len(dict(pairs)) == len({*pairs}) else None

    def _values(self, text: str, field: int, start: int) -> list[str] | None:
        """What stands in a text from a field on, which begins at `start`: the shortest that fits.

        Gives up after so many tries, for a text may have been made to need very many.
        """
        after = self._literals[field + 1]
        if field == len(self._names) - 1:
            end = len(text) - len(after)
            fits = start <= end and text.endswith(after) and self._fits(field, text[start:end])
            return [text[start:end]] if fits else None
        end = text.find(after, start)
        while end >= 0 and self._tries > 0:
            self._tries -= 1
            if self._fits(field, text[start:end]):
                rest = self._values(text, field + 1, end + len(after))
                if rest is not None:
                    return [text[start:end], *rest]
            end = text.find(after, end + 1)
        return None

    def _fits(self, field: int, value: str) -> bool:
        kind = self._may_be[field]
        if kind is _LETTER or kind is _TICK:
            return not kind.search(value)
        plain = value
        if _HALF.search(value):
            self._tries -= 1 + len(value) // 50  # this takes longer
            plain = _QUOTED.sub("", value)
            for _ in range(_DEEPEST):
                plain = _BRACKETS.sub("", plain)
            if _HALF.search(plain):  # a shape or a list, cut in two
                return False
        return kind is None or not kind.search(plain if kind is _BREAK else value)

    def filled(self, values: Mapping[str, str]) -> str:
        parts = _FIELD.split(self._other)
        parts[::2] = map(_literal, parts[::2])
        parts[1::2] = [values.get(name, "") for name in parts[1::2]]
        return "".join(parts).strip()


# What must not be in what is put in, where that is a number, code, or a phrase; and where another
# sentence follows.
_QUOTED = re.compile(r"`[^`]*`|(?<!\w)'[^']*'")
_DEEPEST = 4  # brackets within brackets
_BRACKETS, _HALF = re.compile(r"\([^()]*\)|\[[^\[\]]*\]"), re.compile(r"[()\[\]]")
_LETTER, _TICK = re.compile("[A-Za-z]"), re.compile("`")
_BREAK, _OPEN = re.compile("[.?!] [A-Z]|; [A-Za-z\u4e00-\u9fff]"), re.compile(r"[^.?!]\Z")


def _kind(name: str, left: str, right: str, is_code: bool) -> re.Pattern | None:
    if name.startswith("number"):
        return _LETTER
    if is_code:
        return _TICK
    if _is_sentence(left, right):
        return _OPEN if right == " " else None
    return _BREAK


def _is_sentence(left: str, right: str) -> bool:
    """Whether sentences are put in between what stands left and right of them; else a phrase."""
    if left.strip():
        return left.rstrip()[-1] in ".:?!—"
    return bool(re.match(r"\s*$|\s+[A-Z“`(]|\.", right))


def _fields(text: str) -> list[str]:
    return _FIELD.findall(text.replace("{{", "").replace("}}", ""))


def _literal(text: str) -> str:
    return text.replace("{{", "{").replace("}}", "}")
