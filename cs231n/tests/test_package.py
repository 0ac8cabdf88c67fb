"""What is installed: the student's package alone, with or without a compiler."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILDS = "import sys; from setuptools import build_meta as b; getattr(b, sys.argv[1])(sys.argv[2])"

pytest.importorskip("setuptools", minversion="77", reason="building needs setuptools 77 or newer")
pytest.importorskip("Cython", reason="building needs Cython")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (ROOT / "setup.py").is_file(), reason="not in a source tree"),
]


@pytest.fixture
def tree(tmp_path):
    """A copy of what the build reads, beside a folder that must not be packed."""
    root = tmp_path / "tree"
    root.mkdir()
    for name in ("setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, root)
    products = shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")
    shutil.copytree(ROOT / "cs231n", root / "cs231n", ignore=products)
    for folder in ("grading", "assignments", "docs"):
        (root / folder).mkdir()
        (root / folder / "__init__.py").write_text("answers = 42\n")
    return root


def build(tree, kind, **settings):
    """Run one of the build backend's hooks; returns the names packed and what was printed."""
    target = tree.parent / "built"
    done = subprocess.run(
        [sys.executable, "-c", BUILDS, kind, str(target)],
        cwd=tree,
        env={k: v for k, v in os.environ.items() if not k.startswith("CS231N_")} | settings,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (file,) = target.iterdir()
    if file.suffix == ".whl":
        names = zipfile.ZipFile(file).namelist()
    else:
        with tarfile.open(file) as archive:
            names = [name.partition("/")[2] for name in archive.getnames() if "/" in name]
    return names, done.stdout + done.stderr


def make_quick_to_compile(tree):
    """Empty modules, so that a build takes seconds."""
    for source in (tree / "cs231n").rglob("*.pyx"):
        source.write_text("x = 1\n")
    for source in (tree / "cs231n").rglob("*.c"):
        source.write_text("typedef int nothing;\n")


def compiled(names):
    return [name for name in names if name.endswith((".so", ".pyd"))]


def test_wheel_holds_the_students_package_and_nothing_of_the_graders(tree):
    names, _ = build(tree, "build_wheel", CS231N_NO_EXT="1")
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"cs231n", "cs231n_kit"}
    assert not [name for name in names if "/tests/" in name or name.endswith((".c", ".h", ".pyc"))]
    assert {"cs231n/im2col_cython.pyx", "cs231n/py.typed", "cs231n/fast_layers.py"} <= {*names}
    assert {"cs231n/kernels/__init__.py", "cs231n/threads.py"} <= {*names}
    told = {str(path.relative_to(ROOT)) for path in (ROOT / "cs231n/check/hints").glob("*.toml")}
    assert len(told) == 9
    assert told <= {*names}  # check.hint reads them
    assert "cs231n/locale/zh.json" in names


def test_source_archive_holds_what_a_build_needs_and_nothing_of_the_graders(tree):
    names, _ = build(tree, "build_sdist", CS231N_NO_EXT="1")
    assert {"setup.py", "pyproject.toml", "cs231n/im2col_cython.pyx"} <= {*names}
    in_tree = {str(path.relative_to(ROOT)) for path in (ROOT / "cs231n/kernels").glob("*.[ch]")}
    assert len(in_tree) > 10
    assert {*in_tree, "cs231n/locale/zh.json"} <= {*names}
    folders = {name.partition("/")[0] for name in names if "/" in name}
    assert folders == {"cs231n", "cs231n_kit.egg-info"}
    assert not [name for name in names if "/tests/" in name or name.endswith(".pyc")]


@pytest.mark.skipif(os.name == "nt", reason="CC chooses the compiler on Unix only")
@pytest.mark.parametrize("compiler", ["false", "/there/is/no/such/compiler"])
@pytest.mark.parametrize("kind", ["build_wheel", "build_editable"])
def test_without_a_compiler_the_package_installs_and_says_what_is_missing(tree, kind, compiler):
    make_quick_to_compile(tree)
    names, printed = build(tree, kind, CC=compiler)
    assert not compiled(names)
    assert "without its compiled modules" in printed
    assert "Install a C compiler" in printed


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler here")
def test_with_a_compiler_the_wheel_holds_the_compiled_modules(tree):
    make_quick_to_compile(tree)
    names, _ = build(tree, "build_wheel")
    modules = {name.partition(".")[0] for name in compiled(names)}
    assert modules == {
        "cs231n/im2col_cython",
        *(f"cs231n/kernels/{name}" for name in ("memory", "threads", "convolution", "pointwise")),
    }
    assert not [name for name in names if name.endswith((".c", ".h"))]
