/* SPDX-License-Identifier: MIT */
#include <basin/betti.h>
#include <basin/mem.h>
#include <basin/tile.h>

#include <math.h>
#include <stdlib.h>

double bn_bar_length(const struct bn_bar *bar, double radius)
{
    return fmin(bar->death, radius) - bar->birth;
}

static bn_status bars_of(const struct bn_mat *x, const struct bn_betti_how *how, size_t *index,
                         size_t landmarks, double *cover, struct bn_homology *h)
{
    struct bn_mat distance;

    BN_TRY(bn_mat_alloc(&distance, landmarks, landmarks));
    bn_status rc = bn_cloud_landmarks(x, how->metric, how->neighbours, index, &distance, cover);
    if (rc == BN_OK)
        rc = bn_homology(&distance, how->top, how->radius, how->bytes, h);
    bn_mat_free(&distance);
    return rc;
}

/* --- surrogates ----------------------------------------------------------------------------- */

struct draws {
    const struct bn_betti_how *how;
    const struct bn_betti *b;
    struct bn_rng rng;
    const double *variance;
    size_t points, dimensions;
};

/* The component that never dies is no bar to compare with. */
static double longest_of(const struct bn_homology *h, int d)
{
    double longest = 0.0;

    for (size_t k = 0; k < h->count[d]; k++)
        if (d > 0 || isfinite(h->bar[d][k].death))
            longest = fmax(longest, bn_bar_length(&h->bar[d][k], h->radius));
    return longest;
}

static bn_status draw(void *context, size_t s)
{
    const struct draws *w = context;
    struct bn_homology h = { 0 };
    struct bn_mat x = { 0 };
    double cover;
    size_t *index = bn_alloc(w->b->landmarks, sizeof *index);

    bn_status rc = index == NULL ? BN_NOMEM : bn_mat_alloc(&x, w->points, w->dimensions);
    if (rc == BN_OK) {
        bn_cloud_noise(w->variance, w->rng, s, &x);
        rc = bars_of(&x, w->how, index, w->b->landmarks, &cover, &h);
    }
    for (int d = 0; rc == BN_OK && d <= w->how->top; d++)
        *bn_mat_at(&w->b->longest, s, (size_t)d) = longest_of(&h, d);
    bn_homology_free(&h);
    bn_mat_free(&x);
    free(index);
    return rc;
}

static bn_status draw_all(const struct bn_mat *x, const struct bn_betti_how *how,
                          struct bn_rng rng, struct bn_betti *b)
{
    struct draws w = { how, b, rng, NULL, x->rows, x->cols };
    double *variance = bn_alloc(x->cols, sizeof *variance);

    if (variance == NULL)
        return BN_NOMEM;
    for (size_t k = 0; k < x->cols; k++) {
        double mean = 0.0;
        for (size_t p = 0; p < x->rows; p++)
            mean += *bn_mat_at(x, p, k) / (double)x->rows;
        for (size_t p = 0; p < x->rows; p++)
            variance[k] += pow(*bn_mat_at(x, p, k) - mean, 2) / (double)x->rows;
    }
    w.variance = variance;
    bn_status rc = bn_mat_alloc(&b->longest, how->surrogates, (size_t)how->top + 1);
    if (rc == BN_OK)
        rc = bn_tiles(how->surrogates, draw, &w);
    free(variance);
    return rc;
}

/* --- counting ------------------------------------------------------------------------------- */

static void count(struct bn_betti *b, int d)
{
    const struct bn_homology *h = &b->bars;
    double least = INFINITY;

    for (size_t k = 0; k < h->count[d]; k++) {
        const double length = bn_bar_length(&h->bar[d][k], h->radius);
        const bool always = d == 0 && isinf(h->bar[d][k].death);
        if (always || length > b->bound[d]) {
            b->betti[d]++;
            least = always ? least : fmin(least, length);
        }
    }
    b->separation[d] = isfinite(least) && b->bound[d] > 0.0 ? least / b->bound[d] : 0.0;
}

bn_status bn_betti(const struct bn_mat *x, const struct bn_betti_how *how, struct bn_rng rng,
                   struct bn_betti *b)
{
    *b = (struct bn_betti){ .landmarks = how->landmarks < x->rows ? how->landmarks : x->rows };
    b->index = bn_alloc(b->landmarks, sizeof *b->index);
    bn_status rc = b->index == NULL ? BN_NOMEM
                       : bars_of(x, how, b->index, b->landmarks, &b->cover, &b->bars);
    if (rc == BN_OK && how->surrogates > 0)
        rc = draw_all(x, how, rng, b);
    for (int d = 0; rc == BN_OK && d <= how->top; d++) {
        b->bound[d] = 2.0 * b->cover;
        for (size_t s = 0; s < b->longest.rows; s++)
            b->bound[d] = fmax(b->bound[d], *bn_mat_at(&b->longest, s, (size_t)d));
        count(b, d);
    }
    if (rc != BN_OK)
        bn_betti_free(b);
    return rc;
}

void bn_betti_free(struct bn_betti *b)
{
    bn_homology_free(&b->bars);
    bn_mat_free(&b->longest);
    free(b->index);
    *b = (struct bn_betti){ 0 };
}
