"""The layers that touch each value a few times: pooling, batch normalisation, ReLU, optimisers.

The loops are C, in the headers named after the layers (pointwise.h lists them). Here arrays are
checked, so that no call can reach beyond them, and tasks are given to threads. cs231n.fast_pooling,
cs231n.fast_pointwise and cs231n.fast_optim are what a user calls.
"""

from cython.parallel cimport prange, threadid

import numpy as np

cdef extern from "pointwise.h":
    enum:
        CS231N_BLOCK
        CS231N_COLUMNS

    int cs231n_threads() nogil

    ctypedef struct pool_plan:
        Py_ssize_t H, W, HH, WW, sh, sw, ph, pw, H_out, W_out
        int winner_bytes, l2

    ctypedef struct batchnorm_plan:
        Py_ssize_t N, C, S, columns
        int constant
        double eps
        const double *gamma
        const double *beta
        double *mean
        double *var
        double *dgamma
        double *dbeta

    ctypedef struct pointwise_kernels:
        void (*max_forward)(const pool_plan *, const void *, void *, void *, Py_ssize_t) nogil
        void (*max_backward)(const pool_plan *, const void *, const void *, void *,
                             Py_ssize_t) nogil
        void (*sum_forward)(const pool_plan *, const void *, void *, double *, Py_ssize_t) nogil
        void (*sum_backward)(const pool_plan *, const void *, const void *, const void *, void *,
                             double *, Py_ssize_t) nogil
        void (*batchnorm_forward)(const batchnorm_plan *, const void *, void *, Py_ssize_t) nogil
        void (*batchnorm_backward)(const batchnorm_plan *, const void *, const void *, void *,
                                   Py_ssize_t) nogil
        void (*relu_forward)(const void *, void *, unsigned char *, Py_ssize_t, Py_ssize_t) nogil
        void (*relu_backward)(const void *, const unsigned char *, void *, Py_ssize_t,
                              Py_ssize_t) nogil
        void (*step[4])(const double *, void *, const void *, void *, void *, Py_ssize_t,
                        Py_ssize_t) nogil

    const pointwise_kernels *cs231n_pointwise(int is_double) nogil
    void cs231n_plan_pool(pool_plan *) nogil

ctypedef fused real:
    float
    double

cdef Py_ssize_t SMALL = 32768  # values that are done before a second thread has started
cdef Py_ssize_t APART = 16  # doubles between two threads' scratch: no line of the cache in common

STEPS = {"sgd": (0, 1, 0), "sgd_momentum": (1, 2, 1), "rmsprop": (2, 4, 1), "adam": (3, 8, 2)}


cdef int threads_for(Py_ssize_t tasks, Py_ssize_t values) noexcept:
    cdef Py_ssize_t wanted = cs231n_threads()
    return 1 if values < SMALL else max(1, min(wanted, tasks))


cdef int must(bint condition, str what) except -1:
    if not condition:
        raise ValueError(f"{what} does not fit the other arguments.")
    return 0


cdef int fill(pool_plan *p, Py_ssize_t planes, Py_ssize_t H, Py_ssize_t W, Py_ssize_t H_out,
              Py_ssize_t W_out, tuple sizes) except -1:
    """The plan for these sizes: (HH, WW, vertical and horizontal stride, pad likewise)."""
    cdef Py_ssize_t largest = 2**31 - 1
    p.H, p.W, p.H_out, p.W_out = H, W, H_out, W_out
    p.HH, p.WW, p.sh, p.sw, p.ph, p.pw = sizes
    must(planes > 0 and min(H, W, H_out, W_out) > 0, "An empty array")
    must(min(p.HH, p.WW, p.sh, p.sw) > 0 and min(p.ph, p.pw) >= 0, "A size")
    must(max(H, W, H_out, W_out, p.HH, p.WW, p.sh, p.sw) <= largest, "A size")
    must(p.ph < p.HH and p.pw < p.WW, "The pad")
    must((H_out - 1) * p.sh - p.ph < H and (W_out - 1) * p.sw - p.pw < W, "The shape of out")
    cs231n_plan_pool(p)
    return 0


