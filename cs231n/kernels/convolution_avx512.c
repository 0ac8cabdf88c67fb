/* The kernels of convolution for processors with AVX-512. Empty where the compiler knows no such. */
#define CS231N_AVX512
#include "target.h"

#ifdef CS231N_X86
#include "convolution_kernels.h"
#endif
