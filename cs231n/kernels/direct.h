/* Direct convolution: no columns are made. Included once for float and once for double.
 *
 * A strip of the picture is copied, with its padding, into a buffer that stays in the second-level
 * cache. In the buffer, what one tap of a filter sees from neighbouring places lies side by side,
 * so a tap is one number: how far to move in the buffer. The convolution is then the product of
 * the filters (M, K) with vectors read from the buffer at K offsets; see vectors.h.
 *
 * For a stride s the buffer holds every s-th pixel side by side, in up to s * s pictures
 * ("phases") for each channel. The gradient on x is a convolution too, of dout with the filters
 * flipped: for a stride, one for each phase of x.
 */

/* to[j] = from[j * step]; compilers make vectors of the steps that are spelled out. */
static void NAME(gather)(real *RESTRICT to, const real *RESTRICT from, ptrdiff_t count,
                         ptrdiff_t step) {
    if (step == 1)
        for (ptrdiff_t j = 0; j < count; j++) to[j] = from[j];
    else if (step == 2)
        for (ptrdiff_t j = 0; j < count; j++) to[j] = from[2 * j];
    else if (step == 4)
        for (ptrdiff_t j = 0; j < count; j++) to[j] = from[4 * j];
    else
        for (ptrdiff_t j = 0; j < count; j++) to[j] = from[step * j];
}

/* Copy what the strip's places, `rows` rows from row r0 on, see of a group's channels. */
static void NAME(fill)(const strip_layout *l, const real *picture, ptrdiff_t channels,
                       ptrdiff_t r0, ptrdiff_t rows, real *buffer) {
    const ptrdiff_t step = l->step[1], pitch = l->pitch;
    for (ptrdiff_t c = 0; c < channels; c++, picture += l->H * l->W)
        for (ptrdiff_t p = 0; p < l->phases[0]; p++)
            for (ptrdiff_t r = 0; r < rows + l->reach[0]; r++) {
                const ptrdiff_t y = (r0 + r) * l->step[0] + l->phase[0][p] - l->origin[0];
                for (ptrdiff_t q = 0; q < l->phases[1]; q++) {
                    real *to = buffer + tap_offset(l, c, p, q, r, 0);
                    const ptrdiff_t z = l->phase[1][q] - l->origin[1]; /* pixel of column 0 */
                    ptrdiff_t first = z < 0 ? least(pitch, quotient_up(-z, step)) : 0;
                    ptrdiff_t last = z < l->W ? least(pitch, quotient_up(l->W - z, step)) : 0;
                    if (y < 0 || y >= l->H || last < first) first = last = pitch;
                    for (ptrdiff_t j = 0; j < first; j++) to[j] = 0;
                    if (first < last)
                        NAME(gather)(to + first, picture + y * l->W + z + first * step,
                                     last - first, step);
                    for (ptrdiff_t j = last; j < pitch; j++) to[j] = 0;
                }
            }
}

/* Cover the strip's places with vectors: where each lies in the buffer (`at`) and in the output
 * (`to`, rows out_pitch apart). Returns how many there are. *exact says that the vectors hold
 * places only, so that they may be stored straight into the output; otherwise rows run into each
 * other, at the buffer's pitch, and must be copied out of a scratch area. */
static ptrdiff_t NAME(cover)(const strip_layout *l, ptrdiff_t rows, ptrdiff_t out_pitch, int *at,
                             int *to, int *exact) {
    const ptrdiff_t pitch = l->pitch, columns = l->columns, all = rows * columns;
    const ptrdiff_t run = (rows - 1) * pitch + columns; /* first to last place */
    const ptrdiff_t by_rows = rows * quotient_up(columns, LANES), by_run = quotient_up(run, LANES);
    ptrdiff_t n = 0;
    *exact = 1;
    if (pitch == columns && out_pitch == columns && all >= LANES) {
        for (ptrdiff_t j = 0; j < all; j += LANES) at[n++] = (int)least(j, all - LANES);
        memcpy(to, at, n * sizeof(int));
    } else if (columns >= LANES && by_rows * 100 <= by_run * 107) {
        for (ptrdiff_t r = 0; r < rows; r++)
            for (ptrdiff_t j = 0; j < columns; j += LANES) { /* the last overlaps the one before */
                const ptrdiff_t column = least(j, columns - LANES);
                at[n] = (int)(r * pitch + column);
                to[n++] = (int)(r * out_pitch + column);
            }
    } else {
        *exact = 0;
        for (; n < by_run; n++) at[n] = to[n] = (int)(n * LANES);
    }
    return n;
}

/* One panel of output channels at all the strip's places: K a stretch at a time, so that a stretch
 * of the filters stays in the first-level cache for all tiles. */
static void NAME(panel)(int rows, ptrdiff_t K, const real *filters, const real *buffer,
                        const int *offset, ptrdiff_t places, const int *at, const int *to,
                        real *out, ptrdiff_t out_row, const real *bias, lines_ahead *ahead) {
    const ptrdiff_t tiles = quotient_up(places, NAME(tile_vectors)(rows));
    const ptrdiff_t stretches = most(1, quotient_up(K * rows * sizeof(real), FILTER_BYTES));
    for (ptrdiff_t s = 0; s < stretches; s++) {
        const ptrdiff_t k = pile_start(K, stretches, s), count = pile_size(K, stretches, s);
        for (ptrdiff_t t = 0; t < tiles; t++) {
            const ptrdiff_t start = pile_start(places, tiles, t);
            fetch(ahead);
            NAME(pixel_tiles)[rows][pile_size(places, tiles, t)](
                count, filters + k * rows, buffer, offset + k, at + start, out, to + start,
                out_row, s == 0 ? bias : NULL);
        }
    }
}

