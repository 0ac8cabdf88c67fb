/* Runs the convolution kernels for any processor on small layers and compares with the plain sums.
 * Prints the number of layers and exits with 0, or says what differs and exits with 1. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convolution.h"

static double *random_numbers(ptrdiff_t count) {
    double *numbers = malloc(count * sizeof(double));
    for (ptrdiff_t i = 0; i < count; i++) numbers[i] = rand() / (double)RAND_MAX - 0.5;
    return numbers;
}

/* The plain sums: out, or dx, or dw, by walking over every product once. */
static void plain(const conv_sizes *s, int product, const double *x, const double *w,
                  const double *dout, double *result) {
    const ptrdiff_t Cg = s->C / s->groups, Fg = s->F / s->groups;
    for (ptrdiff_t n = 0; n < s->N; n++)
        for (ptrdiff_t f = 0; f < s->F; f++)
            for (ptrdiff_t c = 0; c < Cg; c++)
                for (ptrdiff_t p = 0; p < s->H_out; p++)
                    for (ptrdiff_t q = 0; q < s->W_out; q++)
                        for (ptrdiff_t i = 0; i < s->HH; i++)
                            for (ptrdiff_t j = 0; j < s->WW; j++) {
                                ptrdiff_t y = p * s->stride[0] + i * s->dilation[0] - s->pad[0];
                                ptrdiff_t z = q * s->stride[1] + j * s->dilation[1] - s->pad[1];
                                if (y < 0 || y >= s->H || z < 0 || z >= s->W) continue;
                                ptrdiff_t in = ((n * s->C + f / Fg * Cg + c) * s->H + y) * s->W + z;
                                ptrdiff_t tap = ((f * Cg + c) * s->HH + i) * s->WW + j;
                                ptrdiff_t to = ((n * s->F + f) * s->H_out + p) * s->W_out + q;
                                if (product == CONV_FORWARD) result[to] += x[in] * w[tap];
                                if (product == CONV_DX) result[in] += dout[to] * w[tap];
                                if (product == CONV_DW) result[tap] += dout[to] * x[in];
                            }
}

static void *as_type(const double *numbers, ptrdiff_t count, int type) {
    float *floats = malloc(count * sizeof(double));
    if (type == CONV_DOUBLE) memcpy(floats, numbers, count * sizeof(double));
    for (ptrdiff_t i = 0; i < count && type == CONV_FLOAT; i++) floats[i] = (float)numbers[i];
    return floats;
}

static void all_tasks(conv_task task, ptrdiff_t count, const void *plan, const conv_arrays *arrays,
                      void *work) {
    for (ptrdiff_t t = count - 1; t >= 0; t--) task(plan, arrays, t, work); /* in any order */
}

/* Returns the largest error over the largest value, or -1 where the algorithm declines. */
static double error_of(const conv_sizes *s, int type, int algorithm, int product) {
    const conv_method *method = &cs231n_conv_portable.method[type][algorithm][product];
    const ptrdiff_t inputs = s->N * s->C * s->H * s->W, taps = s->F * s->C / s->groups * s->HH * s->WW;
    const ptrdiff_t outputs = s->N * s->F * s->H_out * s->W_out;
    const ptrdiff_t results = product == CONV_FORWARD ? outputs : product == CONV_DX ? inputs : taps;
    double *x = random_numbers(inputs), *w = random_numbers(taps), *dout = random_numbers(outputs);
    double *expected = calloc(results, sizeof(double)), *zeros = calloc(s->F, sizeof(double));
    void *out = malloc(results * sizeof(double)), *db = malloc(s->F * sizeof(double));
    conv_needs needs;
    conv_arrays arrays = {0};
    void *plan = method->prepare(s, &needs);
    if (!plan) return -1;
    plain(s, product, x, w, dout, expected);
    void *xt = as_type(x, inputs, type), *wt = as_type(w, taps, type);
    void *dt = as_type(dout, outputs, type);
    arrays.in = product == CONV_DX ? dt : xt;
    arrays.w = wt, arrays.bias = product == CONV_FORWARD ? zeros : NULL;
    arrays.dout = dt, arrays.out = out, arrays.db = db;
    arrays.packed = malloc(needs.packed), arrays.shared = malloc(needs.shared);
    void *work = malloc(needs.work);
    all_tasks(method->pack, needs.pack_tasks, plan, &arrays, work);
    all_tasks(method->run, needs.tasks, plan, &arrays, work);
    all_tasks(method->last, needs.last_tasks, plan, &arrays, work);
    double worst = 0, largest = 1e-30;
    for (ptrdiff_t i = 0; i < results; i++) {
        double got = type == CONV_FLOAT ? ((float *)out)[i] : ((double *)out)[i];
        double difference = fabs(got - expected[i]);
        if (!(difference <= worst)) worst = difference; /* a NaN too */
        largest = fmax(largest, fabs(expected[i]));
    }
    return worst / largest;
}

int main(void) {
    static const double allowed[2][2] = {{3e-6, 5e-5}, {1e-14, 1e-13}};
    static const conv_sizes layers[] = {
        /* N  C   H   W   F  HH WW groups H_out W_out  stride  pad    dilation */
        {2, 3, 12, 15, 7, 3, 3, 1, 12, 15, {1, 1}, {1, 1}, {1, 1}},
        {1, 17, 9, 22, 33, 3, 3, 1, 9, 22, {1, 1}, {1, 1}, {1, 1}},
        {2, 6, 13, 11, 10, 3, 2, 2, 6, 10, {2, 1}, {0, 0}, {1, 1}},
        {2, 5, 8, 8, 9, 1, 1, 1, 8, 8, {1, 1}, {0, 0}, {1, 1}},
        {1, 4, 16, 16, 6, 3, 3, 1, 7, 16, {2, 1}, {0, 2}, {1, 2}},
        {3, 4, 3, 3, 5, 3, 3, 1, 1, 1, {1, 1}, {0, 0}, {1, 1}},
    };
    int done = 0;
    for (size_t l = 0; l < sizeof(layers) / sizeof(layers[0]); l++)
        for (int type = 0; type < 2; type++)
            for (int algorithm = 0; algorithm < 2; algorithm++)
                for (int product = 0; product < 3; product++) {
                    double error = error_of(&layers[l], type, algorithm, product);
                    if (error == -1) continue;
                    done++;
                    if (error <= allowed[type][algorithm]) continue;
                    printf("layer %d, type %d, algorithm %d, product %d: error %g\n", (int)l, type,
                           algorithm, product, error);
                    return 1;
                }
    printf("%d\n", done);
    return 0;
}
