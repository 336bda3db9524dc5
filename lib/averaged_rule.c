/* SPDX-License-Identifier: MIT */
#include "averaged_priv.h"

#include <basin/fourier.h>
#include <basin/manifold.h>
#include <basin/mem.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Neurons whose curves are on the grid at a time. */
enum { ROWS = 64 };

/* A post factor: what it depends on, found by calling it. */
struct post_parts {
    bool constant;                       /* of no signal at all */
    bool straight;                       /* linear in y */
    double drive, mean, trace, signal;   /* slopes with respect to d, to the averages, to y */
};

/* A pre factor: constant + rate p + mean pmean + trace ptrace. */
struct pre_parts {
    bool linear;                         /* in p; else only means of it are taken */
    bool pooled;                         /* its `rate` is divided by the pool */
    double constant, rate, mean, trace;
};

struct work {
    const struct bn_averaged_spec *spec;
    struct bn_mean_step *step;
    const struct bn_term *term;
    double factor;                       /* coefficient and scale */
    struct post_parts post;
    struct pre_parts pre;
    size_t n, r, m;                      /* neurons, coefficients, grid angles */
    double *square;                      /* [N] <y^2> */
    double *pool;                        /* [m] epsilon + sum_j p_j^2 */
    struct bn_mat operator;              /* [R, R]: row g -> g E, <g_i h_j> = (g_i E).f_j */
    struct bn_mat curves;                /* [N, R]: coefficients of a factor */
};

/* --- what factors depend on --------------------------------------------------------- */

static bn_status refuse(const struct work *w, const char *why)
{
    return bn_fail(BN_USAGE, "no closed mean of the weights for the rule %s: its term %s*%s%s "
                   "%s", w->spec->rule->name, bn_post_name(w->term->post),
                   bn_pre_name(w->term->pre), w->term->weight ? "*J" : "", why);
}

static bn_status look_at_post(struct work *w)
{
    const enum bn_post_factor f = w->term->post;
    const struct bn_post at = { 0.7, 0.4, 0.2, 0.9, 0.3, 0.15, 0.6, 0.5 };
    struct bn_post d1 = at, d2 = at, other = at, mean = at, trace = at, rate = at, elsewhere = at;
    struct bn_post y1 = at, y2 = at;
    const double g = bn_post_value(f, &at);

    d1.d += 1.0, d2.d += 2.0, y1.y += 1.0, y2.y += 2.0;
    mean.mean += 1.0, trace.trace += 1.0, rate.rate_d += 1.0;
    other = (struct bn_post){ -0.3, 0.4, 0.1, 0.8, 0.25, 0.05, 0.2, 0.5 };
    elsewhere = other;
    elsewhere.d += 1.0;
    w->post = (struct post_parts){ .drive = bn_post_value(f, &d1) - g,
                                   .mean = bn_post_value(f, &mean) - g,
                                   .trace = bn_post_value(f, &trace) - g,
                                   .signal = bn_post_value(f, &y1) - g,
                                   .constant = bn_post_value(f, &other) == g };
    w->post.straight = fabs(bn_post_value(f, &y2) - g - 2.0 * w->post.signal) <= 1e-12;
    const double curved = bn_post_value(f, &d2) - g - 2.0 * w->post.drive;
    const double varies = bn_post_value(f, &elsewhere) - bn_post_value(f, &other)
                          - w->post.drive;
    if (fabs(curved) > 1e-12 || fabs(varies) > 1e-12 || bn_post_value(f, &rate) != g)
        return refuse(w, "is not linear in the drive d");
    if (w->term->weight && w->post.drive != 0.0)
        return refuse(w, "is not linear in J");
    return BN_OK;
}

