"""Grading a class: submissions go out to workers, and one process writes what comes back.

desk.py            the coordinator: hands out, takes back, writes (autograde.py is its command)
course_folder.py   the course as nbgrader's configuration has it
pool.py            many at a time: worker.py (processes here), cluster.py (a Dask cluster)
results.py         puts results away: notebooks, gradebook, report
record.py          the gradebook, many submissions at a time; gradebook_rows.py: what rows say
tally.py           what an instructor is told at the end
code_hash.py       which checks a result was made with
"""
