/* How a direct convolution is cut up: the same for every type of number. See direct.h.
 *
 * Places are the positions at which a sum is made: for the forward pass those of the output, for
 * the gradient on x the pixels of x of one phase.
 */
#ifndef CS231N_DIRECT_PLAN_H
#define CS231N_DIRECT_PLAN_H

#include "convolution.h"

#define BUFFER_BYTES (256 * 1024) /* of a strip: stays in a second-level cache of 512 KiB or more */
#define FILTER_BYTES (12 * 1024)  /* of a panel: stays in a first-level cache of 32 KiB */
#define LEAST_TASKS 8             /* so that a few large pictures occupy several threads too */
#define LARGEST_OFFSET 2000000000 /* offsets are ints */

static inline ptrdiff_t quotient_up(ptrdiff_t a, ptrdiff_t b) { return (a + b - 1) / b; }
static inline ptrdiff_t whole_lines(ptrdiff_t bytes) { return (bytes + 127) / 64 * 64; }

/* `count` things dealt to `piles` as evenly as can be: where pile p starts, and its size. */
static inline ptrdiff_t pile_start(ptrdiff_t count, ptrdiff_t piles, ptrdiff_t p) {
    return p * (count / piles) + least(p, count % piles);
}
static inline ptrdiff_t pile_size(ptrdiff_t count, ptrdiff_t piles, ptrdiff_t p) {
    return count / piles + (p < count % piles);
}

/* How a strip of pictures lies in the buffer: by channel, phase, row, column. */
typedef struct {
    ptrdiff_t channels, H, W;  /* the pictures that are read; the channels of one group */
    ptrdiff_t step[2];         /* pixels from one place to the next */
    ptrdiff_t origin[2];       /* how far the first place's pixel lies outside the picture */
    ptrdiff_t phases[2];       /* the phases kept, of `step` that there are */
    ptrdiff_t reach[2];        /* rows and columns that the last places see beyond their own */
    ptrdiff_t rows, columns;   /* places in all */
    ptrdiff_t strip, strips;   /* rows of places in a strip; how many strips */
    ptrdiff_t pitch, channel;  /* numbers from one row, and one channel, to the next */
    int in_place;              /* the picture serves as its own buffer */
    const int *phase[2];       /* which phases are kept */
} strip_layout;

/* The product that gives one phase of the output. */
typedef struct {
    ptrdiff_t K;        /* channels times taps */
    ptrdiff_t first[2]; /* the output's pixel of place (0, 0) */
    ptrdiff_t packed;   /* where its packed filters start, in numbers */
    const int *offset;  /* (K,) where a tap's pixel lies in the buffer, seen from its place */
    const int *weight;  /* (K,) where its weight lies in w, seen from the output channel's first */
} direct_part;

typedef struct {
    strip_layout layout;
    ptrdiff_t N, groups, M;        /* M output channels in each group */
    ptrdiff_t H, W, out_step[2];   /* the output; its pixels from one place to the next */
    ptrdiff_t w_row, w_group;      /* in w, from one output channel and group to the next */
    ptrdiff_t panels, panel_rows;  /* output channels are worked on a panel at a time */
    ptrdiff_t group_packed;        /* packed numbers of one group */
    ptrdiff_t places;              /* the most vectors of places in a strip */
    ptrdiff_t parts;
    direct_part part[1];           /* as many as `parts` */
} direct_plan;

/* Which phases the taps fall on in one direction, and how far they reach. */
static ptrdiff_t list_phases(ptrdiff_t taps, ptrdiff_t dilation, ptrdiff_t stride, int *phase) {
    ptrdiff_t found = 0;
    for (ptrdiff_t i = 0; i < taps && found < stride; i++) {
        const int p = (int)(i * dilation % stride);
        ptrdiff_t at = 0;
        while (at < found && phase[at] != p) at++;
        if (at == found) phase[found++] = p;
    }
    return found;
}

static ptrdiff_t phase_at(const int *phase, ptrdiff_t wanted) {
    ptrdiff_t at = 0;
    while (phase[at] != wanted) at++;
    return at;
}

/* Channels that lie a multiple of this apart fall on few sets of a cache, and push each other out. */
#define CROWDED(bytes) ((bytes) % 512 == 0)

/* The size of a channel in the buffer, or more than LARGEST_OFFSET where it is absurd: dilation and
 * padding may both be huge. */
static void set_channel(strip_layout *l, ptrdiff_t item) {
    const double size = (double)l->phases[0] * (double)l->phases[1] *
                        (double)(l->strip + l->reach[0]) * (double)l->pitch;
    l->channel = size > LARGEST_OFFSET ? LARGEST_OFFSET + (ptrdiff_t)1 : (ptrdiff_t)size;
    if (CROWDED(l->channel * item)) l->channel += 64 / item;
}