def max_pool_forward(const real[:, :, ::1] x, real[:, :, ::1] out, unsigned char[::1] winner,
                     tuple sizes):
    """Fill out and winner, the bytes of an index a window, from x; all by planes."""
    cdef pool_plan p
    cdef Py_ssize_t t, planes = x.shape[0]
    fill(&p, planes, x.shape[1], x.shape[2], out.shape[1], out.shape[2], sizes)
    must(out.shape[0] == planes, "out")
    must(winner.shape[0] == planes * p.H_out * p.W_out * p.winner_bytes, "winner")
    cdef const pointwise_kernels *kernels = cs231n_pointwise(sizeof(real) == 8)
    cdef const void *x_ = &x[0, 0, 0]
    cdef void *out_ = &out[0, 0, 0]
    cdef void *winner_ = &winner[0]
    cdef int threads = threads_for(planes, planes * p.H * p.W)
    for t in prange(planes, nogil=True, schedule="static", num_threads=threads):
        kernels.max_forward(&p, x_, out_, winner_, t)


def max_pool_backward(const real[:, :, ::1] dout, const unsigned char[::1] winner,
                      real[:, :, ::1] dx, tuple sizes):
    """Fill dx."""
    cdef pool_plan p
    cdef Py_ssize_t t, planes = dx.shape[0]
    fill(&p, planes, dx.shape[1], dx.shape[2], dout.shape[1], dout.shape[2], sizes)
    must(dout.shape[0] == planes, "dout")
    must(winner.shape[0] == planes * p.H_out * p.W_out * p.winner_bytes, "winner")
    cdef const pointwise_kernels *kernels = cs231n_pointwise(sizeof(real) == 8)
    cdef const void *dout_ = &dout[0, 0, 0]
    cdef const void *winner_ = &winner[0]
    cdef void *dx_ = &dx[0, 0, 0]
    cdef int threads = threads_for(planes, planes * p.H * p.W)
    for t in prange(planes, nogil=True, schedule="static", num_threads=threads):
        kernels.max_backward(&p, dout_, winner_, dx_, t)


def sum_pool_forward(const real[:, :, ::1] x, real[:, :, ::1] out, tuple sizes, bint l2):
    """Fill out with averages, or with roots of the sums of squares."""
    cdef pool_plan p
    cdef Py_ssize_t t, planes = x.shape[0]
    fill(&p, planes, x.shape[1], x.shape[2], out.shape[1], out.shape[2], sizes)
    must(out.shape[0] == planes, "out")
    p.l2 = l2
    cdef const pointwise_kernels *kernels = cs231n_pointwise(sizeof(real) == 8)
    cdef const void *x_ = &x[0, 0, 0]
    cdef void *out_ = &out[0, 0, 0]
    cdef int threads = threads_for(planes, planes * p.H * p.W)
    cdef Py_ssize_t width = p.W + p.W_out + APART
    cdef double[::1] scratch = np.empty(threads * width)
    cdef double *scratch_ = &scratch[0]
    for t in prange(planes, nogil=True, schedule="static", num_threads=threads):
        kernels.sum_forward(&p, x_, out_, scratch_ + threadid() * width, t)


