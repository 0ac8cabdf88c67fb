/* Winograd's convolution for 3x3 filters with stride 1. Included once for float and for double.
 *
 * A tile of 4x4 output pixels is made from 6x6 pixels, in 36 multiplications for each pair of an
 * input and an output channel where the sum as written takes 144: pixels and filters are
 * transformed, multiplied number by number and summed over channels, and the sums transformed back
 * (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015, section 4). In one
 * dimension, with points 0, 1, -1, 2, -2 and infinity:
 *
 *   output (4) = A' [ (G filter (3)) * (B' pixels (6)) ]
 *
 * Each of the 36 positions of the transformed tiles is a matrix product by itself: tiles by
 * channels, times input channels by output channels. Channels are the lanes.
 */

/* One dimension of each transform; `s` is the distance from one value to the next. */
static inline void NAME(to_pixels)(const NAME(vector) *d, int s, NAME(vector) *to, int t) {
    const NAME(vector) d0 = d[0], d1 = d[s], d2 = d[2 * s], d3 = d[3 * s], d4 = d[4 * s];
    const NAME(vector) even = d4 - 4 * d2, odd = d3 - 4 * d1, e = d4 - d2, o = 2 * (d3 - d1);
    to[0] = 4 * d0 - 5 * d2 + d4;
    to[t] = even + odd;
    to[2 * t] = even - odd;
    to[3 * t] = e + o;
    to[4 * t] = e - o;
    to[5 * t] = 4 * d1 - 5 * d3 + d[5 * s];
}
static inline void NAME(to_filter)(const NAME(vector) *g, int s, NAME(vector) *to, int t) {
    const NAME(vector) g0 = g[0], g1 = g[s], g2 = g[2 * s];
    const NAME(vector) even = (real)(1. / 24) * g0 + (real)(1. / 6) * g2, sum = g0 + g2;
    to[0] = (real)0.25 * g0;
    to[t] = (real)(-1. / 6) * (sum + g1);
    to[2 * t] = (real)(-1. / 6) * (sum - g1);
    to[3 * t] = even + (real)(1. / 12) * g1;
    to[4 * t] = even - (real)(1. / 12) * g1;
    to[5 * t] = g2;
}
static inline void NAME(from_sums)(const NAME(vector) *m, int s, NAME(vector) *to, int t) {
    const NAME(vector) sum1 = m[s] + m[2 * s], difference1 = m[s] - m[2 * s];
    const NAME(vector) sum2 = m[3 * s] + m[4 * s], difference2 = m[3 * s] - m[4 * s];
    to[0] = m[0] + sum1 + sum2;
    to[t] = difference1 + 2 * difference2;
    to[2 * t] = sum1 + 4 * sum2;
    to[3 * t] = difference1 + 8 * difference2 + m[5 * s];
}
/* For dw, where 4x4 pixels of dout play the filter and 3x3 numbers are made. */
static inline void NAME(to_dout)(const NAME(vector) *g, int s, NAME(vector) *to, int t) {
    const NAME(vector) g0 = g[0], g1 = g[s], g2 = g[2 * s], g3 = g[3 * s];
    const NAME(vector) even = g0 + g2, odd = g1 + g3, e = g0 + 4 * g2, o = 2 * g1 + 8 * g3;
    to[0] = (real)0.25 * g0;
    to[t] = (real)(-1. / 6) * (even + odd);
    to[2 * t] = (real)(-1. / 6) * (even - odd);
    to[3 * t] = (real)(1. / 24) * (e + o);
    to[4 * t] = (real)(1. / 24) * (e - o);
    to[5 * t] = g3;
}
static inline void NAME(from_dw_sums)(const NAME(vector) *m, int s, NAME(vector) *to, int t) {
    const NAME(vector) sum1 = m[s] + m[2 * s], sum2 = m[3 * s] + m[4 * s];
    to[0] = m[0] + sum1 + sum2;
    to[t] = m[s] - m[2 * s] + 2 * (m[3 * s] - m[4 * s]);
    to[2 * t] = sum1 + 4 * sum2 + m[5 * s];
}

/* Both dimensions: `in` by `in` vectors, read from rows of pixels, become `out` by `out`. */
#define TRANSFORM(name, one, in, out)                                                             \
    static void NAME(name)(const real *from, ptrdiff_t row, ptrdiff_t column, real *to,           \
                           ptrdiff_t to_row, ptrdiff_t to_column) {                               \
        NAME(vector) half[out * in], whole[out];                                                  \
        UNROLL for (int j = 0; j < in; j++) {                                                     \
            NAME(vector) line[in];                                                                \
            UNROLL for (int i = 0; i < in; i++) line[i] = LOAD(from + i * row + j * column);      \
            NAME(one)(line, 1, half + j, in);                                                     \
        }                                                                                         \
        UNROLL for (int i = 0; i < out; i++) {                                                    \
            NAME(one)(half + i * in, 1, whole, 1);                                                \
            UNROLL for (int j = 0; j < out; j++)                                                  \
                STORE(to + i * to_row + j * to_column, whole[j]);                                 \
        }                                                                                         \
    }
