"""Grading again after a check was mended, and the history of what grading wrote.

made_from.py          what decides a notebook's results, as one hash each
changed.py            `autograde --changed`: grade what a change touches, show, ask, write
pending.py            results that wait for the answer
compare.py            whose score changes and why, as a table
state.py              what grading wrote for a student: read it, put it back
history.py            every run's states before and after, in one file
writing.py            results put away with their history; what an interruption left is mended
opened.py             an assignment's results and history, held by one process
history_command.py, undo_command.py   the commands
"""
