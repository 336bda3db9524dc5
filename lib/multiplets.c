/* SPDX-License-Identifier: MIT */
#include <basin/multiplets.h>
#include <basin/mem.h>

#include <math.h>
#include <stdlib.h>

static const double PARAMETER = 5.0;

double bn_multiplets_inflation(const struct bn_mat *loadings)
{
    double sum = 0.0;

    for (size_t k = 0; k + 1 < loadings->rows; k++) {
        const double *a = bn_mat_row(loadings, k), *b = bn_mat_row(loadings, k + 1);
        double aa = 0.0, bb = 0.0, ab = 0.0;
        for (size_t i = 0; i < loadings->cols; i++) {
            aa += a[i] * a[i];
            bb += b[i] * b[i];
            ab += a[i] * a[i] * b[i] * b[i];
        }
        sum += aa > 0.0 && bb > 0.0 ? ab * (double)loadings->cols / (aa * bb) : 1.0;
    }
    return loadings->rows < 2 ? 1.0 : fmax(1.0, sum / (double)(loadings->rows - 1));
}

/* best[j]: least cost of the first j values; from[j]: where its last group begins.  A group of
 * m saves the m (m - 1)/2 rotations within it.                               */
static void cut(const double *value, size_t n, double cells, double *best, size_t *from)
{
    best[0] = 0.0;
    for (size_t j = 1; j <= n; j++) {
        double sum = 0.0;
        best[j] = INFINITY;
        for (size_t i = j; i-- > 0;) {
            const double m = (double)(j - i);
            sum += value[i];
            const double cost = best[i] + cells * m * log(sum / m)
                                + PARAMETER * (1.0 - m * (m - 1.0) / 2.0);
            if (cost < best[j]) {
                best[j] = cost;
                from[j] = i;
            }
        }
    }
}

bn_status bn_multiplets(const double *value, size_t n, double cells, size_t *size,
                        size_t *groups)
{
    for (size_t k = 0; k < n; k++)
        if (!(value[k] > 0.0) || (k > 0 && value[k] > value[k - 1]))
            return bn_fail(BN_INPUT, "eigenvalue %zu is %g: they must be positive and descend",
                           k, value[k]);
    double *best = bn_alloc(n + 1, sizeof *best);
    size_t *from = bn_alloc(n + 1, sizeof *from);
    const bn_status rc = best != NULL && from != NULL ? BN_OK : BN_NOMEM;

    *groups = 0;
    if (rc == BN_OK) {
        cut(value, n, cells, best, from);
        for (size_t j = n; j > 0; j = from[j])
            size[(*groups)++] = j - from[j];
        for (size_t a = 0, b = *groups; a + 1 < b; a++) {
            const size_t swap = size[a];
            size[a] = size[--b];
            size[b] = swap;
        }
    }
    free(best);
    free(from);
    return rc;
}
