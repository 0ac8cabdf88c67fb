#!/usr/bin/env python3
"""Fetch the data sets of the course into this folder: `python -m cs231n.download`, from a clone.

python datasets/get_datasets.py cifar10
python datasets/get_datasets.py synthetic
python datasets/get_datasets.py --help
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))  # so that it works before the package is installed

from cs231n.download import run  # noqa: E402

if __name__ == "__main__":
    run(dest=HERE)
