"""Grades on their way to spreadsheets, Canvas and Moodle: to the right person, or to nobody."""

import csv
import io
from collections import Counter
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.api import Gradebook
from sqlalchemy import event

from grading import settings
from grading.__main__ import main
from grading.export import ExportWithReview
from grading.exports import platforms, rows, sheet
from grading.exports.platforms import Wishes
from grading.exports.sheet import Sheet
from grading.needs import put_environment_on_path
from grading.tests import made_up_class

EVIL = 'Ev"il, =1+1\n;Ω'
FORMULA = "=cmd|' /C calc'!A0"


def row(student, score=7.5, most=10.0, submitted=True, needs_review=False, **about):
    known = dict.fromkeys(("last_name", "first_name", "email", "lms_user_id"), "") | about
    return rows.Row("week1", None, None, student, raw_score=score, late_submission_penalty=0.0,
                    score=score, max_score=most, submitted=submitted, needs_review=needs_review,
                    **known)  # fmt: skip


CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,Week 1 (881),Week 2 (882),Current Score,Note
,,,,,Manual Posting,,,
    Points Possible,,,,,10,20,(read only),
"Lovelace, Ada",101,S1,ada,All,,3,55,private
"Turing, Alan",102,S2,Alan ,All,4,,60,
"Noether, Emmy",103,S3,emmy,All,EX,,60,
"=HYPERLINK(""x"")",104,S4,max,All,,,,
"Student, Test",999,,t999,All,,,,
"""
MOODLE = """\
Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,\
Last modified (submission),Last modified (grade),Feedback comments
Participant 5,Ada Lovelace,ada@uni.edu,Submitted,,10.00,Yes,-,-,=good
Participant 6,Alan Turing,alan@uni.edu,Submitted,3.00,10.00,No,-,-,
Participant 7,Emmy Noether,emmy@uni.edu,Submitted,,10.00,Yes,-,-,
"""


def roster(text):
    return Sheet(list(csv.reader(io.StringIO(text))))


def canvas(grades, text=CANVAS, **wishes):
    return platforms.fill_canvas(roster(text), "roster.csv", grades, Wishes(**wishes))


def moodle(grades, text=MOODLE, **wishes):
    return platforms.fill_moodle(roster(text), "roster.csv", grades, Wishes(**wishes))


def cells(filled, title):
    header, *people = filled.sheet.rows
    return {people_row[0]: people_row[header.index(title)] for people_row in people}


ADA, ALAN, EMMY, MAX = row("ada"), row("alan", 6), row("emmy", 5), row("max", 0.126)


def test_canvas_gets_the_columns_it_matches_people_by_and_one_assignment():
    filled = canvas([ADA, ALAN, EMMY, MAX])
    assert filled.sheet.rows[0] == [
        "Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Week 1 (881)",
    ]  # fmt: skip
    grades = cells(filled, "Week 1 (881)")
    assert grades[""] == "Manual Posting"
    assert grades["    Points Possible"] == "10"
    assert grades["Lovelace, Ada"] == "7.5"
    assert grades["Turing, Alan"] == "6"
    assert grades['=HYPERLINK("x")'] == "0.13"
    assert "Student, Test" not in grades
    assert filled.matched_by == "SIS Login ID"


def test_excused_student_stays_excused_and_is_named():
    filled = canvas([ADA, ALAN, EMMY, MAX])
    assert cells(filled, "Week 1 (881)")["Noether, Emmy"] == "EX"
    assert filled.locked == ["emmy"]
    assert not filled.complete


def test_who_is_in_one_list_only_is_named_and_nobody_else_gets_the_grade():
    filled = canvas([ADA, row("stranger", 9)])
    assert filled.only_in_gradebook == ["stranger"]
    assert filled.only_in_roster == ["Turing, Alan", "Noether, Emmy", '=HYPERLINK("x")']
    assert cells(filled, "Week 1 (881)")["Turing, Alan"] == "4"  # as it was
    assert filled.count == 1


def test_numbers_of_one_kind_are_not_taken_for_those_of_another():
    """102 is Alan's number in Canvas, and a stranger's in the gradebook."""
    filled = canvas([ADA, EMMY, row("102", 9)])
    assert cells(filled, "Week 1 (881)")["Turing, Alan"] == "4"
    assert filled.only_in_gradebook == ["102"]


def test_two_people_of_one_name_get_nothing_until_somebody_looks():
    double = CANVAS + '"Lovelace, Other",105,S5,ADA,All,,,,\n'
    filled = canvas([ADA, ALAN], double)
    assert filled.twice == ["ada"]
    assert cells(filled, "Week 1 (881)")["Lovelace, Ada"] == ""
    filled = moodle([row("x", email="ada@uni.edu"), row("y", email="Ada@uni.edu")])
    assert sorted(filled.twice) == ["x", "y"]
    assert cells(filled, "Grade")["Participant 5"] == ""


def test_score_that_is_not_final_is_left_out_unless_asked_for():
    waiting = row("ada", 2, needs_review=True)
    filled = canvas([waiting])
    assert cells(filled, "Week 1 (881)")["Lovelace, Ada"] == ""
    assert filled.waiting == ["ada"]
    filled = canvas([waiting], provisional=True)
    assert cells(filled, "Week 1 (881)")["Lovelace, Ada"] == "2"


def test_nothing_handed_in_is_no_zero_unless_asked_for():
    nothing = row("ada", 0, submitted=False)
    filled = canvas([nothing, ALAN])
    assert cells(filled, "Week 1 (881)")["Lovelace, Ada"] == ""
    assert filled.nothing == ["ada"]
    grades = cells(canvas([nothing, ALAN], zeros=True), "Week 1 (881)")
    assert grades["Lovelace, Ada"] == "0"
    assert grades['=HYPERLINK("x")'] == "0"  # not in the gradebook at all
    assert grades["Noether, Emmy"] == "EX"
    mistaken = [nothing, ALAN, row("maximilian", 9)]  # who is max, by another name
    grades = cells(canvas(mistaken, zeros=True), "Week 1 (881)")
    assert grades['=HYPERLINK("x")'] == ""


def test_other_points_on_the_platform_are_refused_or_scaled():
    with pytest.raises(platforms.GradingError, match=r"10 points, in the gradebook 30.*--scale"):
        canvas([row("ada", 15, 30)])
    filled = canvas([row("ada", 15, 30)], scale=True)
    assert cells(filled, "Week 1 (881)")["Lovelace, Ada"] == "5"
    with pytest.raises(platforms.GradingError, match="In Moodle"):
        moodle([row("ada", 15, 30, email="ada@uni.edu")])


def test_platform_that_grades_in_words_is_not_given_numbers():
    with pytest.raises(platforms.GradingError, match="'Pass/Fail'"):
        moodle([row("ada")], MOODLE.replace("10.00", "Pass/Fail"))
    with pytest.raises(platforms.GradingError, match="read only"):
        canvas([ADA], CANVAS.replace(",10,20,", ",(read only),20,"))


def test_canvas_with_names_in_two_columns_is_read_too():
    split = CANVAS.replace("Student,ID", "LastName,FirstName,ID").replace(
        'Lovelace, Ada"', 'A",Ada'
    )
    split = split.replace(",,,,,Manual", ",,,,,,Manual").replace("Possible,", "Possible,,")
    filled = canvas([ADA], "".join(split.splitlines(keepends=True)[:4]))
    assert filled.sheet.rows[0][:3] == ["LastName", "FirstName", "ID"]
    assert cells(filled, "Week 1 (881)")["A"] == "7.5"


def test_column_that_could_be_several_is_asked_for():
    two = CANVAS.replace("Week 2 (882)", "week-1 (882)")
    assert canvas([ADA], two.replace("Week 1 (881)", "week1 (881)")).count == 1  # to the letter
    with pytest.raises(platforms.GradingError, match=r"found 2.*--column"):
        canvas([ADA], two)
    with pytest.raises(platforms.GradingError, match="found 0"):
        canvas([ADA], column="Week 3")
    filled = canvas([row("ada", 5, 20)], column="Week 2")
    assert cells(filled, "Week 2 (882)")["Lovelace, Ada"] == "5"


def test_moodle_gets_grades_and_no_comments_and_locked_ones_stay():
    grades = [row("ada"), row("alan"), row("emmy", needs_review=True)]
    filled = moodle(grades, domain="uni.edu")
    assert "Feedback comments" not in filled.sheet.rows[0]
    assert "Last modified (grade)" in filled.sheet.rows[0]
    grades = cells(filled, "Grade")
    assert grades == {"Participant 5": "7.5", "Participant 6": "3.00", "Participant 7": ""}
    assert (filled.locked, filled.waiting) == (["alan"], ["emmy"])


def test_wrong_file_is_told_from_the_right_one():
    with pytest.raises(platforms.GradingError, match="exported from Canvas"):
        canvas([ADA], MOODLE)
    with pytest.raises(platforms.GradingError, match="in English"):
        moodle([ADA], MOODLE.replace("Grade,", "Bewertung,", 1))


@given(st.text(alphabet=st.sampled_from("=+-@|\t\r\n ;,\"'aΩ1.＝\0"), max_size=12))
def test_no_text_becomes_a_formula_and_none_is_lost(text):
    written = sheet.to_csv(Sheet([["name"], [text]], bom=True)).decode("utf-8-sig")
    cell = list(csv.reader(io.StringIO(written, newline="")))[1:]
    back = cell[0][0] if cell and cell[0] else ""
    text = text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    assert back in (text, f"'{text}")
    assert sheet.as_number(back) is not None or not back.lstrip().startswith(tuple("=+-@|＝"))


def test_numbers_stay_numbers():
    assert [sheet.harmless(text) for text in ("-3.5", "+1", "12,5", "50%")] == [
        "-3.5", "+1", "12,5", "50%",
    ]  # fmt: skip
    assert sheet.harmless("-3+cmd|x") == "'-3+cmd|x"


def test_semicolons_and_byte_order_marks_come_back_as_they_came(tmp_path):
    path = tmp_path / "roster.csv"
    path.write_bytes("\ufeffStudent;ID\nÅda;1\n\n".encode())
    read = sheet.read_sheet(path)
    assert read == Sheet([["Student", "ID"], ["Åda", "1"]], ";", True)
    assert sheet.to_csv(read) == "\ufeffStudent;ID\nÅda;1\n".encode()


@pytest.mark.parametrize("content", [b"", b"\xff\xfeS\0", b'a,"b\n'])
def test_file_that_is_no_csv_is_said_to_be_none(tmp_path, content):
    path = tmp_path / "roster.csv"
    path.write_bytes(content)
    with pytest.raises(sheet.GradingError, match=r"roster\.csv"):
        sheet.read_sheet(path)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A gradebook with a graded student, one who waits for a person, and one with nothing."""
    root = tmp_path_factory.mktemp("course")
    put_environment_on_path()
    url = f"sqlite:///{root}/gradebook.db"
    with Gradebook(url, settings.load().course_id) as book:
        for name in ("week1", "week2"):
            book.add_assignment(name)
            book.add_notebook("one", name)
            book.add_grade_cell("check", "one", name, max_score=10, cell_type="code")
        book.add_student("ada", first_name=EVIL, last_name=FORMULA, email="ada@uni.edu")
        for student, score in (("ada", 7.5), ("alan", 6)):
            if student != "ada":
                book.add_student(student)
            book.add_submission("week1", student)
            grade = book.find_grade("check", "one", "week1", student)
            grade.auto_score, grade.needs_manual_grade = score, student == "alan"
        book.find_submission_notebook("one", "week1", "ada").late_submission_penalty = 1.5
        book.add_student("emmy")
        book.db.commit()
    return root


