/* Vectors of `real`, and the two inner loops that all the arithmetic of a convolution goes through.
 *
 * Included once for float and once for double, with these defined: real, REAL_BYTES, NAME(x).
 * gcc and clang know vectors as types: a + b adds lane by lane, and a number times a vector
 * multiplies each lane; c += a * b becomes one fused multiply-add where the processor has it.
 * For other compilers a vector has one lane, and the same lines are plain arithmetic.
 */
#if (defined(__GNUC__) || defined(__clang__)) && !defined(CS231N_SCALAR)
#define LANES (VECTOR_BYTES / REAL_BYTES)
typedef real NAME(vector) __attribute__((vector_size(VECTOR_BYTES)));
/* The same at any address. */
typedef real NAME(loose) __attribute__((vector_size(VECTOR_BYTES), aligned(REAL_BYTES), may_alias));
#define ZERO ((NAME(vector)){0})
#else
#define LANES 1
typedef real NAME(vector);
typedef real NAME(loose);
#define ZERO ((real)0)
#endif

#define SPLAT(number) ((number) - ZERO) /* in every lane (x - 0 is x, and costs nothing) */
#define LOAD(address) (*(const NAME(loose) *)(address))
#define STORE(address, value) (*(NAME(loose) *)(address) = (value))

/* ---- Tiles ----
 *
 * A tile is a small matrix of sums held in registers while a long product runs: MR rows of NV
 * vectors. Each step loads NV vectors and MR numbers and does MR * NV multiply-adds; the more of
 * these a loaded number takes part in, the less the loads cost. TILE_VECTORS says how many vectors
 * a tile of MR rows may have, so that sums, vectors and a number fit into the registers.
 */
#if REGISTERS == 32
#define TILE_ROWS 8
#define FOR_EACH_TILE(DO) \
    DO(1, 1) DO(1, 2) DO(1, 3) DO(1, 4) DO(1, 5) DO(1, 6) \
    DO(2, 1) DO(2, 2) DO(2, 3) DO(2, 4) DO(2, 5) DO(2, 6) \
    DO(3, 1) DO(3, 2) DO(3, 3) DO(3, 4) DO(3, 5) DO(3, 6) \
    DO(4, 1) DO(4, 2) DO(4, 3) DO(4, 4) DO(4, 5) DO(4, 6) \
    DO(5, 1) DO(5, 2) DO(5, 3) DO(5, 4) DO(6, 1) DO(6, 2) DO(6, 3) DO(6, 4) \
    DO(7, 1) DO(7, 2) DO(7, 3) DO(8, 1) DO(8, 2) DO(8, 3)
#define TILE_MOST 6
#define WIDEST_CHANNEL_TILE 4
#else
#define TILE_ROWS 6
#define FOR_EACH_TILE(DO) \
    DO(1, 1) DO(1, 2) DO(1, 3) DO(1, 4) DO(1, 5) DO(1, 6) \
    DO(2, 1) DO(2, 2) DO(2, 3) DO(2, 4) DO(2, 5) DO(2, 6) \
    DO(3, 1) DO(3, 2) DO(3, 3) DO(3, 4) DO(4, 1) DO(4, 2) DO(4, 3) \
    DO(5, 1) DO(5, 2) DO(6, 1) DO(6, 2)
#define TILE_MOST 6
#define WIDEST_CHANNEL_TILE 3
#endif

/* Pixels in the lanes: MR filters at NV vectors of places.
 *   out[i][place j] = start + sum over k of filters[k][i] * in[place j + offset[k]]
 * where start is bias[i], or without a bias what `out` holds. filters is (K, MR), packed; `at` and
 * `to` say where the places lie in `in` and `out`, whose rows are out_row apart. */
