/* The kernels of pointwise.h for any processor. */
#include <math.h>
#include <stdint.h>

#include "pointwise.h"

#include "pointwise_kernels.h"
END_OF_TARGET
