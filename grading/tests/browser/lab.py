"""JupyterLab as a process and as a page: what a student sees and does, a method each.

What a person types or clicks goes through the keyboard and the mouse. JupyterLab's own objects
(--expose-app-in-browser) are asked for states, such as "this cell has run", so that no test waits
longer than it must, and none less.
"""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat

from grading.settings import ROOT

SECONDS = 60  # after which something that never comes is given up
# What JupyterLab asks a newcomer about (news from the internet) is answered beforehand.
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "docmanager-extension/plugin": {"autosave": False},
}
PYTHON = "Python 3 (ipykernel)"  # what JupyterLab calls its own Python
WITHOUT_COURSE = (
    "import sys; sys.modules['cs231n'] = None; from ipykernel.kernelapp import launch_new_instance;"
    "launch_new_instance()"
)
ASSIGNMENTS = ROOT / "assignments"
PANEL = "const app = window.jupyterapp, panel = app.shell.currentWidget, book = panel.content;"


def without_demonstrations(notebook) -> None:
    """What a test has no need of, it need not wait for."""
    notebook.cells = [c for c in notebook.cells if "demo" not in c.metadata.get("tags", [])]


def only(*ids):
    """A change of a notebook: nothing but these cells."""

    def change(notebook) -> None:
        notebook.cells = [cell for cell in notebook.cells if cell.id in ids]

    return change