#define PIXEL_TILE(MR, NV)                                                                        \
    static void NAME(pixels_##MR##x##NV)(                                                         \
        ptrdiff_t K, const real *RESTRICT filters, const real *RESTRICT in, const int *offset,    \
        const int *at, real *RESTRICT out, const int *to, ptrdiff_t out_row, const real *bias) {  \
        NAME(vector) sum[MR][NV];                                                                 \
        const real *place[NV];                                                                    \
        UNROLL for (int j = 0; j < NV; j++) place[j] = in + at[j];                                \
        real *row = out;                                                                          \
        UNROLL for (int i = 0; i < MR; i++, row += out_row)                                       \
            UNROLL for (int j = 0; j < NV; j++) {                                                 \
                if (bias) sum[i][j] = SPLAT(bias[i]);                                             \
                else sum[i][j] = LOAD(row + to[j]);                                               \
            }                                                                                     \
        for (ptrdiff_t k = 0; k < K; k++, filters += MR) {                                        \
            const ptrdiff_t step = offset[k];                                                     \
            PREFETCH(place[NV - 1] + step + NV * LANES); /* for the next tile */                  \
            if (MR < NV) { /* what there are fewer of is held, what there are more of passes by */ \
                NAME(vector) weight[MR];                                                          \
                UNROLL for (int i = 0; i < MR; i++) weight[i] = SPLAT(filters[i]);                \
                UNROLL for (int j = 0; j < NV; j++) {                                             \
                    const NAME(vector) pixel = LOAD(place[j] + step);                             \
                    UNROLL for (int i = 0; i < MR; i++) sum[i][j] += weight[i] * pixel;           \
                }                                                                                 \
            } else {                                                                              \
                NAME(vector) pixel[NV];                                                           \
                UNROLL for (int j = 0; j < NV; j++) pixel[j] = LOAD(place[j] + step);             \
                UNROLL for (int i = 0; i < MR; i++) {                                             \
                    const real weight = filters[i];                                               \
                    UNROLL for (int j = 0; j < NV; j++) sum[i][j] += weight * pixel[j];           \
                }                                                                                 \
            }                                                                                     \
        }                                                                                         \
        row = out;                                                                                \
        UNROLL for (int i = 0; i < MR; i++, row += out_row)                                       \
            UNROLL for (int j = 0; j < NV; j++) STORE(row + to[j], sum[i][j]);                    \
    }
FOR_EACH_TILE(PIXEL_TILE)

/* Channels in the lanes: MR rows of NV vectors of channels.
 *   sum[i][j] (+)= sum over rows r, columns q of a[offset[i] + r*a_row + q*a_step] * b[r*Q + q][j]
 * b's and sum's rows are b_row and sum_row apart. */
#define CHANNEL_TILE(MR, NV)                                                                      \
    static void NAME(channels_##MR##x##NV)(                                                       \
        ptrdiff_t R, ptrdiff_t Q, const real *RESTRICT a, ptrdiff_t a_row, ptrdiff_t a_step,      \
        const int *offset, const real *RESTRICT b, ptrdiff_t b_row, real *RESTRICT sums,          \
        ptrdiff_t sum_row, int add) {                                                             \
        NAME(vector) sum[MR][NV];                                                                 \
        ptrdiff_t tap[MR];                                                                        \
        UNROLL for (int i = 0; i < MR; i++) {                                                     \
            tap[i] = offset[i];                                                                   \
            UNROLL for (int j = 0; j < NV; j++) sum[i][j] = ZERO;                                 \
        }                                                                                         \
        for (ptrdiff_t r = 0; r < R; r++) {                                                       \
            const real *pixel = a + r * a_row;                                                    \
            for (ptrdiff_t q = 0; q < Q; q++, pixel += a_step, b += b_row) {                      \
                NAME(vector) channel[NV];                                                         \
                UNROLL for (int j = 0; j < NV; j++) channel[j] = LOAD(b + j * LANES);             \
                UNROLL for (int i = 0; i < MR; i++) {                                             \
                    const real value = pixel[tap[i]];                                             \
                    UNROLL for (int j = 0; j < NV; j++) sum[i][j] += value * channel[j];          \
                }                                                                                 \
            }                                                                                     \
        }                                                                                         \
        UNROLL for (int i = 0; i < MR; i++)                                                       \
            UNROLL for (int j = 0; j < NV; j++) {                                                 \
                real *to = sums + i * sum_row + j * LANES;                                        \
                if (add) sum[i][j] += LOAD(to);                                                   \
                STORE(to, sum[i][j]);                                                             \
            }                                                                                     \
    }
