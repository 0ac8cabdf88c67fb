"""The student's side of the course kit: layers, checks, data, pictures.

Importing this package costs nothing: each module is imported where it is used, for
example ``from cs231n import check, data, vis`` in a notebook's first cell.
"""

from cs231n.threads import get_num_threads, set_num_threads

__all__ = ["get_num_threads", "set_num_threads"]
__version__ = "0.1.0"