class Server:
    """`jupyter lab` on a folder, with nothing of the user's settings. Ends with the block."""

    def __init__(self, home: Path):
        self.home = home
        self.root = home / "work"
        self.root.mkdir()
        self.token = secrets.token_hex(16)
        for name, value in SETTINGS.items():
            path = home / "config/lab/user-settings/@jupyterlab" / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(value))

    def __enter__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._add_kernels()
        names = ("config", "data", "runtime")
        own = {f"JUPYTER_{name.upper()}_DIR": str(self.home / name) for name in names}
        paths = filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])
        own |= {"PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
        own |= {"IPYTHONDIR": str(self.home / "ipython"), "CS231N_COURSE": str(self.home)}
        words = (
            f"lab --no-browser --allow-root --expose-app-in-browser --ip=127.0.0.1 --port={port} "
            f"--ServerApp.port_retries=0 --notebook-dir={self.root}"
        )
        self.log = self.home / "server.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jupyter", *words.split()],
                cwd=self.home,
                env=os.environ | own | {"JUPYTER_TOKEN": self.token},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()  # its kernels go with it
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _add_kernels(self) -> None:
        """Kernels of the user's own, of a Python without the course: one more to choose, and one
        that bears the name of this environment's."""
        for name, title in (("another", "Another Python"), ("python3", "An old Python 3")):
            folder = self.home / "data/kernels" / name
            folder.mkdir(parents=True)
            words = [sys.executable, "-c", WITHOUT_COURSE, "-f", "{connection_file}"]
            spec = {"argv": words, "display_name": title, "language": "python"}
            (folder / "kernel.json").write_text(json.dumps(spec))

    def _wait(self) -> None:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            try:
                self.ask("status")
            except OSError:
                time.sleep(0.1)  # nobody tells when a port is being listened to
            else:
                return
        raise AssertionError(f"JupyterLab did not start:\n{self.log.read_text()[-3000:]}")

    def ask(self, what: str, method: str = "GET"):
        request = urllib.request.Request(
            f"{self.url}/api/{what}",
            headers={"Authorization": f"token {self.token}"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return json.loads(answer.read() or b"null")

    def end_kernels(self) -> None:
        for session in self.ask("sessions"):
            self.ask(f"sessions/{session['id']}", "DELETE")

    def lay_out(self, request, name: str, change=None, language: str = "") -> str:
        """A notebook of the course in a folder named after the test: its path for the server."""
        (path,) = (ASSIGNMENTS / language).glob(f"assignment*/{name}.ipynb")
        notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
        if change:
            change(notebook)
        folder = self.root / request.node.name
        folder.mkdir()
        nbformat.write(notebook, folder / path.name)
        return f"{folder.name}/{path.name}"


class Notebook:
    """A notebook that is open in JupyterLab."""

    def __init__(self, server: Server, page, path: str, ready: bool = True):
        self.server, self.page, self.path = server, page, path
        self.reopen(ready)

    def reopen(self, ready: bool = True) -> None:
        """From the file browser, in a JupyterLab without anything open.

        ready: a kernel is to start without a question
        """
        page, (folder, _, name) = self.page, self.path.rpartition("/")
        page.goto(f"{self.server.url}/lab/tree/{folder}?token={self.server.token}&reset")
        page.locator(f'.jp-DirListing-item:has-text("{name}")').dblclick()
        self.wait_until("panel && panel.context && panel.context.isReady && book.widgets.length")
        if ready:
            self.wait_for_kernel()

    # -- asking JupyterLab

    def js(self, code: str, value=None):
        """The value of a function's body in the page; `panel`, `book` and `app` are there."""
        return self.page.evaluate(f"async value => {{ {PANEL} {code} }}", value)

    def wait_until(self, condition: str, value=None, seconds=SECONDS) -> None:
        code = (
            f"value => {{ {PANEL.replace('panel.content', 'panel?.content')} return {condition} }}"
        )
        code = code.replace("window.jupyterapp,", "window.jupyterapp ?? {shell: {}},")
        self.page.wait_for_function(code, arg=value, timeout=seconds * 1000)

    def wait_for_kernel(self, name: str = PYTHON) -> None:
        """Until the kernel of a name is there, has answered, and has nothing to do."""
        self.wait_until(
            "panel.sessionContext.kernelDisplayName === value && "
            "!panel.sessionContext.isRestarting && "
            "panel.sessionContext.session?.kernel?.connectionStatus === 'connected'",
            name,
        )
        self.js("await panel.sessionContext.ready; await panel.sessionContext.session.kernel.info")
        self.wait_until("panel.sessionContext.session.kernel.status === 'idle'")

    def ids(self) -> list[str]:
        return self.js("return book.widgets.map(cell => cell.model.sharedModel.getId())")

    def source(self, cell: str) -> str:
        return self.js("return book.widgets[value].model.sharedModel.getSource()", self.index(cell))

    def sources(self) -> list[str]:
        return self.js("return book.widgets.map(cell => cell.model.sharedModel.getSource())")

    def with_text(self, text: str) -> str:
        """The one cell in which a text stands: JupyterLab gives some cells other ids."""
        (cell,) = (cell for cell, source in zip(self.ids(), self.sources()) if text in source)
        return cell

    def index(self, cell: str) -> int:
        return self.ids().index(cell)

    def node(self, cell: str):
        """The cell on the page."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(self.index(cell))

    def outputs(self, cell: str) -> str:
        """The text below a cell, whether or not the page is scrolled to it."""
        return self.node(cell).locator(".jp-Cell-outputArea").text_content()

    @property
    def file(self) -> Path:
        """What is saved."""
        return self.server.root / self.path

    # -- what a student does

    def select(self, cell: str) -> None:
        """Command mode, on a cell: a click left of its text."""
        node = self.node(cell)
        node.scroll_into_view_if_needed()
        node.locator(".jp-InputPrompt").first.click()
        self.wait_until(
            "book.activeCellIndex === value && book.mode === 'command' && "
            "book.node.contains(document.activeElement)",
            self.index(cell),
        )

    def keys(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def command(self, name: str, **options) -> None:
        """A command of JupyterLab's menus and keys; comes back when it is done."""
        self.js("await app.commands.execute(value[0], value[1])", [name, options])

    def run(self, cell: str) -> str:
        """What Shift+Enter does on a cell. Returns what is then below it."""
        self.select(cell)
        self.command("notebook:run-cell-and-select-next")
        return self.outputs(cell)

    def run_all(self) -> None:
        self.command("notebook:run-all-cells")

    def edit(self, cell: str) -> None:
        """Edit mode, the cursor at the beginning of the text."""
        self.select(cell)
        self.keys("Enter")
        self.wait_until("book.mode === 'edit' && book.activeCell.editor.hasFocus()")
        self.keys("Control+Home")

    def type(self, cell: str, text: str) -> None:
        """Replaces the text of a cell, as one pastes from an editor."""
        self.edit(cell)
        self.keys("Control+a")
        self.page.keyboard.insert_text(text)
        self.keys("Escape")

    def save(self) -> None:
        self.page.keyboard.press("Control+s")
        self.wait_until("!panel.context.model.dirty")

    def menu(self, *words: str) -> None:
        """Clicks through a menu: menu("File", "Download")."""
        self.page.locator(f'.lm-MenuBar-itemLabel:text-is("{words[0]}")').click()
        for word in words[1:]:
            self.page.locator(f'.lm-Menu-item:has(.lm-Menu-itemLabel:text-is("{word}"))').click()

    def answer(self, button: str) -> None:
        """Presses a button of the dialog that is open."""
        dialog = self.page.locator(".jp-Dialog")
        dialog.locator(f'button:has-text("{button}")').click()
        dialog.wait_for(state="detached")

    def restart(self) -> None:
        self.menu("Kernel", "Restart Kernel…")
        self.answer("Restart")
        self.wait_for_kernel()

    def choose_kernel(self, name: str) -> None:
        """Answers JupyterLab's question for a kernel."""
        self.page.locator(".jp-Dialog select").select_option(label=name)
        self.answer("Select")
        self.wait_for_kernel(name)

    def validate(self) -> str:
        """Presses nbgrader's button. Returns what its dialog says."""
        self.page.locator('.jp-ToolbarButtonComponent-label:text-is("Validate")').click()
        dialog = self.page.locator(".jp-Dialog")
        dialog.wait_for(timeout=SECONDS * 1000)
        return dialog.inner_text()
