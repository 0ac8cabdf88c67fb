"""Which Python runs a notebook, and what a student is told when it is the wrong one."""

import sys

from grading.tests.browser.lab import PYTHON, without_demonstrations


def by_vs_code(notebook):
    """The kernel as VS Code names it after an environment; JupyterLab has none of that name."""
    without_demonstrations(notebook)
    notebook.metadata["kernelspec"] = {
        "name": ".venv",
        "display_name": ".venv (3.12.3)",
        "language": "python",
    }


def test_a_kernel_without_the_course_says_what_to_do_and_the_right_one_can_be_chosen(opened):
    nb = opened("2_convolution", by_vs_code, ready=False)
    assert "Select Kernel" in nb.page.locator(".jp-Dialog").inner_text()
    nb.choose_kernel("Another Python")
    shown = nb.run("setup")
    assert "this kernel does not have it" in shown
    assert f"The kernel runs {sys.executable}" in shown
    assert "Traceback" not in shown

    nb.menu("Kernel", "Change Kernel…")
    nb.choose_kernel(PYTHON)
    assert nb.run("setup") == ""


def test_the_environment_s_python_runs_although_the_user_has_a_kernel_of_the_same_name(opened):
    nb = opened("2_convolution", without_demonstrations)
    assert nb.run("setup") == ""
    nb.select("setup")
    nb.keys("b", "Enter")
    nb.page.keyboard.insert_text("print(sys.executable)")
    nb.keys("Escape")
    assert nb.run(nb.with_text("print(sys.executable)")).strip() == sys.executable
