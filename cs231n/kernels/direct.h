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
 * other, at the buffer's pitch, and must be copied out of a scratch area. The last *again vectors
 * hold places that others before them hold too: what does not fill a vector is filled up so. */
static ptrdiff_t NAME(cover)(const strip_layout *l, ptrdiff_t rows, ptrdiff_t out_pitch, int *at,
                             int *to, int *exact, ptrdiff_t *again) {
    const ptrdiff_t pitch = l->pitch, columns = l->columns, all = rows * columns;
    const ptrdiff_t run = (rows - 1) * pitch + columns; /* first to last place */
    const ptrdiff_t by_rows = rows * quotient_up(columns, LANES), by_run = quotient_up(run, LANES);
    const ptrdiff_t whole = columns - columns % LANES;
    ptrdiff_t n = 0;
    *exact = 1, *again = 0;
    if (pitch == columns && out_pitch == columns && all >= LANES) {
        for (ptrdiff_t j = 0; j + LANES <= all; j += LANES) at[n++] = (int)j;
        *again = all % LANES != 0;
        if (*again) at[n++] = (int)(all - LANES);
        memcpy(to, at, n * sizeof(int));
    } else if (columns >= LANES && by_rows * 100 <= by_run * 107) {
        for (ptrdiff_t r = 0; r < rows; r++)
            for (ptrdiff_t j = 0; j < whole; j += LANES) {
                at[n] = (int)(r * pitch + j);
                to[n++] = (int)(r * out_pitch + j);
            }
        for (ptrdiff_t r = 0; r < rows && whole < columns; r++, ++*again) {
            at[n] = (int)(r * pitch + columns - LANES);
            to[n++] = (int)(r * out_pitch + columns - LANES);
        }
    } else {
        *exact = 0;
        for (; n < by_run; n++) at[n] = to[n] = (int)(n * LANES);
    }
    return n;
}

/* What the tiles of a panel have in common: `rows` output channels, sums of K products. */
typedef struct {
    int rows;
    ptrdiff_t K;
    const real *filters, *buffer;
    const int *offset, *at, *to;
    real *out;
    ptrdiff_t out_row;
    const real *bias;
} NAME(panel_work);

/* Stretch s of K, of `stretches`, for tile t of `tiles` of a panel. */
static void NAME(tile)(const NAME(panel_work) *w, ptrdiff_t stretches, ptrdiff_t s,
                       ptrdiff_t places, ptrdiff_t first, ptrdiff_t tiles, ptrdiff_t t,
                       lines_ahead *ahead) {
    const ptrdiff_t k = pile_start(w->K, stretches, s), count = pile_size(w->K, stretches, s);
    const ptrdiff_t start = first + pile_start(places, tiles, t);
    fetch(ahead);
    NAME(pixel_tiles)[w->rows][pile_size(places, tiles, t)](
        count, w->filters + k * w->rows, w->buffer, w->offset + k, w->at + start, w->out,
        w->to + start, w->out_row, s == 0 ? w->bias : NULL);
}

/* One panel of output channels at all the strip's places: K a stretch at a time, so that a stretch
 * of the filters stays in the first-level cache for all tiles. Places that are there again must not
 * be added to again: their tiles come last, and start anew. */
static void NAME(panel)(const NAME(panel_work) *w, ptrdiff_t places, ptrdiff_t again,
                        lines_ahead *ahead) {
    const ptrdiff_t most_vectors = NAME(tile_vectors)(w->rows);
    const ptrdiff_t stretches = most(1, quotient_up(w->K * w->rows * sizeof(real), FILTER_BYTES));
    const ptrdiff_t first = stretches > 1 ? places - again : places;
    const ptrdiff_t tiles = quotient_up(first, most_vectors);
    for (ptrdiff_t s = 0; s < stretches; s++)
        for (ptrdiff_t t = 0; t < tiles; t++)
            NAME(tile)(w, stretches, s, first, 0, tiles, t, ahead);
    const ptrdiff_t rest = places - first, more = quotient_up(rest, most_vectors);
    for (ptrdiff_t t = 0; t < more; t++)
        for (ptrdiff_t s = 0; s < stretches; s++)
            NAME(tile)(w, stretches, s, rest, first, more, t, ahead);
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
    ptrdiff_t again;
    const ptrdiff_t places =
        NAME(cover)(l, rows, unit ? plan->W : l->pitch, at, to, &exact, &again);
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
            const int straight = unit && exact;
            const NAME(panel_work) panel = {
                height, part->K, filters, from, part->offset, at, to,
                straight ? target + r0 * plan->W : scratch, straight ? plane : scratch_row, start_at};
            NAME(panel)(&panel, places, again, &ahead);
            if (straight) continue;
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