static bn_status look_at_pre(struct work *w)
{
    const enum bn_pre_factor f = w->term->pre;
    const struct bn_pre none = { .pool = 1.0 };
    struct bn_pre p1 = none, p2 = none, mean = none, trace = none, partner = none, pool;
    const double h = bn_pre_value(f, &none);

    p1.p = 1.0, p2.p = 2.0, mean.mean = 1.0, trace.trace = 1.0, partner.d = 1.0;
    pool = p1;
    pool.pool = 2.0;
    w->pre = (struct pre_parts){ .constant = h, .rate = bn_pre_value(f, &p1) - h,
                                 .mean = bn_pre_value(f, &mean) - h,
                                 .trace = bn_pre_value(f, &trace) - h,
                                 .pooled = bn_pre_value(f, &pool) != bn_pre_value(f, &p1) };
    w->pre.linear = fabs(bn_pre_value(f, &p2) - h - 2.0 * w->pre.rate) <= 1e-12;
    if (bn_pre_value(f, &partner) != h)
        return refuse(w, "couples the weights of different neurons");
    return BN_OK;
}

/* --- curves of factors -------------------------------------------------------------- */

/* The low-pass l of coefficients c, in place; NULL keeps the mean alone. */
static void low_pass(const struct bn_lowpass *l, double *c, size_t r)
{
    for (size_t k = 1; k < r; k += 2) {
        const size_t h = (k + 1) / 2;
        const bool have = l != NULL && h < l->harmonics;
        const double re = have ? l->re[h] : 0.0, im = have ? l->im[h] : 0.0;
        const double c1 = c[k], c2 = k + 1 < r ? c[k + 1] : 0.0;
        c[k] = re * c1 + im * c2;
        if (k + 1 < r)
            c[k + 1] = re * c2 - im * c1;
    }
    if (l != NULL && l->harmonics > 0 && r > 0)
        c[0] *= l->re[0];
}

static void fill_post(const struct work *w, size_t i, const double *y, const double *trace,
                      double mean, double *value)
{
    const double y0 = w->spec->y0 > 0.0 ? w->spec->y0 : 1.0;
    struct bn_post at = { .mean = mean, .square = w->square[i],
                          .threshold = w->square[i] / y0 };

    for (size_t k = 0; k < w->m; k++) {
        at.y = at.rate_y = y[k];
        at.trace = trace[k];
        value[k] = bn_post_value(w->term->post, &at);
    }
}

static void fill_pre(const struct work *w, const double *p, const double *trace, double mean,
                     double *value)
{
    for (size_t k = 0; k < w->m; k++) {
        const struct bn_pre at = { p[k], mean, trace[k], w->pool[k], 0.0 };
        value[k] = bn_pre_value(w->term->pre, &at);
    }
}

/* Curves of `from` (post signal or rates) and of their traces on the grid, for the rows
 * begin ...; then the factor, and its coefficients into w->curves.              */
static bn_status factor_rows(const struct work *w, const struct bn_mat *from, bool post,
                             size_t begin, struct bn_mat *buffer)
{
    const size_t left = w->n - begin, rows = left < ROWS ? left : ROWS;
    struct bn_mat c = { rows, from->cols, bn_mat_row(from, begin) }, trace;
    struct bn_mat y = { rows, w->m, buffer[0].data }, t = { rows, w->m, buffer[1].data };
    struct bn_mat out = { rows, w->r, bn_mat_row(&w->curves, begin) };

    BN_TRY(bn_mat_alloc(&trace, rows, from->cols));
    memcpy(trace.data, c.data, rows * from->cols * sizeof(double));
    for (size_t i = 0; i < rows; i++)
        low_pass(w->spec->trace, bn_mat_row(&trace, i), from->cols);
    bn_status rc = bn_fourier_inverse(&c, &y);
    if (rc == BN_OK)
        rc = bn_fourier_inverse(&trace, &t);
    for (size_t i = 0; rc == BN_OK && i < rows; i++) {
        double *curve = bn_mat_row(&y, i), mean = *bn_mat_at(&c, i, 0);
        if (post)
            fill_post(w, begin + i, curve, bn_mat_row(&t, i), mean, curve);
        else
            fill_pre(w, curve, bn_mat_row(&t, i), mean, curve);
    }
    if (rc == BN_OK)
        rc = bn_fourier(&y, &out);
    bn_mat_free(&trace);
    return rc;
}

