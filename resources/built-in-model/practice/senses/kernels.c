/* Fused loops for training the towers on a processor.
 *
 * The plain path in fused.py says the same in tensor code. All arrays are dense
 * float32, row-major.
 */
#include <cblas.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MOST_HEAD 128

/* Pairs (j, j + quarter) of the first half of a head turn by the column, those of the second by the row.
 * cosine and sine: half a head per place, the columns' angles first. */
static void turn(const float *in, const float *c, const float *s, float *out, int64_t dim, float sign) {
    int64_t half = dim / 2, quarter = dim / 4;
    for (int64_t part = 0; part < 2; part++) {
        const float *x = in + part * half, *cp = c + part * quarter, *sp = s + part * quarter;
        float *y = out + part * half;
        for (int64_t j = 0; j < quarter; j++) {
            float a = x[j], b = x[j + quarter], sine = sign * sp[j];
            y[j] = a * cp[j] - b * sine;
            y[j + quarter] = b * cp[j] + a * sine;
        }
    }
}

static float inverse_rms(const float *x, int64_t dim, float eps) {
    float sum = 0.0f;
    for (int64_t i = 0; i < dim; i++) sum += x[i] * x[i];
    return 1.0f / sqrtf(sum / (float)dim + eps);
}

/* x: queries, keys, values of all heads side by side. q, k, v: the same normalised, q and k weighted and turned.
 * place: row of the tables for each row. inv: 3 per head. */
void heads_2d_forward(const float *x, const float *wq, const float *wk, const float *cosine, const float *sine,
                      const int32_t *place, float *q, float *k, float *v, float *inv, int64_t rows, int64_t heads,
                      int64_t dim, float eps) {
    int64_t width = heads * dim;
    float n[MOST_HEAD];
    for (int64_t r = 0; r < rows; r++) {
        const float *c = cosine + place[r] * (dim / 2), *s = sine + place[r] * (dim / 2);
        for (int64_t kind = 0; kind < 3; kind++)
            for (int64_t h = 0; h < heads; h++) {
                const float *xh = x + r * 3 * width + kind * width + h * dim;
                float *yh = (kind == 0 ? q : kind == 1 ? k : v) + r * width + h * dim;
                const float *w = kind == 0 ? wq : wk;
                float i0 = inverse_rms(xh, dim, eps);
                inv[r * 3 * heads + kind * heads + h] = i0;
                if (kind == 2) {
                    for (int64_t i = 0; i < dim; i++) yh[i] = xh[i] * i0;
                } else {
                    for (int64_t i = 0; i < dim; i++) n[i] = xh[i] * i0 * w[i];
                    turn(n, c, s, yh, dim, 1.0f);
                }
            }
    }
}

/* dx is overwritten, dwq and dwk are accumulated. */
void heads_2d_backward(const float *dq, const float *dk, const float *dv, const float *x, const float *wq,
                       const float *wk, const float *cosine, const float *sine, const int32_t *place,
                       const float *inv, float *dx, float *dwq, float *dwk, int64_t rows, int64_t heads,
                       int64_t dim) {
    int64_t width = heads * dim;
    float n[MOST_HEAD];
    for (int64_t r = 0; r < rows; r++) {
        const float *c = cosine + place[r] * (dim / 2), *s = sine + place[r] * (dim / 2);
        for (int64_t kind = 0; kind < 3; kind++)
            for (int64_t h = 0; h < heads; h++) {
                const float *xh = x + r * 3 * width + kind * width + h * dim;
                const float *gh = (kind == 0 ? dq : kind == 1 ? dk : dv) + r * width + h * dim;
                float *oh = dx + r * 3 * width + kind * width + h * dim;
                float i0 = inv[r * 3 * heads + kind * heads + h], sum = 0.0f;
                if (kind == 2) {
                    for (int64_t i = 0; i < dim; i++) n[i] = gh[i];
                } else {
                    const float *w = kind == 0 ? wq : wk;
                    float *dw = kind == 0 ? dwq : dwk;
                    turn(gh, c, s, n, dim, -1.0f);
                    for (int64_t i = 0; i < dim; i++) {
                        dw[i] += n[i] * xh[i] * i0;
                        n[i] *= w[i];
                    }
                }
                for (int64_t i = 0; i < dim; i++) sum += n[i] * xh[i];
                float back = sum * i0 * i0 * i0 / (float)dim;
                for (int64_t i = 0; i < dim; i++) oh[i] = n[i] * i0 - xh[i] * back;
            }
    }
}

