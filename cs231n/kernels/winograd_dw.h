/* The gradient on 3x3 filters by Winograd's method. Included once for float and for double.
 *
 * A tile of 4x4 pixels of dout, slid over 6x6 pixels of x, gives 3x3 numbers of dw. Their
 * transforms add up over tiles and pictures, so that only the sums, 36 for each pair of channels,
 * have to be transformed back. Each share of the rows of tiles has sums of its own.
 */

/* sums[position][m][k] (+)= over tiles of dout[position][tile][m] * pixels[position][tile][k] */
static void NAME(add_tiles)(const winograd_plan *p, ptrdiff_t tiles, const real *pixels,
                            ptrdiff_t position, const real *dout, ptrdiff_t dout_position,
                            const int *filter_at, real *sums, int add) {
    const ptrdiff_t vectors = p->Kp / LANES, piles = quotient_up(vectors, WIDEST_CHANNEL_TILE);
    for (ptrdiff_t xi = 0; xi < 36; xi++)
        for (ptrdiff_t pile = 0; pile < piles; pile++) {
            const ptrdiff_t k = pile_start(vectors, piles, pile) * LANES;
            const ptrdiff_t width = pile_size(vectors, piles, pile);
            const ptrdiff_t groups = quotient_up(p->M, NAME(channel_tile_rows)(width));
            for (ptrdiff_t g = 0; g < groups; g++) {
                const ptrdiff_t m = pile_start(p->M, groups, g);
                NAME(channel_tiles)[pile_size(p->M, groups, g)][width](
                    1, tiles, dout + xi * dout_position, 0, LANES, filter_at + m,
                    pixels + xi * position + k * tiles, width * LANES,
                    sums + (xi * p->Mp + m) * p->Kp + k, p->Kp, add);
            }
        }
}

/* Transform rows of tiles of dout, and add dout up for db: tiles[position][vector][tile][lane]. */
static void NAME(dout_tiles_in)(const winograd_plan *p, const real *dout, ptrdiff_t first,
                                ptrdiff_t rows, real *strip, real *tiles, ptrdiff_t position,
                                real *db) {
    for (ptrdiff_t m = 0; m < p->M; m += LANES) {
        NAME(vector) sum = ZERO;
        for (ptrdiff_t row = 0; row < rows; row++) {
            const ptrdiff_t n = (first + row) / p->down, t = (first + row) % p->down;
            NAME(channels_last)(dout + (n * p->M + m) * p->H_out * p->W_out,
                                least(LANES, p->M - m), p->H_out, p->W_out, 4 * t, 4, 0, p->width,
                                strip);
            for (ptrdiff_t j = 0; j < 4 * p->width; j++) sum += LOAD(strip + j * LANES);
            for (ptrdiff_t j = 0; j < p->across; j++)
                NAME(dout_tile_in)(strip + 4 * j * LANES, p->width * LANES, LANES,
                                   tiles + m * rows * p->across +
                                       (row * p->across + j) * LANES,
                                   6 * position, position);
        }
        STORE(db + m, LOAD(db + m) + sum);
    }
}

static void NAME(winograd_dw_run)(const void *plan, const conv_arrays *arrays, ptrdiff_t share,
                                  void *work) {
    const winograd_plan *p = plan;
    const ptrdiff_t count = 36 * p->Mp * p->Kp, all = p->N * p->down;
    const ptrdiff_t first = pile_start(all, p->shares, share);
    const ptrdiff_t last = first + pile_size(all, p->shares, share);
    const ptrdiff_t most_tiles = p->rows * p->across;
    real *sums = (real *)arrays->shared + share * (count + p->Mp), *db = sums + count;
    real *tiles = work;
    real *strip = (real *)((char *)work + whole_lines(36 * (most_tiles + 1) * (p->Kp + p->Mp) *
                                                      (ptrdiff_t)sizeof(real)));
    int *filter_at = (int *)((char *)strip + strip_size(p, sizeof(real), LANES));
    memset(db, 0, p->Mp * sizeof(real));
    for (ptrdiff_t row = first; row < last; row += p->rows) {
        const ptrdiff_t rows = least(p->rows, last - row), n = rows * p->across;
        /* a vector more than needed between positions: equal distances crowd the same cache sets */
        const ptrdiff_t position = n * p->Kp + LANES, dout_position = n * p->Mp + LANES;
        real *dout = tiles + 36 * position;
        for (ptrdiff_t m = 0; m < p->M; m++) filter_at[m] = (int)(m / LANES * n * LANES + m % LANES);
        NAME(pixel_tiles_in)(p, arrays->in, row, rows,
                             quotient_up(p->Kp / LANES, WIDEST_CHANNEL_TILE), strip, tiles,
                             position);
        NAME(dout_tiles_in)(p, arrays->dout, row, rows, strip, dout, dout_position, db);
        NAME(add_tiles)(p, n, tiles, position, dout, dout_position, filter_at, sums,
                        row > first);
    }
}

/* Add up the shares of filter m and transform the sums back. */
static void NAME(winograd_dw_last)(const void *plan, const conv_arrays *arrays, ptrdiff_t m,
                                   void *work) {
    const winograd_plan *p = plan;
    const ptrdiff_t count = 36 * p->Mp * p->Kp;
    const real *shared = arrays->shared;
    real *sums = work; /* (36, Kp) */
    real total = 0;
    for (ptrdiff_t share = 0; share < p->shares; share++)
        total += shared[share * (count + p->Mp) + count + m];
    ((real *)arrays->db)[m] = total;
    for (int xi = 0; xi < 36; xi++) {
        real *sum = sums + xi * p->Kp;
        const real *from = shared + (xi * p->Mp + m) * p->Kp;
        memcpy(sum, from, p->Kp * sizeof(real));
        for (ptrdiff_t share = 1; share < p->shares; share++) {
            from += count + p->Mp;
            for (ptrdiff_t k = 0; k < p->Kp; k++) sum[k] += from[k];
        }
    }
    for (ptrdiff_t k = 0; k < p->K; k += LANES) {
        real taps[9 * LANES];
        NAME(dw_tile_out)(sums + k, 6 * p->Kp, p->Kp, taps, 3 * LANES, LANES);
        NAME(transpose)(taps, LANES, 9, least(LANES, p->K - k),
                        (real *)arrays->out + (m * p->K + k) * 9, 9);
    }
}