FOR_EACH_TILE(CHANNEL_TILE)

typedef void (*NAME(pixel_tile))(ptrdiff_t, const real *, const real *, const int *, const int *,
                                 real *, const int *, ptrdiff_t, const real *);
typedef void (*NAME(channel_tile))(ptrdiff_t, ptrdiff_t, const real *, ptrdiff_t, ptrdiff_t,
                                   const int *, const real *, ptrdiff_t, real *, ptrdiff_t, int);

#define PIXEL_ENTRY(MR, NV) [MR][NV] = NAME(pixels_##MR##x##NV),
#define CHANNEL_ENTRY(MR, NV) [MR][NV] = NAME(channels_##MR##x##NV),
static const NAME(pixel_tile) NAME(pixel_tiles)[TILE_ROWS + 1][TILE_MOST + 1] = {
    FOR_EACH_TILE(PIXEL_ENTRY)};
static const NAME(channel_tile) NAME(channel_tiles)[TILE_ROWS + 1][TILE_MOST + 1] = {
    FOR_EACH_TILE(CHANNEL_ENTRY)};

/* The most vectors that a tile of so many rows can have. */
static int NAME(tile_vectors)(int rows) {
    int most = TILE_MOST;
    while (!NAME(pixel_tiles)[rows][most]) most--;
    return most;
}

/* The most rows that a tile so many vectors wide can have. */
static int NAME(channel_tile_rows)(ptrdiff_t vectors) {
    int rows = TILE_ROWS;
    while (!NAME(channel_tiles)[rows][vectors]) rows--;
    return rows;
}

/* ---- Transposition ---- */

/* to[column][row] = from[row][column]; rows are from_row and to_row apart. Blocks of 4x4 floats or
 * 2x2 doubles pass through registers. */
static void NAME(transpose)(const real *RESTRICT from, ptrdiff_t from_row, ptrdiff_t rows,
                            ptrdiff_t columns, real *RESTRICT to, ptrdiff_t to_row) {
    ptrdiff_t row = 0;
#if LANES > 1
    typedef real block __attribute__((vector_size(16), aligned(REAL_BYTES), may_alias));
    for (; row + 16 / REAL_BYTES <= rows; row += 16 / REAL_BYTES) {
        const real *source = from + row * from_row;
        real *target = to + row;
        ptrdiff_t column = 0;
        for (; column + 16 / REAL_BYTES <= columns; column += 16 / REAL_BYTES) {
            const real *s = source + column;
            real *t = target + column * to_row;
#if REAL_BYTES == 4
            block a = *(const block *)s, b = *(const block *)(s + from_row);
            block c = *(const block *)(s + 2 * from_row), d = *(const block *)(s + 3 * from_row);
            block ab = SHUFFLE4(a, b, 0, 4, 1, 5), cd = SHUFFLE4(c, d, 0, 4, 1, 5);
            block AB = SHUFFLE4(a, b, 2, 6, 3, 7), CD = SHUFFLE4(c, d, 2, 6, 3, 7);
            *(block *)t = SHUFFLE4(ab, cd, 0, 1, 4, 5);
            *(block *)(t + to_row) = SHUFFLE4(ab, cd, 2, 3, 6, 7);
            *(block *)(t + 2 * to_row) = SHUFFLE4(AB, CD, 0, 1, 4, 5);
            *(block *)(t + 3 * to_row) = SHUFFLE4(AB, CD, 2, 3, 6, 7);
#else
            block a = *(const block *)s, b = *(const block *)(s + from_row);
            *(block *)t = SHUFFLE2(a, b, 0, 2);
            *(block *)(t + to_row) = SHUFFLE2(a, b, 1, 3);
#endif
        }
        for (; column < columns; column++)
            for (int i = 0; i < 16 / REAL_BYTES; i++)
                target[column * to_row + i] = source[i * from_row + column];
    }
#endif
    for (; row < rows; row++)
        for (ptrdiff_t column = 0; column < columns; column++)
            to[column * to_row + row] = from[row * from_row + column];
}
