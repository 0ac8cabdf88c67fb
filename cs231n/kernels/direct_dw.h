/* The gradient on the filters, directly. Included once for float and once for double.
 *
 * dw[f][k] is a sum over all pictures and places: of dout[f] times what tap k of the filter sees.
 * Here the lanes are filters: dout is transposed, a strip at a time, so that all filters of a place
 * lie side by side, and the taps' pixels are read from the same buffer as in the forward pass.
 *
 * Pictures are dealt to a few shares, each with sums (K, filters) of its own, which `last` adds in
 * their order. db is summed along the way.
 */

static void *NAME(direct_dw)(const conv_sizes *sizes, conv_needs *needs) {
    return plan_dw(sizes, needs, sizeof(real), LANES);
}

/* dout of a strip with its filters last, filled up to whole vectors, and cut into piles as wide as
 * a tile: (pile, places, width). What a tile reads lies in one piece. */
static void NAME(filters_last)(const dw_plan *plan, const real *dout, ptrdiff_t r0, ptrdiff_t rows,
                               real *to) {
    const strip_layout *l = &plan->layout;
    const ptrdiff_t places = rows * l->columns, plane = l->rows * l->columns;
    const ptrdiff_t vectors = plan->filters / LANES;
    const ptrdiff_t piles = quotient_up(vectors, WIDEST_CHANNEL_TILE);
    for (ptrdiff_t pile = 0; pile < piles; pile++) {
        const ptrdiff_t f = pile_start(vectors, piles, pile) * LANES;
        const ptrdiff_t width = pile_size(vectors, piles, pile) * LANES;
        const ptrdiff_t filters = least(width, plan->M - f);
        real *target = to + places * f;
        NAME(transpose)(dout + f * plane + r0 * l->columns, plane, filters, places, target, width);
        for (ptrdiff_t place = 0; place < places && filters < width; place++)
            for (ptrdiff_t i = filters; i < width; i++) target[place * width + i] = 0;
    }
}

/* sums[k][f] (+)= the strip's products, for all taps of the block of channels. */
static void NAME(add_strip)(const dw_plan *plan, ptrdiff_t K, const real *buffer, ptrdiff_t rows,
                            const real *dout, real *sums, int add) {
    const strip_layout *l = &plan->layout;
    const ptrdiff_t vectors = plan->filters / LANES;
    const ptrdiff_t piles = quotient_up(vectors, WIDEST_CHANNEL_TILE);
    for (ptrdiff_t pile = 0; pile < piles; pile++) {
        const ptrdiff_t f = pile_start(vectors, piles, pile) * LANES;
        const ptrdiff_t width = pile_size(vectors, piles, pile);
        const ptrdiff_t tiles = quotient_up(K, NAME(channel_tile_rows)(width));
        for (ptrdiff_t t = 0; t < tiles; t++) {
            const ptrdiff_t k = pile_start(K, tiles, t);
            NAME(channel_tiles)[pile_size(K, tiles, t)][width](
                rows, l->columns, buffer, l->pitch, 1, plan->offset + k,
                dout + rows * l->columns * f, width * LANES, sums + k * plan->filters + f,
                plan->filters, add);
        }
    }
}

/* db += the strip's dout. A strip is summed by itself: sums of sums lose less than one long sum. */
static void NAME(add_bias)(const dw_plan *plan, ptrdiff_t places, const real *dout, real *db) {
    const ptrdiff_t vectors = plan->filters / LANES;
    const ptrdiff_t piles = quotient_up(vectors, WIDEST_CHANNEL_TILE);
    for (ptrdiff_t pile = 0; pile < piles; pile++) {
        const ptrdiff_t start = pile_start(vectors, piles, pile) * LANES;
        const ptrdiff_t width = pile_size(vectors, piles, pile) * LANES;
        for (ptrdiff_t f = 0; f < width; f += LANES) {
            NAME(vector) sum = ZERO;
            for (ptrdiff_t place = 0; place < places; place++)
                sum += LOAD(dout + places * start + place * width + f);
            STORE(db + start + f, LOAD(db + start + f) + sum);
        }
    }
}

static void NAME(dw_run)(const void *plan_, const conv_arrays *arrays, ptrdiff_t task, void *work) {
    const dw_plan *plan = plan_;
    const strip_layout *l = &plan->layout;
    const ptrdiff_t block = task % plan->blocks, group = task / plan->blocks % plan->groups;
    const ptrdiff_t share = task / plan->blocks / plan->groups;
    const ptrdiff_t c0 = block * l->channels, channels = least(l->channels, plan->channels - c0);
    const ptrdiff_t area = l->H * l->W, places = l->rows * l->columns;
    real *mine = (real *)arrays->shared + (share * plan->groups + group) * plan->share;
    real *sums = mine + c0 * plan->taps * plan->filters;
    real *db = mine + plan->channels * plan->taps * plan->filters;
    real *dout = work;
    real *buffer =
        (real *)((char *)work + whole_lines(l->strip * l->columns * plan->filters *
                                            (ptrdiff_t)sizeof(real)));
    const ptrdiff_t first = pile_start(plan->N, plan->shares, share);

    if (block == 0) memset(db, 0, plan->filters * sizeof(real));
    for (ptrdiff_t n = first; n < first + pile_size(plan->N, plan->shares, share); n++) {
        const ptrdiff_t image = n * plan->groups + group;
        const real *x = (const real *)arrays->in + (image * plan->channels + c0) * area;
        const real *d = (const real *)arrays->dout + image * plan->M * places;
        for (ptrdiff_t r0 = 0; r0 < l->rows; r0 += l->strip) {
            const ptrdiff_t rows = least(l->strip, l->rows - r0);
            if (!l->in_place) NAME(fill)(l, x, channels, r0, rows, buffer);
            NAME(filters_last)(plan, d, r0, rows, dout);
            NAME(add_strip)(plan, channels * plan->taps, l->in_place ? x + r0 * l->W : buffer,
                            rows, dout, sums, n > first || r0 > 0);
            if (block == 0) NAME(add_bias)(plan, rows * l->columns, dout, db);
        }
    }
}

/* Add up the shares, for some of the taps of a group, and put them in dw's order. */
static void NAME(dw_last)(const void *plan_, const conv_arrays *arrays, ptrdiff_t task, void *work) {
    const dw_plan *plan = plan_;
    const ptrdiff_t group = task / plan->pieces, piece = task % plan->pieces;
    const ptrdiff_t K = plan->channels * plan->taps, Fp = plan->filters;
    const ptrdiff_t k0 = pile_start(K, plan->pieces, piece);
    const ptrdiff_t count = pile_size(K, plan->pieces, piece);
    real *sums = (real *)arrays->shared + group * plan->share + k0 * Fp;
    real *db = (real *)arrays->shared + group * plan->share + K * Fp;
    (void)work;
    for (ptrdiff_t share = 1; share < plan->shares; share++) {
        const ptrdiff_t other = share * plan->groups * plan->share;
        for (ptrdiff_t i = 0; i < count * Fp; i++) sums[i] += sums[other + i];
        for (ptrdiff_t f = 0; f < Fp && piece == 0; f++) db[f] += db[other + f];
    }
    NAME(transpose)(sums, Fp, count, plan->M, (real *)arrays->out + group * plan->M * K + k0, K);
    if (piece == 0) memcpy((real *)arrays->db + group * plan->M, db, plan->M * sizeof(real));
}
