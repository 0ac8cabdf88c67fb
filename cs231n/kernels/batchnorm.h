/* Batch normalisation of x (N, C, S), S pixels a channel: all sums in double, and the variance from
 * a second pass, about the mean. A task is one channel; where S is 1, channels that lie side by
 * side. The same loops serve both: they take a task's values up to `width` at a time. Place k of
 * such a stretch has its own sum, of channel k where S is 1, and a partial one otherwise. */

#ifndef STRETCHES
#define STRETCHES
typedef struct {
    ptrdiff_t channel, channels;         /* the channels of the task */
    ptrdiff_t start, runs, length, step; /* their values in x: `runs` times `length` */
    ptrdiff_t width;
} stretches;

INLINE stretches stretches_of(const batchnorm_plan *p, ptrdiff_t task) {
    stretches s;
    if (p->S == 1) {
        s.channel = task * p->columns;
        s.width = s.length = s.channels = least(p->columns, p->C - s.channel);
    } else {
        s.channel = task, s.channels = 1, s.length = p->S, s.width = 64;
    }
    s.start = s.channel * p->S, s.runs = p->N, s.step = p->C * p->S;
    return s;
}

/* The sums at each place to a sum a channel. */
INLINE void add_up(const stretches *s, const double *partial, double *total) {
    ptrdiff_t k;
    for (k = 0; k < s->channels; k++) total[k] = partial[k];
    if (s->channels < s->width)
        for (k = 1; k < s->width; k++) total[0] += partial[k];
}
#endif

/* Run `body` for every value of the task: x[at + k], at place k. */
#define FOR_STRETCHES(body)                                                          \
    for (run = 0; run < s.runs; run++) {                                             \
        ptrdiff_t at = s.start + run * s.step, left = s.length;                      \
        for (; left > 0; left -= s.width, at += s.width) {                           \
            const ptrdiff_t places = least(left, s.width);                         \
            for (k = 0; k < places; k++) body;                                       \
        }                                                                            \
    }
/* array[k] = value for every place k, which belongs to channel c. */
#define FOR_PLACES(array, value)                                                     \
    for (k = 0; k < s.width; k++) {                                                  \
        const ptrdiff_t c = s.channel + (s.channels == s.width ? k : 0);             \
        array[k] = value;                                                            \
        (void)c;                                                                     \
    }

static void OF(batchnorm_forward)(const batchnorm_plan *p, const void *x, void *out,
                                  ptrdiff_t task) {
    const real *RESTRICT from = (const real *)x;
    real *RESTRICT to = (real *)out;
    const stretches s = stretches_of(p, task);
    const double count = (double)p->N * (double)p->S;
    double sum[CS231N_COLUMNS], mean[CS231N_COLUMNS], scale[CS231N_COLUMNS], beta[CS231N_COLUMNS];
    ptrdiff_t run, k;
    if (!p->constant) {
        FOR_PLACES(sum, 0)
        FOR_STRETCHES(sum[k] += (double)from[at + k])
        add_up(&s, sum, p->mean + s.channel);
        for (k = 0; k < s.channels; k++) p->mean[s.channel + k] /= count;
    }
    FOR_PLACES(mean, p->mean[c])
    if (!p->constant) {
        FOR_PLACES(sum, 0)
        FOR_STRETCHES({
            const double d = (double)from[at + k] - mean[k];
            sum[k] += d * d;
        })
        add_up(&s, sum, p->var + s.channel);
        for (k = 0; k < s.channels; k++) p->var[s.channel + k] /= count;
    }
    FOR_PLACES(scale, p->gamma[c] / sqrt(p->var[c] + p->eps))
    FOR_PLACES(beta, p->beta[c])
    FOR_STRETCHES(to[at + k] = (real)(((double)from[at + k] - mean[k]) * scale[k] + beta[k]))
}

/* With xhat = (x - mean) / std over M values: dbeta = sum(dout), dgamma = sum(dout * xhat), and
 * dx = gamma / std * (dout - dbeta / M - xhat * dgamma / M), the last two terms only where mean
 * and variance came from x itself. */
static void OF(batchnorm_backward)(const batchnorm_plan *p, const void *x, const void *dout,
                                   void *dx, ptrdiff_t task) {
    const real *RESTRICT from = (const real *)x;
    const real *RESTRICT gradient = (const real *)dout;
    real *RESTRICT to = (real *)dx;
    const stretches s = stretches_of(p, task);
    const double count = (double)p->N * (double)p->S;
    double sum[CS231N_COLUMNS], dot[CS231N_COLUMNS], mean[CS231N_COLUMNS], scale[CS231N_COLUMNS];
    ptrdiff_t run, k;
    FOR_PLACES(mean, p->mean[c])
    FOR_PLACES(sum, 0)
    FOR_PLACES(dot, 0)
    FOR_STRETCHES({
        const double g = (double)gradient[at + k];
        sum[k] += g;
        dot[k] += g * ((double)from[at + k] - mean[k]);
    })
    add_up(&s, sum, p->dbeta + s.channel);
    add_up(&s, dot, p->dgamma + s.channel);
    for (k = 0; k < s.channels; k++)
        p->dgamma[s.channel + k] /= sqrt(p->var[s.channel + k] + p->eps);
    FOR_PLACES(scale, p->gamma[c] / sqrt(p->var[c] + p->eps))
    if (p->constant) {
        FOR_STRETCHES(to[at + k] = (real)(scale[k] * (double)gradient[at + k]))
        return;
    }
    FOR_PLACES(sum, p->dbeta[c] / count)
    FOR_PLACES(dot, p->dgamma[c] / sqrt(p->var[c] + p->eps) / count)
    FOR_STRETCHES({
        const double d = (double)from[at + k] - mean[k];
        to[at + k] = (real)(scale[k] * ((double)gradient[at + k] - sum[k] - d * dot[k]));
    })
}
#undef FOR_STRETCHES
#undef FOR_PLACES
