"""The class report: one page about how a class did in an assignment, for its instructors.

`book.py` reads nbgrader's gradebook (scores, times, who waits), `cards.py` the reports that grading
keeps (checks, mistakes), `numbers.py` works out what the page says, `figures.py` draws, `page.py`
writes the page, `examples.py` shows what a mistake looks like; `command.py` is the command.
"""
