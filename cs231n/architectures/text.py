"""Networks as text: the notation of the course notes, with the numbers in their places.

    parse("INPUT32x32x3 -> [[CONV3-64 -> RELU]*2 -> POOL2]*3 -> [FC-512 -> RELU]*K -> FC-10", K=1)

- ``A -> B``: one layer after another. What layers look like: cs231n.architectures.text_layers
- ``[...]*3``, ``[...]*N``: repeated; letters get their values from the call, 0 leaves it out
- ``A?``: taken, or left out with ``optional=False``
- ``(A | B | C)``: branches that all read the same, concatenated
- ``(A + B)``: the same, added. An empty branch passes on what it reads: (CONV3-64 -> BN + )
- ``{A -> B}``: a side branch with an output of its own; what follows goes on from before it
- ``conv1:CONV3-64``: a name. In a repeated part the copies are conv1_1, conv1_2, ... A name before
  brackets names the join of its branches, and comes before the names inside: block.conv1
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from cs231n.architectures.description import NAME, Architecture, ArchitectureError, Node
from cs231n.architectures.kinds import FC, Add, Concat, Input, Layer
from cs231n.architectures.text_layers import HIDDEN_FC, LayerTextError, read_layer

MOST_LAYERS = 10_000  # more are a slip, such as a misplaced *


class PatternError(ArchitectureError):
    """A text that describes no network: the message shows the place. `position` counts from 0."""

    def __init__(self, text: str, position: int, problem: str):
        self.position = position
        line = re.sub(r"\s", " ", text)
        first = max(0, position - 50)
        shown = ("… " if first else "") + line[first : first + 90]
        shown += " …" if first + 90 < len(line) else ""
        caret = " " * (position - first + (2 if first else 0)) + "^"
        super().__init__(f"At character {position + 1}: {problem}\n  {shown}\n  {caret}")


def parse(
    text: str, *, name: str | None = None, optional: bool = True, **counts: int
) -> Architecture:
    """The network that a text describes.

    Inputs:
    - text: as this module's docstring says
    - name: the network's name; the text itself where absent
    - optional: whether parts marked with ? are taken
    - counts: values of the letters that say how often a part is repeated, such as N=2

    Returns the Architecture, of which every layer has a name: its own, or one such as conv1.

    Raises PatternError, which points at the character, when the text cannot be read, a letter has
    no value, or layers do not fit each other; ValueError when a count is given that no * asks for.
    """
    reader = _Reader(text)
    network = reader.sequence()
    if reader.position < len(text):
        reader.fail(f"expected -> or the end, not {text[reader.position]!r}.")
    asked = {part.repeat for part in reader.parts if isinstance(part.repeat, str)}
    if unknown := set(counts) - asked:
        raise ValueError(f"Nothing in the pattern is repeated {', '.join(sorted(unknown))} times.")
    builder = _Builder(text, counts, optional)
    builder.sequence(network, None, "", False)
    return builder.finish(name or " ".join(text.split()))


@dataclass
class _Part:
    """A layer, or brackets around sequences of parts; where it stands, its name and its repeat."""

    position: int
    name: str | None
    bracket: str = ""  # "[", "(" or "{"; "" for a layer
    layer: Layer | None = None
    bare: bool = False
    branches: list[list[_Part]] = field(default_factory=list)
    join: str = ""  # "|" or "+"
    repeat: int | str = 1  # a number, a letter, or "?"


class _Reader:
    """Reads text into parts, from left to right; `position` is the next character."""

    def __init__(self, text: str):
        self.text = text
        self.position = 0
        self.parts: list[_Part] = []
        self.depth = 0
        self.skip_spaces()

    def fail(self, problem: str, position: int | None = None):
        place = self.position if position is None else position
        raise PatternError(self.text, place, problem) from None

    def skip_spaces(self) -> None:
        self.position = re.compile(r"\s*").match(self.text, self.position).end()

    def take(self, pattern: str) -> str:
        """What matches at this place, or "" where nothing does; spaces after it are skipped."""
        found = re.compile(pattern).match(self.text, self.position)
        if not found:
            return ""
        self.position = found.end()
        self.skip_spaces()
        return found[0]

    def sequence(self) -> list[_Part]:
        parts = [self.part()]
        while self.take("->|→"):
            parts.append(self.part())
        return parts

    def part(self) -> _Part:
        start = self.position
        name = self.take(r"[\w.-]+\s*:").rstrip(": \t\n")
        if name and not NAME.fullmatch(name):
            self.fail(f"{name!r} is no name: letters, digits, and single _ . - between.", start)
        part = _Part(self.position, name or None)
        self.parts.append(part)
        part.bracket = self.take(r"[\[({]")
        if part.bracket:
            self.inside(part)
        else:
            self.layer(part)
        part.repeat = self.repeat()
        return part

    def inside(self, part: _Part) -> None:
        """What stands in brackets, and the bracket that closes them."""
        if self.depth > 50:
            self.fail("brackets are nested more than 50 deep.", part.position)
        self.depth += 1
        closing = {"[": "]", "(": ")", "{": "}"}[part.bracket]
        part.branches = [self.branch(part)]
        while part.bracket == "(" and (sign := self.take(r"[|+]")):
            if part.join not in ("", sign):
                self.fail("one pair of brackets has either | or + between its branches.")
            part.join = sign
            part.branches.append(self.branch(part))
        if not self.take(re.escape(closing)):
            opened = f"{part.bracket!r} at character {part.position + 1}"
            found = self.text[self.position : self.position + 1]
            what = f"not {found!r}" if found else "but the text ends"
            self.fail(f"expected -> or {closing!r}, for {opened}, {what}.")
        if part.bracket == "(" and not part.join:
            problem = "( ) holds branches, with | or + between; one sequence stands in [ ]."
            self.fail(problem, part.position)
        self.depth -= 1

    def branch(self, part: _Part) -> list[_Part]:
        """A sequence; between ( and ) it may be empty."""
        if part.bracket == "(" and self.text[self.position : self.position + 1] in ("|", "+", ")"):
            return []
        return self.sequence()

    def layer(self, part: _Part) -> None:
        # A minus belongs to the layer (FC-10), but not the one of an arrow.
        found = self.take(r"(?:[\w./]|-(?!>))+")
        if not found:
            what = repr(self.text[self.position]) if self.position < len(self.text) else "the end"
            self.fail(f"expected a layer, such as CONV3-64, or a bracket, not {what}.")
        try:
            part.layer, part.bare = read_layer(found)
        except LayerTextError as problem:
            self.fail(str(problem), part.position + problem.offset)

    def repeat(self) -> int | str:
        if self.take(r"\?"):
            return "?"
        if not self.take(r"\*"):
            return 1
        count = self.take(r"\d+|[A-Za-z]\w*")
        if not count:
            self.fail("expected how often: a number, or a letter such as N.")
        return int(count) if count.isdigit() and len(count) < 10 else count


class _Builder:
    """Writes parts out into nodes, repeats and all."""

    def __init__(self, text: str, counts: dict[str, int], optional: bool):
        self.text, self.counts, self.optional = text, counts, optional
        self.nodes: list[Node] = []
        self.parts: dict[str, _Part] = {}  # by the name of the node
        self.used: Counter = Counter()
        self.steps = 0

    def sequence(self, parts: list[_Part], source: str | None, prefix: str, copied: bool) -> str:
        """Add parts after the node `source`; returns the node that they end in."""
        for part in parts:
            times = self.times(part)
            for _ in range(times):
                self.steps += 1
                source = self.add(part, source, prefix, copied or times > 1)
        return source

    def times(self, part: _Part) -> int:
        if part.repeat == "?":
            return int(self.optional)
        count = self.counts.get(part.repeat) if isinstance(part.repeat, str) else part.repeat
        if count is None:
            self.fail(part, f"how often is {part.repeat}? Give its value: {part.repeat}=2.")
        if not isinstance(count, int) or count < 0:
            self.fail(part, f"a part is repeated 0 times or more, not {count!r} times.")
        return count

    def add(self, part: _Part, source: str | None, prefix: str, copied: bool) -> str:
        if self.steps > MOST_LAYERS:
            self.fail(part, f"this network would have more than {MOST_LAYERS} layers.")
        name = part.name and prefix + part.name
        if name and copied:
            self.used[name] += 1
            name = f"{name}_{self.used[name]}"
        inner = f"{name}." if name else prefix
        if part.layer is not None:
            return self.node(part, name, part.layer, (source,) if source else (), prefix)
        copied = copied and not name  # a named copy makes the names inside it different already
        if source is None:
            self.fail(part, "a network begins with INPUT, such as INPUT32x32x3.")
        ends = [self.sequence(branch, source, inner, copied) for branch in part.branches]
        if part.bracket == "{":
            return source
        if part.bracket == "[":
            return ends[0]
        return self.node(part, name, Add() if part.join == "+" else Concat(), tuple(ends), prefix)

    def node(self, part: _Part, name: str | None, layer: Layer, inputs: tuple, prefix: str) -> str:
        if isinstance(layer, Input) != (not inputs):
            self.fail(part, "a network begins with INPUT, such as INPUT32x32x3, and has one.")
        while not name or (name in self.parts and not part.name):
            name = self.next_name(prefix, layer)
        if name in self.parts:
            self.fail(part, f"there is a layer {name} already.")
        self.nodes.append(Node(name, layer, inputs))
        self.parts[name] = part
        return name

    def next_name(self, prefix: str, layer: Layer) -> str:
        if isinstance(layer, Input):
            return "input"
        base = prefix + layer.kind
        self.used[base] += 1
        return f"{base}{self.used[base]}"

    def finish(self, name: str) -> Architecture:
        read = {source for node in self.nodes for source in node.inputs}
        self.nodes = [self.sized(node, node.name in read) for node in self.nodes]
        try:
            return Architecture(name, tuple(self.nodes))
        except ArchitectureError as problem:
            part = self.parts.get(problem.layer)
            if part is None:
                raise
            self.fail(part, str(problem), problem.layer)

    def sized(self, node: Node, read: bool) -> Node:
        """A bare FC that others read is a hidden layer."""
        bare = self.parts[node.name].bare and type(node.layer) is FC and read
        return Node(node.name, FC(HIDDEN_FC), node.inputs) if bare else node

    def fail(self, part: _Part, problem: str, layer: str | None = None):
        error = PatternError(self.text, part.position, problem)
        error.layer = layer
        raise error from None
