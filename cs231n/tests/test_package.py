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
    products = shutil.ignore_patterns("*.c", "*.so", "*.pyd", "__pycache__")
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


def compiled(names):
    return [name for name in names if name.endswith((".so", ".pyd"))]


def test_wheel_holds_the_students_package_and_nothing_of_the_graders(tree):
    names, _ = build(tree, "build_wheel", CS231N_NO_EXT="1")
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"cs231n", "cs231n_kit"}
    assert not [name for name in names if "/tests/" in name or name.endswith((".c", ".pyc"))]
    assert {"cs231n/im2col_cython.pyx", "cs231n/py.typed", "cs231n/fast_layers.py"} <= {*names}


def test_source_archive_holds_what_a_build_needs_and_nothing_of_the_graders(tree):
    names, _ = build(tree, "build_sdist", CS231N_NO_EXT="1")
    assert {"setup.py", "pyproject.toml", "cs231n/im2col_cython.pyx"} <= {*names}
    folders = {name.partition("/")[0] for name in names if "/" in name}
    assert folders == {"cs231n", "cs231n_kit.egg-info"}
    assert not [name for name in names if "/tests/" in name or name.endswith((".c", ".pyc"))]


@pytest.mark.skipif(os.name == "nt", reason="CC chooses the compiler on Unix only")
@pytest.mark.parametrize("compiler", ["false", "/there/is/no/such/compiler"])
@pytest.mark.parametrize("kind", ["build_wheel", "build_editable"])
def test_without_a_compiler_the_package_installs_and_says_what_is_missing(tree, kind, compiler):
    (tree / "cs231n/im2col_cython.pyx").write_text("x = 1\n")  # quick to translate
    names, printed = build(tree, kind, CC=compiler)
    assert not compiled(names)
    assert "without its compiled module" in printed
    assert "Install a C compiler" in printed


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler here")
def test_with_a_compiler_the_wheel_holds_the_compiled_module(tree):
    (tree / "cs231n/im2col_cython.pyx").write_text("x = 1\n")
    names, _ = build(tree, "build_wheel")
    assert len(compiled(names)) == 1
    assert not [name for name in names if name.endswith(".c")]
