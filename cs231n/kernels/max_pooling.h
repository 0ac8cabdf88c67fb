/* Max pooling of one plane. A value takes the lead when it is larger, or the first NaN; so the
 * first of equals wins, and a NaN is never lost. Pixels outside the picture are passed over. */

#if defined(VECTORS)
#define LANES (POOL_BYTES / REAL_BYTES)
typedef real OF(vector) __attribute__((vector_size(POOL_BYTES)));
typedef integer OF(indices) __attribute__((vector_size(POOL_BYTES)));
typedef uint8_t OF(bytes) __attribute__((vector_size(POOL_BYTES / REAL_BYTES)));

/* x[0], x[stride], x[2 * stride], ...: nothing beyond the last of them is touched. */
INLINE OF(vector) OF(every)(const real *x, ptrdiff_t stride) {
    OF(vector) v, w;
    int k;
    if (stride == 1) {
        memcpy(&v, x, sizeof v);
    } else if (stride == 2) {
        memcpy(&v, x, sizeof v);
        memcpy(&w, x + LANES - 1, sizeof w);
#if POOL_BYTES / REAL_BYTES == 2
        v = __builtin_shufflevector(v, w, 0, 3);
#elif POOL_BYTES / REAL_BYTES == 4
        v = __builtin_shufflevector(v, w, 0, 2, 5, 7);
#else
        v = __builtin_shufflevector(v, w, 0, 2, 4, 6, 9, 11, 13, 15);
#endif
    } else {
        for (k = 0; k < LANES; k++) v[k] = x[k * stride];
    }
    return v;
}

/* LANES windows side by side, of which rows * WW pixels lie inside; x is the first of these, and
 * `first` its index. */
INLINE void OF(max_of_lanes)(const real *x, ptrdiff_t W, ptrdiff_t rows, ptrdiff_t WW,
                             ptrdiff_t sw, ptrdiff_t first, real *out, uint8_t *winner) {
    OF(vector) best = OF(every)(x, sw), value;
    OF(indices) index = (OF(indices)){0} + (integer)first, leads;
    OF(bytes) narrow;
    ptrdiff_t a, b;
    for (a = 0; a < rows; a++) {
        for (b = 0; b < WW; b++) {
            if (a == 0 && b == 0) continue;
            value = OF(every)(x + a * W + b, sw);
            leads = ~(OF(indices))(value <= best) & (OF(indices))(best == best);
            best = (OF(vector))((leads & (OF(indices))value) | (~leads & (OF(indices))best));
            index = (leads & (integer)(first + a * WW + b)) | (~leads & index);
        }
    }
    narrow = __builtin_convertvector(index, OF(bytes));
    memcpy(out, &best, sizeof best);
    memcpy(winner, &narrow, sizeof narrow);
}

/* `count` windows of a row; the last vector overlaps the one before it. */
INLINE void OF(max_of_count)(const real *x, ptrdiff_t W, ptrdiff_t rows, ptrdiff_t WW,
                             ptrdiff_t sw, ptrdiff_t first, real *out, uint8_t *winner,
                             ptrdiff_t count) {
    ptrdiff_t j;
    for (j = 0; j < count; j += LANES) {
        if (j > count - LANES) j = count - LANES;
        OF(max_of_lanes)(x + j * sw, W, rows, WW, sw, first, out + j, winner + j);
    }
}

/* The windows of row i that lie between the picture's sides; out and winner are for row i. */
static void OF(max_of_row)(const pool_plan *p, const real *picture, ptrdiff_t i, real *out,
                           uint8_t *winner) {
    const ptrdiff_t top = i * p->sh - p->ph, row = most(top, 0), W = p->W, WW = p->WW;
    const ptrdiff_t rows = least(top + p->HH, p->H) - row, first = (row - top) * WW;
    const ptrdiff_t count = p->inner_end - p->inner;
    const real *x = picture + row * W + p->inner * p->sw - p->pw;
    out += p->inner, winner += p->inner;
    if (rows == 2 && WW == 2 && p->sw == 2) /* written out, to be unrolled */
        OF(max_of_count)(x, W, 2, 2, 2, first, out, winner, count);
    else if (rows == 3 && WW == 3 && p->sw == 2)
        OF(max_of_count)(x, W, 3, 3, 2, first, out, winner, count);
    else if (p->sw == 2)
        OF(max_of_count)(x, W, rows, WW, 2, first, out, winner, count);
    else if (p->sw == 1)
        OF(max_of_count)(x, W, rows, WW, 1, first, out, winner, count);
    else
        OF(max_of_count)(x, W, rows, WW, p->sw, first, out, winner, count);
}
#undef LANES
#endif

