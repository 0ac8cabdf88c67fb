"""What happens to notebooks on their way from a student to the grader.

Each function takes the files of a submission (name -> content) and gives them back as they arrive.
"""

from __future__ import annotations

import json

Files = dict[str, bytes]


def nothing(files: Files) -> Files:
    """The files arrive as they were saved."""
    return files


def check_cell_deleted(files: Files) -> Files:
    """The check of the hardest exercise was deleted."""

    def delete(notebook: dict) -> None:
        (doomed,) = (c for c in notebook["cells"] if _calls_check(c, "conv_backward_naive"))
        notebook["cells"].remove(doomed)

    return _change(files, "2_convolution.ipynb", delete)


def cells_copied(files: Files) -> Files:
    """A solution cell and a check cell were copied, metadata and all, and left standing twice."""

    def copy(notebook: dict) -> None:
        for wanted in (_defines_max_pool, lambda c: _calls_check(c, "avg_pool_forward")):
            (cell,) = (c for c in notebook["cells"] if wanted(c))
            twin = json.loads(json.dumps(cell)) | {"id": f"{cell['id']}-copy"}
            notebook["cells"].insert(notebook["cells"].index(cell) + 1, twin)

    return _change(files, "3_pooling.ipynb", copy)


def colab(files: Files) -> Files:
    """Saved by Google Colab: other ids, no nbgrader metadata, its own name for the copy."""

    def strip(notebook: dict) -> None:
        notebook["nbformat_minor"] = 0
        notebook["metadata"] = {
            "colab": {"provenance": []},
            "kernelspec": {"name": "python3", "display_name": "Python 3"},
            "language_info": {"name": "python"},
        }
        for number, cell in enumerate(notebook["cells"]):
            cell.pop("id", None)
            cell["metadata"] = {"id": f"Xr7{number:09d}"}

    changed = {name: _rewritten(content, strip) for name, content in files.items()}
    return {f"Copy of {name}": content for name, content in changed.items()}


def vscode(files: Files) -> Files:
    """Saved by VS Code: cells without metadata, a kernel named after the environment."""

    def strip(notebook: dict) -> None:
        notebook["metadata"] = {
            "kernelspec": {
                "name": "cs231n",
                "display_name": ".venv (3.12.3)",
                "language": "python",
            },
            "language_info": {"name": "python", "version": "3.12.3"},
        }
        for number, cell in enumerate(notebook["cells"]):
            cell["id"] = f"{number:08x}"
            cell["metadata"] = {"vscode": {"languageId": "python"}} if number % 7 == 3 else {}

    return {name: _rewritten(content, strip) for name, content in files.items()}


def cut_off(files: Files) -> Files:
    """The upload of one file broke off half-way."""
    content = files["2_convolution.ipynb"]
    return files | {"2_convolution.ipynb": content[: len(content) // 2]}


def one_missing(files: Files) -> Files:
    """One notebook was forgotten."""
    return {name: content for name, content in files.items() if name != "3_pooling.ipynb"}


def _calls_check(cell: dict, exercise: str) -> bool:
    return f"check.{exercise}(" in "".join(cell["source"])


def _defines_max_pool(cell: dict) -> bool:
    return "def max_pool_forward_naive(" in "".join(cell["source"])


def _change(files: Files, name: str, change) -> Files:
    return files | {name: _rewritten(files[name], change)}


def _rewritten(content: bytes, change) -> bytes:
    notebook = json.loads(content)
    change(notebook)
    return json.dumps(notebook, indent=1).encode()
