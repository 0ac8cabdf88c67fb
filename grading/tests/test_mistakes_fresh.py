"""A build works out anew what has changed, all of that, and nothing else."""

import pytest

from grading.mistakes import bank, shipped
from grading.mistakes.imports import files_of
from grading.settings import ROOT


def test_a_check_s_helpers_count_and_other_notebooks_do_not():
    files = {path.relative_to(ROOT).as_posix() for path in files_of("cs231n.check.pooling")}
    assert {"cs231n/check/pooling.py", "cs231n/check/pooling_cases.py"} < files
    assert {"cs231n/check/compare.py", "cs231n/gradient_check.py"} < files
    assert "cs231n/check/normalization.py" not in files


@pytest.fixture
def remembered(tmp_path, monkeypatch):
    """What was remembered of a build, to be changed: in a file of this test's own."""
    path = tmp_path / "made_from.txt"
    path.write_text(shipped.MADE_FROM.read_text())
    monkeypatch.setattr(shipped, "MADE_FROM", path)
    now = dict(line.split() for line in path.read_text().splitlines())
    monkeypatch.setattr(shipped, "made_from", lambda: now)
    return path


def test_only_what_changed_is_worked_out_again(remembered, monkeypatch):
    asked = []
    monkeypatch.setattr(shipped, "entries_of", lambda e: asked.append(e) or shipped.stored()[e])
    monkeypatch.setattr(shipped, "write_all", lambda files: list(files))
    assert shipped.refresh() == []
    text = remembered.read_text()
    remembered.write_text(text.replace("\naffine_forward ", "\naffine_forward 0"))
    assert shipped.refresh() == [remembered]
    assert asked == ["affine_forward"]


def test_what_a_mistake_says_is_part_of_what_is_remembered(monkeypatch):
    from dataclasses import replace

    before = shipped.made_from()
    changed = {e: (replace(some[0], says="Anew."), *some[1:]) for e, some in bank().items()}
    one = {**bank(), "relu_forward": changed["relu_forward"]}
    monkeypatch.setattr(shipped, "bank", lambda: one)
    after = shipped.made_from()
    assert [e for e in after if after[e] != before[e]] == ["relu_forward"]


def test_a_file_of_an_earlier_version_means_that_all_is_worked_out(remembered):
    remembered.write_text("0123456789abcdef\n")
    assert set(shipped._stale()) == set(bank())
