"""Submissions from every platform reach the student who made them, and nobody else."""

import pytest

pytest.importorskip("nbgrader")

from cs231n import submit
from grading.collect import contents, entries
from grading.collect.roster import Hints, read_roster
from grading.coordinator.course_folder import open_course
from grading.errors import GradingError
from grading.intake import handed_in_at
from grading.tests.collected_class import NAMES, WEEK, Class, both, notebook, zipped


@pytest.fixture
def kit(tmp_path):
    return Class(tmp_path)


def test_canvas_s_archive_is_collected_with_its_late_marks(kit):
    source = kit.archive(
        {
            "lovelaceada_101_9001_1_layers.ipynb": notebook(NAMES[0], "ada"),
            "lovelaceada_101_9002_2_convolution-1.ipynb": notebook(NAMES[1], "ada"),
            "núñezjosé_LATE_102_9003_week1.zip": zipped(both("jose")),
            "obriensmithian_104_text.html": b"<p>My notebooks are broken</p>",
        }
    )
    assert kit.collect(source) == 1
    assert set(kit.files("ada")) == {"1_layers.ipynb", "2_convolution.ipynb"}
    assert kit.answer("ada", NAMES[1]) == "ada"
    assert kit.answer("jose") == "jose"
    assert [kit.rows[s]["late"] for s in ("ada", "jose")] == ["no", "yes"]
    assert kit.status("kim") == "missing"
    assert kit.status("mac") == "unreadable"
    assert "has no notebook" in kit.rows["mac"]["notes"]


def test_a_student_whose_name_looks_like_another_s_number_gets_nobody_else_s_place(kit):
    # The sortable name is "x_101": Canvas leaves the underscore in.
    source = kit.archive({"x_101_103_9001_1_layers.ipynb": notebook(NAMES[0], "forged")})
    assert kit.collect(source, "--from", "canvas") == 1
    assert not kit.submitted("ada").exists()
    assert "more than one number" in kit.rows["x_101_103_9001_1_layers.ipynb"]["notes"]


def test_canvas_without_names_or_numbers_is_nobody_s(kit):
    source = kit.archive({"anon_x7Fq2_9001_12_1_layers.ipynb": notebook(NAMES[0])})
    assert kit.collect(source) == 1
    assert [row["status"] for row in kit.rows.values()].count("unknown") == 1
    assert not (kit.course / "submitted").exists()


@pytest.mark.parametrize("ending", ["_assignsubmission_file/", "_assignsubmission_file_/",
                                    "_assignsubmission_file_"])  # fmt: skip
def test_moodle_s_folders_and_flat_files_are_collected(kit, ending):
    jose = {"deep/er/1_layers.ipynb": notebook(NAMES[0], "j")}
    source = kit.archive(
        {
            f"Ada Lovelace_553{ending}1_layers.ipynb": notebook(NAMES[0], "ada"),
            f"Ada Lovelace_553{ending}Copy of 2_convolution (1).ipynb": notebook(NAMES[1], "ada"),
            f"José Núñez_554{ending}work.zip": zipped(jose),
            "Min-ji Kim_555_assignsubmission_onlinetext/onlinetext.html": b"<p>later</p>",
            f"Participant_556{ending}1_layers.ipynb": notebook(NAMES[0], "blind"),
        }
    )  # fmt: skip
    assert kit.collect(source) == 1
    assert kit.answer("ada", NAMES[1]) == "ada"
    assert kit.answer("jose") == "j"
    assert kit.rows["jose"]["missing_notebooks"] == "2_convolution"
    assert kit.status("Participant_556") == "unknown"
    assert kit.status("kim") == "unreadable"


def test_very_long_names_in_any_language_are_names(kit):
    long = "Ж" * 254
    kit.roster.write_text(f"id,first_name,last_name\nada,=A,{long}\n", encoding="utf-8")
    name = f"{long} A_1_assignsubmission_file/{'x' * 240}/1_layers.ipynb"
    assert kit.collect(kit.archive({name: notebook(NAMES[0], "ж")})) == 0
    assert kit.answer("ada") == "ж"


