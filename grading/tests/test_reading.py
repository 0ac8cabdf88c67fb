"""Files that are handed in: notebooks of all formats are read, others give a reason."""

import copy
import json
import os

import nbformat
import pytest

from grading.errors import GradingError
from grading.repair import Unreadable, read, repair
from grading.tests.repair_samples import assert_whole, made_up, said, solved, text


@pytest.fixture
def nb():
    return solved(made_up())


def written(tmp_path, content):
    path = tmp_path / "sums.ipynb"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def as_json(nb, **changes):
    return json.dumps({**json.loads(text(nb)), **changes})


def test_an_intact_file_is_read_as_it_is(tmp_path, nb):
    path = written(tmp_path, text(nb))
    assert text(read(path)) == text(nb)
    assert text(repair(read(path), made_up()).notebook) == text(nb)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"PK\x03\x04rest", "zip"),
        (b"%PDF-1.7 text", "PDF"),
        (b"\x89PNG\r\n", "picture"),
        (b"a\0b", "binary"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (b"\n <html>", "web page"),
        (b"import numpy as np\n", "text, but not a notebook"),
        (b"[1, 2]", "not a notebook"),
        (b"17", "not a notebook"),
        (b'"cells"', "not a notebook"),
        (b'{"a": 1}', "has no cells"),
        (b'{"cells": {"a": 1}}', "has no cells"),
        (b'{"cells": [], "nbformat": 4,,}', "damaged"),
        (b'{"cells": [' + b"[" * 100_000, "nested"),
        (b'{"cells": [' + b"[" * 300 + b"]" * 300 + b"]}", "nested"),
        (b'{"cells": [' + b"1" * 5000 + b"]}", "damaged"),
        (b'{"cells": [], "nbformat": 7}', "format 7"),
        (b'{"worksheets": [1], "nbformat": 3}', "old notebook format 3"),
        ('{"cells": ["é"]}'.encode("latin-1"), "UTF-8"),
        ('{"cells": []}'.encode("utf-16")[:-1], "UTF-16"),
        (b'{\n<<<<<<< HEAD\n"cells": []\n=======\n>>>>>>> theirs\n}', "merge conflicts"),
    ],
)
def test_what_is_no_notebook_gives_a_reason(tmp_path, content, reason):
    with pytest.raises(Unreadable, match=reason) as caught:
        read(written(tmp_path, content))
    assert isinstance(caught.value, GradingError)
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_an_upload_cut_off_half_way_is_called_so(tmp_path, nb, share):
    content = text(nb)
    with pytest.raises(Unreadable, match="cut off"):
        read(written(tmp_path, content[: int(len(content) * share)].rstrip(", \n")))


def test_a_folder_a_link_and_nothing_are_no_notebooks(tmp_path, nb):
    path = written(tmp_path, text(nb))
    link = tmp_path / "link.ipynb"
    link.symlink_to(path)
    for wrong, reason in [(tmp_path, "folder"), (link, "link"), (tmp_path / "x", "not exist")]:
        with pytest.raises(Unreadable, match=reason):
            read(wrong)


def test_a_pipe_does_not_keep_the_grader_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe.ipynb")
    with pytest.raises(Unreadable, match="ordinary file"):
        read(tmp_path / "pipe.ipynb")


def test_a_file_too_large_is_not_loaded(tmp_path, nb, monkeypatch):
    monkeypatch.setattr("grading.reading.MAX_BYTES", 1_000)
    with pytest.raises(Unreadable, match="larger than"):
        read(written(tmp_path, text(nb)))


def test_a_byte_order_mark_is_no_hindrance(tmp_path, nb):
    assert text(read(written(tmp_path, b"\xef\xbb\xbf" + text(nb).encode()))) == text(nb)


def test_windows_newlines_do_not_count_as_edits(tmp_path, nb):
    data = json.loads(text(nb))
    for cell in data["cells"]:
        cell["source"] = "".join(cell["source"]).replace("\n", "\r\n")
    content = json.dumps(data, indent=1).replace("\n", "\r\n")
    assert text(read(written(tmp_path, content))) == text(nb)


def test_text_as_one_string_or_as_lines_is_the_same(tmp_path, nb):
    data = json.loads(text(nb))
    for cell in data["cells"]:
        cell["source"] = "".join(cell["source"])
    assert text(read(written(tmp_path, json.dumps(data)))) == text(nb)


@pytest.mark.parametrize("minor", [0, 1, 2, 3, 4, 6, 99, "4", None])
def test_every_version_of_format_4_is_read(tmp_path, nb, minor):
    data = json.loads(text(nb))
    for cell in data["cells"]:
        del cell["id"]
        if minor in (6, 99):
            cell["new_in_the_future"] = {"a": 1}
    data["nbformat_minor"] = minor
    path = written(tmp_path, json.dumps(data))
    result = repair(read(path), made_up())
    assert_whole(result, made_up())
    assert text(repair(read(path), made_up()).notebook) == text(result.notebook)
    assert minor is None or said(result, "format")


def test_format_3_is_read(tmp_path, nb):
    for cell in nb.cells:
        cell.metadata.pop("tags", None)
    old = nbformat.convert(copy.deepcopy(nb), 3)
    data = json.loads(nbformat.v3.nbjson.writes(old))
    del data["worksheets"][0]["cells"][-1]["outputs"]
    path = written(tmp_path, json.dumps(data))
    result = repair(read(path), made_up())
    assert_whole(result, made_up())
    assert said(result, "format (3.0)")
    assert [c.source for c in result.notebook.cells][1:] == [c.source for c in nb.cells][1:]
    assert text(repair(read(path), made_up()).notebook) == text(result.notebook)


def test_fields_left_out_are_filled_in(tmp_path, nb):
    data = json.loads(text(nb))
    for cell in data["cells"]:
        for key in ("metadata", "outputs", "execution_count", "id"):
            cell.pop(key, None)
    path = written(tmp_path, json.dumps({"cells": data["cells"]}))
    assert_whole(repair(read(path), made_up()), made_up())


def test_damaged_outputs_do_not_lose_the_answers(tmp_path, nb):
    data = json.loads(text(nb))
    data["cells"][2]["attachments"] = 3
    data["cells"][3]["outputs"] = [{"output_type": "unheard of"}, 7]
    data["cells"][4]["metadata"]["tags"] = "no list"
    data["cells"].append("not a cell")
    result = repair(read(written(tmp_path, json.dumps(data))), made_up())
    assert_whole(result, made_up())
    assert said(result, "damaged")


def test_half_characters_can_be_written_again(tmp_path, nb):
    content = as_json(nb).replace("my own answer", r"\ud83d")
    result = repair(read(written(tmp_path, content)), made_up())
    text(result.notebook).encode()
    assert_whole(result, made_up())
