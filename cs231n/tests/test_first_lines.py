"""Whatever goes wrong, the first line that a student sees says what to do.

The catalogue of what can go wrong is in first_lines/; it is run once, in a notebook's shell.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cs231n.language import translator
from cs231n.tests.first_lines import ROWS, first_line, fits, table

ROOT = Path(__file__).parents[2]
TRIES = {did: row for row in ROWS for did in row.tries}


@pytest.fixture(scope="module")
def shown():
    """What the student did -> the text that the notebook shows."""
    command = [sys.executable, "-m", "cs231n.tests.first_lines.shell"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("did", TRIES)
def test_first_line_says_what_is_wrong_and_what_to_do(did, shown):
    assert fits(TRIES[did].message, first_line(shown[did])), shown[did]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.message[:60])
def test_every_message_of_the_table_was_seen_to_come(row, shown):
    lines = [first_line(shown[did]) for did in row.tries]
    for message in row.message.split("\n"):
        assert any(fits(message, line) for line in lines), f"{message}\nnot in\n{lines}"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.message[:60])
def test_messages_come_in_chinese_as_the_chinese_table_has_them(row, shown):
    page = (ROOT / "docs" / "zh" / "students.md").read_text(encoding="utf-8")
    say = translator("zh")
    lines = [first_line(shown[did]) for did in row.tries]
    for message in row.message.split("\n"):
        said = [say(line).replace(" ", "") for line in lines if fits(message, line)]
        if message.startswith("This notebook needs"):  # says the notebook itself
            continue
        cells = re.findall(r"(?m)^\| (.*?) \|", page)
        patterns = [p.replace(" ", "") for cell in cells for p in cell.split("<br>")]
        assert all(any(fits(p, line) for p in patterns if p.strip("…")) for line in said), said


def test_what_fails_everywhere_for_one_reason_is_said_once(shown):
    text = shown["wrote strides for stride"]
    assert text.count("KeyError: 'strides'") == 1
    assert text.splitlines()[1].endswith("'stride' and 'pad'. Did you mean `stride`?")


def test_where_reasons_differ_the_title_names_the_check_to_begin_with(shown):
    title = shown["returned the transposed"].splitlines()[0]
    assert title.endswith("checks passed. Next: “two samples, three neurons, by hand”")


def test_no_way_to_go_wrong_was_listed_twice():
    assert len(TRIES) == sum(len(row.tries) for row in ROWS)
    assert all(row.tries for row in ROWS)


def test_table_in_the_documentation_is_that_of_the_catalogue():
    text = (ROOT / "docs" / "students.md").read_text(encoding="utf-8")
    stands = re.search(r"<!-- messages[^>]*-->\n(.*?)<!-- end of messages -->", text, re.DOTALL)
    assert stands, "docs/students.md has lost the marks around its table of messages"
    assert stands[1].strip() == table(), "Bring it up to date: python -m grading messages"