/* w->curves: the coefficients of the term's post factor (at d = 0) or pre factor. */
static bn_status factor_curves(struct work *w, bool post)
{
    const struct bn_mat *from = post ? w->spec->post : w->spec->phi;
    struct bn_mat buffer[2] = { { 0 }, { 0 } };

    bn_status rc = bn_mat_alloc(&buffer[0], ROWS, w->m);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&buffer[1], ROWS, w->m);
    for (size_t begin = 0; rc == BN_OK && begin < w->n; begin += ROWS)
        rc = factor_rows(w, from, post, begin, buffer);
    bn_mat_free(&buffer[0]);
    bn_mat_free(&buffer[1]);
    return rc;
}

/* --- operators on the curves of rates ------------------------------------------------ */

/* E_kl += <e_k w e_l>, w(theta) the factor of p under the pool. */
static bn_status add_pooled(struct work *w)
{
    struct bn_mat basis = { 0 }, scaled = { 0 };

    bn_status rc = bn_mat_alloc(&basis, w->m, w->r);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&scaled, w->m, w->r);
    for (size_t k = 0; rc == BN_OK && k < w->m; k++) {
        const double theta = BN_TWO_PI * (double)k / (double)w->m;
        const struct bn_pre at = { .p = 1.0, .pool = w->pool[k] };
        const double f = (bn_pre_value(w->term->pre, &at) - w->pre.constant) / (double)w->m;
        bn_fourier_basis(theta, w->r, 0, bn_mat_row(&basis, k));
        for (size_t l = 0; l < w->r; l++)
            *bn_mat_at(&scaled, k, l) = f * *bn_mat_at(&basis, k, l);
    }
    if (rc == BN_OK)
        rc = bn_gemm(1.0, &basis, BN_TRANSPOSED, &scaled, BN_PLAIN, 1.0, &w->operator);
    bn_mat_free(&basis);
    bn_mat_free(&scaled);
    return rc;
}

/* E += by * (low-pass), or by * (its power) for a product of two of them. */
static void add_lowpass(struct bn_mat *e, const struct bn_lowpass *l, double by, bool square)
{
    *bn_mat_at(e, 0, 0) += by * (l == NULL || l->harmonics == 0 ? 1.0
                                 : square ? l->power[0] : l->re[0]);
    for (size_t k = 1; l != NULL && k < e->cols; k += 2) {
        const size_t h = (k + 1) / 2;
        if (h >= l->harmonics)
            break;
        const double re = by * (square ? l->power[h] : l->re[h]);
        *bn_mat_at(e, k, k) += re;
        if (k + 1 == e->cols)
            break;
        *bn_mat_at(e, k + 1, k + 1) += re;
        if (!square) {
            *bn_mat_at(e, k, k + 1) += by * l->im[h];
            *bn_mat_at(e, k + 1, k) -= by * l->im[h];
        }
    }
}

/* h = E p for the term's pre factor, but for its constant; with `square` the p of the other
 * factor passes through the synapse, too.                                        */
static bn_status pre_operator(struct work *w, bool square)
{
    const struct bn_lowpass *synapse = w->spec->synapse;

    memset(w->operator.data, 0, w->r * w->r * sizeof(double));
    if (synapse != NULL && (w->pre.pooled || w->pre.trace != 0.0))
        return refuse(w, "is not reduced together with a synaptic low-pass");
    if (w->pre.pooled)
        BN_TRY(add_pooled(w));
    else if (synapse != NULL)
        add_lowpass(&w->operator, synapse, w->pre.rate, square);
    else
        for (size_t k = 0; k < w->r; k++)
            *bn_mat_at(&w->operator, k, k) = w->pre.rate;
    *bn_mat_at(&w->operator, 0, 0) += w->pre.mean;
    add_lowpass(&w->operator, w->spec->trace, w->pre.trace, false);
    return BN_OK;
}

