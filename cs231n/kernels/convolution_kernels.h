/* All kernels of convolution, for float and for double, and the table of them. */
#include "target.h"

#include "convolution.h"
#include "direct_plan.h"
#include "winograd_plan.h"

#define real float
#define REAL_BYTES 4
#define NAME(name) CS231N_JOIN(name, f)
#include "vectors.h"
#include "direct.h"
#include "direct_dw.h"
#include "winograd.h"
#include "winograd_dw.h"
#include "undefine.h"

#define real double
#define REAL_BYTES 8
#define NAME(name) CS231N_JOIN(name, d)
#include "vectors.h"
#include "direct.h"
#include "direct_dw.h"
#include "winograd.h"
#include "winograd_dw.h"
#include "undefine.h"

#define METHODS(T)                                                           \
    {{{direct_forward_##T, direct_pack_##T, direct_run_##T, NULL},           \
      {direct_dx_##T, direct_pack_##T, direct_run_##T, NULL},                \
      {direct_dw_##T, NULL, dw_run_##T, dw_last_##T}},                       \
     {{winograd_forward_##T, winograd_pack_##T, winograd_run_##T, NULL},     \
      {winograd_dx_##T, winograd_pack_##T, winograd_run_##T, NULL},          \
      {winograd_dw_##T, NULL, winograd_dw_run_##T, winograd_dw_last_##T}}}

const conv_kernels TARGETED(cs231n_conv) = {{METHODS(f), METHODS(d)}};

END_OF_TARGET
