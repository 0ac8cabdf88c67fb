/* What the Cython module and the kernels say to each other.
 *
 * Each algorithm works in the same three steps:
 *   1. prepare: a plan from the sizes (how the work is cut into tasks, how much memory each needs);
 *   2. pack: the filters, in the order in which they will be read;
 *   3. run: the tasks, in any order and on any thread, each with a work space of its own.
 * The kernels know nothing of threads: the Cython module hands out the tasks. How work is cut into
 * tasks depends on the sizes alone, so results do not depend on the number of threads.
 */
#ifndef CS231N_CONVOLUTION_H
#define CS231N_CONVOLUTION_H

#include <stddef.h>
#include <stdlib.h>

#include "processor.h"
#include "target.h"

/* A convolution's sizes. Pairs are (vertical, horizontal). F and C count over all groups. */
typedef struct {
    ptrdiff_t N, C, H, W, F, HH, WW, groups, H_out, W_out;
    ptrdiff_t stride[2], pad[2], dilation[2];
} conv_sizes;

/* What a plan needs from its caller. Sizes are in bytes. */
typedef struct {
    ptrdiff_t packed;     /* memory for packed filters */
    ptrdiff_t pack_tasks; /* tasks of step 2 */
    ptrdiff_t shared;     /* memory that all tasks share, such as partial sums */
    ptrdiff_t work;       /* work space for a task */
    ptrdiff_t tasks;      /* tasks of step 3 */
    ptrdiff_t last_tasks; /* tasks that follow when all of step 3 are done */
} conv_needs;

/* The arrays of one run, all C-contiguous; those that an algorithm does not use are NULL. */
typedef struct {
    const void *in;   /* what is slid over: x (N, C, H, W), or for dx dout (N, F, H_out, W_out) */
    const void *w;    /* filters (F, C / groups, HH, WW) */
    const void *bias; /* (F,) */
    const void *dout; /* (N, F, H_out, W_out), for dw */
    void *out;        /* the output, dx, or dw */
    void *db;         /* (F,) */
    void *packed, *shared;
} conv_arrays;

/* A plan is one block of memory, given back by free(). */
typedef void (*conv_task)(const void *plan, const conv_arrays *, ptrdiff_t task, void *work);

/* One algorithm for one of the three products. */
typedef struct {
    /* Returns a plan, or NULL when memory is short or the sizes are beyond the algorithm. */
    void *(*prepare)(const conv_sizes *, conv_needs *);
    conv_task pack, run, last;
} conv_method;

enum { CONV_FORWARD, CONV_DX, CONV_DW }; /* the three products */
enum { CONV_DIRECT, CONV_WINOGRAD };     /* the algorithms */
enum { CONV_FLOAT, CONV_DOUBLE };

typedef struct {
    conv_method method[2][2][3]; /* type, algorithm, product */
} conv_kernels;

extern const conv_kernels cs231n_conv_portable;
#ifdef CS231N_X86
extern const conv_kernels cs231n_conv_avx2, cs231n_conv_avx512;
#endif

/* The kernels for this processor. */
static inline const conv_kernels *cs231n_conv_kernels(void) {
#ifdef CS231N_X86
    const int processor = cs231n_processor();
    if (processor == CS231N_IS_AVX512) return &cs231n_conv_avx512;
    if (processor == CS231N_IS_AVX2) return &cs231n_conv_avx2;
#endif
    return &cs231n_conv_portable;
}

#endif