/* Choose the strips: as tall as the buffer allows, and even. */
static void cut_into_strips(strip_layout *l, ptrdiff_t pictures, ptrdiff_t item) {
    const ptrdiff_t copies = l->channels * l->phases[0] * l->phases[1];
    l->pitch = l->columns + l->reach[1];
    l->strip = BUFFER_BYTES / item / (copies * l->pitch) - l->reach[0];
    l->strip = most(1, least(l->strip, l->rows));
    l->strips = quotient_up(l->rows, l->strip);
    if (pictures * l->strips < LEAST_TASKS)
        l->strips = least(quotient_up(l->rows, 4), quotient_up(LEAST_TASKS, pictures));
    l->strip = quotient_up(l->rows, l->strips);
    l->strips = quotient_up(l->rows, l->strip);
    set_channel(l, item);
}

/* A picture needs no buffer when a place sees one pixel, its own (1x1, stride 1, no padding). */
static void try_in_place(strip_layout *l, ptrdiff_t lanes) {
    const ptrdiff_t last = l->rows - (l->strips - 1) * l->strip;
    l->in_place = l->step[0] == 1 && l->step[1] == 1 && !l->reach[0] && !l->reach[1] &&
                  !l->origin[0] && !l->origin[1] && l->rows == l->H && l->columns == l->W &&
                  last * l->columns >= lanes;
    if (l->in_place) l->channel = l->H * l->W;
}

/* The cache lines of a strip that comes next: a few are fetched before each tile of this one. */
typedef struct {
    const char *channel;     /* where the strip starts in the next channel to be fetched */
    ptrdiff_t plane, bytes;  /* from channel to channel, and of the strip in one */
    ptrdiff_t at, channels;  /* how far that channel has been fetched; channels that are left */
    int each;                /* lines at a time */
} lines_ahead;

static lines_ahead lines_of_strip(const strip_layout *l, const void *in, ptrdiff_t task,
                                  ptrdiff_t item, ptrdiff_t times) {
    lines_ahead ahead;
    const ptrdiff_t r0 = task % l->strips * l->strip, rows = least(l->strip, l->rows - r0);
    const ptrdiff_t first = most(0, r0 * l->step[0] - l->origin[0]);
    const ptrdiff_t last = least(l->H, (r0 + rows + l->reach[0]) * l->step[0] - l->origin[0]);
    ahead.plane = l->H * l->W * item;
    ahead.channel = (const char *)in + task / l->strips * l->channels * ahead.plane +
                    first * l->W * item;
    ahead.bytes = (last - first) * l->W * item;
    ahead.at = 0;
    ahead.channels = ahead.bytes > 0 ? l->channels : 0;
    ahead.each = (int)(ahead.channels * (ahead.bytes / 64 + 1) / times + 1);
    return ahead;
}

static inline void fetch(lines_ahead *ahead) {
    for (int i = 0; i < ahead->each && ahead->channels; i++) {
        PREFETCH(ahead->channel + ahead->at);
        ahead->at += 64;
        if (ahead->at < ahead->bytes) continue;
        ahead->at = 0;
        ahead->channel += ahead->plane;
        ahead->channels--;
    }
}

/* Where tap (i, j) of channel c lies in the buffer, seen from a place; `back` counts rows and
 * columns from the far end, for flipped filters. */
static ptrdiff_t tap_offset(const strip_layout *l, ptrdiff_t c, ptrdiff_t phase_row,
                            ptrdiff_t phase_column, ptrdiff_t row, ptrdiff_t column) {
    const ptrdiff_t phase = phase_row * l->phases[1] + phase_column;
    return c * l->channel + (phase * (l->strip + l->reach[0]) + row) * l->pitch + column;
}

/* The layout of the pictures x, as the forward pass and dw read them. `phase` has room for HH + WW
 * numbers. */
static strip_layout layout_of_x(const conv_sizes *s, ptrdiff_t channels, int *phase,
                                ptrdiff_t pictures, ptrdiff_t item) {
    strip_layout l = {0};
    l.channels = channels, l.H = s->H, l.W = s->W;
    l.rows = s->H_out, l.columns = s->W_out;
    for (int d = 0; d < 2; d++) {
        const ptrdiff_t taps = d ? s->WW : s->HH;
        l.step[d] = s->stride[d];
        l.origin[d] = s->pad[d];
        l.reach[d] = (taps - 1) * s->dilation[d] / s->stride[d];
        l.phases[d] = list_phases(taps, s->dilation[d], s->stride[d], phase);
        l.phase[d] = phase;
        phase += l.phases[d];
    }
    cut_into_strips(&l, pictures, item);
    return l;
}

/* The layout of the pictures dout, as the gradient on x reads them: from place q of x, tap i of
 * phase p sees row q - (i * dilation - p) / stride of dout. */
