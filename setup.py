"""Builds the compiled modules. Everything else about the package is in pyproject.toml.

    pip install .                        runs on any processor of this kind, and uses what it has
    CS231N_NO_EXT=1 pip install .        do not compile: the NumPy version is used

No flag ties the result to the machine at hand: cs231n/kernels holds code for several processors
and chooses when it runs. Where OpenMP is missing, the modules use one thread. Where compiling
fails, the installation says so and goes on without the module. (pip shows such messages with -v
only; importing cs231n.fast_layers says it again.)

For developers: CS231N_SANITIZE=1 builds with AddressSanitizer and UndefinedBehaviorSanitizer.
"""

import os
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

WITHOUT = "cs231n is installed without its compiled modules: convolution runs on NumPy, slower."
KERNELS = "cs231n/kernels"
TARGETS = ("portable", "avx2", "avx512")  # what each kernel is compiled for; see kernels/target.h

# Flags that compile and link OpenMP, the first that works is taken: gcc and clang, clang on macOS
# with libomp installed, Microsoft's compiler.
OPENMP = {
    "unix": [(["-fopenmp"], ["-fopenmp"]), (["-Xpreprocessor", "-fopenmp"], ["-lomp"])],
    "mingw32": [(["-fopenmp"], ["-fopenmp"])],
    "msvc": [(["/openmp"], [])],
}
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]


def wanted(variable: str) -> bool:
    return os.environ.get(variable, "").lower() not in ("", "0", "no", "false", "off")


class BuildWithFlags(build_ext):
    """build_ext that chooses flags once the compiler is known, and can do without one."""

    def build_extensions(self):
        compiler = self.compiler.compiler_type
        # Nobody reads the flags that arithmetic sets, nor errno after a square root. Unlike
        # fast-math this changes no result; it lets comparisons and roots be done in vectors.
        compile_flags = ["-O3", "-fno-trapping-math", "-fno-math-errno"]
        if compiler == "msvc":
            compile_flags = ["/O2"]
        link_flags = []
        if wanted("CS231N_SANITIZE"):
            compile_flags = [
                "-O1",
                "-g",
                "-DCS231N_EMULATE",
                "-fno-omit-frame-pointer",
                *SANITIZERS,
            ]
            link_flags = SANITIZERS
        for to_compile, to_link in OPENMP.get(compiler, []):
            if self.works(to_compile, to_link):
                compile_flags, link_flags = compile_flags + to_compile, link_flags + to_link
                break
        else:
            self.warn("The compiler has no OpenMP: cs231n will use one thread.")
        for extension in self.extensions:
            extension.extra_compile_args = compile_flags
            extension.extra_link_args = link_flags
        if compiler == "unix":
            compile_side_by_side(self.compiler)
            self.parallel = self.parallel or len(self.extensions)
        super().build_extensions()

    def works(self, compile_flags: list[str], link_flags: list[str]) -> bool:
        """Whether a small program that uses OpenMP compiles and links with these flags."""
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "openmp.c")
            source.write_text("#include <omp.h>\nint count(void) { return omp_get_max_threads(); }")
            try:
                objects = self.compiler.compile(
                    [str(source)], output_dir=folder, extra_postargs=compile_flags
                )
                self.compiler.link_shared_object(
                    objects, str(Path(folder, "openmp.out")), extra_postargs=link_flags
                )
            except Exception:  # each compiler has its own
                return False
        return True

    def build_extension(self, extension):
        try:
            super().build_extension(extension)
        except Exception as problem:
            self.warn(f"{WITHOUT} Install a C compiler, then install again. What failed: {problem}")


def compile_side_by_side(compiler) -> None:
    """Make a compiler object compile the sources of a module at the same time, one a processor."""
    one_by_one, processors = compiler.compile, os.cpu_count() or 1
    free = threading.BoundedSemaphore(processors)  # all modules together

    def compile_one(source, *args, **options):
        with free:
            return one_by_one([source], *args, **options)

    def compile_all(sources, *args, **options):
        with ThreadPoolExecutor(processors) as pool:
            running = [pool.submit(compile_one, source, *args, **options) for source in sources]
        return [file for done in running for file in done.result()]

    compiler.compile = compile_all


def extensions() -> list[Extension]:
    if wanted("CS231N_NO_EXT"):
        print(f"{WITHOUT} CS231N_NO_EXT asks for that.")
        return []
    try:
        from Cython.Build import cythonize
    except ImportError:
        print(f"{WITHOUT} Cython is missing: `pip install cython`, then install again.")
        return []
    sources = {"cs231n.im2col_cython": ["cs231n/im2col_cython.pyx"]}
    for name in ("memory", "threads"):
        sources[f"cs231n.kernels.{name}"] = [f"{KERNELS}/{name}.pyx"]
    for name in ("convolution", "pointwise"):
        in_c = [f"{KERNELS}/{name}_{target}.c" for target in TARGETS]
        sources[f"cs231n.kernels.{name}"] = [f"{KERNELS}/{name}.pyx", *in_c]
    headers = sorted(str(path) for path in Path(KERNELS).glob("*.h"))
    modules = cythonize(
        [
            Extension(name, files, include_dirs=[KERNELS], depends=headers)
            for name, files in sources.items()
        ],
        language_level=3,
        build_dir="build/cython",  # what Cython writes stays out of the package
    )
    for module in modules:
        module.optional = True  # said here, because cythonize drops it
    return modules


setup(ext_modules=extensions(), cmdclass={"build_ext": BuildWithFlags})
