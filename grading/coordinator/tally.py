"""What a run of the grader did, and how an instructor is told."""

from __future__ import annotations

from dataclasses import dataclass, field

WIDTH = 300  # characters of a reason


@dataclass
class Tally:
    """What a run did.

    graded: who has new scores; before: how many were graded already and left alone
    review: (student, notebook) -> why a person must look
    ungraded: student -> why it could not be graded at all (part of review as well)
    left_out: student -> files that were not taken in, a sentence each
    """

    graded: list[str] = field(default_factory=list)
    before: int = 0
    review: dict[tuple[str, str], str] = field(default_factory=dict)
    ungraded: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, list[str]] = field(default_factory=dict)

    def note(self, student: str, cards: dict, left_out: list[str]) -> None:
        reasons = {(student, n): card["needs_review"] for n, card in sorted(cards.items())}
        self.review |= {key: reason for key, reason in reasons.items() if reason}
        if left_out:
            self.left_out[student] = left_out


def shown(text: str) -> str:
    """The text on one line, with nothing in it that could play tricks on a terminal."""
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"


def summary(tally: Tally, seconds: float) -> str:
    """What an instructor reads at the end."""
    number = len(tally.graded) - len(tally.ungraded)
    lines = [f"Graded {number} submission{'s' * (number != 1)} in {seconds:.0f} s."]
    if tally.before:
        lines[0] += f" {tally.before} had been graded before."
    failed = [f"{student}: {why}" for student, why in tally.ungraded.items()]
    review = [
        f"{student} {notebook}: {why}"
        for (student, notebook), why in tally.review.items()
        if student not in tally.ungraded
    ]
    left_out = [f"{student}: {note}" for student, notes in tally.left_out.items() for note in notes]
    for title, items in (
        ("Could not be graded (they have no score; --resume tries them again):", failed),
        (f"A person must look at {len(review)} notebook{'s' * (len(review) != 1)}:", review),
        ("Not taken in:", left_out),
    ):
        lines += [title] * bool(items) + [f"  {shown(item)}" for item in sorted(items)]
    return "\n".join(lines)
