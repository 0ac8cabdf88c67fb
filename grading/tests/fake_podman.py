"""Stands in for podman where there is none: runs a session's command right here, in no container.

It insists on the options that keep a stranger's code in, but keeps nothing in itself.
`rm --force NAME` ends the process that `run --name NAME` became.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

HERE = Path(os.environ["FAKE_PODMAN"])  # a folder for home directories and process numbers
SWITCHES = {"--rm", "--interactive", "--read-only"}
WANTED = {
    "--network": "none",
    "--pull": "never",
    "--user": "65534:65534",
    "--cap-drop": "ALL",
    "--security-opt": "no-new-privileges",
    "--log-driver": "none",
}
GIVEN = {"--memory", "--memory-swap", "--pids-limit", "--shm-size", "--stop-signal", "--name"}
GIVEN |= {"--detach-keys", "--workdir", "--hostname", "--tmpfs", "--volume"}


def main() -> None:
    action, *words = sys.argv[1:]
    if action == "run":
        _run(words)
    elif action == "rm":
        os.kill(int((HERE / words[-1]).read_text()), signal.SIGKILL)
    elif action != "image":
        sys.exit(f"Error: unrecognized command {action}")


def _run(words: list[str]) -> None:
    options: dict[str, list[str]] = {}
    switches = set()
    while words[0].startswith("--"):
        word = words.pop(0)
        if word in SWITCHES:
            switches.add(word)
        else:
            options.setdefault(word, []).append(words.pop(0))
    safe = all(options.get(key) == [value] for key, value in WANTED.items())
    if not safe or switches != SWITCHES or options.keys() != GIVEN | WANTED.keys():
        sys.exit(f"Error: these are not the options of a sandbox: {switches} {options}")
    image, *command = words
    if image != "cs231n-grading":
        sys.exit(f"Error: {image}: image not known")
    (HERE / options["--name"][0]).write_text(str(os.getpid()))
    kit, _, what = options["--volume"][0].partition(":")
    if what != "/kit:ro,z":
        sys.exit(f"Error: the kit should be shown read-only, not as {what}")
    _become(command, kit)


def _become(command: list[str], kit: str) -> None:
    """Be the command, with this Python, and with paths that are real here."""
    home = HERE / "home"
    home.mkdir(exist_ok=True)
    *command, config = command
    here = json.loads(config) | {"paths": [f"{kit}/site"], "home": str(home), "isolated": False}
    command = [word.replace("/kit/", f"{kit}/") for word in command]
    command = [sys.executable if word == "python3" else word for word in command]
    os.execvp(command[0], [*command, json.dumps(here)])


if __name__ == "__main__":
    main()