/* --- terms --------------------------------------------------------------------------- */

/* Where averages waver: <u_i v_j> - <u_i><v_j> = ab/(a + b - ab) Cov(y, p) for averages with
 * shares a and b.                                                                */
static double waver(const struct work *w)
{
    const double s[2] = { w->spec->share_mean, w->spec->share_trace };
    const double g[2] = { w->post.mean, w->post.trace }, h[2] = { w->pre.mean, w->pre.trace };
    double sum = 0.0;

    for (size_t u = 0; u < 2 && w->spec->trace == NULL; u++)
        for (size_t v = 0; v < 2; v++)
            if (s[u] > 0.0 && s[v] > 0.0)
                sum += g[u] * h[v] * s[u] * s[v] / (s[u] + s[v] - s[u] * s[v]);
    return sum;
}

/* Columns for one more pre factor that is not linear in p, or for the constant. */
static bn_status widen(struct work *w, const struct bn_mat *left, const struct bn_mat *right)
{
    struct bn_mat *to[2] = { &w->step->left, &w->step->right };
    const struct bn_mat *more[2] = { left, right };

    for (size_t k = 0; k < 2; k++) {
        struct bn_mat wide;
        const size_t had = to[k]->cols, add = more[k]->cols;
        BN_TRY(bn_mat_alloc(&wide, w->n, had + add));
        for (size_t i = 0; i < w->n; i++) {
            if (had > 0)
                memcpy(bn_mat_row(&wide, i), bn_mat_row(to[k], i), had * sizeof(double));
            for (size_t l = 0; l < add; l++)
                *bn_mat_at(&wide, i, had + l) = (k == 0 ? w->factor : 1.0)
                                                * *bn_mat_at(more[k], i, l);
        }
        bn_mat_free(to[k]);
        *to[k] = wide;
    }
    return BN_OK;
}

/* factor <g_i> constant */
static bn_status add_constant(struct work *w, const struct bn_mat *g)
{
    struct bn_mat left, right = { 0 };

    bn_status rc = bn_mat_alloc(&left, w->n, 1);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&right, w->n, 1);
    for (size_t i = 0; rc == BN_OK && i < w->n; i++) {
        left.data[i] = *bn_mat_at(g, i, 0);
        right.data[i] = w->pre.constant;
    }
    if (rc == BN_OK)
        rc = widen(w, &left, &right);
    bn_mat_free(&left);
    bn_mat_free(&right);
    return rc;
}

/* What the velocity in y adds where rates lag: they lag behind the side that the angle comes
 * from, so <omega x*' p> is not 0 though <omega> is.                              */
static bn_status add_turn(struct work *w)
{
    const struct bn_averaged_spec *s = w->spec;
    const struct bn_lowpass *synapse = s->synapse, *trace = s->trace;
    const struct bn_mat *turn = s->turn;
    const bool lags = (synapse != NULL && synapse->swing_re != NULL)
                      || (trace != NULL && trace->swing_re != NULL
                          && (w->pre.trace != 0.0 || w->post.trace != 0.0));

    if (turn == NULL || !lags || w->post.signal == 0.0)
        return BN_OK;
    if (!w->post.straight || w->post.trace != 0.0 || w->pre.pooled)
        return refuse(w, "is not reduced where rates lag and its signal has velocities in it");
    const size_t both = w->r < turn->cols ? w->r : turn->cols;
    struct bn_lowpass swing = { 0 };
    memset(w->operator.data, 0, w->r * w->r * sizeof(double));
    for (int k = 0; k < 2; k++) {
        const struct bn_lowpass *l = k == 0 ? synapse : trace;
        if (l == NULL || l->swing_re == NULL)
            continue;
        swing = (struct bn_lowpass){ l->harmonics, l->swing_re, l->swing_im, NULL, NULL, NULL };
        add_lowpass(&w->operator, &swing, k == 0 ? w->pre.rate : w->pre.trace, false);
    }
    for (size_t i = 0; i < w->n; i++) {
        double *row = bn_mat_row(&w->curves, i);
        memset(row, 0, w->r * sizeof *row);
        memcpy(row, bn_mat_row(turn, i), both * sizeof *row);
    }
    return bn_gemm(w->factor * w->post.signal, &w->curves, BN_PLAIN, &w->operator, BN_PLAIN,
                   1.0, &w->step->source);
}

