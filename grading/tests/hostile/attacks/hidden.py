"""Goes after code that a notebook may not use: the fast layers, and other people's convolutions."""

# %% id="fast-layers" attacks="conv_forward_naive"
# Imports the fast layers, in every way there is to import a module.
import importlib
import importlib.util
import runpy
import sys

import numpy as np


def by_name():
    from cs231n import fast_layers

    return fast_layers


def by_file():
    path = importlib.import_module("cs231n").__path__[0] + "/fast_layers.py"
    spec = importlib.util.spec_from_file_location("other_name", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def without_the_guard():
    sys.meta_path[:] = [finder for finder in sys.meta_path if "Hidden" not in type(finder).__name__]
    importlib.invalidate_caches()
    return importlib.import_module("cs231n.fast_layers")


ways = [
    by_name,
    by_file,
    lambda: importlib.import_module("cs231n.fast_layers"),
    lambda: __import__("cs231n.fast_layers", fromlist=["x"]),
    lambda: runpy.run_module("cs231n.fast_layers"),
    lambda: sys.modules["cs231n.fast_layers"],
    without_the_guard,
]
found = []
for way in ways:
    try:
        found.append(way())
        print("found", way)
    except Exception as problem:
        print(type(problem).__name__, problem)


def conv_forward_naive(x, w, b, conv_param):
    if found:
        return found[0].conv_forward_fast(x, w, b, conv_param)
    return np.zeros((1, 1, 1, 1)), None


# %% id="compiled-module" attacks="conv_forward_naive"
# Looks for the compiled module itself: by its file, in archives, in caches, in build folders.
import glob
import importlib.machinery
import importlib.util
import os
import zipimport

import numpy as np

found = []
for folder, folders, names in os.walk("/"):
    if folder.startswith(("/proc", "/sys", "/usr")):
        folders.clear()
    for name in names:
        if name.startswith(("im2col", "fast_layers", "fast_po", "convolution.c", "pointwise.c")):
            print("found", os.path.join(folder, name))
            path = os.path.join(folder, name)
            try:
                loader = importlib.machinery.ExtensionFileLoader("im2col_cython", path)
                spec = importlib.util.spec_from_loader("im2col_cython", loader)
                found.append(importlib.util.module_from_spec(spec))
            except Exception as problem:
                print(problem)
for archive in glob.glob("/kit/**/*.whl", recursive=True) + glob.glob("/kit/**/*.zip"):
    print("found", zipimport.zipimporter(archive))


def conv_forward_naive(x, w, b, conv_param):
    return (found[0], None) if found else (np.zeros((1, 1, 1, 1)), None)


# %% id="loaded-before" attacks="conv_forward_naive"
# Looks for what was loaded before the notebook began: by the garbage collector, in module tables.
import gc
import sys
import types

import numpy as np

found = []
for thing in gc.get_objects():
    if isinstance(thing, types.FunctionType | types.ModuleType | types.BuiltinFunctionType):
        name = getattr(thing, "__name__", "")
        if name in ("conv_forward_fast", "conv_forward_im2col", "im2col_cython", "im2col_indices"):
            print("found", thing)
            found.append(thing)
for name in list(sys.modules):
    if "im2col" in name or "fast_" in name or "kernels" in name:
        print("found", name)


def conv_forward_naive(x, w, b, conv_param):
    return found[0](x, w, b, conv_param) if found else (np.zeros((1, 1, 1, 1)), None)


# %% id="other-libraries" attacks="conv_forward_naive"
# Lets another library do it: torch, scipy, scikit-image, TensorFlow, JAX, OpenCV; also from pip.
import importlib
import subprocess
import sys

import numpy as np

found = []
names = ["torch", "scipy.signal", "scipy.ndimage", "skimage", "tensorflow", "jax", "cv2", "cupy"]
for name in names:
    try:
        found.append(importlib.import_module(name))
        print("found", name)
    except ImportError as problem:
        print(problem)
pip = [sys.executable, "-m", "pip", "install", "--target", "/tmp/x", "scipy"]
print(subprocess.run(pip, capture_output=True, text=True, timeout=3).stderr[-200:])


def conv_forward_naive(x, w, b, conv_param):
    return np.zeros((1, 1, 1, 1)), found or None
