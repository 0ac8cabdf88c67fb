"""Notebooks as they were handed out: kept, compared, and found again behind a submission.

`publish` puts each release into the course's folder (store.py). Grading asks which one a submission
was made from (origin.py), repairs it by that one, and then brings the course's own cells in it up
to date (forward.py): checks, points and texts are always today's.
"""
