"""Score cards as Gradescope's results.json: gradescope-autograders.readthedocs.io, Specifications.

Everything is plain text there, which Gradescope escapes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from grading import harmless
from grading.scorecard import failures, in_language_of

MAX_TEXT = 10_000  # characters that one test says
MAX_REPAIRS = 20


def as_results(cards: Mapping[str, dict], in_words: float, visibility: str, seconds: float) -> dict:
    """The results of a submission.

    Inputs:
    - cards: notebook's name -> its score card (grading/reports.py) with "repairs"
    - in_words: points of answers that only a person can grade
    - visibility: when students see the tests, one of Gradescope's words for it
    - seconds: how long grading took
    """
    tests = [
        _test(f"{name}: {exercise}", result, card, visibility)
        for name, card in cards.items()
        for exercise, result in card["exercises"].items()
    ]
    review = {name: card["needs_review"] for name, card in cards.items() if card["needs_review"]}
    return _whole(
        score=round(sum(card["score"] for card in cards.values()), 2),
        output="\n".join(_remarks(cards, review, in_words)),
        tests=tests,
        extra_data={"needs_review": review},
        execution_time=round(seconds),
    )


def nothing_to_grade(wanted: Iterable[str], came: Iterable[str]) -> dict:
    """The results of a submission without any notebook."""
    came = list(came)
    shown = ", ".join([*came[:MAX_REPAIRS], *["…"] * (len(came) > MAX_REPAIRS)])
    expected = ", ".join(f"{name}.ipynb" for name in wanted)
    return _whole(
        score=0.0,
        output=f"No notebook could be read in this submission. Expected were: {expected}. "
        f"What came: {shown or 'nothing'}. Hand in the .ipynb files, or a zip of them.",
        tests=[],
        extra_data={"needs_review": {"submission": "no notebook could be read"}},
    )


def _whole(output: str, **fields) -> dict:
    return fields | {
        "output": _text(output),
        "output_format": "text",
        "stdout_visibility": "hidden",
    }


def _test(name: str, result: dict, card: Mapping, visibility: str) -> dict:
    passed = result["graded"] and result["score"] == result["max_score"]
    return {
        "name": name,
        "name_format": "text",
        "score": result["score"],
        "max_score": result["max_score"],
        "status": "passed" if passed else "failed",
        "output": _text("\n".join(_said(result, card["needs_review"], in_language_of(card)))),
        "output_format": "text",
        "visibility": visibility,
    }


def _said(result: dict, reason: str | None, say: Callable[[str], str]) -> list[str]:
    """What a feedback page says of an exercise: known mistakes, and the checks that failed."""
    if not result["graded"]:
        return [say(f"Not graded: {reason or 'the grader could not run it'}."),
                say("The 0 is not final: a person must look at it.")]  # fmt: skip
    checks = result["checks"]
    number, number2 = sum(c["passed"] for c in checks), len(checks)
    lines = [say(f"{number} of {number2} checks passed.")]
    lines += [say(mistake["says"]) for mistake in result["mistakes"]]
    return lines + [line.strip() for line in failures(checks, say)]


def _remarks(cards: Mapping[str, dict], review: Mapping[str, str], in_words: float) -> list[str]:
    """What there is to say of the whole submission."""
    # A submission is read in one language: that of its first notebook that has one.
    say = in_language_of(next((c for c in cards.values() if "language" in c), {}))
    lines = [say(f"{name}: a person must look at it: {why}.") for name, why in review.items()]
    repairs = dict.fromkeys(
        f"{name}: {say(change)}" for name, card in cards.items() for change in card["repairs"]
    )
    if repairs:
        lines += [say("Put right before grading:"), *list(repairs)[:MAX_REPAIRS]]
    if in_words:
        lines.append(
            say(f"Answers in words bring up to {in_words:g} more points: a person reads them.")
        )
    return lines or [say("Every notebook was graded.")]


def _text(text: str) -> str:
    text = harmless.readable(text)
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}\n… the rest is left out"
