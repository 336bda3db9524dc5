/* SPDX-License-Identifier: MIT */
#include <basin/fixed.h>
#include <basin/arnoldi.h>
#include <basin/mem.h>
#include <basin/tile.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIXED 1e-12
#define LOCAL 1e-6          /* q itself is known to 1e-16, its minimum to the root of that */

#define REACH 0.1

enum { PATIENCE = 3, DAMPINGS = 25 };

struct search {
    const struct bn_field *field;
    const struct bn_linear *linear;
    struct bn_mat *x;
    size_t most;
    struct bn_point *point;
    bool slow;
};

/* One row on its way. */
struct walk {
    size_t n;
    double *x, *start;                   /* x: the row itself */
    double *f, *dx, *next, *next_f;      /* [N] */
    double *slope, *gradient;
    double *best, *best_f;               /* where |F| was least */
    int bad;                             /* steps since then */
    struct bn_mat scratch;
};

static bn_status walk_make(struct walk *w, size_t n, double *x)
{
    *w = (struct walk){ .n = n, .x = x };
    BN_TRY(bn_mat_alloc(&w->scratch, 9, n));
    w->start = bn_mat_row(&w->scratch, 0);
    w->f = bn_mat_row(&w->scratch, 1);
    w->dx = bn_mat_row(&w->scratch, 2);
    w->next = bn_mat_row(&w->scratch, 3);
    w->next_f = bn_mat_row(&w->scratch, 4);
    w->slope = bn_mat_row(&w->scratch, 5);
    w->gradient = bn_mat_row(&w->scratch, 6);
    w->best = bn_mat_row(&w->scratch, 7);
    w->best_f = bn_mat_row(&w->scratch, 8);
    memcpy(w->start, x, n * sizeof *x);
    return BN_OK;
}

static bn_status at_state(const struct bn_field *field, size_t n, double *x, double *f)
{
    const struct bn_mat in = { 1, n, x };
    struct bn_mat out = { 1, n, f };
    return bn_field_at(field, &in, &out);
}

static bool small_enough(const struct walk *w)
{
    const double per = sqrt((double)w->n);
    return bn_norm(w->n, w->f) <= FIXED * (per + bn_norm(w->n, w->x));
}

/* x + t dx if |F| falls enough there, else no. */
static bn_status try_step(const struct bn_field *field, struct walk *w, double t, double least,
                          bool *taken)
{
    for (size_t i = 0; i < w->n; i++)
        w->next[i] = w->x[i] + t * w->dx[i];
    BN_TRY(at_state(field, w->n, w->next, w->next_f));
    *taken = bn_norm(w->n, w->next_f) <= least;      /* false for a NaN */
    if (*taken) {
        memcpy(w->x, w->next, w->n * sizeof *w->x);
        memcpy(w->f, w->next_f, w->n * sizeof *w->f);
    }
    return BN_OK;
}

static void keep_best(struct walk *w)
{
    memcpy(w->best, w->x, w->n * sizeof *w->x);
    memcpy(w->best_f, w->f, w->n * sizeof *w->f);
}

static void back_to_best(struct walk *w)
{
    memcpy(w->x, w->best, w->n * sizeof *w->x);
    memcpy(w->f, w->best_f, w->n * sizeof *w->f);
}

/* Near a ring A is almost singular along it, and the valley of |F| is narrow and bent: a
 * Newton step, cut to REACH |x|, leaves it and the next one comes back farther along.  So
 * |F| may rise for PATIENCE steps; if it has not fallen below the least by then, *moved is
 * false and the state is the best one.                                       */
