/* What pointwise.pyx calls: pooling, batch normalisation, ReLU and the optimisers' steps.
 *
 * A kernel does one task of a layer, in one thread: one picture's channel (a plane), one channel of
 * all pictures, or one block of elements. The caller gives tasks to threads. No task reads what
 * another writes, and each adds in a fixed order, so the number of threads changes no result.
 *
 * Arrays are C-contiguous, of float or double throughout; the caller has checked all sizes. The
 * kernels themselves are in max_pooling.h, sum_pooling.h, batchnorm.h, relu.h and optimisers.h,
 * which pointwise_kernels.h compiles for both types and pointwise_<target>.c for each processor.
 */
#ifndef CS231N_POINTWISE_H
#define CS231N_POINTWISE_H

#include <stddef.h>

#include "processor.h"
#include "target.h"

enum {
    CS231N_BLOCK = 16384, /* elements that one task of an elementwise kernel works off */
    CS231N_COLUMNS = 1024 /* most channels that one task of batch normalisation takes */
};

typedef struct {
    ptrdiff_t H, W;             /* the picture */
    ptrdiff_t HH, WW;           /* the window */
    ptrdiff_t sh, sw, ph, pw;   /* stride and pad, vertical and horizontal */
    ptrdiff_t H_out, W_out;     /* windows down and across */
    ptrdiff_t inner, inner_end; /* columns of windows that reach over neither side */
    int winner_bytes;           /* size of the index that says which of the window's pixels won */
    int l2;                     /* sums: roots of the sums of squares (1) or averages (0) */
    ptrdiff_t offset[256];      /* from a window's first pixel to the one with this index */
} pool_plan;

typedef struct {
    ptrdiff_t N, C, S; /* x is (N, C, S): pictures, channels, pixels */
    ptrdiff_t columns; /* channels of one task where S is 1: at most CS231N_COLUMNS */
    int constant;      /* mean and var are given and do not depend on x (mode "test") */
    double eps;
    const double *gamma, *beta;
    double *mean, *var;      /* (C,) each */
    double *dgamma, *dbeta;  /* (C,) each */
} batchnorm_plan;

typedef struct {
    void (*max_forward)(const pool_plan *, const void *x, void *out, void *winner,
                        ptrdiff_t plane);
    void (*max_backward)(const pool_plan *, const void *dout, const void *winner, void *dx,
                         ptrdiff_t plane);
    void (*sum_forward)(const pool_plan *, const void *x, void *out, double *scratch,
                        ptrdiff_t plane); /* scratch: W + W_out */
    void (*sum_backward)(const pool_plan *, const void *x, const void *out, const void *dout,
                         void *dx, double *scratch, ptrdiff_t plane);
    void (*batchnorm_forward)(const batchnorm_plan *, const void *x, void *out, ptrdiff_t task);
    void (*batchnorm_backward)(const batchnorm_plan *, const void *x, const void *dout, void *dx,
                               ptrdiff_t task);
    void (*relu_forward)(const void *x, void *out, unsigned char *positive, ptrdiff_t size,
                         ptrdiff_t block);
    void (*relu_backward)(const void *dout, const unsigned char *positive, void *dx,
                          ptrdiff_t size, ptrdiff_t block);
    /* A step changes w, and the state arrays u and v where it has any. numbers: see optimisers.h */
    void (*step[4])(const double *numbers, void *w, const void *dw, void *u, void *v,
                    ptrdiff_t size, ptrdiff_t block);
} pointwise_kernels;

extern const pointwise_kernels cs231n_pointwise_portable[2]; /* for float, for double */
#ifdef CS231N_X86
extern const pointwise_kernels cs231n_pointwise_avx2[2], cs231n_pointwise_avx512[2];
#endif

/* The kernels for this processor. */
static inline const pointwise_kernels *cs231n_pointwise(int is_double) {
#ifdef CS231N_X86
    int processor = cs231n_processor();
    if (processor == CS231N_IS_AVX512) return &cs231n_pointwise_avx512[is_double];
    if (processor == CS231N_IS_AVX2) return &cs231n_pointwise_avx2[is_double];
#endif
    return &cs231n_pointwise_portable[is_double];
}

/* Fill in what follows from the sizes. */
static inline void cs231n_plan_pool(pool_plan *p) {
    ptrdiff_t k, whole = p->W + p->pw - p->WW; /* where the last window may begin, from the pad */
    double taps = (double)p->HH * (double)p->WW;
    p->inner = (p->pw + p->sw - 1) / p->sw;
    p->inner_end = whole < 0 ? 0 : whole / p->sw + 1;
    if (p->inner > p->W_out) p->inner = p->W_out;
    if (p->inner_end > p->W_out) p->inner_end = p->W_out;
    if (p->inner_end < p->inner) p->inner_end = p->inner;
    p->winner_bytes = taps <= 256 ? 1 : taps <= 65536 ? 2 : taps <= 4294967296.0 ? 4 : 8;
    /* Indices that no window of this size has (a damaged cache) point into it all the same. */
    for (k = 0; k < 256; k++)
        p->offset[k] = k < taps ? k / p->WW * p->W + k % p->WW : 0;
}

#endif
