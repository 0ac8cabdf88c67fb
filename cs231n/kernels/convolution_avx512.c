/* The kernels of convolution for processors with AVX-512. */
#if (defined(__GNUC__) || defined(__clang__)) && (defined(__x86_64__) || defined(__i386__))
#define CS231N_AVX512
#include "convolution_kernels.h"
#else
typedef int cs231n_nothing_here; /* C wants at least one declaration in a file */
#endif
