"""A wheel as it was built for strangers' machines: what is in it, and what must not be.

The environment variable CS231N_WHEEL names the file; `nox -s wheel` builds one and looks at it.
"""

import os
import zipfile
from email.parser import BytesParser
from pathlib import Path, PurePosixPath

import pytest

from grading import leaks
from grading.settings import ROOT

WHEEL = os.environ.get("CS231N_WHEEL")
pytestmark = pytest.mark.skipif(not WHEEL, reason="no wheel to look at: nox -s wheel")
MODULES = {"im2col_cython", *(f"kernels/{n}" for n in ("memory", "threads", "convolution"))}


@pytest.fixture(scope="module")
def names():
    return [PurePosixPath(i.filename) for i in zipfile.ZipFile(WHEEL).infolist() if not i.is_dir()]


def test_it_holds_the_package_its_description_and_the_libraries_it_needs(names):
    top = {name.parts[0].partition("-")[0] for name in names}
    assert {"cs231n", "cs231n_kit"} <= top <= {"cs231n", "cs231n_kit", "cs231n_kit.libs"}
    kinds = {name.suffix for name in names if name.parts[0] == "cs231n"}
    assert kinds <= {".py", ".pyx", ".pxd", ".so", ".pyd", ".json", ".toml", ".typed", ".md"}


def test_every_module_of_the_source_tree_is_in_it_but_the_tests(names):
    sources = {p.relative_to(ROOT).as_posix() for p in (ROOT / "cs231n").rglob("*.py")}
    wanted = {name for name in sources if not name.startswith("cs231n/tests/")}
    assert {str(name) for name in names if name.suffix == ".py"} == wanted


def test_the_fast_layers_are_compiled(names):
    compiled = {str(n).partition(".")[0] for n in names if n.suffix in (".so", ".pyd")}
    assert {f"cs231n/{module}" for module in MODULES} <= compiled


def test_nothing_in_it_answers_an_exercise(tmp_path):
    with zipfile.ZipFile(WHEEL) as archive:
        archive.extractall(tmp_path)
    assert [str(finding) for finding in leaks.scan([tmp_path])] == []
    assert not any("grading" in path.parts for path in tmp_path.rglob("*"))


def test_its_description_names_ranges_and_the_pythons_it_is_for(names):
    (described,) = (str(name) for name in names if name.name == "METADATA")
    about = BytesParser().parsebytes(zipfile.ZipFile(WHEEL).read(described))
    assert about["Requires-Python"] == ">=3.11"
    assert about["License-Expression"] == "MIT"
    needed = [r for r in about.get_all("Requires-Dist") if "extra" not in r]
    assert {r.partition(">")[0].partition("<")[0].strip() for r in needed} >= {"numpy", "pooch"}
    assert all(">=" in requirement for requirement in needed)
    assert "nbgrader" not in "".join(needed)


def test_it_is_for_machines_older_than_the_one_that_built_it():
    platform = Path(WHEEL).stem.split("-")[-1]
    assert platform.startswith(("manylinux_2_", "macosx_", "win_")), platform
