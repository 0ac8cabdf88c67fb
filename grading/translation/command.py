"""Bring translations up to date with the English, and write what is read at run time.

After a change of notebooks, messages or hints: run this, translate in grading/translation/LANGUAGE
what it names (any editor of PO files will do), and run `python -m grading build`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping

from grading import files
from grading.errors import GradingError
from grading.translation import catalogue, units
from grading.translation.units import Unit

SUMMARY = "Bring the translations up to date (--check: only compare)."


def wanted() -> dict[str, list[Unit]]:
    """PO file's name -> the texts that belong in it, of the notebooks as they are now."""
    from grading.build import assignments, student_notebook

    found, setup = {}, []
    for assignment, names in assignments().items():
        for name in names:
            notebook = student_notebook(assignment, name)
            found[name] = list(units.of_notebook(name, notebook))
            setup = list(units.of_setup(notebook))
    found[units.SETUP] = setup
    found["messages"] = list(units.of_messages())
    found["hints"] = list(units.of_hints())
    found["mistakes"] = list(units.of_mistakes())
    found["page"] = list(units.of_page())
    found["grader"] = list(units.of_grader(found["messages"]))
    return found


def problems(languages: Iterable[str], texts: Mapping[str, list[Unit]]) -> list[str]:
    """What is missing or stale in the translations of these texts, a line each."""
    return [
        problem
        for language in languages
        for name, some in texts.items()
        for problem in catalogue.problems(language, name, some)
    ]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--language",
        metavar="CODE",
        help='only this one, such as "zh"; one that is new is begun (default: all there are)',
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; exit 1 and name what is missing or out of date",
    )


def run(args: argparse.Namespace) -> int:
    chosen = [args.language] if args.language else catalogue.languages()
    for language in chosen:
        if not (language.isalpha() and language.islower() and 2 <= len(language) <= 3):
            raise GradingError(f'{language!r} is no code of a language. One is "zh", or "fr".')
    texts = wanted()
    if not args.check:
        fresh = {
            catalogue.path_of(language, name): catalogue.update(language, name, some)
            for language in chosen
            for name, some in texts.items()
        }
        for path in files.write_all(fresh):
            print(f"wrote {path}")
    compiled = {p: d for one in chosen for p, d in catalogue.compile_language(one).items()}
    found = problems(chosen, texts)
    if args.check:
        stale = [path for path, data in compiled.items() if not files.has(path, data)]
        found += [f"{path}: not up to date: python -m grading translations" for path in stale]
    else:
        for path in files.write_all(compiled):
            print(f"wrote {path}")
    print("\n".join([*found, f"{len(found)} to do."]) if found else "All is translated.")
    return 1 if found else 0
