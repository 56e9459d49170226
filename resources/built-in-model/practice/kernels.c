/* Fused loops for training the practice model on a processor.
 *
 * The model is small (rows of 256 values), so plain tensor operations would
 * spend most of their time on memory traffic and dispatch. Each function here
 * does one step of the forward or backward pass for a block of rows. The
 * mathematics is the one of the plain path in operations.py, which the
 * self-check compares against.
 *
 * All arrays are dense float32, row-major, unless a row stride is given.
 */
#include <cblas.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#define GELU_A 0.7978845608028654f
#define GELU_B 0.044715f

/* y = x * inv * w, inv = 1 / sqrt(mean(x^2) + eps); w may be NULL. */
void rms_forward(const float *x, const float *w, float *y, float *inv,
                 int64_t rows, int64_t dim, float eps) {
    for (int64_t r = 0; r < rows; r++) {
        const float *xr = x + r * dim;
        float *yr = y + r * dim;
        float s = 0.0f;
        for (int64_t i = 0; i < dim; i++) s += xr[i] * xr[i];
        float v = 1.0f / sqrtf(s / (float)dim + eps);
        inv[r] = v;
        if (w) for (int64_t i = 0; i < dim; i++) yr[i] = xr[i] * v * w[i];
        else   for (int64_t i = 0; i < dim; i++) yr[i] = xr[i] * v;
    }
}

/* dx is overwritten, dw is accumulated. */
void rms_backward(const float *dy, const float *x, const float *w, const float *inv,
                  float *dx, float *dw, int64_t rows, int64_t dim) {
    for (int64_t r = 0; r < rows; r++) {
        const float *xr = x + r * dim, *dr = dy + r * dim;
        float *or = dx + r * dim;
        float v = inv[r], s = 0.0f;
        for (int64_t i = 0; i < dim; i++) s += dr[i] * w[i] * xr[i];
        float c = s * v * v * v / (float)dim;
        for (int64_t i = 0; i < dim; i++) {
            dw[i] += dr[i] * xr[i] * v;
            or[i] = dr[i] * w[i] * v - xr[i] * c;
        }
    }
}

/* out = (h + rms(a; w)) * scale[0] */
void add_norm_forward(const float *h, const float *a, const float *w, const float *scale,
                      float *out, float *inv, int64_t rows, int64_t dim, float eps) {
    float k = scale[0];
    for (int64_t r = 0; r < rows; r++) {
        const float *hr = h + r * dim, *ar = a + r * dim;
        float *or = out + r * dim;
        float s = 0.0f;
        for (int64_t i = 0; i < dim; i++) s += ar[i] * ar[i];
        float v = 1.0f / sqrtf(s / (float)dim + eps);
        inv[r] = v;
        for (int64_t i = 0; i < dim; i++) or[i] = (hr[i] + ar[i] * v * w[i]) * k;
    }
}

/* dh and da are overwritten, dw is accumulated; dscale[0] is accumulated. */
void add_norm_backward(const float *dout, const float *out, const float *a, const float *w,
                       const float *scale, const float *inv, float *dh, float *da, float *dw,
                       float *dscale, int64_t rows, int64_t dim) {
    float k = scale[0];
    double total = 0.0;
    for (int64_t r = 0; r < rows; r++) {
        const float *gr = dout + r * dim, *ar = a + r * dim, *outr = out + r * dim;
        float *hr = dh + r * dim, *dr = da + r * dim;
        float v = inv[r], s = 0.0f, q = 0.0f;
        for (int64_t i = 0; i < dim; i++) {
            float g = gr[i] * k;
            hr[i] = g;
            s += g * w[i] * ar[i];
            q += gr[i] * outr[i];
        }
        total += q;
        float c = s * v * v * v / (float)dim;
        for (int64_t i = 0; i < dim; i++) {
            float g = hr[i];
            dw[i] += g * ar[i] * v;
            dr[i] = g * w[i] * v - ar[i] * c;
        }
    }
    dscale[0] += (float)(total / k);
}

/* y = gelu_tanh(g) * u, rows of g and u with their own strides, y dense. */
void gated_gelu_forward(const float *g, int64_t gs, const float *u, int64_t us,
                        float *y, int64_t rows, int64_t dim) {
    for (int64_t r = 0; r < rows; r++) {
        const float *gr = g + r * gs, *ur = u + r * us;
        float *yr = y + r * dim;
        #pragma omp simd
        for (int64_t i = 0; i < dim; i++) {
            float x = gr[i];
            float z = 2.0f * GELU_A * x * (1.0f + GELU_B * x * x);
            z = fminf(fmaxf(z, -30.0f), 30.0f);
            float t = 1.0f - 2.0f / (expf(z) + 1.0f);
            yr[i] = 0.5f * x * (1.0f + t) * ur[i];
        }
    }
}