static strip_layout layout_of_dout(const conv_sizes *s, const int *zero, ptrdiff_t item) {
    strip_layout l = {0};
    l.channels = s->F / s->groups, l.H = s->H_out, l.W = s->W_out;
    for (int d = 0; d < 2; d++) {
        const ptrdiff_t taps = d ? s->WW : s->HH, size = d ? s->W : s->H;
        const ptrdiff_t start = s->pad[d] / s->stride[d];
        const ptrdiff_t places = (s->pad[d] + size - 1) / s->stride[d] + 1 - start;
        l.step[d] = 1;
        l.reach[d] = (taps - 1) * s->dilation[d] / s->stride[d];
        l.origin[d] = l.reach[d] - start;
        l.phases[d] = 1;
        l.phase[d] = zero;
        *(d ? &l.columns : &l.rows) = places;
    }
    cut_into_strips(&l, s->N * s->groups, item);
    return l;
}

/* Fill in a part: the taps (i, j) that fall on phase (p, q), for each channel that is read. */
static void list_taps(const conv_sizes *s, const strip_layout *l, int dx, ptrdiff_t p, ptrdiff_t q,
                      direct_part *part, int *memory) {
    const ptrdiff_t Cg = s->C / s->groups;
    int *offset = memory, *weight = memory + part->K;
    part->offset = offset, part->weight = weight;
    for (ptrdiff_t c = 0; c < l->channels; c++)
        for (ptrdiff_t i = 0; i < s->HH; i++)
            for (ptrdiff_t j = 0; j < s->WW; j++) {
                const ptrdiff_t y = i * s->dilation[0], z = j * s->dilation[1];
                const ptrdiff_t row = y / s->stride[0], column = z / s->stride[1];
                const ptrdiff_t y_phase = y % s->stride[0], z_phase = z % s->stride[1];
                if (dx && (y_phase != p || z_phase != q)) continue;
                if (dx) {
                    *offset++ = (int)tap_offset(l, c, 0, 0, l->reach[0] - row, l->reach[1] - column);
                    *weight++ = (int)(c * Cg * s->HH * s->WW + i * s->WW + j);
                } else {
                    *offset++ = (int)tap_offset(l, c, phase_at(l->phase[0], y_phase),
                                                phase_at(l->phase[1], z_phase), row, column);
                    *weight++ = (int)((c * s->HH + i) * s->WW + j);
                }
            }
}

static ptrdiff_t taps_on(ptrdiff_t taps, ptrdiff_t dilation, ptrdiff_t stride, ptrdiff_t phase) {
    ptrdiff_t count = 0;
    for (ptrdiff_t i = 0; i < taps; i++) count += i * dilation % stride == phase;
    return count;
}

/* A plan for the forward pass (dx = 0) or for the gradient on x (dx = 1). */
static direct_plan *plan_direct(const conv_sizes *s, conv_needs *needs, int dx, ptrdiff_t item,
                                ptrdiff_t lanes, ptrdiff_t tile_rows) {
    const ptrdiff_t Cg = s->C / s->groups, Fg = s->F / s->groups;
    const ptrdiff_t parts = dx ? s->stride[0] * s->stride[1] : 1;
    const ptrdiff_t numbers = 2 * (dx ? Fg : Cg) * s->HH * s->WW; /* offsets and weights, in all */
    const ptrdiff_t head = (ptrdiff_t)(sizeof(direct_plan) + parts * sizeof(direct_part));
    direct_plan *plan = calloc(1, head + (numbers + s->HH + s->WW) * sizeof(int));
    if (!plan) return NULL;
    int *memory = (int *)((char *)plan + head), *phases = memory + numbers;

    strip_layout *l = &plan->layout;
    *l = dx ? layout_of_dout(s, phases, item) : layout_of_x(s, Cg, phases, s->N * s->groups, item);
    plan->N = s->N, plan->groups = s->groups, plan->parts = parts;
    plan->M = dx ? Cg : Fg;
    plan->H = dx ? s->H : s->H_out, plan->W = dx ? s->W : s->W_out;
    plan->w_row = (dx ? 1 : Cg) * s->HH * s->WW;
    plan->w_group = Fg * Cg * s->HH * s->WW;
    for (int d = 0; d < 2; d++) plan->out_step[d] = dx ? s->stride[d] : 1;
    if (plan->out_step[0] == 1 && plan->out_step[1] == 1 && !CROWDED(l->H * l->W * item))
        try_in_place(l, lanes);
    plan->panels = quotient_up(plan->M, tile_rows);
    plan->panel_rows = quotient_up(plan->M, plan->panels);
    if (l->channels * l->channel > LARGEST_OFFSET || plan->w_group > LARGEST_OFFSET ||
        plan->panel_rows * plan->H * plan->W > LARGEST_OFFSET) {
        free(plan);
        return NULL;
    }

    for (ptrdiff_t n = 0; n < parts; n++) {
        direct_part *part = &plan->part[n];
        const ptrdiff_t p = n / s->stride[1], q = n % s->stride[1];
        part->K = l->channels * (dx ? taps_on(s->HH, s->dilation[0], s->stride[0], p) *
                                          taps_on(s->WW, s->dilation[1], s->stride[1], q)
                                    : s->HH * s->WW);
        if (dx) {
            part->first[0] = s->pad[0] / s->stride[0] * s->stride[0] + p - s->pad[0];
            part->first[1] = s->pad[1] / s->stride[1] * s->stride[1] + q - s->pad[1];
        }
        part->packed = plan->group_packed;
        plan->group_packed += part->K * plan->M;
        list_taps(s, l, dx, p, q, part, memory);
        memory += 2 * part->K;
    }
    plan->places = l->strip * (l->pitch / lanes + 2) + 2;

    needs->packed = whole_lines(s->groups * plan->group_packed * item);
    needs->pack_tasks = s->groups * plan->panels;
    needs->shared = 0;
    needs->work = whole_lines(l->in_place ? 0 : (l->channels * l->channel + 8 * lanes) * item) +
                  whole_lines(plan->panel_rows * (l->strip * l->pitch + 2 * lanes) * item) +
                  whole_lines(2 * plan->places * sizeof(int));
    needs->tasks = s->N * s->groups * l->strips;
    needs->last_tasks = 0;
    return plan;
}

