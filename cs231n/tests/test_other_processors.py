"""The convolution kernels in C on processors that are not this one, as far as tools are here."""

import shutil
import subprocess
from pathlib import Path

import pytest

KERNELS = Path(__file__).parents[1] / "kernels"
SELFTEST = Path(__file__).with_name("convolution_selftest.c")
PORTABLE = KERNELS / "convolution_portable.c"
RUNS = "54"  # 6 layers, 2 types, 3 products: direct for each, Winograd for 3 layers

pytestmark = pytest.mark.skipif(not PORTABLE.exists(), reason="the C sources are not here")


def run(tmp_path, compiler, *flags, under=()):
    if not shutil.which(compiler) or not all(map(shutil.which, under[:1])):
        pytest.skip(f"{compiler} or {' '.join(under[:1])} is not here")
    program = tmp_path / "selftest"
    warnings = ("-Wall", "-Wextra", "-Werror", "-Wno-unused-function")
    files = ("-I", KERNELS, SELFTEST, PORTABLE, "-o", program, "-lm")
    subprocess.run([compiler, "-std=gnu11", "-O2", *warnings, *flags, *files], check=True)
    done = subprocess.run([*under, program], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout.strip()) == (0, RUNS), done.stdout + done.stderr


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_kernels_in_c_are_right(tmp_path, compiler):
    run(tmp_path, compiler)


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_kernels_without_vectors_are_right_as_other_compilers_build_them(tmp_path, compiler):
    run(tmp_path, compiler, "-DCS231N_SCALAR")


def test_kernels_are_right_on_arm64(tmp_path):
    run(tmp_path, "aarch64-linux-gnu-gcc", "-static", under=("qemu-aarch64",))