static bn_status newton_step(const struct search *s, struct walk *w, bool *moved)
{
    const double reach = REACH * bn_norm(w->n, w->x);
    const struct bn_mat slope = { 1, w->n, w->slope };
    struct bn_mat dx = { 1, w->n, w->dx };
    struct bn_factors factors;

    *moved = false;
    for (size_t i = 0; i < w->n; i++)
        w->dx[i] = -w->f[i];
    bn_status rc = bn_factors_make(&factors, s->linear, &slope, 0.0);
    if (rc == BN_OK)
        rc = bn_factors_solve(&factors, BN_PLAIN, &dx);
    bn_factors_free(&factors);
    const double length = bn_norm(w->n, w->dx);
    if (rc == BN_OK && isfinite(length))
        rc = try_step(s->field, w, length > reach ? reach / length : 1.0, INFINITY, moved);
    if (rc == BN_OK && *moved && bn_norm(w->n, w->f) < 0.9999 * bn_norm(w->n, w->best_f)) {
        keep_best(w);
        w->bad = 0;
    } else if (!*moved || ++w->bad > PATIENCE) {
        back_to_best(w);
        w->bad = 0;
        *moved = false;
    }
    return rc;
}

/* Marquardt: mu falls tenfold after a step that lowers q, and rises until one does.  The
 * ratio of the fall to the one of the linear model decides, or mu would stay too small
 * where the second derivative of F counts.                                   */
static bn_status damped_step(const struct search *s, struct walk *w, double *mu, bool *moved)
{
    const size_t n = w->n;
    const double norm = bn_norm(n, w->f);

    *moved = false;
    for (int d = 0; d < DAMPINGS && !*moved; d++) {
        for (size_t i = 0; i < n; i++)
            w->dx[i] = -w->gradient[i];
        BN_TRY(bn_field_damped(s->linear, w->slope, *mu, w->dx));
        /* fall of the model: -(g.dx) - |A dx|^2/2 = (mu |dx|^2 - g.dx)/2 */
        const double expected = 0.5 * (*mu * bn_dot(n, w->dx, w->dx)
                                       - bn_dot(n, w->gradient, w->dx));
        const double before = 0.5 * norm * norm;
        BN_TRY(try_step(s->field, w, 1.0, norm * (1.0 - DBL_EPSILON), moved));
        const double after = 0.5 * bn_dot(n, w->next_f, w->next_f);
        if (*moved && before - after > 0.75 * expected)
            *mu *= 0.1;
        else if (!*moved || before - after < 0.25 * expected)
            *mu *= *moved ? 3.0 : 10.0;
    }
    return BN_OK;
}

static bn_status steepness(const struct search *s, struct walk *w, double *steep)
{
    const struct bn_mat slope = { 1, w->n, w->slope }, f = { 1, w->n, w->f };
    struct bn_mat gradient = { 1, w->n, w->gradient };

    bn_transfer_slope(&s->field->transfer, w->n, w->x, w->slope);
    BN_TRY(bn_linear_apply(s->linear, &slope, BN_TRANSPOSED, &f, &gradient));
    *steep = bn_norm(w->n, w->gradient) / bn_norm(w->n, w->f);
    return BN_OK;
}

static bn_status one_step(const struct search *s, struct walk *w, double *mu, double *steep,
                          bool *moved)
{
    *moved = false;
    BN_TRY(steepness(s, w, steep));
    if (!s->slow) {
        BN_TRY(newton_step(s, w, moved));
        if (*moved)
            return BN_OK;
        BN_TRY(steepness(s, w, steep));
    }
    if (*steep > LOCAL)
        BN_TRY(damped_step(s, w, mu, moved));
    keep_best(w);
    return BN_OK;
}