INLINE void OF(put_index)(void *winner, int bytes, ptrdiff_t at, ptrdiff_t index) {
    if (bytes == 1) ((uint8_t *)winner)[at] = (uint8_t)index;
    else if (bytes == 2) ((uint16_t *)winner)[at] = (uint16_t)index;
    else if (bytes == 4) ((uint32_t *)winner)[at] = (uint32_t)index;
    else ((uint64_t *)winner)[at] = (uint64_t)index;
}

INLINE uint64_t OF(get_index)(const void *winner, int bytes, ptrdiff_t at) {
    if (bytes == 1) return ((const uint8_t *)winner)[at];
    if (bytes == 2) return ((const uint16_t *)winner)[at];
    if (bytes == 4) return ((const uint32_t *)winner)[at];
    return ((const uint64_t *)winner)[at];
}

/* The largest value of window (i, j), wherever it lies, and its index. */
static real OF(max_of_window)(const pool_plan *p, const real *picture, ptrdiff_t i, ptrdiff_t j,
                              ptrdiff_t *index) {
    const ptrdiff_t top = i * p->sh - p->ph, left = j * p->sw - p->pw;
    const ptrdiff_t row = most(top, 0), end_row = least(top + p->HH, p->H);
    const ptrdiff_t column = most(left, 0), end_column = least(left + p->WW, p->W);
    real best = picture[row * p->W + column];
    ptrdiff_t r, c;
    *index = (row - top) * p->WW + column - left;
    for (r = row; r < end_row; r++) {
        for (c = column; c < end_column; c++) {
            const real value = picture[r * p->W + c];
            if (!(value <= best) && best == best) {
                best = value;
                *index = (r - top) * p->WW + c - left;
            }
        }
    }
    return best;
}

static void OF(max_forward)(const pool_plan *p, const void *x, void *out, void *winner,
                            ptrdiff_t plane) {
    const real *picture = (const real *)x + plane * p->H * p->W;
    ptrdiff_t i, j, index;
    for (i = 0; i < p->H_out; i++) {
        const ptrdiff_t at = (plane * p->H_out + i) * p->W_out;
        real *to = (real *)out + at;
        ptrdiff_t done = p->W_out, done_end = p->W_out; /* windows done in vectors: none */
#if defined(VECTORS)
        if (p->winner_bytes == 1 && p->inner_end - p->inner >= POOL_BYTES / REAL_BYTES) {
            done = p->inner, done_end = p->inner_end;
            OF(max_of_row)(p, picture, i, to, (uint8_t *)winner + at);
        }
#endif
        for (j = 0; j < p->W_out; j++) {
            if (j == done) j = done_end;
            if (j == p->W_out) break;
            to[j] = OF(max_of_window)(p, picture, i, j, &index);
            OF(put_index)(winner, p->winner_bytes, at + j, index);
        }
    }
}

static void OF(max_backward)(const pool_plan *p, const void *dout, const void *winner, void *dx,
                             ptrdiff_t plane) {
    real *picture = (real *)dx + plane * p->H * p->W;
    ptrdiff_t i, j;
    memset(picture, 0, (size_t)(p->H * p->W) * sizeof(real));
    for (i = 0; i < p->H_out; i++) {
        const ptrdiff_t top = i * p->sh - p->ph, at = (plane * p->H_out + i) * p->W_out;
        const real *from = (const real *)dout + at;
        if (p->winner_bytes == 1 && p->inner == 0 && p->inner_end == p->W_out && top >= 0 &&
            top + p->HH <= p->H) { /* nothing can lie outside */
            const uint8_t *index = (const uint8_t *)winner + at;
            real *corner = picture + top * p->W;
            for (j = 0; j < p->W_out; j++) corner[j * p->sw + p->offset[index[j]]] += from[j];
            continue;
        }
        for (j = 0; j < p->W_out; j++) {
            const uint64_t index = OF(get_index)(winner, p->winner_bytes, at + j);
            const uint64_t row = index / (uint64_t)p->WW, column = index % (uint64_t)p->WW;
            const ptrdiff_t r = top + (ptrdiff_t)row, c = j * p->sw - p->pw + (ptrdiff_t)column;
            /* always inside, unless the cache was damaged */
            if (r >= 0 && r < p->H && c >= 0 && c < p->W) picture[r * p->W + c] += from[j];
        }
    }
}
