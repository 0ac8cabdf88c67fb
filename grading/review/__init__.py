"""The formgrader's page of one submission, and what nbgrader's formgrader leaves open.

page.py writes the page on which a person grades; formgrader.py puts it in place of nbgrader's.
"""
