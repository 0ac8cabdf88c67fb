"""Running cells as JupyterLab would: magics, display, inline figures, tracebacks.

Outputs are collected as notebook outputs (plain dictionaries). They are shown to people and are
never taken for a score.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

CUT = "\n… the rest of what this cell printed was left out\n"


class Outputs:
    """The outputs of one cell, in order, up to a number of characters and of bytes."""

    def __init__(self, printed: int, size: int):
        self.items: list[dict] = []
        self._printed, self._size = printed, size
        self._named: dict[str, dict] = {}  # display_id -> output, to be updated later
        self._clear_next = False
        self.cut = False

    def stream(self, name: str, text: str) -> None:
        if self._printed <= 0 or not text:
            self.cut |= bool(text)
            return
        kept, self._printed = text[: self._printed], self._printed - len(text)
        self.cut |= len(kept) < len(text)
        self._begin()
        last = self.items[-1] if self.items else {}
        if last.get("output_type") == "stream" and last["name"] == name:
            last["text"] += kept
        else:
            self.items.append({"output_type": "stream", "name": name, "text": kept})

    def show(self, data: dict, name: str | None = None, update: bool = False, count=None) -> None:
        """A display, or (with a count) the value of the cell's last expression."""
        data = {str(k): v if isinstance(v, str) else _as_text(v) for k, v in data.items()}
        self._size -= sum(map(len, data.values()))
        if self._size < 0:
            data = {"text/plain": "(left out: this cell has shown too much already)"}
        output = {"output_type": "display_data", "data": data, "metadata": {}}
        if count is not None:
            output |= {"output_type": "execute_result", "execution_count": count}
        if update:
            if name in self._named:
                self._named[name]["data"] = data
            return
        self._begin()
        if len(self.items) < 1000:
            self.items.append(output)
        if name:
            self._named[name] = output

    def error(self, name: str, message: str, lines: list[str]) -> None:
        self._begin()
        lines = [line[:5000] for line in lines[:100]]
        self.items.append(
            {"output_type": "error", "ename": name, "evalue": message[:5000], "traceback": lines}
        )

    def clear(self, wait: bool = False) -> None:
        if wait:
            self._clear_next = True
        else:
            self.items.clear()

    def _begin(self) -> None:
        if self._clear_next:
            self._clear_next = False
            self.items.clear()


def _as_text(value) -> str:
    if isinstance(value, bytes):
        import base64

        return base64.b64encode(value).decode()
    return str(value)


class _Stream(io.TextIOBase):
    """sys.stdout or sys.stderr of a cell."""

    def __init__(self, name: str, shell: GradingShell):
        self._name, self._shell = name, shell

    encoding = "utf-8"

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._shell.outputs.stream(self._name, str(text))
        return len(text)


class _Publisher(DisplayPublisher):
    def publish(self, data, metadata=None, *, transient=None, update=False, **options):
        name = (transient or {}).get("display_id")
        self.shell.outputs.show(data, name, update)

    def clear_output(self, wait=False):
        self.shell.outputs.clear(wait)


class _Hook(DisplayHook):
    def write_output_prompt(self):
        pass

    def write_format_data(self, format_dict, md_dict=None):
        self.shell.outputs.show(format_dict, count=self.shell.execution_count)

    def finish_displayhook(self):
        pass


class GradingShell(InteractiveShell):
    """IPython without a terminal: what a cell shows is collected in `outputs`."""

    display_pub_class = Type(_Publisher)
    displayhook_class = Type(_Hook)

    def __init__(self, *args, **kwargs):
        self.outputs = Outputs(0, 0)
        super().__init__(*args, **kwargs)

    def system(self, command):
        """``!command``: what it prints becomes output of the cell."""
        done = subprocess.run(
            self.var_expand(command, depth=1),
            shell=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        print(done.stdout.decode(errors="replace"), end="")
        self.user_ns["_exit_code"] = done.returncode

    system_piped = system_raw = system

    def enable_gui(self, gui=None):
        pass

    def ask_exit(self):
        print("exit() was passed over while grading.")

    def _showtraceback(self, etype, evalue, stb):
        self.outputs.error(etype.__name__, str(evalue), [str(line) for line in stb])


def make_shell() -> GradingShell:
    """The shell of this process, with figures inline and no history on disk."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    shell = GradingShell.instance(config=config)
    import matplotlib_inline.backend_inline  # noqa: F401  (loaded before any student's code)

    shell.run_line_magic("matplotlib", "inline")
    return shell


def run_cell(shell: GradingShell, source: str, printed: int, size: int) -> list[dict]:
    """Run one cell. Returns its outputs; a cell that stopped has an error as its last."""
    shell.outputs = Outputs(printed, size)
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _Stream("stdout", shell), _Stream("stderr", shell)
    try:
        shell.run_cell(source, store_history=True)
    finally:
        sys.stdout, sys.stderr = before
    outputs = shell.outputs
    if outputs.cut:
        outputs.items.append({"output_type": "stream", "name": "stdout", "text": CUT})
    return outputs.items


def quiet() -> None:
    """Point the process's own streams nowhere: what is meant for people goes through the shell."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nowhere, fd)
    if nowhere > 2:
        os.close(nowhere)
