/* All kernels of pointwise.h for one target, float and double, in one table.
 *
 * The headers included here are written for a type `real`; OF(name) is the name with that type.
 * A product is never fused with the addition after it, so that every processor gives the same
 * result, and NumPy too.
 */
#if defined(__clang__)
#pragma clang fp contract(off)
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#elif defined(_MSC_VER)
#pragma fp_contract(off)
#endif

/* GNU vectors, where they can be shuffled: gcc 12, clang. Elsewhere plain loops do the same. */
#ifdef __has_builtin
#if __has_builtin(__builtin_shufflevector) && __has_builtin(__builtin_convertvector)
#define VECTORS 1
#endif
#endif
#define POOL_BYTES (VECTOR_BYTES < 32 ? VECTOR_BYTES : 32) /* rows of windows are short */

#if defined(__GNUC__) || defined(__clang__)
#define INLINE static inline __attribute__((always_inline))
#elif defined(_MSC_VER)
#define INLINE static __forceinline
#else
#define INLINE static inline
#endif

/* Square roots in place. */
INLINE void roots_float(float *values, ptrdiff_t count) {
    for (ptrdiff_t k = 0; k < count; k++) values[k] = sqrtf(values[k]);
}
INLINE void roots_double(double *values, ptrdiff_t count) {
    for (ptrdiff_t k = 0; k < count; k++) values[k] = sqrt(values[k]);
}

#define real float
#define integer int32_t
#define REAL_BYTES 4
#define OF(name) CS231N_JOIN(name, float)
#include "max_pooling.h"
#include "sum_pooling.h"
#include "batchnorm.h"
#include "relu.h"
#include "optimisers.h"
#undef real
#undef integer
#undef REAL_BYTES
#undef OF

#define real double
#define integer int64_t
#define REAL_BYTES 8
#define OF(name) CS231N_JOIN(name, double)
#include "max_pooling.h"
#include "sum_pooling.h"
#include "batchnorm.h"
#include "relu.h"
#include "optimisers.h"
#undef real
#undef integer
#undef REAL_BYTES
#undef OF

#define KERNELS_OF(type)                                                         \
    {                                                                            \
        max_forward_##type, max_backward_##type, sum_forward_##type,             \
        sum_backward_##type, batchnorm_forward_##type, batchnorm_backward_##type,\
        relu_forward_##type, relu_backward_##type,                               \
        { sgd_##type, sgd_momentum_##type, rmsprop_##type, adam_##type }         \
    }

const pointwise_kernels TARGETED(cs231n_pointwise)[2] = {KERNELS_OF(float), KERNELS_OF(double)};