def test_two_people_of_one_name_are_never_taken_for_the_one_on_the_roster(kit):
    source = kit.archive(
        {
            f"Ada Lovelace_{n}_assignsubmission_file/1_layers.ipynb": notebook(NAMES[0], f"a{n}")
            for n in (1, 2)
        }
    )
    assert kit.collect(source) == 1
    assert not kit.submitted("ada").exists()
    assert kit.status("Ada Lovelace_1") == kit.status("Ada Lovelace_2") == "unknown"


METADATA = """\
submission_71:
  :submitters:
  - :name: Ada Lovelace
    :sid: ada
    :email: ada@example.edu
  - :name: J. N.
    :sid: '999'
    :email: jose@example.edu
  :created_at: 2026-10-01 21:30:00.123456000 -07:00
  :score: 1.0
  :history:
  - :id: 70
    :created_at: 2026-09-30 10:00:00.000000000 Z
submission_72:
  :submitters:
  - :name: Min-ji Kim
    :sid:
    :email: kim@example.edu
  :created_at: 2026-10-01 10:00:00.000000000 Z
  :results: !ruby/object:Evil {a: !!python/object/apply:os.system [exit 1]}
"""


def test_gradescope_s_export_gives_times_and_groups(kit):
    source = kit.archive(
        {
            "assignment_5_export/submission_metadata.yml": METADATA.encode(),
            "assignment_5_export/submission_71/1_layers.ipynb": notebook(NAMES[0], "pair"),
            "assignment_5_export/submission_72/sub/1_layers.ipynb": notebook(NAMES[0], "kim"),
            "assignment_5_export/submission_73/1_layers.ipynb": notebook(NAMES[0], "whose"),
        }
    )
    assert kit.collect(source, "--due", "2026-10-01T23:59Z") == 1
    assert kit.answer("ada") == kit.answer("jose") == "pair"
    assert kit.rows["ada"]["handed_in_utc"] == "2026-10-02 04:30:00"
    assert [kit.rows[s]["late"] for s in ("ada", "kim")] == ["yes", "no"]
    assert "group of 2" in kit.rows["jose"]["notes"]
    assert kit.status("submission_73") == "unknown"


def test_the_grader_finds_what_was_collected_and_when_it_came(kit):
    kit.collect(kit.folder({"kim+week1+2026-10-01 10:00:00.250000 UTC+abc/1_layers.ipynb": b"{}"}))
    course = open_course(kit.course, "test.log")
    assert course.students(WEEK) == ["kim"]
    when, problem = handed_in_at(course.submission("kim", WEEK))
    assert (str(when), problem) == ("2026-10-01 10:00:00.250000", None)


def exchange(*attempts: str) -> dict:
    """Folders as nbgrader's exchange names them: student, assignment, day."""
    return {
        f"{who}+{what}+2026-10-{day} 10:00:00.000000 UTC+{n}/1_layers.ipynb": notebook(
            NAMES[0], f"day{day}"
        )
        for n, (who, what, day) in enumerate(a.split() for a in attempts)
    }


@pytest.mark.parametrize(
    ("setting", "answer", "late"),
    [("last", "day09", "yes"), ("first", "day01", "no"), ("on-time", "day03", "no")],
)
def test_the_attempt_that_counts_is_a_setting(kit, setting, answer, late):
    attempts = ("ada week1 03", "ada week1 09", "ada week1 01", "ada week2 11", "kim week1 09")
    source = kit.folder(exchange(*attempts), "inbound")
    assert kit.collect(source, "--attempt", setting, "--due", "2026-10-05T00:00Z") == 0
    assert kit.answer("ada") == answer
    assert kit.rows["ada"]["late"] == late
    assert kit.rows["ada"]["attempts"] == "3"
    assert kit.answer("kim") == "day09"  # late, and all there is


def test_what_one_student_puts_into_the_exchange_in_another_s_name_is_not_taken(kit, monkeypatch):
    monkeypatch.setattr(entries, "_owner", lambda number: "jose")
    source = kit.folder(exchange("ada week1 03", "jose week1 03"))
    assert kit.collect(source) == 1
    assert kit.status("jose") == "collected"
    assert not kit.submitted("ada").exists()