/* factor <g_i h_j>, with g at d = 0 */
static bn_status add_source(struct work *w)
{
    const double wavering = w->factor * waver(w);

    BN_TRY(factor_curves(w, true));
    if (!w->pre.linear) {
        if (w->spec->synapse != NULL)
            return refuse(w, "is not reduced together with a synaptic low-pass");
        const struct bn_mat g = w->curves;
        w->curves = (struct bn_mat){ 0 };
        bn_status rc = bn_mat_alloc(&w->curves, w->n, w->r);
        if (rc == BN_OK)
            rc = factor_curves(w, false);
        if (rc == BN_OK)
            rc = widen(w, &g, &w->curves);
        bn_mat_free(&w->curves);
        w->curves = g;
        return rc;
    }
    BN_TRY(pre_operator(w, false));
    BN_TRY(bn_gemm(w->factor, &w->curves, BN_PLAIN, &w->operator, BN_PLAIN, 1.0,
                   &w->step->source));
    const size_t both = w->r < w->spec->post->cols ? w->r : w->spec->post->cols;
    for (size_t i = 0; wavering != 0.0 && i < w->n; i++)
        for (size_t k = 1; k < both; k++)
            *bn_mat_at(&w->step->source, i, k) += wavering * *bn_mat_at(w->spec->post, i, k);
    if (w->pre.constant != 0.0)
        BN_TRY(add_constant(w, &w->curves));
    return add_turn(w);
}

/* factor d_i h_j = factor J <p h_j> */
static bn_status add_drive(struct work *w)
{
    struct bn_mat *gram = &w->step->gram;
    const double by = -w->factor * w->post.drive, noise = w->spec->noise_rate;

    if (!w->pre.linear || w->pre.constant != 0.0)
        return refuse(w, "drives weights out of the span of the rates");
    BN_TRY(pre_operator(w, true));
    if (gram->data == NULL)
        BN_TRY(bn_mat_alloc(gram, w->r, w->r));
    for (size_t k = 0; k < w->r * w->r; k++)
        gram->data[k] += by * w->operator.data[k];
    for (size_t i = 0; i < w->n; i++)
        w->step->row[i] += w->pre.pooled ? 0.0 : by * w->pre.rate * noise * noise;
    return BN_OK;
}

/* factor <g_i h_j> J_ij */
static bn_status add_decay(struct work *w)
{
    const bool plain = w->pre.linear && !w->pre.pooled && w->pre.rate == 0.0
                       && w->pre.mean == 0.0 && w->pre.trace == 0.0;
    const struct bn_post any = { 0 };

    if (plain) {
        BN_TRY(factor_curves(w, true));
        for (size_t i = 0; i < w->n; i++)
            w->step->row[i] -= w->factor * w->pre.constant * *bn_mat_at(&w->curves, i, 0);
        return BN_OK;
    }
    if (w->spec->synapse != NULL)
        return refuse(w, "is not reduced together with a synaptic low-pass");
    if (!w->post.constant)
        return refuse(w, "decays weights at rates that are no product of one of i and one of j");
    const struct bn_pre far = { .p = 2.0, .pool = 1.0 }, near = { .p = 1.0, .pool = 1.0 };
    const struct bn_pre none = { .pool = 1.0 };
    const double curved = bn_pre_value(w->term->pre, &far) + bn_pre_value(w->term->pre, &none)
                          - 2.0 * bn_pre_value(w->term->pre, &near);
    const double noise = 0.5 * curved * w->spec->noise_rate * w->spec->noise_rate;
    const double g = bn_post_value(w->term->post, &any);
    BN_TRY(factor_curves(w, false));
    for (size_t j = 0; j < w->n; j++)
        w->step->column[j] -= w->factor * g * (*bn_mat_at(&w->curves, j, 0) + noise);
    w->step->columns = true;
    return BN_OK;
}

