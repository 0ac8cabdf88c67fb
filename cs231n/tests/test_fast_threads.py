"""The convolution kernels on several threads, in other processes and on other processors."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import cs231n
from cs231n.fast_layers import conv_backward_fast, conv_forward_fast
from cs231n.tests.convolution_cases import ORDINARY, compiled, results, values

SHAPES_FOR_THREADS = [  # large enough for several threads
    ("direct", (9, 6, 19, 17), (10, 6, 3, 3), ORDINARY),
    ("direct", (1, 3, 70, 70), (13, 3, 5, 5), {"stride": 2, "pad": 2, "rounding": "floor"}),
    ("direct", (8, 33, 24, 24), (40, 33, 1, 1), {"stride": 1, "pad": 0}),
    ("im2col", (9, 6, 19, 17), (10, 6, 3, 3), ORDINARY),
    ("im2col", (130, 12, 5, 4), (50, 12, 5, 4), {"stride": 1, "pad": 0}),
    ("winograd", (5, 18, 19, 17), (21, 18, 3, 3), ORDINARY),
]


@compiled
@pytest.mark.usefixtures("threads_as_before")
@pytest.mark.parametrize(("algorithm", "x_shape", "w_shape", "param"), SHAPES_FOR_THREADS)
def test_the_number_of_threads_does_not_change_a_bit(algorithm, x_shape, w_shape, param):
    found = []
    for threads in (1, 2, 3, 8, 2):
        cs231n.set_num_threads(threads)
        rng = np.random.default_rng(1)
        x, w, b = (rng.standard_normal(s) for s in (x_shape, w_shape, w_shape[:1]))
        out, cache = conv_forward_fast(x, w, b, param, algorithm)
        dout = rng.standard_normal(out.shape)
        found.append((out, *conv_backward_fast(dout, cache, algorithm)))
    for other in found[1:]:
        for one, two in zip(found[0], other):
            np.testing.assert_array_equal(one, two)


@compiled
def test_layers_may_run_in_several_python_threads_at_once():
    arrays = values((4, 8, 20, 20), (16, 8, 3, 3), (4, 16, 20, 20), np.float32)
    expected, found = results(*arrays, ORDINARY, "auto"), [None] * 4

    def work(number):
        found[number] = [results(*arrays, ORDINARY, "auto") for _ in range(5)]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for runs in found:
        for run in runs:
            for got, e in zip(run, expected):
                np.testing.assert_array_equal(got, e)


ON_ANOTHER_PROCESSOR = """
import sys
import numpy as np
from cs231n.kernels.threads import processor
from cs231n.tests import convolution_cases as tests
print(processor())
for algorithm, param, w in (
    ("direct", {"stride": (2, 1), "pad": (1, 2), "groups": 2}, (26, 5, 3, 4)),
    ("im2col", {"stride": 1, "pad": 1}, (26, 10, 3, 3)),
    ("winograd", {"stride": 1, "pad": 1}, (26, 10, 3, 3)),
):
    for dtype in (np.float32, np.float64):
        x = np.random.default_rng(0).standard_normal((2, 10, 21, 18)).astype(dtype)
        b = np.ones(26, dtype)
        weights = np.random.default_rng(1).standard_normal(w).astype(dtype)
        out, _ = tests.conv_forward_fast(x, weights, b, param, algorithm)
        dout = np.random.default_rng(2).standard_normal(out.shape).astype(dtype)
        arrays = x, weights, b, dout
        tests.assert_as_promised(
            algorithm, dtype, tests.results(*arrays, param, algorithm), tests.exact(*arrays, param)
        )
"""


def python(code, **settings):
    root = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": path} | settings,
        capture_output=True,
        text=True,
        timeout=120,
    )


@compiled
@pytest.mark.parametrize("processor", ["portable", "avx2", "avx512"])
def test_code_for_every_processor_gives_the_same_results(processor):
    done = python(ON_ANOTHER_PROCESSOR, CS231N_CPU=processor)
    assert done.returncode == 0, done.stderr
    if done.stdout.strip() != processor:
        pytest.skip(f"this processor runs {done.stdout.strip()} at most")


@compiled
def test_a_forked_process_can_convolve_too():
    if not hasattr(os, "fork"):
        pytest.skip("no fork here")
    done = python(
        "import os, numpy as np, cs231n\n"
        "from cs231n.fast_layers import conv_forward_fast as f\n"
        "cs231n.set_num_threads(2)\n"
        "x, w, b = np.ones((8, 8, 32, 32)), np.ones((8, 8, 3, 3)), np.ones(8)\n"
        "first = f(x, w, b, {'stride': 1, 'pad': 1})[0]\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    same = (f(x, w, b, {'stride': 1, 'pad': 1})[0] == first).all()\n"
        "    os._exit(0 if same and cs231n.get_num_threads() == 1 else 3)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n",
    )
    assert done.stdout.strip() == "0", done.stderr


@compiled
def test_threads_follow_the_environment_threadpoolctl_and_set_num_threads():
    from cs231n.kernels.threads import HAS_OPENMP

    if not HAS_OPENMP:
        pytest.skip("built without OpenMP")
    code = "import cs231n; print(cs231n.get_num_threads())"
    assert python(code, OMP_NUM_THREADS="3").stdout.strip() == "3"
    code = "import cs231n; cs231n.set_num_threads(5); print(cs231n.get_num_threads())"
    assert python(code, OMP_NUM_THREADS="3").stdout.strip() == "5"
    pytest.importorskip("threadpoolctl")
    code = (
        "import cs231n, threadpoolctl, cs231n.fast_layers\n"
        "with threadpoolctl.threadpool_limits(4): print(cs231n.get_num_threads())"
    )
    assert python(code, OMP_NUM_THREADS="3").stdout.strip() == "4"


@compiled
@pytest.mark.parametrize(("settings", "threads"), [({}, 1), ({"OPENBLAS_NUM_THREADS": "2"}, 2)])
def test_blas_does_not_fight_the_layers_for_processors_unless_it_is_told_to(settings, threads):
    code = (
        "import numpy as np, threadpoolctl, cs231n.fast_layers\n"
        "found = [p['num_threads'] for p in threadpoolctl.threadpool_info()"
        " if p['internal_api'] == 'openblas']\n"
        "print(*found)"
    )
    for name in cs231n.threads.BLAS_SETTINGS:
        settings.setdefault(name, "")
    found = python(code, OMP_NUM_THREADS="2", **settings).stdout.split()
    if not found:
        pytest.skip("NumPy has another BLAS here")
    assert found == [str(threads)]


@pytest.mark.parametrize("count", [0, -1, 1.5, "2", None, True, 5000])
def test_a_senseless_number_of_threads_is_refused(count):
    with pytest.raises(ValueError, match="whole number from 1 to 1024"):
        cs231n.set_num_threads(count)
