"""Checks of what is installed: required packages, Jupyter's kernel, nbgrader's parts."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

from grading.doctor.finding import Finding, fine, missing, note
from grading.settings import ROOT

NAME = "cs231n-kit"
PIP = f"{shlex.quote(sys.executable)} -m pip install"
SERVER_PARTS = ("formgrader", "validate_assignment", "assignment_list", "course_list")
NEEDED_PARTS = ("formgrader", "validate_assignment")
SECONDS = 20  # for a program to say who it is


def requirements(course: Path) -> Finding:
    """Every package that grading needs is there, in the range of pyproject.toml."""
    wanted = needed(ROOT / "pyproject.toml", ["grading"])
    wrong = [word for requirement in wanted if (word := _wrong(requirement))]
    if not wrong:
        return fine(f"all {len(wanted)} packages, in their ranges")
    return missing("; ".join(wrong), f'cd {shlex.quote(str(ROOT))} && {PIP} -e ".[grading]"')


def needed(pyproject: Path, extras: list[str]) -> list:
    """The requirements of the package and some of its extras that hold on this machine."""
    from packaging.requirements import Requirement

    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    lines, todo, done = list(project["dependencies"]), list(extras), set()
    while todo:
        extra = todo.pop()
        done.add(extra)
        for line in project["optional-dependencies"][extra]:
            requirement = Requirement(line)
            if requirement.name == project["name"]:
                todo += requirement.extras - done
            else:
                lines.append(line)
    found = map(Requirement, lines)
    return [one for one in found if one.marker is None or one.marker.evaluate()]


def _wrong(requirement) -> str | None:
    try:
        version = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return f"{requirement.name} is not installed"
    if requirement.specifier.contains(version, prereleases=True):
        return None
    return f"{requirement.name} is {version}; {requirement.specifier} is needed"


def cluster(course: Path) -> Finding:
    """Whether grading on a cluster is possible."""
    wrong = [word for one in needed(ROOT / "pyproject.toml", ["cluster"]) if (word := _wrong(one))]
    if wrong:
        return note("not installed; one machine is enough for most", f'{PIP} -e ".[cluster]"')
    return fine("Dask is installed")


def kernel(course: Path) -> Finding:
    """Notebooks open with the kernel `python3`, and that is this Python."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    mend = f"{shlex.quote(sys.executable)} -m ipykernel install --sys-prefix --name python3"
    try:
        spec = KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:
        return missing("there is no kernel python3", mend)
    program = spec.argv[0] if spec.argv else ""
    own = {"python", "python3", "python{}.{}".format(*sys.version_info)}
    program = sys.executable if program in own else program  # as jupyter_client does
    code = "import sys, ipykernel; print(sys.prefix)"
    try:
        done = subprocess.run(
            [program, "-c", code], capture_output=True, text=True, timeout=SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        return missing(f"{spec.resource_dir} starts {program!r}: {problem}", mend)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]
        return missing(f"{spec.resource_dir} starts {program}, which failed: {said}", mend)
    prefix = done.stdout.strip()
    if Path(prefix).resolve() != Path(sys.prefix).resolve():
        return missing(f"{spec.resource_dir} starts the Python of {prefix}, another one", mend)
    return fine(f"{spec.resource_dir}")


def server_extensions(course: Path) -> Finding:
    """nbgrader's parts of the Jupyter server are switched on (the formgrader)."""
    from jupyter_core.paths import jupyter_config_path
    from jupyter_server.extension.config import ExtensionConfigManager

    on = {}
    for folder in reversed(jupyter_config_path()):  # what comes first counts most
        on |= ExtensionConfigManager(read_config_path=[folder]).get_jpserver_extensions()
    names = {part: f"nbgrader.server_extensions.{part}" for part in SERVER_PARTS}
    off = [part for part, name in names.items() if not on.get(name)]
    mend = (
        f"{shlex.quote(sys.executable)} -m jupyter server extension enable --sys-prefix --py "
        "nbgrader"
    )
    if set(off) & set(NEEDED_PARTS):
        return missing(f"switched off: {', '.join(off)}", mend)
    return note(f"switched off: {', '.join(off)}", mend) if off else fine(", ".join(SERVER_PARTS))


def lab_extension(course: Path) -> Finding:
    """nbgrader's part of JupyterLab is there, and not disabled."""
    from jupyter_core.paths import jupyter_path

    name = "@jupyter/nbgrader"
    found = [Path(p, name) for p in jupyter_path("labextensions") if Path(p, name).is_dir()]
    if not found:
        return missing(f"JupyterLab has no {name}", f'{PIP} --force-reinstall --no-deps "nbgrader"')
    off = sorted({key for key in _disabled_in_lab() if key.partition(":")[0] == name})
    if off:
        mend = f"{shlex.quote(sys.executable)} -m jupyter labextension enable {shlex.quote(off[0])}"
        return missing(f"disabled: {', '.join(off)}", mend)
    version = json.loads((found[0] / "package.json").read_text(encoding="utf-8")).get("version")
    return fine(f"{name} {version}")


def _disabled_in_lab() -> set[str]:
    from jupyter_core.paths import ENV_JUPYTER_PATH, jupyter_path
    from jupyterlab_server.config import get_page_config

    app = Path(ENV_JUPYTER_PATH[0], "lab", "settings")
    page = get_page_config(jupyter_path("labextensions"), app_settings_dir=str(app))
    disabled = page.get("disabledExtensions", {})
    return {key for key in disabled if not isinstance(disabled, dict) or disabled[key]}


def alembic(course: Path) -> Finding:
    """nbgrader calls `alembic` by name: it is found, and this environment's."""
    mend = f'{PIP} --force-reinstall "alembic"'
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    program = shutil.which("alembic", path=path)
    if program is None:
        return missing("not found: nbgrader cannot make a gradebook", mend)
    try:
        done = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        return missing(f"{program} cannot be run: {problem}", mend)
    if done.returncode:
        return missing(f"{program} fails: {done.stderr.strip().splitlines()[-1:]}", mend)
    return fine(f"{program}, {done.stdout.strip()}")
