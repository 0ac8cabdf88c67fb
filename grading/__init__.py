"""The instructor's side of the course kit: sources, solutions, hidden checks, grading.

Nothing in this folder ships to students. ``python -m grading --help`` lists the commands.
"""