def sum_pool_backward(const real[:, :, ::1] dout, real[:, :, ::1] dx, tuple sizes, bint l2,
                      const real[:, :, ::1] x=None, const real[:, :, ::1] out=None):
    """Fill dx. L2 pooling needs x and out too."""
    cdef pool_plan p
    cdef Py_ssize_t t, planes = dx.shape[0]
    fill(&p, planes, dx.shape[1], dx.shape[2], dout.shape[1], dout.shape[2], sizes)
    must(dout.shape[0] == planes, "dout")
    cdef const void *x_ = NULL
    cdef const void *out_ = NULL
    if l2:
        must(x is not None and x.shape[0] == planes and x.shape[1] == p.H and x.shape[2] == p.W,
             "x")
        must(out is not None and out.shape[0] == planes and out.shape[1] == p.H_out
             and out.shape[2] == p.W_out, "out")
        x_, out_ = &x[0, 0, 0], &out[0, 0, 0]
    p.l2 = l2
    cdef const pointwise_kernels *kernels = cs231n_pointwise(sizeof(real) == 8)
    cdef const void *dout_ = &dout[0, 0, 0]
    cdef void *dx_ = &dx[0, 0, 0]
    cdef int threads = threads_for(planes, planes * p.H * p.W)
    cdef Py_ssize_t width = p.W + p.W_out + APART
    cdef double[::1] scratch = np.empty(threads * width)
    cdef double *scratch_ = &scratch[0]
    for t in prange(planes, nogil=True, schedule="static", num_threads=threads):
        kernels.sum_backward(&p, x_, out_, dout_, dx_, scratch_ + threadid() * width, t)