static bn_status search_row(void *context, size_t t)
{
    const struct search *s = context;
    struct bn_point *p = &s->point[t];
    struct walk w;
    double mu = 1e-3;
    bool moved = true;

    *p = (struct bn_point){ .gradient = INFINITY };
    BN_TRY(walk_make(&w, s->x->cols, bn_mat_row(s->x, t)));
    bn_status rc = at_state(s->field, w.n, w.x, w.f);
    keep_best(&w);
    for (; rc == BN_OK && moved && p->steps < s->most && !small_enough(&w); p->steps++)
        rc = one_step(s, &w, &mu, &p->gradient, &moved);
    if (rc == BN_OK && bn_norm(w.n, w.best_f) < bn_norm(w.n, w.f)) {
        back_to_best(&w);
        rc = steepness(s, &w, &p->gradient);
    }
    if (rc == BN_OK) {
        p->q = 0.5 * bn_dot(w.n, w.f, w.f);
        p->fixed = small_enough(&w);
        p->gradient = p->fixed ? 0.0 : p->gradient;
        p->local = p->fixed || p->gradient <= LOCAL;
        for (size_t i = 0; i < w.n; i++)
            w.dx[i] = w.x[i] - w.start[i];
        p->moved = bn_norm(w.n, w.dx);
    }
    bn_mat_free(&w.scratch);
    return rc;
}

static bn_status search(const struct bn_field *field, struct bn_mat *x, size_t most, bool slow,
                        struct bn_point *point)
{
    struct bn_linear linear;
    struct search s = { field, &linear, x, most, point, slow };

    if (x->cols != field->weights.n)
        return bn_fail(BN_INPUT, "states of %zu neurons for weights of %zu", x->cols,
                       field->weights.n);
    BN_TRY(bn_linear_make(&linear, &field->weights, field->inhibition));
    const bn_status rc = bn_tiles(x->rows, search_row, &s);
    bn_linear_free(&linear);
    return rc;
}

bn_status bn_fixed_newton(const struct bn_field *field, struct bn_mat *x, size_t most,
                          struct bn_point *point)
{
    return search(field, x, most, false, point);
}

bn_status bn_fixed_slow(const struct bn_field *field, struct bn_mat *x, size_t most,
                        struct bn_point *point)
{
    return search(field, x, most, true, point);
}

static double apart(const double *a, const double *b, size_t n)
{
    double d = 0.0;
    for (size_t i = 0; i < n; i++)
        d += (a[i] - b[i]) * (a[i] - b[i]);
    return sqrt(d);
}

size_t bn_fixed_merge(const struct bn_mat *x, const bool *use, double distance, size_t *group)
{
    size_t groups = 0;

    for (size_t t = 0; t < x->rows; t++) {
        size_t seen = 0;                 /* groups whose first member has passed */
        group[t] = SIZE_MAX;
        if (use != NULL && !use[t])
            continue;
        const double *a = bn_mat_row(x, t), reach = distance * bn_norm(x->cols, a);
        for (size_t s = 0; s < t && group[t] == SIZE_MAX; s++) {
            if (group[s] != seen)
                continue;
            seen++;
            if (apart(a, bn_mat_row(x, s), x->cols) <= reach)
                group[t] = group[s];
        }
        if (group[t] == SIZE_MAX)
            group[t] = groups++;
    }
    return groups;
}

struct at {
    struct bn_linear linear;
    struct bn_mat slope;                 /* [1, N] */
};

static bn_status apply(void *context, const double *x, double *y)
{
    const struct at *a = context;
    struct bn_mat in, out = { 1, a->slope.cols, y };

    BN_TRY(bn_mat_alloc(&in, 1, a->slope.cols));
    memcpy(in.data, x, in.cols * sizeof *x);
    const bn_status rc = bn_linear_apply(&a->linear, &a->slope, BN_PLAIN, &in, &out);
    bn_mat_free(&in);
    return rc;
}

bn_status bn_fixed_eigenvalues(const struct bn_field *field, const double *x, size_t k,
                               double *re, double *im, size_t *found)
{
    const size_t n = field->weights.n;
    struct at a;

    BN_TRY(bn_linear_make(&a.linear, &field->weights, field->inhibition));
    bn_status rc = bn_mat_alloc(&a.slope, 1, n);
    if (rc == BN_OK) {
        bn_transfer_slope(&field->transfer, n, x, a.slope.data);
        rc = bn_arnoldi(n, k, BN_LARGEST_REAL, 1e-10, apply, &a, re, im, found, NULL);
    }
    bn_mat_free(&a.slope);
    bn_linear_free(&a.linear);
    return rc;
}
