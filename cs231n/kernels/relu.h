/* ReLU. A NaN stays a NaN; its gradient is 0, as that of every value that is not positive. */

static void OF(relu_forward)(const void *x, void *out, unsigned char *positive, ptrdiff_t size,
                             ptrdiff_t block) {
    const ptrdiff_t start = block * CS231N_BLOCK, count = least(CS231N_BLOCK, size - start);
    const real *RESTRICT from = (const real *)x + start;
    real *RESTRICT to = (real *)out + start;
    unsigned char *RESTRICT flag = positive + start;
    ptrdiff_t k;
    for (k = 0; k < count; k++) {
        to[k] = from[k] <= 0 ? 0 : from[k];
        flag[k] = from[k] > 0;
    }
}

static void OF(relu_backward)(const void *dout, const unsigned char *positive, void *dx,
                              ptrdiff_t size, ptrdiff_t block) {
    const ptrdiff_t start = block * CS231N_BLOCK, count = least(CS231N_BLOCK, size - start);
    const real *RESTRICT from = (const real *)dout + start;
    const unsigned char *RESTRICT flag = positive + start;
    real *RESTRICT to = (real *)dx + start;
    ptrdiff_t k;
    for (k = 0; k < count; k++) to[k] = flag[k] ? from[k] : 0;
}