static bn_status add_term(struct work *w, const struct bn_term *term)
{
    w->term = term;
    w->factor = term->coefficient;
    if (term->scale == BN_SCALE_DECAY)
        w->factor *= w->spec->decay;
    if (term->scale == BN_SCALE_SHARE)
        w->factor /= (double)w->n;
    BN_TRY(look_at_post(w));
    BN_TRY(look_at_pre(w));
    if (w->factor == 0.0)
        return BN_OK;
    if (term->weight)
        return add_decay(w);
    if (w->post.drive != 0.0)
        BN_TRY(add_drive(w));
    return add_source(w);
}

/* --- the whole rule ------------------------------------------------------------------ */

static bn_status check(const struct bn_averaged_spec *s)
{
    const struct bn_modifiers *m = s->modifiers;

    if (s->post->rows != s->phi->rows || s->phi->rows == 0 || s->phi->cols == 0
        || s->post->cols == 0)
        return bn_fail(BN_INPUT, "signals are %zu x %zu, rates %zu x %zu", s->post->rows,
                       s->post->cols, s->phi->rows, s->phi->cols);
    if (s->turn != NULL && s->turn->rows != s->phi->rows)
        return bn_fail(BN_INPUT, "velocities turn the signals of %zu neurons, not %zu",
                       s->turn->rows, s->phi->rows);
    if (s->initial != NULL && s->initial->n != s->phi->rows)
        return bn_fail(BN_INPUT, "initial weights of %zu neurons for %zu", s->initial->n,
                       s->phi->rows);
    if (!(s->eta > 0.0) || !(s->decay >= 0.0))
        return bn_fail(BN_USAGE, "a learning rate of %g and a decay of %g: eta must be above 0, "
                       "decay 0 or more", s->eta, s->decay);
    if (s->rule->whole == BN_WHOLE_SUBSPACE || s->rule->whole == BN_WHOLE_CLAMPED
        || (s->rule->whole == BN_WHOLE_NONE && s->rule->n_terms == 0))
        return bn_fail(BN_USAGE, "no closed mean of the weights for the rule %s: it is no sum of "
                       "terms", s->rule->name);
    if (m != NULL && (m->homeostasis != 0.0 || m->dale != BN_DALE_NONE || m->bound > 0.0
                      || m->density < 1.0))
        return bn_fail(BN_USAGE, "no closed mean of the weights for the rule %s with "
                       "homeostasis, Dale's law, bounds or a sparse mask: they act on single "
                       "weights", s->rule->name);
    return BN_OK;
}

static bn_status prepare(struct work *w)
{
    const struct bn_averaged_spec *s = w->spec;
    const size_t most = s->post->cols > w->r ? s->post->cols : w->r;
    struct bn_mat curves = { 0 };
    double epsilon = s->epsilon, trace = 0.0;

    w->m = 4 * most + 4;
    w->square = bn_alloc(w->n, sizeof *w->square);
    w->pool = bn_alloc(w->m, sizeof *w->pool);
    w->step->row = bn_alloc(w->n, sizeof(double));
    w->step->column = bn_alloc(w->n, sizeof(double));
    bn_status rc = w->square == NULL || w->pool == NULL || w->step->row == NULL
                   || w->step->column == NULL ? BN_NOMEM : BN_OK;
    if (rc == BN_OK)
        rc = bn_mat_alloc(&w->step->source, w->n, w->r);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&w->operator, w->r, w->r);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&w->curves, w->n, w->r);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&curves, ROWS, w->m);
    for (size_t i = 0; rc == BN_OK && i < w->n; i++) {
        w->square[i] = bn_dot(s->post->cols, bn_mat_row(s->post, i), bn_mat_row(s->post, i));
        trace += bn_dot(w->r, bn_mat_row(s->phi, i), bn_mat_row(s->phi, i));
    }
    for (size_t begin = 0; rc == BN_OK && begin < w->n; begin += ROWS) {
        const size_t rows = w->n - begin < ROWS ? w->n - begin : ROWS;
        const struct bn_mat c = { rows, w->r, bn_mat_row(s->phi, begin) };
        curves.rows = rows;
        rc = bn_fourier_inverse(&c, &curves);
        for (size_t k = 0; rc == BN_OK && k < rows * w->m; k++)
            w->pool[k % w->m] += curves.data[k] * curves.data[k];
    }
    if (!(epsilon > 0.0))
        epsilon = 1e-6 * trace;
    epsilon += (double)w->n * s->noise_rate * s->noise_rate;
    for (size_t k = 0; rc == BN_OK && k < w->m; k++)
        w->pool[k] += epsilon;
    bn_mat_free(&curves);
    return rc;
}

