"""The compiled kernels under cs231n.fast_layers. Start with README.md beside this file."""

import os


def _in_forked_child() -> None:
    from cs231n.kernels.threads import set_num_threads

    # OpenMP's helper threads do not survive a fork, and GNU's OpenMP would wait for them forever.
    set_num_threads(1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_forked_child)
