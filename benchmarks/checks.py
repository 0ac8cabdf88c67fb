"""How good are the hidden checks? Mutation testing, the bank of mistakes, right solutions.

Every mutant of every reference solution must be noticed by a hidden check, or be listed with a
reason why none can; every mistake of the bank must be noticed and named; every right solution must
score full; and with another course secret, no check may decide otherwise. Exit code 1 when one of
these does not hold.
"""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import os
import pkgutil
import sys
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor

from tqdm import tqdm

PARTS = ("mutants", "bank", "variants", "strangers")
SECONDS = "3"  # that one call of a mutant may take


def main() -> int:
    args = _arguments()
    os.environ["CS231N_CHECK_SECONDS"] = SECONDS
    os.environ["OMP_NUM_THREADS"] = "1"
    start, fine = time.monotonic(), True
    with ProcessPoolExecutor(args.jobs, multiprocessing.get_context("spawn")) as pool:
        if "mutants" in args.parts:
            fine &= _mutants(pool, args)
        if "bank" in args.parts:
            fine &= _bank(pool, args)
        if "variants" in args.parts:
            fine &= _variants(pool, args)
        if "strangers" in args.parts:
            _strangers(pool, args)
    print(f"\n{time.monotonic() - start:.0f} s with {args.jobs} processes.")
    return 0 if fine else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.checks", description=__doc__)
    parser.add_argument(
        "parts",
        nargs="*",
        default=list(PARTS),
        help=f"{', '.join(PARTS)} (default: all of them)",
    )
    parser.add_argument("--only", default="", metavar="NAME", help="a reference module or function")
    parser.add_argument("--secrets", type=int, default=20, help="how many secrets (default: 20)")
    parser.add_argument(
        "--mutant-secrets", type=int, default=1, help="as --secrets, for mutants (default: 1)"
    )
    parser.add_argument("--visible", action="store_true", help="mutants: the visible checks too")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    args = parser.parse_args()
    unknown = set(args.parts) - set(PARTS)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; choose {', '.join(PARTS)}")
    return args


# ---- mutants -------------------------------------------------------------------------------


def _mutants(pool, args) -> bool:
    from grading.mistakes.judging import judge
    from grading.mistakes.mutants import mutable
    from grading.mistakes.worlds import REFERENCE

    chosen = [f for f in mutable() if args.only in ("", f, REFERENCE[f].module)]
    runs = [pool.submit(judge, function, args.mutant_secrets, args.visible) for function in chosen]
    judged = [run.result() for run in tqdm(runs, desc="mutants", unit="function")]
    sums = defaultdict(lambda: [0, 0, 0, 0])
    for one in judged:
        counts = (one.made, one.equivalent, len(one.unnoticed), one.visible)
        for name in (REFERENCE[one.function].module, "all"):
            sums[name] = [a + b for a, b in zip(sums[name], counts, strict=True)]
    last = "  noticed by visible checks" if args.visible else ""
    print("\nmutants of             made  equivalent  noticed  unnoticed    score" + last)
    for name in [*(n for n in sums if n != "all"), "all"]:
        made, equivalent, unnoticed, visible = sums[name]
        real = made - equivalent
        line = f"{name:<20}{made:>7}{equivalent:>12}{real - unnoticed:>9}{unnoticed:>11}"
        line += f"{(real - unnoticed) / max(real, 1):>9.2%}"
        print(line + (f"{visible / max(real, 1):>10.2%}" if args.visible else ""))
    for one in judged:
        for line, was, now in one.unnoticed:
            print(f"  {one.function}, line {line}: {was}\n      unnoticed: {now}")
        for was, now in one.stale:
            print(f"  {one.function}: no excuse is needed (any more) for {was} => {now}")
    return not any(one.unnoticed or one.stale for one in judged)


# ---- the bank and the variants -------------------------------------------------------------


def _exercises(args) -> list[str]:
    from grading.checks import EXERCISES
    from grading.mistakes.worlds import home_of

    return [
        name
        for name, exercise in EXERCISES.items()
        if args.only in ("", name, home_of(exercise.functions))
    ]


def _bank(pool, args) -> bool:
    runs = [pool.submit(judge_bank, name, args.secrets) for name in _exercises(args)]
    rows = [row for run in tqdm(runs, desc="bank", unit="exercise") for row in run.result()]
    count = max(len(rows), 1)
    noticed = sum(row["noticed"] for row in rows)
    named = sum(row["told"] == row["name"] for row in rows)
    wrong = [row for row in rows if row["told"] not in (row["name"], "")]
    visible, told = sum(row["visible"] for row in rows), sum(row["visibly_told"] for row in rows)
    shaky = [row for row in rows if row["shaky"]]
    print(f"\nbank: {len(rows)} mistakes, {args.secrets} secrets")
    print(f"  noticed by the hidden checks    {noticed:>5}  {noticed / count:7.1%}")
    print(f"  named right                     {named:>5}  {named / count:7.1%}")
    print(f"  named wrong                     {len(wrong):>5}")
    print(f"  noticed by the visible checks   {visible:>5}  {visible / count:7.1%}")
    print(f"  named by the visible checks     {told:>5}  {told / count:7.1%}")
    print(f"  judged otherwise with a secret  {len(shaky):>5}")
    for row in rows:
        if not row["noticed"] or row in wrong or row in shaky:
            print(f"  {row['exercise']}: {row['name']}: {row}")
    return noticed == len(rows) and not wrong and not shaky and named >= 0.9 * len(rows)


