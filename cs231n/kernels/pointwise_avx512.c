/* The kernels of pointwise.h for processors with AVX-512. Empty where the compiler knows no such. */
#include <math.h>
#include <stdint.h>

#define CS231N_AVX512
#include "pointwise.h"

#ifdef CS231N_X86
#include "pointwise_kernels.h"
#endif
END_OF_TARGET
