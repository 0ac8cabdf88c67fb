"""Every text is translated, none is stale, and what must be the same in all languages is."""

import ast
import re
from collections import Counter

import nbformat
import pytest

from cs231n.cell_code import without_magics
from grading.build import assignments, student_notebook
from grading.settings import ASSIGNMENTS, ROOT
from grading.translation import catalogue, command, units
from grading.translation.edition import in_english, translated

LANGUAGES = catalogue.languages()
NOTEBOOKS = [(a, name) for a, names in assignments().items() for name in names]
TEXTS = command.wanted()
PAIRS = [
    pytest.param(language, name, unit, said, id=f"{language}-{name}-{number}")
    for language in LANGUAGES
    for name, some in TEXTS.items()
    for known in [catalogue.texts(language, name)]
    for number, unit in enumerate(some)
    if (said := known.get((unit.context, unit.text))) is not None
]


def pairs(*kinds):
    """(file, English unit, translation) of those kinds, in all languages."""
    return [p.values[1:] for p in PAIRS if p.values[2].kind in kinds]


def test_there_is_a_chinese_edition():
    assert "zh" in LANGUAGES


def test_nothing_is_missing_and_nothing_is_stale():
    assert command.problems(LANGUAGES, TEXTS) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_read_at_run_time_is_what_the_catalogues_say(language):
    for path, data in catalogue.compile_language(language).items():
        assert path.read_bytes() == data, "Bring it up to date: python -m grading translations"


@pytest.mark.parametrize("name", TEXTS)
def test_files_are_as_the_command_writes_them(name):
    for language in LANGUAGES:
        path = catalogue.path_of(language, name)
        assert path.read_bytes() == catalogue.update(language, name, TEXTS[name])


# ---- notebooks -----------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("assignment", "name"), NOTEBOOKS)
def test_code_differs_in_nothing_but_strings_and_comments(assignment, name, language):
    english = student_notebook(assignment, name)
    path = ASSIGNMENTS / language / assignment / f"{name}.ipynb"
    other = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    assert other.metadata.pop("cs231n") == {"language": language}
    assert other.metadata == english.metadata
    assert [c.id for c in other.cells] == [c.id for c in english.cells]
    for here, there in zip(english.cells, other.cells, strict=True):
        assert (here.cell_type, here.metadata) == (there.cell_type, there.metadata)
        if here.cell_type == "code":
            assert without_strings(there.source) == without_strings(here.source), here.id


def without_strings(source):
    """The syntax tree of a cell, with nothing in its strings."""

    class Blank(ast.NodeTransformer):
        def visit_JoinedStr(self, node):
            return ast.Constant("")

        def visit_Constant(self, node):
            return ast.Constant("") if isinstance(node.value, str) else node

    return ast.dump(Blank().visit(ast.parse(without_magics(source))))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("assignment", "name"), NOTEBOOKS)
def test_the_way_back_to_english_is_exact(assignment, name, language):
    english = student_notebook(assignment, name)
    back = in_english(name, translated(name, english, language), english)
    assert [c.source for c in back.cells] == [c.source for c in english.cells]
    assert in_english(name, english, english) is english


def test_computed_parts_of_strings_are_the_same():
    for name, unit, said in pairs("string"):
        # English needs some for its plurals, which others leave out.
        extra = fields(said) - fields(unit.text)
        missing = [f for f in fields(unit.text) - fields(said) if "'s' *" not in f]
        assert not extra, (name, said)
        assert not [f for f in missing if "'es' *" not in f], (name, said)


def test_computed_parts_of_messages_are_the_same():
    for name, unit, said in pairs("message"):
        assert not fields(said) - fields(unit.text), (name, said)


def fields(text):
    return Counter(re.findall(r"\{[^{}]*\}", text.replace("{{", "").replace("}}", "")))


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param(r"`[^`]+`", id="code"),
        pytest.param(r"\]\(([^)]+)\)", id="links"),
        pytest.param(r"(?m)^(#+) ", id="headings"),
        pytest.param(r"(?m)^\|(.*)$", id="rows of tables"),
    ],
)
def test_text_cells_have_the_same(pattern):
    for name, unit, said in pairs("markdown"):
        found, other = (re.findall(pattern, text) for text in (unit.text, said))
        if pattern.startswith(r"(?m)^\|"):
            found, other = ([row.count("|") for row in rows] for rows in (found, other))
            assert found == other, (name, unit.context)
        assert len(found) == len(other), (name, unit.context)
        assert pattern.startswith("(?m)") or Counter(found) == Counter(other), (name, unit.context)


def test_text_cells_have_the_same_formulas():
    for name, unit, said in pairs("markdown"):
        assert formulas(unit.text) == formulas(said), (name, unit.context)


def formulas(text):
    """The formulas in a text, without the words in them."""
    found = re.findall(r"\$\$.+?\$\$|\$[^$]+?\$", re.sub(r"`[^`]*`", "", text), re.DOTALL)
    return Counter(re.sub(r"\s+", "", re.sub(r"\\text\{[^{}]*\}", r"\\text{}", f)) for f in found)


