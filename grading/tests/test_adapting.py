"""docs/adapting.md, followed to the letter: who does what it says has a notebook that grades."""

import os
import re
import shutil
import subprocess
import sys

import pytest

pytest.importorskip("nbgrader")

from grading.settings import ROOT

PAGE = ROOT / "docs" / "adapting.md"
pytestmark = pytest.mark.slow
NEEDED = ("cs231n", "grading", "assignments", "pyproject.toml", "LICENSE", "README.md")
NOT_NEEDED = ("__pycache__", "tests", "course", "work", "*.c")

# Types the page's commands; those of `python -m grading` in one process, which saves the imports.
TYPIST = """
import shlex, subprocess, sys
from grading.__main__ import main

for command in sys.stdin.read().splitlines():
    python, *words = shlex.split(command)
    ours = python == "python" and words[:2] == ["-m", "grading"]
    code = main(words[2:]) if ours else subprocess.call(command, shell=True)
    print(f"\\n@@ {code}", flush=True)
"""


def steps(page: str):
    """Yields (kind, path, text) for each block of code: kind "new", "diff" or "sh"."""
    path = new = None
    for kind, text, line in re.findall(r"^```(\w+)\n((?:.*\n)*?)```$|^(.*`.*)$", page, re.M):
        if line:
            named = re.search(r"`([\w/.]+/[\w.]+)`(?: \((new)\)|:)$", line)
            path, new = named.groups() if named else (path, new)
        elif kind in ("diff", "sh"):
            yield kind, path, text
        else:
            assert new, f"which file is this block?\n{text}"
            yield "new", path, text


def change(source: str, diff: str) -> str:
    """The text with a diff's lines exchanged, which must stand in it once."""
    lines = diff.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if line[0] in " -")
    after = "".join(line[1:] for line in lines if line[0] in " +")
    assert source.count(before) == 1, f"not once in the file:\n{before}"
    return source.replace(before, after)


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What the commands of the page said, one after another, in a copy of the repository."""
    kit = tmp_path_factory.mktemp("kit")
    for name in NEEDED:
        if (ROOT / name).is_dir():
            ignore = shutil.ignore_patterns(*NOT_NEEDED)
            shutil.copytree(ROOT / name, kit / name, ignore=ignore, symlinks=True)
        else:
            shutil.copy(ROOT / name, kit / name)
    commands = []
    for kind, path, text in steps(PAGE.read_text(encoding="utf-8")):
        if kind == "new":
            assert not (kit / path).exists(), f"{path} is there already"
            (kit / path).write_text(text, encoding="utf-8")
        elif kind == "diff":
            (kit / path).write_text(change((kit / path).read_text(encoding="utf-8"), text))
        else:
            commands += text.splitlines()
    done = subprocess.run(
        [sys.executable, "-c", TYPIST],
        input="\n".join(commands),
        cwd=kit,
        env=os.environ | {"PYTHONPATH": str(kit)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    codes = re.split(r"^@@ (\d+)\n", done.stdout, flags=re.M)
    assert len(codes) == 2 * len(commands) + 1, done.stdout
    return list(zip(commands, map(int, codes[1::2]), codes[::2]))


def test_every_command_of_the_page_works(said):
    assert len(said) == 6
    assert [(command, text) for command, code, text in said if code] == []


def test_the_page_s_exercise_gives_full_points_to_a_right_solution_only(said):
    right, wrong = (text for command, _, text in said if " check " in command)
    assert "4 of 4" in right
    assert "4 of 4" not in wrong
    assert "1 of 4 checks" in wrong
    assert "What is a mean?" in wrong


def test_the_page_s_mistakes_are_noticed_and_told_apart(said):
    (text,) = (text for command, _, text in said if " mistakes " in command)
    assert "2 mistakes, 0 with a problem" in text
    assert "not told" not in text
