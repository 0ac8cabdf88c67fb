"""Collecting submissions: from a platform's archive, a folder or an exchange into `submitted/`.

A source's files (`entries.py`, `archives.py`) are put together into attempts as whoever named them
does it (`source.py`, `platforms.py`, `lms.py`); the roster says whose each is (`roster.py`); one of
a student's attempts counts (`choose.py`); its files get the names that the course knows
(`contents.py`) and are put in place, whole or not at all (`place.py`). `collecting.py` goes through
a class, `report.py` tells, and `command.py` is the command.
"""
