"""The error that is meant for a person."""


class GradingError(Exception):
    """Something the instructor can put right. The message says what, where, and what to try.

    Every command prints the message without a traceback and ends with exit code 2.
    """