/* Copy `rows` rows of places from the scratch area to their pixels in the output. */
static void NAME(scatter)(const direct_plan *plan, const direct_part *part, const real *scratch,
                          ptrdiff_t r0, ptrdiff_t rows, real *out) {
    const strip_layout *l = &plan->layout;
    const ptrdiff_t step = plan->out_step[1], z = part->first[1];
    const ptrdiff_t first = z < 0 ? least(l->columns, quotient_up(-z, step)) : 0;
    const ptrdiff_t last =
        z < plan->W ? least(l->columns, quotient_up(plan->W - z, step)) : 0;
    for (ptrdiff_t r = 0; r < rows; r++) {
        const ptrdiff_t y = (r0 + r) * plan->out_step[0] + part->first[0];
        if (y < 0 || y >= plan->H) continue;
        const real *from = scratch + r * l->pitch;
        real *to = out + y * plan->W;
        if (step == 1)
            for (ptrdiff_t j = first; j < last; j++) to[z + j] = from[j];
        else
            for (ptrdiff_t j = first; j < last; j++) to[z + j * step] = from[j];
    }
}

static const real NAME(no_bias)[TILE_ROWS] = {0};

static void NAME(direct_run)(const void *plan_, const conv_arrays *arrays, ptrdiff_t task,
                             void *work) {
    const direct_plan *plan = plan_;
    const strip_layout *l = &plan->layout;
    const ptrdiff_t image = task / l->strips; /* counts groups of pictures */
    const ptrdiff_t group = image % plan->groups;
    const ptrdiff_t r0 = task % l->strips * l->strip, rows = least(l->strip, l->rows - r0);
    const ptrdiff_t M = plan->M, plane = plan->H * plan->W;
    const real *in = (const real *)arrays->in + image * l->channels * l->H * l->W;
    const real *packed = (const real *)arrays->packed + group * plan->group_packed;
    const real *bias = arrays->bias ? (const real *)arrays->bias + group * M : NULL;
    real *out = (real *)arrays->out + image * M * plane;
    const int unit = plan->out_step[0] == 1 && plan->out_step[1] == 1;

    /* the work space: the buffer, a scratch area for a panel, two lists */
    const ptrdiff_t scratch_row = l->strip * l->pitch + 2 * LANES;
    real *buffer = work;
    char *rest = work;
    if (!l->in_place)
        rest += whole_lines((l->channels * l->channel + 8 * LANES) * (ptrdiff_t)sizeof(real));
    real *scratch = (real *)rest;
    int *at = (int *)(rest + whole_lines(plan->panel_rows * scratch_row * (ptrdiff_t)sizeof(real)));
    int *to = at + plan->places;

    if (!l->in_place) {
        NAME(fill)(l, in, l->channels, r0, rows, buffer);
        memset(buffer + l->channels * l->channel, 0, 8 * LANES * sizeof(real));
    }
    int exact;
    const ptrdiff_t places =
        NAME(cover)(l, rows, unit ? plan->W : l->pitch, at, to, &exact);
    lines_ahead ahead = {0};
    if (!l->in_place && task + 1 < plan->N * plan->groups * l->strips)
        ahead = lines_of_strip(l, arrays->in, task + 1, sizeof(real),
                               plan->parts * plan->panels * (places / TILE_MOST + 1));
    const real *from = l->in_place ? in + r0 * l->W : buffer;
    for (ptrdiff_t n = 0; n < plan->parts; n++) {
        const direct_part *part = &plan->part[n];
        for (ptrdiff_t p = 0; p < plan->panels; p++) {
            const ptrdiff_t start = pile_start(M, plan->panels, p);
            const int height = (int)pile_size(M, plan->panels, p);
            const real *filters = packed + part->packed + start * part->K;
            const real *start_at = bias ? bias + start : NAME(no_bias);
            real *target = out + start * plane;
            if (unit && exact) {
                NAME(panel)(height, part->K, filters, from, part->offset, places, at, to,
                            target + r0 * plan->W, plane, start_at, &ahead);
                continue;
            }
            NAME(panel)(height, part->K, filters, from, part->offset, places, at, to, scratch,
                        scratch_row, start_at, &ahead);
            for (int i = 0; i < height; i++)
                NAME(scatter)(plan, part, scratch + i * scratch_row, r0, rows, target + i * plane);
        }
    }
}

/* Copy a panel's filters into the order in which a tile reads them: (K, rows of the panel). */
static void NAME(direct_pack)(const void *plan_, const conv_arrays *arrays, ptrdiff_t task,
                              void *work) {
    const direct_plan *plan = plan_;
    const ptrdiff_t group = task / plan->panels, panel = task % plan->panels;
    const ptrdiff_t start = pile_start(plan->M, plan->panels, panel);
    const ptrdiff_t rows = pile_size(plan->M, plan->panels, panel);
    const real *w = (const real *)arrays->w + group * plan->w_group + start * plan->w_row;
    (void)work;
    for (ptrdiff_t n = 0; n < plan->parts; n++) {
        const direct_part *part = &plan->part[n];
        real *to = (real *)arrays->packed + group * plan->group_packed + part->packed +
                   start * part->K;
        for (ptrdiff_t k = 0; k < part->K; k++)
            for (ptrdiff_t i = 0; i < rows; i++) *to++ = w[i * plan->w_row + part->weight[k]];
    }
}

static void *NAME(direct_forward)(const conv_sizes *sizes, conv_needs *needs) {
    return plan_direct(sizes, needs, 0, sizeof(real), LANES, TILE_ROWS);
}

static void *NAME(direct_dx)(const conv_sizes *sizes, conv_needs *needs) {
    return plan_direct(sizes, needs, 1, sizeof(real), LANES, TILE_ROWS);
}
