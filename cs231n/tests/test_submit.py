"""Handing in: one archive, nothing forgotten, nothing lost."""

import json
import zipfile

import pytest

from cs231n.submit import ASSIGNMENTS, main

DONE = "def im2col(x):\n    return x"
STUB = "def im2col(x):\n    raise NotImplementedError('not implemented yet')"


def code(source, ran=1, says=""):
    shown = {"output_type": "display_data", "data": {"text/plain": [says]}}
    outputs = [shown] if says else []
    return {"cell_type": "code", "source": source, "execution_count": ran, "outputs": outputs}


def notebook(*cells):
    return json.dumps({"cells": list(cells), "nbformat": 4, "nbformat_minor": 5, "metadata": {}})


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The second assignment, done; one's own folder is another."""
    (tmp_path / "work").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for name in ASSIGNMENTS["assignment2"]:
        path = tmp_path / "work" / f"{name}.ipynb"
        path.write_text(notebook(code(DONE), code("check.im2col(im2col)", 2)))
    return tmp_path / "work"


def test_done_work_is_in_the_archive_byte_for_byte(folder, tmp_path, capsys):
    assert main([str(folder)]) == 0
    archive = tmp_path / "here" / "assignment2.zip"
    with zipfile.ZipFile(archive) as inside:
        assert inside.testzip() is None
        assert inside.namelist() == ["5_im2col.ipynb", "6_fc_to_conv.ipynb"]
        for name in inside.namelist():
            assert inside.read(name) == (folder / name).read_bytes()
    said = capsys.readouterr().out
    assert "2 notebooks, SHA-256" in said
    first = archive.read_bytes()
    assert main([str(folder), "--force"]) == 0
    assert archive.read_bytes() == first
    assert [p.name for p in archive.parent.iterdir()] == ["assignment2.zip"]


def test_what_fails_is_told_of_a_chinese_notebook_too(folder, capsys):
    """Its tables are in Chinese, and say beside it what they would say in English."""
    output = {
        "output_type": "display_data",
        "data": {"text/plain": ["im2col：3 项检查通过了 1 项"]},
        "metadata": {"cs231n": {"said": "im2col: 1 of 3 checks passed"}},
    }
    checked = {**code("check.im2col(im2col)", 2), "outputs": [output]}
    (folder / "5_im2col.ipynb").write_text(notebook(code(DONE), checked), encoding="utf-8")
    assert main([str(folder)]) == 0
    assert "im2col: 1 of 3 checks passed" in capsys.readouterr().out


def test_an_archive_that_is_there_is_not_replaced(folder, tmp_path, capsys):
    there = tmp_path / "here" / "assignment2.zip"
    there.write_text("kept")
    assert main([str(folder)]) == 2
    assert there.read_text() == "kept"
    assert "--force" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "it is not in"),
        ("{", "damaged"),
        ("[]", "damaged"),
        ('{"cells": [3]}', "damaged"),
        (notebook(), "empty"),
        (notebook(code("  ")), "empty"),
        (notebook(code(DONE), code("check.im2col(im2col)", None)), "1 of 1 check cells"),
        (notebook(code(DONE, None)), "have no result"),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_written(folder, tmp_path, content, told, capsys):
    path = folder / "5_im2col.ipynb"
    path.unlink() if content is None else path.write_text(content)
    assert main([str(folder)]) == 1
    assert told in capsys.readouterr().out
    assert list((tmp_path / "here").iterdir()) == []
    assert main([str(folder), "--anyway"]) == 1
    assert (tmp_path / "here" / "assignment2.zip").exists()


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param([code(DONE, 5), code("check.im2col(im2col)", 3)], id="run-after-its-check"),
        pytest.param([code(DONE, None), code("check.im2col(im2col)", 3)], id="not-run"),
        pytest.param(
            [code(DONE), code("check.im2col(im2col)", 2, "im2col is not implemented yet")],
            id="written-since",
        ),
        pytest.param(
            [code(DONE), code("check.im2col(im2col)", 2), code(DONE, None)], id="later-copy"
        ),
    ],
)
def test_work_that_changed_after_its_check_is_to_be_run_again(folder, cells, capsys):
    (folder / "5_im2col.ipynb").write_text(notebook(*cells))
    assert main([str(folder)]) == 1
    assert "changed after the last check of im2col: run all cells" in capsys.readouterr().out


def test_a_check_that_fails_is_shown_and_may_be_handed_in(folder, capsys):
    failed, passed = (f"im2col: {n} of 7 checks passed\n  check" for n in (5, 7))
    cells = code(DONE), code("check.im2col(im2col)", 2, failed)
    (folder / "5_im2col.ipynb").write_text(notebook(*cells, code("check.x(x)", 3, passed)))
    assert main([str(folder)]) == 0
    said = capsys.readouterr().out
    assert "im2col: 5 of 7 checks passed" in said
    assert "7 of 7" not in said


@pytest.mark.parametrize(
    "name",
    ["Copy of {}", "Copy_of_{}", "Copy of Copy of {}", "{} (1)", "{}(2)", "{}_(3)", "{}-Copy1"],
)
def test_a_copy_goes_in_under_the_notebooks_own_name(folder, tmp_path, name, capsys):
    content = (folder / "5_im2col.ipynb").read_bytes()
    (folder / "5_im2col.ipynb").rename(folder / f"{name.format('5_im2col')}.ipynb")
    assert main([str(folder)]) == 0
    assert f"(from {name.format('5_im2col')}.ipynb)" in capsys.readouterr().out
    with zipfile.ZipFile(tmp_path / "here" / "assignment2.zip") as inside:
        assert inside.read("5_im2col.ipynb") == content


def test_a_file_with_another_name_is_no_copy(folder, capsys):
    (folder / "5_im2col.ipynb").rename(folder / "15_im2col.ipynb")
    assert main([str(folder)]) == 1
    assert "it is not in" in capsys.readouterr().out


def test_what_is_not_written_yet_is_named_and_may_be_handed_in(folder, capsys):
    question = {"cell_type": "markdown", "source": ["Why?\n", "\n", "YOUR ANSWER HERE"]}
    cells = code(STUB), question, code("check.im2col(im2col)", 2)
    (folder / "5_im2col.ipynb").write_text(notebook(*cells))
    assert main([str(folder)]) == 0
    assert "not written yet: im2col, a question" in capsys.readouterr().out


def test_a_later_cell_counts_and_broken_python_is_passed_over(folder, capsys):
    cells = code(STUB), code("%matplotlib inline"), code("def broken(:"), code(DONE)
    (folder / "5_im2col.ipynb").write_text(notebook(*cells, code("check.im2col(im2col)", 2)))
    assert main([str(folder)]) == 0
    assert "not written yet" not in capsys.readouterr().out


def test_the_assignment_is_told_or_asked_for(folder, tmp_path, capsys):
    (folder / "7_architectures.ipynb").write_text(notebook(code(DONE)))
    assert main([str(folder)]) == 2
    assert "assignment2 and assignment3" in capsys.readouterr().err
    assert main([str(folder), "--assignment", "assignment2"]) == 0
    assert main([str(tmp_path)]) == 2
    assert "no notebook of the course" in capsys.readouterr().err
    assert main([str(tmp_path / "nowhere")]) == 2
    assert main([str(folder), "--assignment", "assignment2", "--output", "no/a.zip"]) == 2
    assert "the folder no does not exist" in capsys.readouterr().err


def test_it_knows_all_notebooks_of_the_course():
    build = pytest.importorskip("grading.build")
    known = {name: list(notebooks) for name, notebooks in ASSIGNMENTS.items()}
    assert known == build.assignments()