void gated_gelu_backward(const float *dy, const float *g, int64_t gs, const float *u, int64_t us,
                         float *dg, int64_t dgs, float *du, int64_t dus,
                         int64_t rows, int64_t dim) {
    for (int64_t r = 0; r < rows; r++) {
        const float *gr = g + r * gs, *ur = u + r * us, *yr = dy + r * dim;
        float *dgr = dg + r * dgs, *dur = du + r * dus;
        #pragma omp simd
        for (int64_t i = 0; i < dim; i++) {
            float x = gr[i], xx = x * x;
            float z = 2.0f * GELU_A * x * (1.0f + GELU_B * xx);
            z = fminf(fmaxf(z, -30.0f), 30.0f);
            float t = 1.0f - 2.0f / (expf(z) + 1.0f);
            float value = 0.5f * x * (1.0f + t);
            float slope = 0.5f * (1.0f + t)
                        + 0.5f * x * (1.0f - t * t) * GELU_A * (1.0f + 3.0f * GELU_B * xx);
            dgr[i] = yr[i] * ur[i] * slope;
            dur[i] = yr[i] * value;
        }
    }
}

/* One head: normalise, weight, rotate. cosine/sine rows have dim / 2 values. */
static void head_forward(const float *x, const float *w, const float *c, const float *s,
                         float *y, float *inv, int64_t dim, float eps) {
    int64_t half = dim / 2;
    float sum = 0.0f;
    for (int64_t i = 0; i < dim; i++) sum += x[i] * x[i];
    float v = 1.0f / sqrtf(sum / (float)dim + eps);
    *inv = v;
    if (!w) { for (int64_t i = 0; i < dim; i++) y[i] = x[i] * v; return; }
    for (int64_t i = 0; i < half; i++) {
        float a = x[i] * v * w[i], b = x[i + half] * v * w[i + half];
        y[i] = a * c[i] - b * s[i];
        y[i + half] = b * c[i] + a * s[i];
    }
}

static void head_backward(const float *dy, const float *x, const float *w, const float *c,
                          const float *s, float inv, float *dx, float *dw, int64_t dim) {
    int64_t half = dim / 2;
    float g[256], sum = 0.0f;
    if (!w) {
        for (int64_t i = 0; i < dim; i++) { g[i] = dy[i]; sum += g[i] * x[i]; }
    } else {
        for (int64_t i = 0; i < half; i++) {
            float a = dy[i] * c[i] + dy[i + half] * s[i];
            float b = dy[i + half] * c[i] - dy[i] * s[i];
            dw[i] += a * x[i] * inv;
            dw[i + half] += b * x[i + half] * inv;
            g[i] = a * w[i];
            g[i + half] = b * w[i + half];
        }
        for (int64_t i = 0; i < dim; i++) sum += g[i] * x[i];
    }
    float k = sum * inv * inv * inv / (float)dim;
    for (int64_t i = 0; i < dim; i++) dx[i] = g[i] * inv - x[i] * k;
}

/* x: rows of (heads [+ key + value]) * dim. Query heads and the key are
 * normalised with weights and rotated, the value only normalised.
 * k and v are NULL in layers that share the keys and values of another. */
void heads_forward(const float *x, const float *wq, const float *wk, const float *cosine,
                   const float *sine, const int32_t *position, float *q, float *k, float *v,
                   float *inv, int64_t rows, int64_t heads, int64_t dim, float eps) {
    int64_t parts = heads + (k ? 2 : 0), half = dim / 2;
    for (int64_t r = 0; r < rows; r++) {
        const float *xr = x + r * parts * dim;
        const float *c = cosine + position[r] * half, *s = sine + position[r] * half;
        float *ir = inv + r * parts;
        for (int64_t h = 0; h < heads; h++)
            head_forward(xr + h * dim, wq, c, s, q + (r * heads + h) * dim, ir + h, dim, eps);
        if (k) {
            head_forward(xr + heads * dim, wk, c, s, k + r * dim, ir + heads, dim, eps);
            head_forward(xr + (heads + 1) * dim, 0, c, s, v + r * dim, ir + heads + 1, dim, eps);
        }
    }
}