cdef Py_ssize_t batchnorm_tasks(batchnorm_plan *p) noexcept:
    """Share the channels out; where S is 1, in as few stretches as the threads allow."""
    if p.S > 1:
        return p.C
    cdef Py_ssize_t each = -(-p.C // max(1, cs231n_threads()))
    p.columns = min(CS231N_COLUMNS, -(-each // 16) * 16)  # 16: two threads, no line of the cache
    return -(-p.C // p.columns)


def batchnorm_forward(const real[:, :, ::1] x, real[:, :, ::1] out, const double[::1] gamma,
                      const double[::1] beta, double[::1] mean, double[::1] var, double eps,
                      bint constant):
    """Fill out from x (N, C, S); mean and var too, unless constant says that they are given."""
    cdef batchnorm_plan p
    cdef Py_ssize_t t, N = x.shape[0], C = x.shape[1], S = x.shape[2]
    must(min(N, C, S) > 0, "An empty array")
    must(out.shape[0] == N and out.shape[1] == C and out.shape[2] == S, "out")
    must(gamma.shape[0] == C and beta.shape[0] == C, "gamma or beta")
    must(mean.shape[0] == C and var.shape[0] == C, "mean or var")
    p.N, p.C, p.S, p.eps, p.constant = N, C, S, eps, constant
    p.gamma, p.beta, p.mean, p.var = &gamma[0], &beta[0], &mean[0], &var[0]
    p.dgamma = p.dbeta = NULL
    cdef const pointwise_kernels *kernels = cs231n_pointwise(sizeof(real) == 8)
    cdef const void *x_ = &x[0, 0, 0]
    cdef void *out_ = &out[0, 0, 0]
    cdef Py_ssize_t tasks = batchnorm_tasks(&p)
    cdef int threads = threads_for(tasks, N * C * S)
    for t in prange(tasks, nogil=True, schedule="static", num_threads=threads):
        kernels.batchnorm_forward(&p, x_, out_, t)


def batchnorm_backward(const real[:, :, ::1] x, const real[:, :, ::1] dout, real[:, :, ::1] dx,
                       const double[::1] gamma, double[::1] mean, double[::1] var,
                       double[::1] dgamma, double[::1] dbeta, double eps, bint constant):
    """Fill dx, dgamma and dbeta."""
    cdef batchnorm_plan p
    cdef Py_ssize_t t, N = x.shape[0], C = x.shape[1], S = x.shape[2]
    must(min(N, C, S) > 0, "An empty array")
    must(dout.shape[0] == N and dout.shape[1] == C and dout.shape[2] == S, "dout")
    must(dx.shape[0] == N and dx.shape[1] == C and dx.shape[2] == S, "dx")
    must(gamma.shape[0] == C and mean.shape[0] == C and var.shape[0] == C, "gamma, mean or var")
    must(dgamma.shape[0] == C and dbeta.shape[0] == C, "dgamma or dbeta")
    p.N, p.C, p.S, p.eps, p.constant = N, C, S, eps, constant
    p.gamma, p.beta, p.mean, p.var = &gamma[0], NULL, &mean[0], &var[0]
    p.dgamma, p.dbeta = &dgamma[0], &dbeta[0]
    cdef const pointwise_kernels *kernels = cs231n_pointwise(sizeof(real) == 8)
    cdef const void *x_ = &x[0, 0, 0]
    cdef const void *dout_ = &dout[0, 0, 0]
    cdef void *dx_ = &dx[0, 0, 0]
    cdef Py_ssize_t tasks = batchnorm_tasks(&p)
    cdef int threads = threads_for(tasks, N * C * S)
    for t in prange(tasks, nogil=True, schedule="static", num_threads=threads):
        kernels.batchnorm_backward(&p, x_, dout_, dx_, t)


def relu_forward(const real[::1] x, real[::1] out, unsigned char[::1] positive):
    """Fill out with max(x, 0), and positive with 1 where x > 0."""
    cdef Py_ssize_t t, size = x.shape[0], tasks = (size + CS231N_BLOCK - 1) // CS231N_BLOCK
    must(size > 0, "An empty array")
    must(out.shape[0] == size and positive.shape[0] == size, "out or positive")
    cdef const pointwise_kernels *kernels = cs231n_pointwise(sizeof(real) == 8)
    cdef const void *x_ = &x[0]
    cdef void *out_ = &out[0]
    cdef unsigned char *positive_ = &positive[0]
    cdef int threads = threads_for(tasks, size)
    for t in prange(tasks, nogil=True, schedule="static", num_threads=threads):
        kernels.relu_forward(x_, out_, positive_, size, t)


def relu_backward(const real[::1] dout, const unsigned char[::1] positive, real[::1] dx):
    """Fill dx with dout where positive, and 0 elsewhere."""
    cdef Py_ssize_t t, size = dout.shape[0], tasks = (size + CS231N_BLOCK - 1) // CS231N_BLOCK
    must(size > 0, "An empty array")
    must(dx.shape[0] == size and positive.shape[0] == size, "dx or positive")
    cdef const pointwise_kernels *kernels = cs231n_pointwise(sizeof(real) == 8)
    cdef const void *dout_ = &dout[0]
    cdef const unsigned char *positive_ = &positive[0]
    cdef void *dx_ = &dx[0]
    cdef int threads = threads_for(tasks, size)
    for t in prange(tasks, nogil=True, schedule="static", num_threads=threads):
        kernels.relu_backward(dout_, positive_, dx_, size, t)


def step(str optimiser, real[::1] w, const real[::1] dw, tuple numbers, real[::1] u=None,
         real[::1] v=None):
    """One step of an optimiser: change w, and its state u and v where it has them.

    numbers are those that optimisers.h lists. The arrays must not overlap.
    """
    kind_, count, states = STEPS[optimiser]
    cdef int kind = kind_
    cdef double[8] number
    cdef Py_ssize_t t, size = w.shape[0], tasks = (size + CS231N_BLOCK - 1) // CS231N_BLOCK
    must(size > 0, "An empty array")
    must(len(numbers) == count, "numbers")
    for t in range(len(numbers)):
        number[t] = numbers[t]
    must(dw.shape[0] == size, "dw")
    must(states < 1 or (u is not None and u.shape[0] == size), "u")
    must(states < 2 or (v is not None and v.shape[0] == size), "v")
    cdef const pointwise_kernels *kernels = cs231n_pointwise(sizeof(real) == 8)
    cdef void *w_ = &w[0]
    cdef const void *dw_ = &dw[0]
    cdef void *u_ = &u[0] if states > 0 else NULL
    cdef void *v_ = &v[0] if states > 1 else NULL
    cdef int threads = threads_for(tasks, size)
    for t in prange(tasks, nogil=True, schedule="static", num_threads=threads):
        kernels.step[kind](number, w_, dw_, u_, v_, size, t)
