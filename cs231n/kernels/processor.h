/* What this machine can do, asked when the program runs. */
#ifndef CS231N_PROCESSOR_H
#define CS231N_PROCESSOR_H

#include <stdlib.h>
#include <string.h>

#include "target.h"

#ifdef _OPENMP
#include <omp.h>
#endif
#ifdef __linux__
#include <stdint.h>
#include <sys/mman.h>
#endif

enum { CS231N_IS_PORTABLE, CS231N_IS_AVX2, CS231N_IS_AVX512 };

/* The best set of instructions that both the processor and CS231N_CPU (portable, avx2 or avx512,
 * where set) allow. */
static inline int cs231n_processor(void) {
    int best = CS231N_IS_PORTABLE;
#ifdef CS231N_X86
    const char *wanted = getenv("CS231N_CPU");
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) best = CS231N_IS_AVX2;
    if (best == CS231N_IS_AVX2 && __builtin_cpu_supports("avx512f") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl"))
        best = CS231N_IS_AVX512;
#ifdef CS231N_EMULATE /* see target.h */
    best = best == CS231N_IS_PORTABLE || !wanted || strcmp(wanted, "avx512") ? best
                                                                             : CS231N_IS_AVX512;
#endif
    if (wanted && !strcmp(wanted, "portable")) best = CS231N_IS_PORTABLE;
    if (wanted && !strcmp(wanted, "avx2") && best > CS231N_IS_AVX2) best = CS231N_IS_AVX2;
#endif
    return best;
}

/* OpenMP's count of threads: OMP_NUM_THREADS, or what threadpoolctl or set_num_threads chose. */
static inline int cs231n_threads(void) {
#ifdef _OPENMP
    return omp_get_max_threads();
#else
    return 1;
#endif
}

static inline void cs231n_set_threads(int count) {
#ifdef _OPENMP
    omp_set_num_threads(count);
#else
    (void)count;
#endif
}

static inline int cs231n_has_openmp(void) {
#ifdef _OPENMP
    return 1;
#else
    return 0;
#endif
}

/* Ask for large pages, which take fewer entries in the processor's table of addresses. */
static inline void cs231n_huge_pages(void *memory, size_t size) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    const uintptr_t page = 2u << 20, start = ((uintptr_t)memory + page - 1) / page * page;
    const uintptr_t end = ((uintptr_t)memory + size) / page * page;
    if (end > start) (void)madvise((void *)start, end - start, MADV_HUGEPAGE);
#else
    (void)memory, (void)size;
#endif
}

#endif
