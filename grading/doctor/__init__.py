"""``python -m grading doctor``: is all here that grading needs, and how is the rest mended?"""