def test_docstrings_name_the_same_parameters_and_shapes():
    for name, unit, said in pairs("docstring"):
        listed = r"(?m)^\s*- ([a-zA-Z0-9_\",、]+(?:, \w+)*)[:：]"
        for parameter in re.findall(r"\w+", " ".join(re.findall(listed, unit.text))):
            assert re.search(rf"\b{parameter}\b", said, re.ASCII), (name, unit.context, parameter)


# ---- the glossary --------------------------------------------------------------------------------

GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
TERMS = [
    tuple(cell.strip() for cell in row.split("|")[1:4])
    for row in re.findall(r"(?m)^\| .*\|$", GLOSSARY)[1:]
    if not row.startswith("| :--")
]
# Words that mean other things too, such as a window of time: what stands for them is not asked.
WIDE = """
    check score shape axis picture window weight kernel cell filter channel array loss epoch
    exercise notebook padding hint bias variance gradient dilation pixel neuron
""".split()  # noqa: SIM905


def chinese():
    """(file, English without code, Chinese) of every text."""
    for p in PAIRS:
        language, _, unit, said = p.values
        if language == "zh" and said != unit.text:
            yield unit, re.sub(r"`[^`]*`|\{[^{}]*\}", "", unit.text).lower(), said


def test_glossary_is_a_table_of_terms():
    assert len(TERMS) > 60
    assert ("receptive field", "感受野", "接受域") in TERMS


@pytest.mark.parametrize(("english", "written", "never"), TERMS, ids=[t[0] for t in TERMS])
def test_terms_are_those_of_the_glossary(english, written, never):
    english = english.partition(" (")[0]
    word = re.compile(rf"(?<![\w-]){re.escape(english)}(?![\w-])")
    wrong = [w for w in never.split("、") if w]
    used = False
    for unit, text, said in chinese():
        assert not [w for w in wrong if w in said], (unit, said)
        there = any(w.lower() in said.lower() for w in written.split("、"))
        used |= there
        assert there or english in WIDE or not word.search(text), (unit, said)
    assert used, f"no text has {written}: is {english!r} a term of this course?"


def test_chinese_is_written_with_chinese_signs():
    for unit, _, said in chinese():
        plain = re.sub(r"`[^`]*`|\$[^$]*\$|\{[^{}]*\}|\]\([^)]*\)", "", said)
        found = re.search(r"[\u4e00-\u9fff][,;!?:](?=\s|$|[\u4e00-\u9fff])", plain)
        assert not found, (unit, said)
        # A line of Markdown that ends within a sentence shows as a space.
        broken = re.search(r"[\u4e00-\u9fff，、]\n[\u4e00-\u9fff]", said)
        assert unit.kind != "markdown" or not broken, (unit, said)


# ---- when the English changes --------------------------------------------------------------------


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """The translations are written to a folder of their own."""
    monkeypatch.setattr(catalogue, "FOLDER", tmp_path)
    (tmp_path / "zh").mkdir()

    def write(*some):
        path = catalogue.path_of("zh", "messages")
        path.write_bytes(catalogue.update("zh", "messages", some))
        return path.read_text(encoding="utf-8")

    return write


def message(text, context=""):
    return units.Unit(context, text, "message")


def test_a_new_text_is_named_as_not_translated(elsewhere):
    elsewhere(message("One moment."))
    assert catalogue.problems("zh", "messages", [message("One moment.")]) == [
        "zh/messages.po: message: 'One moment.': not translated"
    ]


def test_what_changed_after_its_translation_is_named_and_not_used(elsewhere):
    text = elsewhere(message("Look at the padding.", "a/cell"))
    path = catalogue.path_of("zh", "messages")
    path.write_text(text.replace('msgstr ""\n', 'msgstr "看看填充。"\n').replace(
        'msgid ""\nmsgstr "看看填充。"', 'msgid ""\nmsgstr ""'))  # fmt: skip
    assert catalogue.texts("zh", "messages") == {("a/cell", "Look at the padding."): "看看填充。"}
    new = message("Look at the padding and the stride.", "a/cell")
    text = elsewhere(new)
    assert "fuzzy" in text
    assert '#| msgid "Look at the padding."' in text
    assert catalogue.texts("zh", "messages") == {}
    [problem] = catalogue.problems("zh", "messages", [new])
    assert problem.endswith("the English changed after the translation")


def test_what_is_gone_is_dropped(elsewhere):
    text = elsewhere(message("Old."), message("New."))
    assert "Old." in text
    assert "Old." not in elsewhere(message("New."))


def test_command_names_what_is_to_do_and_says_so_by_its_exit_code(elsewhere, monkeypatch, capsys):
    from grading.__main__ import main

    monkeypatch.setattr(command, "wanted", lambda: {"messages": [message("One moment.")]})
    elsewhere(message("Another one."))
    assert main(["translations", "--check"]) == 1
    assert "'One moment.': not translated" in capsys.readouterr().out
    assert main(["translations", "--language", "../x"]) == 2
    assert "no code of a language" in capsys.readouterr().err