#if defined(__AVX512BF16__)
#include <immintrin.h>

/* Attention in bfloat16 with sums in float32. Products run over pairs of neighbours, so every operand lies as pairs:
 * along the size of a head, or along the rows. */
#define SIZE 32
#define HALF (SIZE / 2)
#define ROWS 8

static int64_t padded(int64_t count) { return (count + 63) / 64 * 64; }


static __m256i half_of(__m512 x) { return (__m256i)_mm512_cvtneps_pbh(x); }

/* Pairs (even, odd) of two vectors of 16. */
static __m512i paired(__m256i even, __m256i odd) {
    return _mm512_or_si512(_mm512_cvtepu16_epi32(even), _mm512_slli_epi32(_mm512_cvtepu16_epi32(odd), 16));
}

/* out[row][pair of the size]: rows as they are. */
static void as_rows(const float *x, int64_t width, int64_t count, uint32_t *out) {
    for (int64_t r = 0; r < count; r++)
        for (int64_t i = 0; i < SIZE; i += 16)
            _mm256_storeu_si256((__m256i *)(out + r * HALF + i / 2), half_of(_mm512_loadu_ps(x + r * width + i)));
}

/* out[pair of the size][row], zero behind the rows. */
static void as_columns(const uint32_t *rows, int64_t count, int64_t pad, uint32_t *out) {
    for (int64_t p = 0; p < HALF; p++) {
        for (int64_t r = 0; r < count; r++) out[p * pad + r] = rows[r * HALF + p];
        for (int64_t r = count; r < pad; r++) out[p * pad + r] = 0;
    }
}

/* out[pair of rows][size], zero behind the rows. */
static void as_row_pairs(const float *x, int64_t width, int64_t count, int64_t pad, uint32_t *out) {
    __m256i zero = _mm256_setzero_si256();
    for (int64_t r = 0; r < pad; r += 2)
        for (int64_t i = 0; i < SIZE; i += 16)
            _mm512_storeu_si512(out + r / 2 * SIZE + i,
                                paired(r < count ? half_of(_mm512_loadu_ps(x + r * width + i)) : zero,
                                       r + 1 < count ? half_of(_mm512_loadu_ps(x + (r + 1) * width + i)) : zero));
}

/* out[ROWS][pad] = rows (as_rows) times columns (as_columns). */
static void scores(const uint32_t *rows, const uint32_t *columns, int64_t pad, float *out) {
    for (int64_t half = 0; half < ROWS; half += 4)
        for (int64_t j = 0; j < pad; j += 64) {
            __m512 sum[4][4];
            for (int r = 0; r < 4; r++)
                for (int c = 0; c < 4; c++) sum[r][c] = _mm512_setzero_ps();
            for (int64_t p = 0; p < HALF; p++) {
                __m512i column[4];
                for (int c = 0; c < 4; c++) column[c] = _mm512_loadu_si512(columns + p * pad + j + 16 * c);
                for (int r = 0; r < 4; r++) {
                    __m512i one = _mm512_set1_epi32((int)rows[(half + r) * HALF + p]);
                    for (int c = 0; c < 4; c++)
                        sum[r][c] = _mm512_dpbf16_ps(sum[r][c], (__m512bh)one, (__m512bh)column[c]);
                }
            }
            for (int r = 0; r < 4; r++)
                for (int c = 0; c < 4; c++) _mm512_storeu_ps(out + (half + r) * pad + j + 16 * c, sum[r][c]);
        }
}

