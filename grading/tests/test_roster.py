"""Class lists come into the gradebook as they are, whatever program wrote the file."""

from __future__ import annotations

import pytest

pytest.importorskip("nbgrader")

from nbgrader.api import Gradebook

from grading.__main__ import main
from grading.class_list import Person, read_class_list, shown
from grading.errors import GradingError
from grading.start import roster as command

CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,Week 1 (123),ID
,,,,,Manual Posting,
    Points Possible,,,,,100,
"O'Hara, Ann",11,S-1,ann,Sec 1,5,x
"Nuñez, Bob",12,S-2,bob@uni.example,"Sec 1 and Sec 2",,x
"Student, Test",13,,1f2e3d,Sec 1,,
"""


@pytest.fixture
def course(tmp_path, monkeypatch):
    monkeypatch.delenv("CS231N_DATABASE_URL", raising=False)
    folder = tmp_path / "course"
    folder.mkdir()
    return folder


def write(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "class.csv"
    path.write_bytes(text.encode(encoding))
    return path


def students(course):
    with Gradebook(f"sqlite:///{course}/gradebook.db", "cs231n") as book:
        return {
            s.id: (s.first_name, s.last_name, s.email, s.lms_user_id) for s in book.students
        }  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_names_survive_every_spreadsheets_way_to_write_csv(tmp_path, encoding, separator):
    rows = [("id", "First_Name ", "last_name"), ("ann", "Zoë", "Müller 王"), ("", "", "")]
    text = "\r\n".join(separator.join(row) for row in rows)
    found = read_class_list(write(tmp_path, text, encoding))
    assert found.students["ann"].last_name == "Müller 王"
    assert (found.problems, found.words) == ([], [])
    first = [name.strip().casefold() for name in rows[0]]
    assert "first_name" in first
    assert found.students["ann"].first_name == "Zoë"


def test_an_old_windows_file_is_read_with_a_word_to_look_at_the_names(tmp_path):
    found = read_class_list(write(tmp_path, "id,last_name\nann,Müller\n", "cp1252"))
    assert found.students["ann"].last_name == "Müller"
    assert "Windows-1252" in found.words[0]
    assert "such as Müller" in found.words[0]


def test_canvas_export_gives_login_number_and_name(tmp_path):
    found = read_class_list(write(tmp_path, CANVAS))
    assert found.students == {
        "ann": Person("ann", "Ann", "O'Hara", None, "11"),
        "bob@uni.example": Person("bob@uni.example", "Bob", "Nuñez", "bob@uni.example", "12"),
    }
    assert found.problems == []
    assert "test student" in found.words[0]
    assert list(read_class_list(write(tmp_path, CANVAS), "sis").students) == ["S-1", "S-2"]
    assert list(read_class_list(write(tmp_path, CANVAS), "canvas").students) == ["11", "12"]


def test_canvas_export_with_names_in_two_columns_and_without_sis_is_read(tmp_path):
    text = "LastName,FirstName,ID,SIS Login ID,Section\n,,,,\nHopper,Grace,7,grace,1\n"
    assert read_class_list(write(tmp_path, text)).students["grace"].first_name == "Grace"
    with pytest.raises(GradingError, match="--canvas-id login or canvas"):
        read_class_list(write(tmp_path, text), "sis")


def test_who_has_no_login_in_canvas_gets_the_number_of_the_school_or_canvas_s(tmp_path):
    rows = '"A, Ann",11,S-1,ann,1\n"B, Bob",12,S-2,,1\n"C, Cy",13,,,1\n'
    path = write(tmp_path, f"Student,ID,SIS User ID,SIS Login ID,Section\n{rows}")
    found = read_class_list(path)
    assert list(found.students) == ["ann", "S-2", "13"]
    assert found.students["S-2"].known_by == {"12", "S-2"}
    assert read_class_list(path, "login").problems == [
        "line 3: Bob B has no id",
        "line 4: Cy C has no id",
    ]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (",Ann", "line 3: Ann has no id"),
        ("../../etc,Ann", "'../../etc' of Ann should be letters"),
        ("a/b,Ann", "should be letters"),
        ("-rf,Ann", "begin with a letter"),
        ("a*,Ann", "should be letters"),
        ("=cmd|' /C calc'!A0,Ann", "should be letters"),
        (f"{'x' * 129},Ann", "is too long"),
        (f"{'王' * 100},Ann", "is too long"),
        ("first,Other", "line 3: first stands in line 2 with other values"),
        ("ann,Ann,surplus", "3 values for 2 columns"),
    ],
)
def test_a_line_that_cannot_be_taken_is_named(tmp_path, row, said):
    found = read_class_list(write(tmp_path, f"id,first_name\nfirst,One\n{row}\n"))
    assert list(found.students) == ["first"]
    assert len(found.problems) == 1
    assert said in found.problems[0]


def test_a_list_with_a_bad_line_changes_nothing_unless_it_is_skipped(tmp_path, course, capsys):
    path = write(tmp_path, "id,first_name\n,Ann\nbob,Bob\n")
    assert main(["roster", str(path), "--course", str(course)]) == 2
    assert "line 2: Ann has no id" in capsys.readouterr().err
    assert not (course / "gradebook.db").exists()
    assert main(["roster", str(path), "--course", str(course), "--skip"]) == 1
    assert "left out: line 2: Ann has no id" in capsys.readouterr().out
    assert list(students(course)) == ["bob"]


def test_lines_keep_their_numbers_where_a_name_has_a_line_break(tmp_path):
    found = read_class_list(write(tmp_path, 'id,first_name\nann,"A\nn"\n,Bob\n'))
    assert found.students["ann"].first_name == "A n"
    assert found.problems == ["line 4: Bob has no id"]


def test_who_might_be_one_person_is_told(tmp_path):
    text = "id,email\nann,a@x\nAnn,A@x\nbob,b@x\nbob,b@x\n"
    found = read_class_list(write(tmp_path, text))
    assert list(found.students) == ["ann", "Ann", "bob"]
    told = "\n".join(found.words)
    assert "Ann and ann of line 2 differ in case only" in told
    assert "bob stands in line 4 as well" in told
    assert "ann, Ann have the same email: a@x" in told


def test_long_and_hostile_names_are_kept_whole_and_shown_tame(tmp_path, course, capsys):
    long, hostile = "ẞ" * 255, "=cmd|' /C calc'!A0 \"x\x1b[2J\u202e"
    text = 'id,first_name,last_name\nann,{},"{}"\n'.format(long, hostile.replace('"', '""'))
    assert main(["roster", str(write(tmp_path, text)), "--course", str(course)]) == 0
    first, last, *_ = students(course)["ann"]
    assert (first, last) == (long, hostile.replace("\x1b", " "))
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert max(map(len, out.splitlines())) < 100


def test_the_second_list_updates_and_removes_only_when_told(tmp_path, course, capsys):
    old = write(tmp_path, "id,first_name,email\nann,Ann,a@x\nbob,Bob,b@x\ncal,Cal,\n")
    run = ["roster", str(old), "--course", str(course)]
    assert main([*run, "--dry-run"]) == 0
    assert not (course / "gradebook.db").exists()
    assert main(run) == 0
    with Gradebook(f"sqlite:///{course}/gradebook.db", "cs231n") as book:
        book.add_assignment("week1")
        book.add_submission("week1", "cal")
    write(tmp_path, "id,first_name,email\nann,Anna,\ndan,Dan,d@x\n")
    capsys.readouterr()
    assert main([*run, "--remove", "--dry-run"]) == 1
    assert set(students(course)) == {"ann", "bob", "cal"}
    assert main(run) == 0
    told = capsys.readouterr().out
    assert "~ ann  first_name: Ann → Anna" in told
    assert "+ dan  Dan" in told
    assert "1 added, 1 updated, 0 removed." in told
    assert students(course)["ann"] == ("Anna", None, "a@x", None)  # an empty cell changes nothing
    assert set(students(course)) == {"ann", "bob", "cal", "dan"}
    assert main([*run, "--remove"]) == 1  # cal has a submission, and stays
    assert set(students(course)) == {"ann", "cal", "dan"}
    assert "kept because they have submissions" in capsys.readouterr().out


def test_a_name_too_long_for_the_database_is_shortened_and_told():
    person = Person("ann", "x" * 255, "y")
    changes = command.compare([person], {}, 128)
    assert changes.added[0]["first_name"] == "x" * 128
    assert "! first_name of ann was shortened" in command.told(changes, False)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no column `id`"),
        (b"name,mail\nAnn,a@x\n", "The first line has: name, mail"),
        (b"id,first_name\n", "no student in it"),
        (b"PK\x03\x04rest", "CSV UTF-8"),
        (b"id\n\x81\xfe\n", "neither UTF-8 nor Windows-1252"),
        (b"id,x\nann," + b"y" * 200_000 + b"\n", "line 2: not CSV"),
    ],
)
def test_a_file_that_is_no_class_list_says_what_was_expected(tmp_path, data, said):
    path = tmp_path / "class.csv"
    path.write_bytes(data)
    with pytest.raises(GradingError, match=said):
        read_class_list(path)


def test_what_a_terminal_would_obey_is_not_printed():
    assert shown("a\x1b[31mb\n\u202ec") == "a [31mb c"
    assert shown("x" * 300) == "x" * 59 + "…"
