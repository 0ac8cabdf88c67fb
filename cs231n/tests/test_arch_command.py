"""The command line as scripts use it: exit codes that hold, errors instead of tracebacks."""

import json
import subprocess
import sys

import pytest

from cs231n.architectures.__main__ import main

COMMAND = f"{sys.executable} -m cs231n.architectures"


def shell(command):
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True)


def test_a_verdict_survives_a_reader_that_leaves_early():
    done = shell(f"{COMMAND} resnet152 --memory 1KB | head -1; exit ${{PIPESTATUS[0]}}")
    assert done.returncode == 1
    assert (done.stdout, done.stderr) == ("resnet152, float32\n", "")


def test_nowhere_to_print_is_no_traceback():
    assert shell(f"{COMMAND} lenet5 >&-").stderr == ""


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["INPUT -> FC", "--set", "text=3"], "such as N=2"),
        (["INPUT -> FC", "--set", "name=3"], "such as N=2"),
        (["INPUT -> [CONV]*N -> FC", "--set", "N=²"], "such as N=2"),
        (["--set", "N=2", "INPUT -> [CONV]*N -> FC"], "before --set"),
        (["lenet5", "--memory", ""], "8GiB"),
        (["lenet5", "--input", ""], "--input is a size"),
    ],
)
def test_slips_are_named_and_end_with_2(arguments, problem, capsys):
    assert main(arguments) == 2
    assert problem in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"[" * 200_000], ids=["binary", "deep"])
def test_a_file_that_is_no_network_is_named(content, tmp_path, capsys):
    file = tmp_path / "net.json"
    file.write_bytes(content)
    assert main([str(file)]) == 2
    assert capsys.readouterr().err == (
        f"error: {file} is not a network's JSON, as --save writes it.\n"
    )


def test_letters_may_be_given_one_by_one(capsys):
    pattern = "INPUT -> [[CONV -> RELU]*N -> POOL]*M -> FC"
    assert main([pattern, "--set", "N=2", "--set", "M=3", "--format", "json"]) == 0
    kinds = [row["layer"][:4] for row in json.loads(capsys.readouterr().out)["layers"]]
    assert kinds.count("CONV") == 6


def test_findings_can_be_left_out(capsys):
    assert main(["vgg16"]) == 0
    assert "- fc6:" in capsys.readouterr().out
    assert main(["vgg16", "--no-lint"]) == 0
    assert "- fc6:" not in capsys.readouterr().out


def test_what_does_not_fit_says_by_how_much(capsys):
    assert main(["lenet5", "--batch", "8", "--memory", "1MiB"]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "does not fit into 1.0 MiB, by " in out


def test_the_notes_count_in_the_dtype_that_was_asked_for(capsys):
    assert main(["vgg16", "--format", "notes", "--dtype", "float16"]) == 0
    assert "15,237,608 * 2 bytes = 30.48 MB" in capsys.readouterr().out