/* out[ROWS][SIZE] = sum over pairs of weights[row * row_step + pair * pair_step] times values[pair][SIZE]. */
static void mixed(const uint32_t *weights, int64_t row_step, int64_t pair_step, int64_t pairs, const uint32_t *values,
                  float *out, int64_t width, int64_t rows) {
    __m512 sum[ROWS][2];
    for (int r = 0; r < ROWS; r++) sum[r][0] = sum[r][1] = _mm512_setzero_ps();
    for (int64_t p = 0; p < pairs; p++) {
        __m512i a = _mm512_loadu_si512(values + p * SIZE), b = _mm512_loadu_si512(values + p * SIZE + 16);
        for (int r = 0; r < ROWS; r++) {
            __m512i one = _mm512_set1_epi32((int)weights[r * row_step + p * pair_step]);
            sum[r][0] = _mm512_dpbf16_ps(sum[r][0], (__m512bh)one, (__m512bh)a);
            sum[r][1] = _mm512_dpbf16_ps(sum[r][1], (__m512bh)one, (__m512bh)b);
        }
    }
    for (int64_t r = 0; r < rows; r++) {
        _mm512_storeu_ps(out + r * width, sum[r][0]);
        _mm512_storeu_ps(out + r * width + 16, sum[r][1]);
    }
}

static __m512 exponential(__m512 x) {
    __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)), 0);
    __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693147182f), x), y = _mm512_set1_ps(1.0f / 120.0f);
    y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(1.0f / 24.0f));
    y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(1.0f / 6.0f));
    y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(0.5f));
    y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(1.0f));
    y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(1.0f));
    return _mm512_scalef_ps(y, n);
}

/* A row of scores becomes probabilities in bfloat16, zero behind count. */
static void softmax_row(float *row, int64_t count, int64_t pad, uint16_t *out) {
    for (int64_t i = count; i < pad; i++) row[i] = -1e30f;
    __m512 most = _mm512_loadu_ps(row), sum = _mm512_setzero_ps();
    for (int64_t i = 16; i < pad; i += 16) most = _mm512_max_ps(most, _mm512_loadu_ps(row + i));
    most = _mm512_set1_ps(_mm512_reduce_max_ps(most));
    for (int64_t i = 0; i < pad; i += 16) {
        __m512 x = _mm512_max_ps(_mm512_sub_ps(_mm512_loadu_ps(row + i), most), _mm512_set1_ps(-80.0f));
        x = exponential(x);
        if (i + 16 > count) x = _mm512_maskz_mov_ps(i >= count ? 0 : (__mmask16)((1u << (count - i)) - 1u), x);
        sum = _mm512_add_ps(sum, x);
        _mm512_storeu_ps(row + i, x);
    }
    __m512 scale = _mm512_set1_ps(1.0f / _mm512_reduce_add_ps(sum));
    for (int64_t i = 0; i < pad; i += 16)
        _mm256_storeu_si256((__m256i *)(out + i), half_of(_mm512_mul_ps(_mm512_loadu_ps(row + i), scale)));
}

static void *room(int64_t bytes) {
    void *out = 0;
    return posix_memalign(&out, 64, (size_t)bytes) ? 0 : out;
}

/* Every row of a picture sees every other. p: probabilities, at least count x padded(count) bfloat16 per picture and
 * head, for the way back. */