def export(course, tmp_path, *options):
    output = tmp_path / "out.csv"
    words = ["export", "week1", "--course", str(course), "--output", str(output), *options]
    code = main(words)
    text = output.read_bytes().decode() if output.exists() else None
    return code, text


def test_table_opens_in_a_spreadsheet_with_every_name_whole(course, tmp_path):
    code, text = export(course, tmp_path)
    assert code == 0
    assert text.startswith("\ufeff")
    table = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    ada, alan, emmy = sorted(table, key=lambda line: line["student_id"])
    assert ada["first_name"] == EVIL
    assert ada["last_name"] == f"'{FORMULA}"
    assert (ada["score"], ada["late_submission_penalty"], ada["needs_review"]) == (
        "6.0",
        "1.5",
        "0",
    )
    assert (alan["score"], alan["needs_review"]) == ("6.0", "1")
    assert (emmy["score"], emmy["timestamp"]) == ("0.0", "")
    assert {line["assignment"] for line in table} == {"week1"}


def test_nbgrader_s_own_table_keeps_names_whole_too(course, tmp_path):
    path = tmp_path / "grades.csv"
    plugin = ExportWithReview(to=str(path), assignment=["week1"], student=["ada", "alan"])
    with Gradebook(f"sqlite:///{course}/gradebook.db", settings.load().course_id) as book:
        plugin.export(book)
    with path.open(newline="", encoding="utf-8") as file:
        table = {line["student_id"]: line for line in csv.DictReader(file)}
    assert table.keys() == {"ada", "alan"}
    assert table["ada"]["first_name"] == EVIL
    assert table["alan"]["needs_review"] == "1"