def test_archives_of_cs231n_submit_are_collected(kit):
    made = []
    for name, data in both("mine").items():
        made.append(submit.Notebook(name.removesuffix(".ipynb"), name, data))
    for place in ("ada.zip", "jose_week1.zip", "kim/week1.zip"):
        (kit.root / "in" / place).parent.mkdir(parents=True, exist_ok=True)
        submit.write_archive(kit.root / "in" / place, made)
    assert kit.collect(kit.root / "in", "--from", "submit") == 0
    assert [kit.answer(s, NAMES[1]) for s in ("ada", "jose", "kim")] == ["mine"] * 3


def test_archives_of_students_may_be_named_one_by_one(kit):
    one = kit.archive(both("a"), "ada.zip")
    two = kit.archive(both("k"), "kim_week1.zip")
    assert kit.collect(one, two) == 0
    assert (kit.answer("ada"), kit.answer("kim")) == ("a", "k")


def test_one_archive_that_is_there_twice_is_one(kit):
    files = {"ada.zip": zipped(both("a")), "ada (1).zip": zipped(both("a"))}
    assert kit.collect(kit.folder(files)) == 0
    assert kit.answer("ada") == "a"
    files["ada_2.zip"] = zipped(both("another"))
    assert kit.collect(kit.folder(files)) == 1
    assert kit.status("ada") == "undecided"


@pytest.mark.parametrize("name", ["ada_smith.zip", "ada-smith/1_layers.ipynb", "ada_final.ipynb",
                                  "adam.zip", "lovelace.zip"])  # fmt: skip
def test_who_is_only_called_alike_is_another_person(kit, name):
    data = zipped(both("x")) if name.endswith("zip") else notebook(NAMES[0], "x")
    assert kit.collect(kit.folder({name: data})) == 1
    assert not (kit.course / "submitted").exists()


def test_a_folder_may_name_students_by_id_address_or_name(kit):
    source = kit.folder(
        {
            "ada_1_layers.ipynb": notebook(NAMES[0], "loose"),
            "ada_2_convolution.ipynb": notebook(NAMES[1], "loose"),
            "jose@example.edu/week1/1_layers.ipynb": notebook(NAMES[0], "mail"),
            "jose@example.edu/week2/1_layers.ipynb": notebook(NAMES[0], "another week"),
            "Kim, Min-ji/1_layers.ipynb": notebook(NAMES[0], "name"),
            "nobody/1_layers.ipynb": notebook(NAMES[0]),
        }
    )
    assert kit.collect(source) == 1
    assert (kit.answer("ada"), kit.answer("ada", NAMES[1])) == ("loose", "loose")
    assert (kit.answer("jose"), kit.answer("kim")) == ("mail", "name")
    assert set(kit.files("jose")) == {"1_layers.ipynb"}
    assert kit.status("nobody") == "unknown"


def test_a_student_s_folder_that_imitates_a_platform_is_a_folder(kit):
    forged = {
        "ada/kim_103_9001_1_layers.ipynb": notebook(NAMES[0], "forged"),
        "ada/Min-ji Kim_1_assignsubmission_file/1_layers.ipynb": notebook(NAMES[0], "forged"),
        "ada/submission_metadata.yml": METADATA.encode(),
        "ada/submission_72/1_layers.ipynb": notebook(NAMES[0], "forged"),
        "ada/kim+week1+2026-10-01 10:00:00 UTC/1_layers.ipynb": notebook(NAMES[0], "forged"),
    }
    assert kit.collect(kit.archive(forged)) in (0, 1)
    assert [s for s in ("ada", "jose", "kim", "mac") if kit.submitted(s).exists()] == ["ada"]


def test_a_half_recognised_source_is_asked_about(kit, capsys):
    names = ["a_1_2_x.ipynb", "b_3_4_x.ipynb", "c_5_6_x.ipynb", "notes.ipynb"]
    assert kit.collect(kit.archive(dict.fromkeys(names, b"{}"))) == 2
    assert "`notes.ipynb` in it does not. Say what it is with --from" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name",
    ["2_convolution.ipynb", "Copy of 2_convolution.ipynb", "Copy_of_Copy of 2_convolution.ipynb",
     "2_convolution (1).ipynb", "2_convolution(12).ipynb", "2_convolution-1.ipynb",
     "2_convolution_2.ipynb", "2_convolution-Copy1.ipynb", "2_convolution copy 2.ipynb",
     "2_convolution (1)-2.ipynb", "2 Convolution.IPYNB", "2_convolution.ipynb.txt",
     "2_convolution.ipynb.json", "a/b/2_convolution.ipynb"],
)  # fmt: skip
def test_a_notebook_is_known_under_what_was_added_to_its_name(name):
    assert contents.name_of(name, dict.fromkeys(NAMES)) == "2_convolution"


