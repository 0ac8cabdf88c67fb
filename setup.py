"""Builds the one compiled module. Everything else about the package is in pyproject.toml.

    pip install .                        portable flags: runs on any machine of this kind
    CS231N_NATIVE=1 pip install .        for the machine at hand only (gcc and clang)
    CS231N_NO_EXT=1 pip install .        do not compile: the NumPy version is used

Where compiling fails, the installation says so and goes on without the module. (pip shows such
messages with -v only; importing cs231n.fast_layers says it again.)
"""

import os

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

WITHOUT = "cs231n is installed without its compiled module: convolution runs on NumPy, slower."


def wanted(variable: str) -> bool:
    return os.environ.get(variable, "").lower() not in ("", "0", "no", "false", "off")


class BuildWithFlags(build_ext):
    """build_ext that chooses flags once the compiler is known, and can do without one."""

    def build_extensions(self):
        if self.compiler.compiler_type == "msvc":
            flags = ["/O2"]
        else:
            flags = ["-O3"] + (["-march=native"] if wanted("CS231N_NATIVE") else [])
        for extension in self.extensions:
            extension.extra_compile_args = flags
        super().build_extensions()

    def build_extension(self, extension):
        try:
            super().build_extension(extension)
        except Exception as problem:
            self.warn(f"{WITHOUT} Install a C compiler, then install again. What failed: {problem}")


def extensions() -> list[Extension]:
    if wanted("CS231N_NO_EXT"):
        print(f"{WITHOUT} CS231N_NO_EXT asks for that.")
        return []
    try:
        from Cython.Build import cythonize
    except ImportError:
        print(f"{WITHOUT} Cython is missing: `pip install cython`, then install again.")
        return []
    modules = cythonize(
        [Extension("cs231n.im2col_cython", ["cs231n/im2col_cython.pyx"])], language_level=3
    )
    for module in modules:
        module.optional = True  # said here, because cythonize drops it
    return modules


setup(ext_modules=extensions(), cmdclass={"build_ext": BuildWithFlags})