/* Terms whose parts cancel (or a rule without d) leave no G; what is left must pull. */
static bn_status finish(struct work *w)
{
    struct bn_mat *g = &w->step->gram;
    double most = 0.0, skew = 0.0;

    for (size_t k = 0; g->data != NULL && k < w->r; k++)
        for (size_t l = 0; l < w->r; l++) {
            most = fmax(most, fabs(*bn_mat_at(g, k, l)));
            skew = fmax(skew, fabs(*bn_mat_at(g, k, l) - *bn_mat_at(g, l, k)));
        }
    if (most == 0.0)
        bn_mat_free(g);
    if (skew > 1e-12 * most)
        return bn_fail(BN_USAGE, "no closed mean of the weights for the rule %s: it takes its "
                       "drive and its traces from a course with a preferred direction",
                       w->spec->rule->name);
    if (most > 0.0 && (w->step->columns || w->step->left.data != NULL))
        return bn_fail(BN_USAGE, "no closed mean of the weights for the rule %s: it reads its "
                       "drive, and has terms with p^2 or without p", w->spec->rule->name);
    for (size_t i = 1; w->step->columns && i < w->n; i++)
        if (fabs(w->step->row[i] - w->step->row[0]) > 1e-12 * fabs(w->step->row[0]))
            return bn_fail(BN_USAGE, "no closed mean of the weights for the rule %s: it decays "
                           "weights at rates that differ over i and over j", w->spec->rule->name);
    for (size_t i = 0; w->spec->modifiers != NULL && i < w->n; i++)
        w->step->row[i] += w->spec->modifiers->turnover / w->spec->eta;
    return BN_OK;
}

/* Of RLS and the offline solution: what they make zero. */
static const struct bn_term error_term = { 1.0, BN_SCALE_ONE, BN_POST_ERROR, BN_PRE_P, false };

bn_status bn_mean_step(const struct bn_averaged_spec *spec, struct bn_mean_step *step)
{
    struct work w = { .spec = spec, .step = step };

    *step = (struct bn_mean_step){ 0 };
    BN_TRY(check(spec));
    w.n = spec->phi->rows;
    w.r = spec->phi->cols;
    bn_status rc = prepare(&w);
    if (rc == BN_OK && spec->rule->whole != BN_WHOLE_NONE)
        rc = add_term(&w, &error_term);
    for (size_t t = 0; rc == BN_OK && t < spec->rule->n_terms; t++)
        rc = add_term(&w, &spec->rule->terms[t]);
    if (rc == BN_OK)
        rc = finish(&w);
    free(w.square);
    free(w.pool);
    bn_mat_free(&w.operator);
    bn_mat_free(&w.curves);
    if (rc != BN_OK)
        bn_mean_step_free(step);
    return rc;
}

void bn_mean_step_free(struct bn_mean_step *step)
{
    bn_mat_free(&step->source);
    bn_mat_free(&step->left);
    bn_mat_free(&step->right);
    bn_mat_free(&step->gram);
    free(step->row);
    free(step->column);
    *step = (struct bn_mean_step){ 0 };
}