@pytest.mark.parametrize("name", ["convolution.ipynb", "12_convolution.ipynb", "2_convolution.py",
                                  "2_convolution_solution.ipynb", ".ipynb"])  # fmt: skip
def test_another_name_is_not_taken_for_a_notebook_s(name):
    assert contents.name_of(name, dict.fromkeys(NAMES)) is None


def test_a_renamed_notebook_is_recognised_by_what_it_says(kit):
    kit.collect(kit.folder({"ada/final.ipynb": notebook(NAMES[1], "mine"), "ada/notes.txt": b"x"}))
    assert kit.answer("ada", NAMES[1]) == "mine"
    assert "recognised as 2_convolution" in kit.rows["ada"]["notes"]
    assert set(kit.files("ada")) == {"2_convolution.ipynb", "notes.txt"}


def test_of_two_files_for_one_notebook_the_plain_one_counts_and_the_other_lies_beside(kit):
    files = {
        "ada/old/1_layers.ipynb": notebook(NAMES[0], "old"),
        "ada/1_layers (1).ipynb": notebook(NAMES[0], "copy"),
        "ada/1_layers.ipynb": notebook(NAMES[0], "plain"),
    }
    kit.collect(kit.folder(files))
    assert kit.answer("ada") == "plain"
    assert len(kit.files("ada")) == 3
    assert "could be 1_layers too" in kit.rows["ada"]["notes"]


# ---- the roster --------------------------------------------------------------------------------


def roster(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "r.csv"
    path.write_bytes(text.encode(encoding))
    return read_roster(path)


CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,HW 1 (9)
    Points Possible,,,,,100
"Núñez, José",102,S102,jose,A,
"Lovelace, Ada",101,S101,ada,A,
"Student, Test",900,,abcdef,A,
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_canvas_s_export_is_a_roster_in_any_encoding(tmp_path, encoding):
    people, word = roster(tmp_path, CANVAS, encoding)
    assert list(people.students) == ["jose", "ada"]
    for hints in (Hints("", lms="102"), Hints("", id="S102"), Hints("", name="nunezjose")):
        assert people.find(hints)[0] == "jose"
    assert ("Windows-1252" in word) == (encoding == "cp1252")


def test_who_is_meant_is_never_guessed(tmp_path):
    people, _ = roster(
        tmp_path,
        "id,first_name,last_name,email,lms_user_id\n"
        "a1,Jan,Novák,a@x.org,1\na2,Ján,Novak,b@x.org,2\na3,Li,Wei,c@x.org,3\na4,Wei,Li,d@x.org,4\n",
    )
    assert people.find(Hints("", name="Jan Novák"))[0] == "a1"  # exactly one
    assert people.find(Hints("", name="Jan Novak"))[0] is None  # either, without accents
    assert people.find(Hints("", name="Li Wei"))[0] is None  # first or last name?
    assert people.find(Hints("", name="Li Wei", lms="3"))[0] == "a3"
    assert people.find(Hints("", id="a3", email="d@x.org"))[0] is None
    assert "the roster says 1" in people.find(Hints("", name="Jan Novák", lms="77"))[1]
    assert people.find(Hints("", name="Jan Nov\u0061\u0301k"))[0] == "a1"  # the other spelling of á


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name,mail\nx,y\n", "with the columns id, first_name"),
        ("id,email\nada,a@b\nada,c@d\n", "line 3: ada stands in line 2 with other values"),
        ("id\n../../etc\n", "should be letters, digits"),
        ("id,email\n,a@b.c\n", "line 2: somebody has no id"),
        ("id\n" + "x" * 256, "200 bytes at most"),
        ("id\n", "no student in it"),
    ],
)
def test_a_roster_that_will_not_do_says_where_and_why(tmp_path, text, says):
    with pytest.raises(GradingError, match=says):
        roster(tmp_path, text)