TRANSFORM(pixel_tile_in, to_pixels, 6, 6)
TRANSFORM(filter_tile_in, to_filter, 3, 6)
TRANSFORM(dout_tile_in, to_dout, 4, 6)
TRANSFORM(tile_out, from_sums, 6, 4)
TRANSFORM(dw_tile_out, from_dw_sums, 6, 3)

/* Rows y0 .. y0 + rows - 1 of up to LANES channels, channels last: (rows, width, LANES), with
 * zeros for what lies outside and for channels that are not there. */
static void NAME(channels_last)(const real *picture, ptrdiff_t channels, ptrdiff_t H, ptrdiff_t W,
                                ptrdiff_t y0, ptrdiff_t rows, ptrdiff_t left, ptrdiff_t width,
                                real *to) {
    const ptrdiff_t inside = least(W, width - left);
    for (ptrdiff_t r = 0; r < rows; r++, to += width * LANES) {
        const ptrdiff_t y = y0 + r;
        if (y < 0 || y >= H || channels < LANES) memset(to, 0, width * LANES * sizeof(real));
        if (y < 0 || y >= H) continue;
        memset(to, 0, left * LANES * sizeof(real));
        NAME(transpose)(picture + y * W, H * W, channels, inside, to + left * LANES, LANES);
        memset(to + (left + inside) * LANES, 0, (width - left - inside) * LANES * sizeof(real));
    }
}

/* Transform `rows` rows of tiles, from row `first` of all pictures' rows of tiles on:
 * tiles[position][pile][tile][channel], a position `position` numbers from the next. Channels are
 * cut into piles as wide as a tile of sums may be, or left in one. */
static void NAME(pixel_tiles_in)(const winograd_plan *p, const real *x, ptrdiff_t first,
                                 ptrdiff_t rows, ptrdiff_t piles, real *strip, real *tiles,
                                 ptrdiff_t position) {
    const ptrdiff_t vectors = p->Kp / LANES;
    for (ptrdiff_t k = 0, pile = 0; k < p->K; k += LANES) {
        if (k == pile_start(vectors, piles, pile + 1) * LANES) pile++;
        const ptrdiff_t start = pile_start(vectors, piles, pile) * LANES;
        const ptrdiff_t width = pile_size(vectors, piles, pile) * LANES;
        real *to = tiles + start * rows * p->across + k - start;
        for (ptrdiff_t row = first, tile = 0; row < first + rows;) {
            const ptrdiff_t n = row / p->down, t = row % p->down;
            const ptrdiff_t together = least(first + rows - row, p->down - t); /* of one picture */
            NAME(channels_last)(x + (n * p->K + k) * p->H * p->W, least(LANES, p->K - k), p->H,
                                p->W, 4 * t - p->pad[0], 4 * together + 2, p->pad[1], p->width,
                                strip);
            for (ptrdiff_t i = 0; i < together; i++)
                for (ptrdiff_t j = 0; j < p->across; j++, tile++)
                    NAME(pixel_tile_in)(strip + (4 * i * p->width + 4 * j) * LANES,
                                        p->width * LANES, LANES, to + tile * width, 6 * position,
                                        position);
            row += together;
        }
    }
}

/* Transformed filters, by pile, position, k: where those of a pile start. */
static ptrdiff_t NAME(pile_packed)(const winograd_plan *p, ptrdiff_t pile) {
    return pile_start(p->Mp / LANES, p->piles, pile) * LANES * p->K * 36;
}

/* Transform the filters of one input channel. */
static void NAME(winograd_pack)(const void *plan, const conv_arrays *arrays, ptrdiff_t k,
                                void *work) {
    const winograd_plan *p = plan;
    const real *w = (const real *)arrays->w + k * p->w_column;
    (void)work;
    for (ptrdiff_t pile = 0; pile < p->piles; pile++) {
        const ptrdiff_t start = pile_start(p->Mp / LANES, p->piles, pile) * LANES;
        const ptrdiff_t width = pile_size(p->Mp / LANES, p->piles, pile) * LANES;
        real *to = (real *)arrays->packed + NAME(pile_packed)(p, pile) + k * width;
        for (ptrdiff_t m = 0; m < width; m += LANES) {
            real taps[9 * LANES], flipped[9 * LANES];
            const ptrdiff_t count = most(0, least(LANES, p->M - start - m));
            memset(taps, 0, sizeof(taps));
            NAME(transpose)(w + (start + m) * p->w_row, p->w_row, count, 9, taps, LANES);
            for (int i = 0; i < 9; i++)
                memcpy(flipped + (p->flipped ? 8 - i : i) * LANES, taps + i * LANES,
                       LANES * sizeof(real));
            NAME(filter_tile_in)(flipped, 3 * LANES, LANES, to + m, 6 * p->K * width,
                                 p->K * width);
        }
    }
}

