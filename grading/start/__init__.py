"""Setting up a course: its folder (init.py) and the students in it (roster.py)."""