/* ---- The gradient on the filters ---- */

#define SUMS_BYTES (32 * 1024 * 1024) /* of all shares together */

typedef struct {
    strip_layout layout;           /* of a block of channels */
    ptrdiff_t N, groups, channels; /* channels of one group */
    ptrdiff_t taps, M, filters;    /* HH * WW; filters of a group; filled up to whole vectors */
    ptrdiff_t shares, blocks;      /* shares of the pictures; blocks of the channels */
    ptrdiff_t share;               /* numbers in the sums of one share and group */
    ptrdiff_t pieces;              /* tasks of a group when the shares are added up */
    const int *offset;             /* (channels of a block times taps,) */
} dw_plan;

static dw_plan *plan_dw(const conv_sizes *s, conv_needs *needs, ptrdiff_t item, ptrdiff_t lanes) {
    const ptrdiff_t Cg = s->C / s->groups, taps = s->HH * s->WW;
    const ptrdiff_t filters = quotient_up(s->F / s->groups, lanes) * lanes;
    const ptrdiff_t share = (Cg * taps + 1) * filters; /* one row is db's */
    const ptrdiff_t affordable = SUMS_BYTES / item / (share * s->groups);
    const ptrdiff_t shares = most(1, least(least(s->N, 16), affordable));
    const ptrdiff_t blocks = least(Cg, quotient_up(LEAST_TASKS, shares * s->groups));
    direct_part part = {0};
    part.K = quotient_up(Cg, blocks) * taps;
    if (share > LARGEST_OFFSET || s->F * Cg * taps > LARGEST_OFFSET) return NULL;
    dw_plan *plan = calloc(1, sizeof(dw_plan) + (2 * part.K + s->HH + s->WW) * sizeof(int));
    if (!plan) return NULL;
    int *memory = (int *)(plan + 1);

    strip_layout *l = &plan->layout;
    *l = layout_of_x(s, quotient_up(Cg, blocks), memory + 2 * part.K, LEAST_TASKS, item);
    /* a strip of dout, with its filters last, should stay in the cache as well */
    const ptrdiff_t fit = most(1, BUFFER_BYTES / item / (l->columns * filters));
    l->strips = quotient_up(l->rows, least(l->strip, fit));
    l->strip = quotient_up(l->rows, l->strips);
    set_channel(l, item);
    try_in_place(l, 1);
    if (l->channels * l->channel > LARGEST_OFFSET) {
        free(plan);
        return NULL;
    }
    list_taps(s, l, 0, 0, 0, &part, memory);
    plan->N = s->N, plan->groups = s->groups, plan->channels = Cg, plan->taps = taps;
    plan->M = s->F / s->groups, plan->filters = filters;
    plan->shares = shares, plan->blocks = quotient_up(Cg, l->channels);
    plan->share = share, plan->pieces = quotient_up(Cg * taps, 64);
    plan->offset = part.offset;

    needs->packed = needs->pack_tasks = 0;
    needs->shared = whole_lines(shares * s->groups * share * item);
    needs->work = whole_lines(l->strip * l->columns * filters * item) +
                  whole_lines(l->in_place ? 0 : l->channels * l->channel * item);
    needs->tasks = shares * s->groups * plan->blocks;
    needs->last_tasks = s->groups * plan->pieces;
    return plan;
}

#endif