/* The output, or dx, of a few rows of tiles. */
static void NAME(winograd_run)(const void *plan, const conv_arrays *arrays, ptrdiff_t task,
                               void *work) {
    const winograd_plan *p = plan;
    const ptrdiff_t first = task * p->rows, all = p->N * p->down;
    const ptrdiff_t rows = least(p->rows, all - first), tiles = rows * p->across;
    const ptrdiff_t most_tiles = p->rows * p->across, position = tiles * p->Kp + LANES;
    const ptrdiff_t item = sizeof(real), plane = p->H_out * p->W_out;
    /* the work space: transformed tiles, two strips, sums, a list */
    char *rest = work;
    real *pixels = work;
    rest += whole_lines((36 * most_tiles * p->Kp + 36 * LANES) * item);
    real *strip = (real *)rest;
    rest += strip_size(p, item, LANES);
    real *out_strip = (real *)rest;
    rest += whole_lines(4 * p->width * LANES * item);
    real *sums = (real *)rest;
    rest += whole_lines(36 * most_tiles * WIDEST_CHANNEL_TILE * LANES * item);
    int *tile_at = (int *)rest;

    for (ptrdiff_t t = 0; t < tiles; t++) tile_at[t] = (int)(t * p->Kp);
    NAME(pixel_tiles_in)(p, arrays->in, first, rows, 1, strip, pixels, position);
    for (ptrdiff_t pile = 0; pile < p->piles; pile++) {
        const ptrdiff_t start = pile_start(p->Mp / LANES, p->piles, pile) * LANES;
        const ptrdiff_t vectors = pile_size(p->Mp / LANES, p->piles, pile), width = vectors * LANES;
        const real *filters = (const real *)arrays->packed + NAME(pile_packed)(p, pile);
        const ptrdiff_t groups = quotient_up(tiles, NAME(channel_tile_rows)(vectors));
        for (ptrdiff_t xi = 0; xi < 36; xi++) /* sums[tile][position][channel] */
            for (ptrdiff_t g = 0; g < groups; g++) {
                const ptrdiff_t t = pile_start(tiles, groups, g);
                NAME(channel_tiles)[pile_size(tiles, groups, g)][vectors](
                    1, p->K, pixels + xi * position, 0, 1, tile_at + t,
                    filters + xi * p->K * width, width, sums + (t * 36 + xi) * width, 36 * width,
                    0);
            }
        for (ptrdiff_t m = start; m < least(start + width, p->M); m += LANES) {
            const ptrdiff_t count = least(LANES, p->M - m);
            const real *bias = arrays->bias;
            NAME(vector) add = ZERO;
            if (bias) {
                real filled[LANES] = {0};
                memcpy(filled, bias + m, count * sizeof(real));
                add = LOAD(filled);
            }
            for (ptrdiff_t row = 0; row < rows; row++) {
                const ptrdiff_t n = (first + row) / p->down, t = (first + row) % p->down;
                for (ptrdiff_t j = 0; j < p->across; j++)
                    NAME(tile_out)(sums + (row * p->across + j) * 36 * width + m - start,
                                   6 * width, width, out_strip + 4 * j * LANES, p->width * LANES,
                                   LANES);
                for (ptrdiff_t i = 0; i < least(4, p->H_out - 4 * t); i++) {
                    real *line = out_strip + i * p->width * LANES;
                    if (bias)
                        for (ptrdiff_t j = 0; j < p->W_out; j++)
                            STORE(line + j * LANES, LOAD(line + j * LANES) + add);
                    NAME(transpose)(line, LANES, p->W_out, count,
                                    (real *)arrays->out + (n * p->M + m) * plane +
                                        (4 * t + i) * p->W_out,
                                    plane);
                }
            }
        }
    }
}

static void *NAME(winograd_forward)(const conv_sizes *sizes, conv_needs *needs) {
    return plan_winograd(sizes, needs, CONV_FORWARD, sizeof(real), LANES, WIDEST_CHANNEL_TILE);
}
static void *NAME(winograd_dx)(const conv_sizes *sizes, conv_needs *needs) {
    return plan_winograd(sizes, needs, CONV_DX, sizeof(real), LANES, WIDEST_CHANNEL_TILE);
}
static void *NAME(winograd_dw)(const conv_sizes *sizes, conv_needs *needs) {
    return plan_winograd(sizes, needs, CONV_DW, sizeof(real), LANES, WIDEST_CHANNEL_TILE);
}
