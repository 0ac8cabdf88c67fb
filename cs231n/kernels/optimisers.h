/* One step of an optimiser over one block of weights, in one pass over memory. */

#define ONE_BLOCK                                                                                \
    const ptrdiff_t start = block * CS231N_BLOCK, count = least(CS231N_BLOCK, size - start);   \
    real *RESTRICT weight = (real *)w + start;                                                   \
    const real *RESTRICT gradient = (const real *)dw + start;                                    \
    const real rate = (real)numbers[0];                                                          \
    ptrdiff_t k

/* numbers: learning_rate */
static void OF(sgd)(const double *numbers, void *w, const void *dw, void *u, void *v,
                    ptrdiff_t size, ptrdiff_t block) {
    ONE_BLOCK;
    (void)u, (void)v;
    for (k = 0; k < count; k++) weight[k] -= rate * gradient[k];
}

/* numbers: learning_rate, momentum; u: velocity */
static void OF(sgd_momentum)(const double *numbers, void *w, const void *dw, void *u, void *v,
                             ptrdiff_t size, ptrdiff_t block) {
    ONE_BLOCK;
    real *RESTRICT velocity = (real *)u + start;
    const real momentum = (real)numbers[1];
    (void)v;
    for (k = 0; k < count; k++) {
        velocity[k] = momentum * velocity[k] - rate * gradient[k];
        weight[k] += velocity[k];
    }
}

/* The roots are taken STRIP weights at a time, in a buffer. */
#ifndef STRIP
#define STRIP 256
#endif
#define FOR_STRIPS \
    for (ptrdiff_t from = 0, left = least(STRIP, count); left > 0; \
         from += left, left = least(STRIP, count - from))

/* numbers: learning_rate, decay_rate, 1 - decay_rate, epsilon; u: cache */
static void OF(rmsprop)(const double *numbers, void *w, const void *dw, void *u, void *v,
                        ptrdiff_t size, ptrdiff_t block) {
    ONE_BLOCK;
    real *RESTRICT cache = (real *)u + start;
    const real keep = (real)numbers[1], take = (real)numbers[2], epsilon = (real)numbers[3];
    real root[STRIP];
    (void)v;
    FOR_STRIPS {
        for (k = 0; k < left; k++) {
            const real g = gradient[from + k];
            root[k] = cache[from + k] = keep * cache[from + k] + take * (g * g);
        }
        OF(roots)(root, left);
        for (k = 0; k < left; k++)
            weight[from + k] -= rate * gradient[from + k] / (root[k] + epsilon);
    }
}

/* numbers: learning_rate, beta1, 1 - beta1, beta2, 1 - beta2, epsilon, and the corrections
 * 1 - beta1^t and 1 - beta2^t; u: m, v: v */
static void OF(adam)(const double *numbers, void *w, const void *dw, void *u, void *v,
                     ptrdiff_t size, ptrdiff_t block) {
    ONE_BLOCK;
    real *RESTRICT first = (real *)u + start;
    real *RESTRICT second = (real *)v + start;
    const real keep1 = (real)numbers[1], take1 = (real)numbers[2];
    const real keep2 = (real)numbers[3], take2 = (real)numbers[4], epsilon = (real)numbers[5];
    const real step = (real)(numbers[0] / numbers[6]), scale = (real)(1 / numbers[7]);
    real root[STRIP];
    (void)rate;
    FOR_STRIPS {
        for (k = 0; k < left; k++) {
            const real g = gradient[from + k];
            first[from + k] = keep1 * first[from + k] + take1 * g;
            second[from + k] = keep2 * second[from + k] + take2 * (g * g);
            root[k] = scale * second[from + k];
        }
        OF(roots)(root, left);
        for (k = 0; k < left; k++)
            weight[from + k] -= step * first[from + k] / (root[k] + epsilon);
    }
}
#undef ONE_BLOCK
#undef FOR_STRIPS