def judge_bank(exercise: str, secrets: int) -> list[dict]:
    """What the checks say of the mistakes of one exercise."""
    from cs231n.check import EXERCISES as VISIBLE
    from cs231n.check import diagnosis
    from grading.checks import EXERCISES
    from grading.diagnosis import diagnose
    from grading.mistakes import bank
    from grading.mistakes.shipped import visible_results

    rows = []
    for mistake in bank().get(exercise, ()):
        functions = mistake.functions()
        seen, told = set(), set()
        for secret in map(str, range(secrets)):
            results, _ = EXERCISES[exercise].run(functions, secret)
            seen.add(tuple(result.passed for result in results))
            found = diagnose(EXERCISES[exercise], results, secret)
            told.add(" and ".join(m.name for m in found))
        visible = visible_results(mistake)
        known = diagnosis.known_mistakes().get(VISIBLE[exercise].name, ())
        found = diagnosis.recognise(visible, known)
        rows.append(
            {
                "exercise": exercise,
                "name": mistake.name,
                "noticed": not any(all(passed) for passed in seen),
                "told": ", or ".join(sorted(told)),
                "visible": not all(result.passed for result in visible),
                "visibly_told": found is not None and found.says == mistake.says,
                "shaky": len(seen) > 1,
            }
        )
    return rows


def _variants(pool, args) -> bool:
    runs = [pool.submit(judge_variants, name, args.secrets) for name in _exercises(args)]
    rows = [row for run in tqdm(runs, desc="variants", unit="exercise") for row in run.result()]
    lost = [f"{exercise}: {name}: {why}" for exercise, name, why in rows if why]
    print(f"\nvariants: {len(rows)} right solutions of exercises, {args.secrets} secrets")
    print(f"  lost a mark  {len(lost)}")
    print("\n".join(f"  {line}" for line in lost))
    return not lost


def judge_variants(exercise: str, secrets: int) -> list[tuple[str, str, str]]:
    """(exercise, name, the first check that failed or "") of each right solution."""
    from grading.checks import EXERCISES
    from grading.mistakes.judging import verdicts
    from grading.variants import variants

    checks, rows = EXERCISES[exercise].checks, []
    for variant in variants():
        if variant.exercise == exercise:
            failed = [
                f"secret {k}: {check.name}"
                for k in range(secrets)
                for check, passed in zip(checks, verdicts(exercise, variant.functions, str(k)))
                if not passed
            ]
            rows.append((exercise, variant.name, next(iter(failed), "")))
    return rows


# ---- wrong solutions that the bank does not come from --------------------------------------


def _strangers(pool, args) -> None:
    """Solutions of grading/tests/wrong, written from scratch: how many does the bank name?"""
    runs = [pool.submit(diagnose_strangers, name) for name in _exercises(args)]
    rows = [row for run in tqdm(runs, desc="strangers", unit="exercise") for row in run.result()]
    same = sum(told == name for _, name, told in rows)
    others = [row for row in rows if row[2] not in ("", row[1])]
    count = max(len(rows), 1)
    print(f"\nwrong solutions written from scratch: {len(rows)}")
    print(f"  named by the name they have         {same:>5}  {same / count:7.1%}")
    print(f"  by another, to be looked at         {len(others):>5}  {len(others) / count:7.1%}")
    print(f"  not named: the checks' own messages {len(rows) - same - len(others):>5}")
    for exercise, name, told in others:
        print(f"  {exercise}: {name}: {told}")


def diagnose_strangers(exercise: str) -> list[tuple[str, str, str]]:
    """(exercise, name, the mistakes it is taken for) of each."""
    from grading.checks import EXERCISES
    from grading.diagnosis import diagnose
    from grading.tests import wrong

    banks = {}  # several modules may add to one bank
    for module in pkgutil.iter_modules(wrong.__path__):
        bank = getattr(importlib.import_module(f"{wrong.__name__}.{module.name}"), "WRONG", [])
        banks[id(bank)] = bank
    rows = []
    for entry in (entry for bank in banks.values() for entry in bank):
        if entry["exercise"] == exercise:
            functions = {
                name: entry["functions"].get(name) for name in EXERCISES[exercise].functions
            }
            results, _ = EXERCISES[exercise].run(functions, "0")
            found = diagnose(EXERCISES[exercise], results, "0")
            rows.append((exercise, entry["name"], " and ".join(m.name for m in found)))
    return rows


if __name__ == "__main__":
    sys.exit(main())