def test_canvas_file_is_written_and_the_exit_code_tells_of_gaps(course, tmp_path, capsys):
    path = tmp_path / "roster.csv"
    path.write_text(CANVAS)
    code, text = export(course, tmp_path, "--format", "canvas", "--roster", str(path))
    assert code == 1
    assert '"Lovelace, Ada",101,S1,ada,All,6\n' in text
    assert '"\'=HYPERLINK(""x"")"' in text
    told = capsys.readouterr().err
    assert "A person must look at it first" in told
    assert "alan" in told
    assert "'=HYPERLINK" not in told
    path.write_text("".join(CANVAS.splitlines(keepends=True)[:4]) + "Emmy,103,S3,emmy,All,,,,\n")
    options = ("--format", "canvas", "--roster", str(path))
    assert export(course, tmp_path, *options)[0] == 1  # alan is not in that list
    assert path.read_text().startswith("Student")  # never written


def test_what_cannot_be_done_is_said_and_nothing_is_written(course, tmp_path, capsys):
    path = tmp_path / "roster.csv"
    path.write_text(CANVAS)
    for options, said in (
        (("--format", "canvas"), "--roster FILE"),
        (("--roster", str(path)), "no list"),
        (("--format", "canvas", "--roster", str(tmp_path / "no.csv")), "no such file"),
        (("--format", "moodle", "--roster", str(path)), "in English"),
        (("--format", "canvas", "--roster", str(path), "--match", "Mail"), "--match"),
    ):
        assert export(course, tmp_path, *options) == (2, None)
        assert said in capsys.readouterr().err
    assert main(["export", "week9", "--course", str(course), "--output", str(path)]) == 2
    assert "It has: week1, week2" in capsys.readouterr().err
    assert main(["export", "week1", "--course", str(tmp_path)]) == 2
    assert "There is no gradebook" in capsys.readouterr().err
    assert path.read_text() == CANVAS


def test_a_large_class_takes_no_more_statements_and_has_nbgrader_s_own_points(tmp_path):
    """nbgrader looks through everybody's grades for each student: 3,000 took minutes."""
    asked = Counter()
    for size in (5, 40):
        course = made_up_class.make_class(tmp_path / f"{size}", size)
        with Gradebook(made_up_class.url(course), made_up_class.COURSE) as gradebook:
            assignment = gradebook.find_assignment(made_up_class.ASSIGNMENT)
            count = partial(lambda size, *_: asked.update([size]), size)
            event.listen(gradebook.engine, "before_cursor_execute", count)
            found = {row.student_id: row for row in rows.rows_of(gradebook, assignment)}
            event.remove(gradebook.engine, "before_cursor_execute", count)
            for submission in assignment.submissions:
                row = found[submission.student_id]
                assert row.raw_score == pytest.approx(submission.score)
                assert row.late_submission_penalty == submission.late_submission_penalty
                assert row.needs_review == submission.needs_manual_grade
    assert any(row.late_submission_penalty for row in found.values())
    assert len({row.needs_review for row in found.values()}) == 2
    assert asked[5] == asked[40] > 0
