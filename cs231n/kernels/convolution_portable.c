/* The kernels of convolution for any processor: SSE2 on x86-64, NEON on arm64. */
#include "convolution_kernels.h"
