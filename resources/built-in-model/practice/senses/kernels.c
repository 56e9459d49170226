/* Fused loops for training the towers on a processor.
 *
 * The plain path in fused.py says the same in tensor code. All arrays are dense
 * float32, row-major.
 */
#include <cblas.h>
#include <math.h>
#include <stdint.h>

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
