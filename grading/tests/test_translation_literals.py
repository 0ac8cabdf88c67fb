"""Strings and comments in source code: found, and exchanged without touching anything else."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grading.translation.literals import exchange, find

SOURCE = '''\
def double(x):
    """Twice x.

    Returns a number.
    """
    # First think,
    # then write.
    print("so", f"x is {x:3d} and " "{braces}", end=" ")  # aside
    return fig.show(
        {"stride": 2},
        caption="one line that goes on and on, and then on and on, "
        "and still further",
    )
'''


def texts(source):
    return [(literal.kind, literal.text) for literal in find(source)]


def test_texts_are_found_in_order_and_neighbours_are_one():
    assert texts(SOURCE) == [
        ("docstring", "Twice x.\n\nReturns a number.\n"),
        ("comment", "First think,\nthen write."),
        ("string", "so"),
        ("string", "x is {x:3d} and {{braces}}"),
        ("string", " "),
        ("comment", "aside"),
        ("string", "stride"),
        ("string", "one line that goes on and on, and then on and on, and still further"),
    ]


def test_exchanged_code_is_the_same_code_with_other_words():
    words = {
        "Twice x.\n\nReturns a number.\n": "两倍的 x。\n\n返回一个数。\n",
        "First think,\nthen write.": "先想。",
        "so": "那么 “x”",
        "x is {x:3d} and {{braces}}": "x 是 {x:3d}，还有 {{braces}}",
        "aside": "顺便",
        "one line that goes on and on, and then on and on, and still further": "很长的一行，" * 20,
    }
    said = exchange(SOURCE, lambda literal: words.get(literal.text))
    scope = {"fig": None}
    exec(said, scope)
    assert scope["double"].__doc__.startswith("两倍的 x。\n\n    返回一个数。")
    assert [text for _, text in texts(said)] == [
        *list(words.values())[:3], words["x is {x:3d} and {{braces}}"], " ", "顺便", "stride",
        "很长的一行，" * 20,
    ]  # fmt: skip
    assert max(map(len, said.splitlines())) < 100
    assert "    # 先想。\n" in said


@pytest.mark.parametrize(
    "source",
    [
        "x = 'it\\'s'",
        'y = "a\\n" rb"b"',
        "f'{a!r:>{width}} {\"nested\"}'",
        "x = 1 # \x0c form feed\ny = 'after'",
        "s = 'line\u2028separator'; t = 'after it'",
        "%matplotlib inline\nx = 'y z'",
        "!pip install x\nx = 'y z'",
        "if x:\n\ty = 'tabs here'",
        "broken = 'no end",
        "broken = (((",
        "null = '\0'",
        "",
    ],
)
def test_what_is_not_exchanged_stays_to_the_letter(source):
    assert exchange(source, lambda literal: None) == source
    assert exchange(source, lambda literal: literal.text) == source
    for literal in find(source):
        if literal.kind != "comment":
            assert source[literal.start] in "rbfRBF'\""
            assert source[literal.end - 1] in "'\""


@given(st.text(alphabet="abf'\"#\\{}()\n =+\u2028\x0c归", max_size=60))
def test_code_of_any_kind_does_no_harm(source):
    assert exchange(source, lambda literal: None) == source


@given(st.text(alphabet="ab'“”{}\\n归，", max_size=30))
def test_words_of_any_kind_give_python_or_the_same(text):
    said = exchange("x = 'a b'", lambda literal: text.replace("\\", "").replace("'", ""))
    assert isinstance(ast.parse(said), ast.Module)
