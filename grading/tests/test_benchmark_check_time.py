"""The benchmark of the hidden checks: what it counts, what it says when misused (no times)."""

import pytest

from benchmarks import check_time

pytest.importorskip("nbgrader")


def test_calls_and_times_of_a_notebook_are_summed_over_its_exercises():
    notebook = check_time.solved_notebooks(["3_pooling"])["3_pooling"]
    spent = check_time.run_once(notebook, "auto")
    parts = [part for name, part in spent.items() if name]
    assert len(parts) > 3
    assert spent[""].calls == sum(part.calls for part in parts) > 50
    assert 0 < spent[""].trusted <= spent[""].notebook


@pytest.mark.parametrize(
    ("options", "message"),
    [(["--repeats", "0"], "1 or more"), (["no_such"], "there are 1_fully_connected")],
)
def test_misuse_is_refused_with_the_reason(options, message, capsys):
    with pytest.raises(SystemExit) as ended:
        check_time.main(options)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
