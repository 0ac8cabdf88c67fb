"""Builds the one compiled module. Everything else about the package is in pyproject.toml.

    pip install .                        portable flags: runs on any machine of this kind
    CS231N_NATIVE=1 pip install .        for the machine at hand only (gcc and clang)
    CS231N_NO_EXT=1 pip install .        no compiler: the NumPy version is used

Where compiling fails, the installation goes on without the module.
"""

import os

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext


def wanted(variable: str) -> bool:
    return os.environ.get(variable, "0").lower() not in ("", "0", "no", "false")


class BuildWithFlags(build_ext):
    """build_ext that chooses flags once the compiler is known."""

    def build_extensions(self):
        if self.compiler.compiler_type == "msvc":
            flags = ["/O2"]
        else:
            flags = ["-O3"] + (["-march=native"] if wanted("CS231N_NATIVE") else [])
        for extension in self.extensions:
            extension.extra_compile_args = flags
        super().build_extensions()


def extensions() -> list[Extension]:
    if wanted("CS231N_NO_EXT"):
        return []
    from Cython.Build import cythonize

    module = Extension("cs231n.im2col_cython", ["cs231n/im2col_cython.pyx"], optional=True)
    return cythonize([module], language_level=3)


setup(ext_modules=extensions(), cmdclass={"build_ext": BuildWithFlags})