void whole_attention_forward(const float *q, const float *k, const float *v, float *p, float *out, int64_t pictures,
                             int64_t count, int64_t heads, int64_t dim) {
    int64_t width = heads * dim, pad = padded(count);
    uint32_t *rows = room((count + ROWS) * HALF * 4), *other = room(count * HALF * 4), *columns = room(HALF * pad * 4),
             *values = room(pad / 2 * SIZE * 4);
    float *row = room(ROWS * pad * 4);
    uint16_t *last = room(ROWS * pad * 2);
    for (int64_t b = 0; b < pictures; b++)
        for (int64_t h = 0; h < heads; h++) {
            int64_t at = b * count * width + h * dim;
            uint16_t *ph = (uint16_t *)p + (b * heads + h) * count * pad;
            as_rows(q + at, width, count, rows);
            memset(rows + count * HALF, 0, ROWS * HALF * 4);
            as_rows(k + at, width, count, other);
            as_columns(other, count, pad, columns);
            as_row_pairs(v + at, width, count, pad, values);
            for (int64_t r = 0; r < count; r += ROWS) {
                int64_t now = count - r < ROWS ? count - r : ROWS;
                uint16_t *target = now == ROWS ? ph + r * pad : last;
                scores(rows + r * HALF, columns, pad, row);
                for (int64_t i = 0; i < ROWS; i++) softmax_row(row + i * pad, count, pad, target + i * pad);
                if (now < ROWS) memcpy(ph + r * pad, last, (size_t)(now * pad * 2));
                mixed((const uint32_t *)target, pad / 2, 1, pad / 2, values, out + at + r * width, width, now);
            }
        }
    free(rows), free(other), free(columns), free(values), free(row), free(last);
}

void whole_attention_backward(const float *g, const float *q, const float *k, const float *v, float *p,
                              float *scratch, float *dq, float *dk, float *dv, int64_t pictures, int64_t count,
                              int64_t heads, int64_t dim) {
    (void)scratch;
    int64_t width = heads * dim, pad = padded(count), pairs = (count + 1) / 2;
    uint32_t *rows = room((count + ROWS) * HALF * 4), *other = room(count * HALF * 4), *columns = room(HALF * pad * 4),
             *keys = room(pad / 2 * SIZE * 4), *queries = room(pad / 2 * SIZE * 4), *gs = room(pad / 2 * SIZE * 4),
             *ps = room((pairs + ROWS) * pad * 4), *ss = room((pairs + ROWS) * pad * 4);
    float *row = room(ROWS * pad * 4);
    uint16_t *back = room(ROWS * pad * 2), *last = room(ROWS * pad * 2);
    for (int64_t b = 0; b < pictures; b++)
        for (int64_t h = 0; h < heads; h++) {
            int64_t at = b * count * width + h * dim;
            uint16_t *ph = (uint16_t *)p + (b * heads + h) * count * pad;
            as_rows(g + at, width, count, rows);
            memset(rows + count * HALF, 0, ROWS * HALF * 4);
            as_rows(v + at, width, count, other);
            as_columns(other, count, pad, columns);
            as_row_pairs(k + at, width, count, pad, keys);
            as_row_pairs(q + at, width, count, pad, queries);
            as_row_pairs(g + at, width, count, pad, gs);
            for (int64_t r = 0; r < count; r += ROWS) {
                int64_t now = count - r < ROWS ? count - r : ROWS;
                const uint16_t *pr = ph + r * pad;
                if (now < ROWS) {
                    memset(last, 0, (size_t)(ROWS * pad * 2));
                    memcpy(last, pr, (size_t)(now * pad * 2));
                    pr = last;
                }
                scores(rows + r * HALF, columns, pad, row);
                for (int64_t i = 0; i < ROWS; i++) {
                    __m512 sum = _mm512_setzero_ps();
                    for (int64_t j = 0; j < pad; j += 16) {
                        __m256i half = _mm256_loadu_si256((const __m256i *)(pr + i * pad + j));
                        __m512 one = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
                        sum = _mm512_fmadd_ps(one, _mm512_loadu_ps(row + i * pad + j), sum);
                    }
                    sum = _mm512_set1_ps(_mm512_reduce_add_ps(sum));
                    for (int64_t j = 0; j < pad; j += 16) {
                        __m256i half = _mm256_loadu_si256((const __m256i *)(pr + i * pad + j));
                        __m512 one = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
                        one = _mm512_mul_ps(one, _mm512_sub_ps(_mm512_loadu_ps(row + i * pad + j), sum));
                        _mm256_storeu_si256((__m256i *)(back + i * pad + j), half_of(one));
                    }
                }
                mixed((const uint32_t *)back, pad / 2, 1, pad / 2, keys, dq + at + r * width, width, now);
                for (int64_t i = 0; i < ROWS; i += 2)
                    for (int64_t j = 0; j < pad; j += 16) {
                        const uint16_t *b0 = back + i * pad + j, *p0 = pr + i * pad + j;
                        _mm512_storeu_si512(ss + (r + i) / 2 * pad + j,
                                            paired(_mm256_loadu_si256((const __m256i *)b0),
                                                   _mm256_loadu_si256((const __m256i *)(b0 + pad))));
                        _mm512_storeu_si512(ps + (r + i) / 2 * pad + j,
                                            paired(_mm256_loadu_si256((const __m256i *)p0),
                                                   _mm256_loadu_si256((const __m256i *)(p0 + pad))));
                    }
            }
            for (int64_t j = 0; j < count; j += ROWS) {
                int64_t now = count - j < ROWS ? count - j : ROWS;
                mixed(ps + j, 1, pad, pairs, gs, dv + at + j * width, width, now);
                mixed(ss + j, 1, pad, pairs, queries, dk + at + j * width, width, now);
            }
        }
    free(rows), free(other), free(columns), free(keys), free(queries), free(gs), free(ps), free(ss);
    free(row), free(back), free(last);
}
#else
/* Every row of a picture sees every other. p: probabilities, count x count per picture and head. */
void whole_attention_forward(const float *q, const float *k, const float *v, float *p, float *out, int64_t pictures,
                             int64_t count, int64_t heads, int64_t dim) {
    int64_t width = heads * dim;
    for (int64_t b = 0; b < pictures; b++)
        for (int64_t h = 0; h < heads; h++) {
            int64_t at = b * count * width + h * dim;
            float *ph = p + (b * heads + h) * count * count;
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, count, count, dim, 1.0f, q + at, width, k + at,
                        width, 0.0f, ph, count);
            for (int64_t r = 0; r < count; r++) {
                float *row = ph + r * count, most = row[0], sum = 0.0f;
                for (int64_t i = 1; i < count; i++) most = row[i] > most ? row[i] : most;
                #pragma omp simd reduction(+ : sum)
                for (int64_t i = 0; i < count; i++) {
                    row[i] = expf(row[i] - most);
                    sum += row[i];
                }
                float scale = 1.0f / sum;
                for (int64_t i = 0; i < count; i++) row[i] *= scale;
            }
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, count, dim, count, 1.0f, ph, count, v + at, width,
                        0.0f, out + at, width);
        }
}

