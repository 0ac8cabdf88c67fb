/* Average and L2 pooling of one plane: down the columns first, then along the row, in double.
 * Pixels outside the picture count for nothing. */

/* Along a row: windows j0 to j1 - 1 have their pixel b inside the picture. */
#ifndef INSIDE
#define INSIDE
INLINE void inside(const pool_plan *p, ptrdiff_t b, ptrdiff_t *j0, ptrdiff_t *j1) {
    const ptrdiff_t before = p->pw - b, room = p->W + p->pw - b;
    *j0 = before > 0 ? (before + p->sw - 1) / p->sw : 0;
    *j1 = room > 0 ? least((room + p->sw - 1) / p->sw, p->W_out) : 0;
}

INLINE ptrdiff_t rows_inside(const pool_plan *p, ptrdiff_t i) {
    const ptrdiff_t top = i * p->sh - p->ph;
    return least(top + p->HH, p->H) - most(top, 0);
}

INLINE ptrdiff_t columns_inside(const pool_plan *p, ptrdiff_t j) {
    const ptrdiff_t left = j * p->sw - p->pw;
    return least(left + p->WW, p->W) - most(left, 0);
}

/* total[j] += columns[j * stride], or the reverse: columns[j * stride] += total[j] */
INLINE void add_every(double *RESTRICT total, const double *RESTRICT columns, ptrdiff_t count,
                      ptrdiff_t stride) {
    ptrdiff_t j;
    for (j = 0; j < count; j++) total[j] += columns[j * stride];
}

INLINE void spread_every(const double *RESTRICT total, double *RESTRICT columns, ptrdiff_t count,
                         ptrdiff_t stride) {
    ptrdiff_t j;
    for (j = 0; j < count; j++) columns[j * stride] += total[j];
}
#endif

static void OF(sum_forward)(const pool_plan *p, const void *x, void *out, double *scratch,
                            ptrdiff_t plane) {
    const real *picture = (const real *)x + plane * p->H * p->W;
    double *columns = scratch, *total = scratch + p->W; /* (W,), (W_out,) */
    ptrdiff_t i, j, j0, j1, b, c, r;
    for (i = 0; i < p->H_out; i++) {
        const ptrdiff_t top = i * p->sh - p->ph, rows = rows_inside(p, i);
        real *to = (real *)out + (plane * p->H_out + i) * p->W_out;
        for (c = 0; c < p->W; c++) columns[c] = 0;
        for (r = most(top, 0); r < least(top + p->HH, p->H); r++) {
            const real *row = picture + r * p->W;
            if (p->l2)
                for (c = 0; c < p->W; c++) columns[c] += (double)row[c] * (double)row[c];
            else
                for (c = 0; c < p->W; c++) columns[c] += (double)row[c];
        }
        for (j = 0; j < p->W_out; j++) total[j] = 0;
        for (b = 0; b < p->WW; b++) {
            inside(p, b, &j0, &j1);
            if (j1 <= j0) continue;
            c = j0 * p->sw - p->pw + b;
            if (p->sw == 1) add_every(total + j0, columns + c, j1 - j0, 1);
            else if (p->sw == 2) add_every(total + j0, columns + c, j1 - j0, 2);
            else add_every(total + j0, columns + c, j1 - j0, p->sw);
        }
        if (p->l2) {
            roots_double(total, p->W_out);
            for (j = 0; j < p->W_out; j++) to[j] = (real)total[j];
        } else {
            const double whole = (double)(rows * p->WW);
            for (j = p->inner; j < p->inner_end; j++) to[j] = (real)(total[j] / whole);
            for (j = 0; j < p->W_out; j++) {
                if (j == p->inner) j = p->inner_end;
                if (j == p->W_out) break;
                to[j] = (real)(total[j] / (double)(rows * columns_inside(p, j)));
            }
        }
    }
}

/* share[j] += what each pixel of window (i, j) receives; times the pixel for L2 pooling, where a
 * window of zeros gives nothing. */
INLINE void OF(add_shares)(const pool_plan *p, const real *dout, const real *out, ptrdiff_t i,
                           double *RESTRICT share) {
    ptrdiff_t j;
    if (p->l2) {
        for (j = 0; j < p->W_out; j++) {
            const double length = (double)out[j];
            share[j] += length == 0 ? 0 : (double)dout[j] / length;
        }
    } else {
        const ptrdiff_t rows = rows_inside(p, i);
        const double whole = (double)(rows * p->WW);
        for (j = p->inner; j < p->inner_end; j++) share[j] += (double)dout[j] / whole;
        for (j = 0; j < p->W_out; j++) {
            if (j == p->inner) j = p->inner_end;
            if (j == p->W_out) break;
            share[j] += (double)dout[j] / (double)(rows * columns_inside(p, j));
        }
    }
}

static void OF(sum_backward)(const pool_plan *p, const void *x, const void *out, const void *dout,
                             void *dx, double *scratch, ptrdiff_t plane) {
    double *columns = scratch, *share = scratch + p->W; /* (W,), (W_out,) */
    ptrdiff_t i, j, j0, j1, b, c, r;
    for (r = 0; r < p->H; r++) {
        const ptrdiff_t at = (plane * p->H + r) * p->W, below = r + p->ph - p->HH + 1;
        const real *row = p->l2 ? (const real *)x + at : NULL;
        real *to = (real *)dx + at;
        for (j = 0; j < p->W_out; j++) share[j] = 0;
        i = below > 0 ? (below + p->sh - 1) / p->sh : 0; /* the first window that reaches row r */
        for (; i < p->H_out && i * p->sh - p->ph <= r; i++) {
            const ptrdiff_t first = (plane * p->H_out + i) * p->W_out;
            OF(add_shares)(p, (const real *)dout + first,
                           p->l2 ? (const real *)out + first : NULL, i, share);
        }
        for (c = 0; c < p->W; c++) columns[c] = 0;
        for (b = p->WW - 1; b >= 0; b--) { /* so that a pixel adds up its windows in their order */
            inside(p, b, &j0, &j1);
            if (j1 <= j0) continue;
            c = j0 * p->sw - p->pw + b;
            if (p->sw == 1) spread_every(share + j0, columns + c, j1 - j0, 1);
            else spread_every(share + j0, columns + c, j1 - j0, p->sw);
        }
        if (p->l2)
            for (c = 0; c < p->W; c++) to[c] = (real)((double)row[c] * columns[c]);
        else
            for (c = 0; c < p->W; c++) to[c] = (real)columns[c];
    }
}
