/* One source, compiled for several processors.
 *
 * A kernel is written once, in a header, on top of the names below. Small files such as
 * convolution_avx2.c define CS231N_AVX2 (or CS231N_AVX512, or nothing) and include the header; each
 * such file fills one table of functions, and the Cython module takes the table that the processor
 * at hand can run (cs231n_processor). So a plain build runs anywhere and is still as fast as one
 * made for the machine.
 *
 *   TARGETED(name)   name with the target's suffix, so that the tables can be linked together
 *   VECTOR_BYTES     size of a vector register
 *   REGISTERS        how many there are
 *   RESTRICT         C99's restrict, by the compiler's own name
 *   UNROLL           put before a loop over a constant count: unroll it wholly
 *   PREFETCH(p)      fetch the line at p into the cache
 *   CS231N_X86       defined where the processor is to be asked when the program runs
 *   END_OF_TARGET    put at the end of the file
 */
#ifndef CS231N_TARGET_H
#define CS231N_TARGET_H

#include <stddef.h>
#include <string.h>

#define CS231N_JOIN_(a, b) a##_##b
#define CS231N_JOIN(a, b) CS231N_JOIN_(a, b)

#if (defined(__GNUC__) || defined(__clang__)) && (defined(__x86_64__) || defined(__i386__))
#define CS231N_X86 1
#endif

#if defined(CS231N_AVX512) && defined(CS231N_X86)
#define TARGETED(name) CS231N_JOIN(name, avx512)
#define VECTOR_BYTES 64
#define REGISTERS 32
#ifdef CS231N_EMULATE /* vectors of 64 bytes made of two of 32: to test the code, not for speed */
#define CS231N_FEATURES "avx2,fma"
#else
#define CS231N_FEATURES "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma"
#endif
#elif defined(CS231N_AVX2) && defined(CS231N_X86)
#define TARGETED(name) CS231N_JOIN(name, avx2)
#define VECTOR_BYTES 32
#define REGISTERS 16
#define CS231N_FEATURES "avx2,fma"
#else /* SSE2 on x86-64, NEON on arm64, whatever there is elsewhere */
#define TARGETED(name) CS231N_JOIN(name, portable)
#define VECTOR_BYTES 16
#if defined(__aarch64__)
#define REGISTERS 32
#else
#define REGISTERS 16
#endif
#endif

#if defined(CS231N_FEATURES) && defined(__clang__)
#define CS231N_PRAGMA(text) _Pragma(#text)
#define CS231N_PUSH(features) \
    CS231N_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
CS231N_PUSH(CS231N_FEATURES)
#define END_OF_TARGET _Pragma("clang attribute pop")
#elif defined(CS231N_FEATURES)
#pragma GCC push_options
#if defined(CS231N_AVX512) && !defined(CS231N_EMULATE)
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")
#else
#pragma GCC target("avx2,fma")
#endif
#define END_OF_TARGET _Pragma("GCC pop_options")
#else
#define END_OF_TARGET
#endif

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define UNROLL _Pragma("GCC unroll 64")
#else
#define UNROLL
#endif

/* Ask for a cache line that will be needed soon. */
#if defined(__GNUC__) || defined(__clang__)
#define PREFETCH(address) __builtin_prefetch(address, 0, 2)
#else
#define PREFETCH(address) ((void)(address))
#endif

/* Lanes of two vectors of 16 bytes, by number: those of a come first, then those of b. */
#if defined(__clang__) || (defined(__GNUC__) && __GNUC__ >= 12)
#define SHUFFLE4(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#define SHUFFLE2(a, b, i, j) __builtin_shufflevector(a, b, i, j)
#elif defined(__GNUC__)
typedef int cs231n_int4 __attribute__((vector_size(16)));
typedef long long cs231n_int2 __attribute__((vector_size(16)));
#define SHUFFLE4(a, b, i, j, k, l) __builtin_shuffle(a, b, (cs231n_int4){i, j, k, l})
#define SHUFFLE2(a, b, i, j) __builtin_shuffle(a, b, (cs231n_int2){i, j})
#endif

#if defined(__GNUC__) || defined(__clang__)
#define RESTRICT __restrict__
#else
#define RESTRICT __restrict
#endif

static inline ptrdiff_t least(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
static inline ptrdiff_t most(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }

#endif