/* p is overwritten. scratch: count x count. */
void whole_attention_backward(const float *g, const float *q, const float *k, const float *v, float *p,
                              float *scratch, float *dq, float *dk, float *dv, int64_t pictures, int64_t count,
                              int64_t heads, int64_t dim) {
    int64_t width = heads * dim;
    for (int64_t b = 0; b < pictures; b++)
        for (int64_t h = 0; h < heads; h++) {
            int64_t at = b * count * width + h * dim;
            float *ph = p + (b * heads + h) * count * count;
            cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, count, dim, count, 1.0f, ph, count, g + at, width,
                        0.0f, dv + at, width);
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, count, count, dim, 1.0f, g + at, width, v + at,
                        width, 0.0f, scratch, count);
            for (int64_t r = 0; r < count; r++) {
                float *pr = ph + r * count, *sr = scratch + r * count, sum = 0.0f;
                for (int64_t i = 0; i < count; i++) sum += pr[i] * sr[i];
                for (int64_t i = 0; i < count; i++) pr[i] *= sr[i] - sum;
            }
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, count, dim, count, 1.0f, ph, count, k + at, width,
                        0.0f, dq + at, width);
            cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, count, dim, count, 1.0f, ph, count, q + at, width,
                        0.0f, dk + at, width);
        }
}
#endif
