/* How a Winograd convolution is cut up: the same for every type of number. See winograd.h. */
#ifndef CS231N_WINOGRAD_PLAN_H
#define CS231N_WINOGRAD_PLAN_H

#include "direct_plan.h"

#define TILE_BYTES (320 * 1024)          /* transformed tiles of a task */
#define GRADIENT_SUMS_BYTES (8 << 20)    /* transformed dw, of all shares together, about */

/* A convolution of 3x3 filters with stride 1: K channels are read, M are made. Tiles of 4x4 pixels
 * are made from tiles of 6x6; `down` and `across` of them cover a picture. */
typedef struct {
    ptrdiff_t N, K, H, W, M, H_out, W_out, pad[2];
    ptrdiff_t down, across;
    ptrdiff_t Kp, Mp;          /* K and M filled up to whole vectors */
    ptrdiff_t piles;           /* vectors of output channels are worked on a few at a time */
    ptrdiff_t rows;            /* rows of tiles in a task (forward, dx) or in one go (dw) */
    ptrdiff_t width;           /* of a picture's row with its padding */
    ptrdiff_t shares;          /* of the pictures, for dw */
    ptrdiff_t w_row, w_column; /* in w, from one M to the next and from one K to the next */
    int flipped;               /* the gradient on x */
} winograd_plan;

/* Bytes of a strip of pixels with their channels last: rows of tiles and the rows around them. */
static inline ptrdiff_t strip_size(const winograd_plan *p, ptrdiff_t item, ptrdiff_t lanes) {
    return whole_lines((4 * p->rows + 2) * p->width * lanes * item);
}

static winograd_plan *plan_winograd(const conv_sizes *s, conv_needs *needs, int product,
                                    ptrdiff_t item, ptrdiff_t lanes, ptrdiff_t widest) {
    const int dx = product == CONV_DX, dw = product == CONV_DW;
    if (s->HH != 3 || s->WW != 3 || s->stride[0] != 1 || s->stride[1] != 1 ||
        s->dilation[0] != 1 || s->dilation[1] != 1 || s->groups != 1 || s->pad[0] > 2 ||
        s->pad[1] > 2 || s->F * s->C > LARGEST_OFFSET / 36)
        return NULL;
    winograd_plan *p = calloc(1, sizeof(winograd_plan));
    if (!p) return NULL;
    p->N = s->N, p->flipped = dx;
    p->K = dx ? s->F : s->C, p->M = dx ? s->C : s->F;
    p->H = dx ? s->H_out : s->H, p->W = dx ? s->W_out : s->W;
    p->H_out = dx ? s->H : s->H_out, p->W_out = dx ? s->W : s->W_out;
    for (int d = 0; d < 2; d++) p->pad[d] = dx ? 2 - s->pad[d] : s->pad[d];
    p->w_row = (dx ? 1 : s->C) * 9, p->w_column = (dx ? s->C : 1) * 9;
    p->down = quotient_up(p->H_out, 4), p->across = quotient_up(p->W_out, 4);
    p->width = 4 * p->across + 2;
    p->Kp = quotient_up(p->K, lanes) * lanes, p->Mp = quotient_up(p->M, lanes) * lanes;
    p->piles = quotient_up(p->Mp / lanes, widest);

    const ptrdiff_t all = p->N * p->down; /* rows of tiles */
    const ptrdiff_t tile = 36 * (dw ? p->Kp + p->Mp : p->Kp) * item;
    p->rows = most(1, least(all, (dw ? 8 : 1) * TILE_BYTES / tile / p->across));
    const ptrdiff_t tiles = p->rows * p->across;
    if (dw) {
        const ptrdiff_t sums = 36 * p->Mp * p->Kp + p->Mp;
        p->shares = most(4, least(8, GRADIENT_SUMS_BYTES / item / sums));
        p->shares = least(p->shares, all);
        needs->packed = needs->pack_tasks = 0;
        needs->shared = whole_lines(p->shares * sums * item);
        needs->work = whole_lines(36 * (tiles + 1) * (p->Kp + p->Mp) * item) +
                      strip_size(p, item, lanes) + whole_lines(p->M * sizeof(int));
        needs->tasks = p->shares;
        needs->last_tasks = p->M;
        return p;
    }
    if (all < LEAST_TASKS * p->rows) p->rows = quotient_up(all, LEAST_TASKS);
    needs->packed = whole_lines(36 * p->K * p->Mp * item);
    needs->pack_tasks = p->K;
    needs->shared = 0;
    needs->work = whole_lines((36 * tiles * p->Kp + 36 * lanes) * item) +
                  strip_size(p, item, lanes) + whole_lines(4 * p->width * lanes * item) +
                  whole_lines(36 * tiles * widest * lanes * item) +
                  whole_lines(tiles * sizeof(int));
    needs->tasks = quotient_up(all, p->rows);
    needs->last_tasks = 0;
    return p;
}

#endif