void heads_backward(const float *dq, const float *dk, const float *dv, const float *x,
                    const float *wq, const float *wk, const float *cosine, const float *sine,
                    const int32_t *position, const float *inv, float *dx, float *dwq, float *dwk,
                    int64_t rows, int64_t heads, int64_t dim) {
    int64_t parts = heads + (dk ? 2 : 0), half = dim / 2;
    for (int64_t r = 0; r < rows; r++) {
        const float *xr = x + r * parts * dim;
        float *dr = dx + r * parts * dim;
        const float *c = cosine + position[r] * half, *s = sine + position[r] * half;
        const float *ir = inv + r * parts;
        for (int64_t h = 0; h < heads; h++)
            head_backward(dq + (r * heads + h) * dim, xr + h * dim, wq, c, s, ir[h],
                          dr + h * dim, dwq, dim);
        if (dk) {
            head_backward(dk + r * dim, xr + heads * dim, wk, c, s, ir[heads],
                          dr + heads * dim, dwk, dim);
            head_backward(dv + r * dim, xr + (heads + 1) * dim, 0, c, s, ir[heads + 1],
                          dr + (heads + 1) * dim, 0, dim);
        }
    }
}

/* Attention over blocks of query rows. blocks holds five numbers per block:
 * first query row, number of query rows, first key row, number of key rows,
 * key row of position 0. All query heads share one key head, so the heads of a
 * query are simply more rows of the same matrix product. probability is kept
 * for the backward pass, one block after the other. window 0 means no window. */
void attention_forward(const float *q, const float *k, const float *v, const int32_t *position,
                       const int64_t *blocks, int64_t count, int64_t heads, int64_t dim,
                       int64_t window, float *probability, float *out) {
    float *p = probability;
    for (int64_t b = 0; b < count; b++) {
        const int64_t *e = blocks + 5 * b;
        int64_t rows = e[1] * heads, keys = e[3];
        const float *qb = q + e[0] * heads * dim, *kb = k + e[2] * dim, *vb = v + e[2] * dim;
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, keys, dim, 1.0f,
                    qb, dim, kb, dim, 0.0f, p, keys);
        for (int64_t r = 0; r < rows; r++) {
            float *pr = p + r * keys;
            int64_t own = position[e[0] + r / heads] + e[4] - e[2];
            int64_t first = window && own - window + 1 > 0 ? own - window + 1 : 0;
            float top = pr[first], sum = 0.0f;
            for (int64_t j = first; j <= own; j++) top = pr[j] > top ? pr[j] : top;
            #pragma omp simd reduction(+:sum)
            for (int64_t j = first; j <= own; j++) { pr[j] = expf(pr[j] - top); sum += pr[j]; }
            float scale = 1.0f / sum;
            for (int64_t j = 0; j < first; j++) pr[j] = 0.0f;
            for (int64_t j = first; j <= own; j++) pr[j] *= scale;
            for (int64_t j = own + 1; j < keys; j++) pr[j] = 0.0f;
        }
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, dim, keys, 1.0f,
                    p, keys, vb, dim, 0.0f, out + e[0] * heads * dim, dim);
        p += rows * keys;
    }
}

/* dk and dv are accumulated, dq overwritten; scratch holds the largest block. */
void attention_backward(const float *dout, const float *q, const float *k, const float *v,
                        const int64_t *blocks, int64_t count, int64_t heads, int64_t dim,
                        const float *probability, float *scratch,
                        float *dq, float *dk, float *dv) {
    const float *p = probability;
    for (int64_t b = 0; b < count; b++) {
        const int64_t *e = blocks + 5 * b;
        int64_t rows = e[1] * heads, keys = e[3];
        const float *ob = dout + e[0] * heads * dim, *qb = q + e[0] * heads * dim;
        const float *kb = k + e[2] * dim, *vb = v + e[2] * dim;
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, keys, dim, rows, 1.0f,
                    p, keys, ob, dim, 1.0f, dv + e[2] * dim, dim);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, keys, dim, 1.0f,
                    ob, dim, vb, dim, 0.0f, scratch, keys);
        for (int64_t r = 0; r < rows; r++) {
            const float *pr = p + r * keys;
            float *sr = scratch + r * keys, sum = 0.0f;
            for (int64_t j = 0; j < keys; j++) sum += pr[j] * sr[j];
            for (int64_t j = 0; j < keys; j++) sr[j] = pr[j] * (sr[j] - sum);
        }
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, dim, keys, 1.0f,
                    scratch, keys, kb, dim, 0.0f, dq + e[0] * heads * dim, dim);
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, keys, dim, rows, 1.0f,
                    scratch, keys, qb, dim, 1.0f, dk + e[2] * dim, dim);
        p += rows * keys;
    }
}
