"""Runs the catalogue in a notebook's shell; prints what is shown, as JSON.

    python -m cs231n.tests.first_lines.shell

Prints {what the student did: text that the last cell shows}.
"""

import json
import os
import sys
from unittest import mock

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

from cs231n.tests.first_lines import ROWS

SET_UP = """
import numpy as np
from cs231n import check
from cs231n.fast_pointwise import relu_forward_fast as right_relu
from cs231n.plain_layers import affine_forward as right_affine
"""


def main() -> int:
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    shell = InteractiveShell.instance(config=config)
    shown = {did: what_is_shown(shell, cells) for row in ROWS for did, cells in row.tries.items()}
    print(json.dumps(shown))
    return 0


def what_is_shown(shell: InteractiveShell, cells: tuple[str, ...]) -> str:
    """The text that the last of these cells shows, in a notebook of its own."""
    shell.reset(new_session=False)
    limit = os.environ.pop("CS231N_CHECK_SECONDS", None)
    try:
        for source in (SET_UP, *cells):
            with capture_output() as said:
                shell.run_cell(source, store_history=True)
    finally:
        mock.patch.stopall()
        os.environ.pop("CS231N_CHECK_SECONDS", None)
        if limit is not None:
            os.environ["CS231N_CHECK_SECONDS"] = limit
    displayed = [output.data["text/plain"] for output in said.outputs]
    return "\n".join(filter(None, [said.stdout, said.stderr, *displayed]))


if __name__ == "__main__":
    sys.exit(main())
