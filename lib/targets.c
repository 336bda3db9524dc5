/* SPDX-License-Identifier: MIT */
#include <basin/targets.h>
#include <basin/fourier.h>
#include <basin/manifold.h>
#include <basin/ridge.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Neurons whose rates are computed at a time. */
enum { CHUNK = 4096 };

static bool has(const char *role, const char *dataset)
{
    return bn_h5_kind(bn_input(role), dataset) == BN_H5_DATASET;
}

static struct bn_transfer read_transfer(const char *role, const char *at)
{
    struct bn_transfer t;
    bn_h5 *f = bn_input(role);
    char *name;

    if (!bn_h5_has_attribute(f, at, "transfer"))
        BN_REFUSE(BN_INPUT, "%s: no /rate or /current_coefficients with the attribute transfer: "
                  "this is no artifact of the stage tuning, which role %s needs",
                  bn_h5_path(f), role);
    BN_CHECK(bn_h5_get_text(f, at, "transfer", &name));
    const bn_status rc = bn_transfer_parse(name, &t.kind);
    free(name);
    BN_CHECK(rc);
    BN_CHECK(bn_h5_get_real(f, at, "transfer_beta", &t.beta));
    BN_CHECK(bn_h5_get_real(f, at, "transfer_threshold", &t.threshold));
    return t;
}

struct bn_transfer bn_targets_transfer(const char *role)
{
    return read_transfer(role, has(role, "/rate") ? "/rate" : "/current_coefficients");
}

/* Columns of rates above rounding: what is dropped is 1e-24 of the mean square, where a
 * ridge of 1e-8 wants 1e-20 (ridge.h).                                      */
static size_t columns_that_count(const struct bn_mat *c, size_t rows)
{
    double total = 0.0, tail = 0.0;
    size_t r = c->cols;

    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < c->cols; k++)
            total += *bn_mat_at(c, i, k) * *bn_mat_at(c, i, k);
    for (; r > 1; r--) {
        for (size_t i = 0; i < rows; i++)
            tail += *bn_mat_at(c, i, r - 1) * *bn_mat_at(c, i, r - 1);
        if (tail > 1e-24 * total)
            break;
    }
    return r % 2 == 1 || r == c->cols ? r : r + 1;
}

/* The same, and whole shells, so that no direction is preferred. */
static size_t shells_that_count(const bn_harmonics *h, const struct bn_mat *c, size_t rows)
{
    const size_t r = columns_that_count(c, rows);
    size_t first;

    if (bn_harmonics_manifold(h)->kind == BN_RING)
        return r;                        /* pairs already; or a Nyquist term */
    const size_t shell = bn_harmonics_shell(h, r - 1, &first);
    return first + shell < c->cols ? first + shell : c->cols;
}

/* Coefficients of the rates phi(x) on the grid; the first chunk decides how many. */
static struct bn_mat rates_of(const struct bn_mat *x, const struct bn_transfer *t,
                              const bn_harmonics *h)
{
    const size_t n = x->rows, rows = n < CHUNK ? n : CHUNK;
    const size_t m = bn_manifold_points(bn_harmonics_manifold(h));
    struct bn_mat curve = bn_scratch(rows, m), c = bn_scratch(rows, bn_harmonics_count(h));
    struct bn_mat phi = { 0 };

    for (size_t i0 = 0; i0 < n; i0 += rows) {
        const struct bn_mat in = { n - i0 < rows ? n - i0 : rows, x->cols, bn_mat_row(x, i0) };
        curve.rows = c.rows = in.rows;
        BN_CHECK(bn_harmonics_inverse(h, &in, &curve));
        bn_transfer_rate(t, in.rows * m, curve.data, curve.data);
        BN_CHECK(bn_harmonics_transform(h, &curve, &c));
        if (i0 == 0)
            phi = bn_scratch(n, shells_that_count(h, &c, in.rows));
        for (size_t i = 0; i < in.rows; i++)
            memcpy(bn_mat_row(&phi, i0 + i), bn_mat_row(&c, i), phi.cols * sizeof(double));
    }
    return phi;
}

static struct bn_mat coefficients(const char *role, const char *dataset, bool nyquist)
{
    const struct bn_mat curves = bn_input_mat(role, dataset);
    struct bn_mat c = bn_scratch(curves.rows,
                                 curves.cols - (curves.cols % 2 == 0 && !nyquist));

    BN_CHECK(bn_fourier(&curves, &c));
    return c;
}

static struct bn_targets from_curves(const char *role, bool nyquist)
{
    struct bn_targets t = { .transfer = read_transfer(role, "/rate") };
    size_t m;

    t.x = coefficients(role, "/current", nyquist);
    t.phi = coefficients(role, "/rate", nyquist);
    (void)bn_input_vec(role, "/theta", &m);
    t.angles = m;
    if (t.x.rows != t.phi.rows || t.x.cols != t.phi.cols
        || m - (m % 2 == 0 && !nyquist) != t.x.cols)
        BN_REFUSE(BN_INPUT, "%s: /current, /rate, /preferred and /theta do not fit together",
                  bn_h5_path(bn_input(role)));
    return t;
}

static struct bn_targets from_coefficients(const char *role, const bn_harmonics *h)
{
    struct bn_targets t = { .transfer = read_transfer(role, "/current_coefficients") };
    const struct bn_manifold *m = bn_harmonics_manifold(h);
    const bool ring = m->kind == BN_RING;

    t.x = bn_input_mat(role, "/current_coefficients");
    t.angles = bn_manifold_points(m);
    if (t.x.rows == 0 || t.x.cols == 0 || (ring && t.x.cols % 2 == 0)
        || t.x.cols > bn_harmonics_count(h))
        BN_REFUSE(BN_INPUT, "%s: /current_coefficients is %zu x %zu on a %s of %zu %s: the columns "
                  "must be %sno more than the %s", bn_h5_path(bn_input(role)), t.x.rows,
                  t.x.cols, bn_manifold_name(m->kind), t.angles, ring ? "angles" : "points",
                  ring ? "odd in number and " : "", ring ? "angles" : "functions on it");
    t.phi = rates_of(&t.x, &t.transfer, h);
    return t;
}

/* --- any other manifold: curves [N, M] on its grid -------------------------------------- */

static struct bn_shape shape_of(const char *role, const char *dataset)
{
    struct bn_shape s;

    BN_CHECK(bn_h5_shape(bn_input(role), dataset, &s));
    return s;
}

/* Coefficients of the curves of a dataset, whose rows pass by in chunks of neurons: at least
 * `least` of them, and all that the first chunk says count.                 */
static struct bn_mat curves_of(const char *role, const char *dataset, const bn_harmonics *h,
                               size_t least)
{
    const size_t n = shape_of(role, dataset).dim[0], rows = n < CHUNK ? n : CHUNK;
    const size_t m = bn_manifold_points(bn_harmonics_manifold(h));
    struct bn_mat curve, c, out = { 0 };

    BN_CHECK(bn_mat_alloc(&curve, rows, m));
    BN_CHECK(bn_mat_alloc(&c, rows, bn_harmonics_count(h)));
    for (size_t i0 = 0; i0 < n; i0 += rows) {
        curve.rows = c.rows = n - i0 < rows ? n - i0 : rows;
        BN_CHECK(bn_h5_read_rows(bn_input(role), dataset, i0, curve.rows, curve.data));
        BN_CHECK(bn_harmonics_transform(h, &curve, &c));
        if (i0 == 0) {
            const size_t count = shells_that_count(h, &c, c.rows);
            out = bn_scratch(n, count > least ? count : least);
        }
        for (size_t i = 0; i < c.rows; i++)
            memcpy(bn_mat_row(&out, i0 + i), bn_mat_row(&c, i), out.cols * sizeof(double));
    }
    bn_mat_free(&c);
    bn_mat_free(&curve);
    return out;
}

static struct bn_targets from_points(const char *role, const bn_harmonics *h)
{
    static const char *const datasets[] = { "/current", "/rate" };
    struct bn_targets t = { .transfer = read_transfer(role, "/rate") };
    const size_t m = bn_manifold_points(bn_harmonics_manifold(h));
    size_t n = 0;

    for (size_t k = 0; k < BN_LEN(datasets); k++) {
        if (!has(role, datasets[k]))
            BN_REFUSE(BN_INPUT, "%s: no dataset %s: this is no artifact of the stage tuning, which "
                      "role %s needs", bn_h5_path(bn_input(role)), datasets[k], role);
        const struct bn_shape s = shape_of(role, datasets[k]);
        if (s.rank != 2 || s.dim[0] == 0 || s.dim[1] != m || (k > 0 && s.dim[0] != n))
            BN_REFUSE(BN_INPUT, "%s: %s is %zu x %zu on %zu points: /current and /rate must have "
                      "one row per neuron and one column per row of /point",
                      bn_h5_path(bn_input(role)), datasets[k], s.dim[0],
                      s.rank > 1 ? s.dim[1] : 1, m);
        n = s.dim[0];
    }
    t.angles = m;
    t.x = curves_of(role, "/current", h, 1);
    t.phi = curves_of(role, "/rate", h, t.x.cols);
    return t;
}

static void release_harmonics(void *h)
{
    bn_harmonics_free(h);
}

static struct bn_targets read_targets(const char *role, bool nyquist)
{
    const struct bn_manifold m = bn_manifold_read(role);
    bn_harmonics *h;
    struct bn_targets t;
    size_t n;

    BN_CHECK(bn_harmonics_new(&h, &m));
    bn_stage_own_by(h, release_harmonics);
    if (has(role, "/current_coefficients"))
        t = from_coefficients(role, h);
    else
        t = m.kind == BN_RING ? from_curves(role, nyquist) : from_points(role, h);
    t.manifold = m;
    t.harmonics = h;
    if (m.kind != BN_RING)
        return t;
    t.preferred = bn_input_vec(role, "/preferred", &n);
    if (n != t.x.rows)
        BN_REFUSE(BN_INPUT, "%s: %zu preferred angles of %zu neurons",
                  bn_h5_path(bn_input(role)), n, t.x.rows);
    size_t *order = (size_t *)(void *)bn_scratch_vec(n);
    BN_CHECK(bn_ring_order(t.preferred, n, order));
    t.order = order;
    return t;
}

void bn_targets_settle(struct bn_targets *t, const char *role, size_t map)
{
    const size_t n = t->x.rows, m = t->angles;

    if (!has(role, "/current") || !bn_h5_has_attribute(bn_input(role), "/current", "transfer"))
        return;
    const struct bn_mat all = bn_input_mat(role, "/current");
    if (all.rows != n || all.cols % m != 0 || all.cols / m <= map)
        BN_REFUSE(BN_INPUT, "%s: /current is %zu x %zu, which does not hold map %zu of %zu neurons "
                  "on %zu points: weights and tuning must belong together",
                  bn_h5_path(bn_input(role)), all.rows, all.cols, map, n, m);
    struct bn_mat curve = bn_scratch(n, m);
    for (size_t i = 0; i < n; i++)
        memcpy(bn_mat_row(&curve, i), bn_mat_row(&all, i) + map * m, m * sizeof(double));
    t->transfer = read_transfer(role, "/current");
    t->x = bn_scratch(n, bn_harmonics_count(t->harmonics));
    t->phi = bn_scratch(n, bn_harmonics_count(t->harmonics));
    BN_CHECK(bn_harmonics_transform(t->harmonics, &curve, &t->x));
    bn_transfer_rate(&t->transfer, n * m, curve.data, curve.data);
    BN_CHECK(bn_harmonics_transform(t->harmonics, &curve, &t->phi));
}

void bn_targets_need_ring(const struct bn_targets *t, const char *what)
{
    if (t->manifold.kind != BN_RING)
        BN_REFUSE(BN_USAGE, "%s is defined by angles: it needs a tuning on the ring, and this one "
                  "is on a %s", what, bn_manifold_name(t->manifold.kind));
}

/* Between walls the slope is no sum of the same cosines: it is taken on the grid, by the
 * polynomials that interpolate there.                                       */
void bn_targets_differentiate(const struct bn_targets *t, struct bn_mat *x)
{
    const size_t m = t->angles, r = x->cols;

    if (t->manifold.kind == BN_RING) {
        bn_fourier_differentiate(x);
        return;
    }
    if (t->manifold.dimensions != 1)
        BN_REFUSE(BN_USAGE, "no single derivative on a %s of %zu dimensions",
                  bn_manifold_name(t->manifold.kind), t->manifold.dimensions);
    struct bn_mat slope = bn_scratch(m, r), values = bn_scratch(x->rows, m);
    for (size_t k = 0; k < m; k++) {
        double c;
        bn_manifold_point(&t->manifold, k, &c);
        bn_harmonics_gradient(t->harmonics, &c, r, bn_mat_row(&slope, k));
    }
    BN_CHECK(bn_gemm(1.0, x, BN_PLAIN, &slope, BN_TRANSPOSED, 0.0, &values));
    BN_CHECK(bn_harmonics_transform(t->harmonics, &values, x));
}

struct bn_targets bn_targets_read(const char *role)
{
    return read_targets(role, false);
}

struct bn_targets bn_targets_read_grid(const char *role)
{
    return read_targets(role, true);
}

static struct bn_mat leading(const struct bn_mat *from, size_t cols)
{
    struct bn_mat out = bn_scratch(from->rows, cols);
    const size_t take = from->cols < cols ? from->cols : cols;

    for (size_t i = 0; i < out.rows; i++)
        memcpy(bn_mat_row(&out, i), bn_mat_row(from, i), take * sizeof(double));
    return out;
}

struct bn_mat bn_targets_wide(const struct bn_targets *t)
{
    if (t->x.cols == t->phi.cols)
        return t->x;
    return leading(&t->x, t->phi.cols);
}

void bn_targets_trim(const struct bn_targets *t, struct bn_mat *x, struct bn_mat *phi)
{
    const size_t cx = shells_that_count(t->harmonics, &t->x, t->x.rows);
    const size_t cphi = shells_that_count(t->harmonics, &t->phi, t->phi.rows);
    const size_t r = cx > cphi ? cx : cphi;

    *x = leading(&t->x, r);
    *phi = leading(&t->phi, r);
}

/* A matrix of weights must be finite and of `n` neurons; 0: not checked. */
static struct bn_mat read_weights(const char *role, const char *dataset, size_t rows,
                                  size_t cols)
{
    const struct bn_mat m = bn_input_mat(role, dataset);
    const char *path = bn_h5_path(bn_input(role));

    if ((rows != 0 && m.rows != rows) || (cols != 0 && m.cols != cols))
        BN_REFUSE(BN_INPUT, "%s: %s is %zu x %zu, but the tuning has %zu neurons: both must come "
                  "from the same population", path, dataset, m.rows, m.cols,
                  rows != 0 ? rows : cols);
    for (size_t k = 0; k < m.rows * m.cols; k++)
        if (!isfinite(m.data[k]))
            BN_REFUSE(BN_INPUT, "%s: %s[%zu,%zu] is %g: weights must be finite", path, dataset,
                      k / m.cols, k % m.cols, m.data[k]);
    return m;
}

static struct bn_operator read_operator(const char *role, size_t n, const char *dense,
                                        const struct bn_mat *right, const char *left,
                                        const char *diagonal)
{
    struct bn_operator op = { 0 };

    if (has(role, dense)) {
        const struct bn_mat j = read_weights(role, dense, n, n);
        BN_CHECK(bn_operator_dense(&op, &j));
    } else if (has(role, left)) {
        const struct bn_mat l = read_weights(role, left, n, 0);
        const double *d = read_weights(role, diagonal, n, 0).data;
        BN_CHECK(bn_operator_factored(&op, &l, right, d));
    }
    return op;
}

/* Currents without the columns that are rounding. */
static struct bn_mat head_of(const struct bn_mat *x, size_t most)
{
    const size_t count = columns_that_count(x, x->rows < CHUNK ? x->rows : CHUNK);

    return leading(x, count < most ? count : most);
}

static struct bn_mat owned(const struct bn_mat *m)
{
    struct bn_mat copy = bn_scratch(m->rows, m->cols);

    memcpy(copy.data, m->data, m->rows * m->cols * sizeof(double));
    return copy;
}

static struct bn_operator from_modes(const char *role, const struct bn_mat *basis,
                                     const struct bn_mat *head, const struct bn_mat *factor,
                                     int order, const char *diagonal)
{
    const struct bn_mat core = read_weights(role, "/core", basis->rows, basis->rows);
    const double *d = read_weights(role, diagonal, head->rows, 0).data;
    struct bn_operator op;
    struct bn_mat made;

    BN_CHECK(bn_ridge_lift(basis, &core, head->cols, order, &made));
    const struct bn_mat lift = owned(&made);
    bn_mat_free(&made);
    BN_CHECK(bn_operator_shared(&op, head, factor, &lift, &core, d));
    return op;
}

static struct bn_recurrent read_recurrent(const char *role, const struct bn_targets *t)
{
    const size_t n = t->x.rows;
    struct bn_recurrent r = { 0 };
    struct bn_mat right = { 0 };

    if (has(role, "/bias"))
        r.bias = read_weights(role, "/bias", n, 0).data;
    if (has(role, "/basis")) {
        (void)read_weights(role, "/diagonal", n, 0);
        const struct bn_mat basis = read_weights(role, "/basis", 0, 0);
        const struct bn_mat head = head_of(&t->x, basis.cols);
        struct bn_mat factor;
        BN_CHECK(bn_ridge_factor(&t->phi, &basis, &factor));
        r.weights = from_modes(role, &basis, &head, &factor, 0, "/diagonal");
        if (has(role, "/diagonal_velocity"))
            r.velocity = from_modes(role, &basis, &head, &factor, 1, "/diagonal_velocity");
        return r;
    }
    if (has(role, "/right"))
        right = read_weights(role, "/right", 0, n);
    r.weights = read_operator(role, n, "/J", &right, "/left", "/diagonal");
    r.velocity = read_operator(role, n, "/J_velocity", &right, "/left_velocity",
                               "/diagonal_velocity");
    if (r.weights.n == 0)
        BN_REFUSE(BN_INPUT, "%s: neither /J nor /left, /right and /diagonal, nor /basis and "
                  "/core: these are no weights", bn_h5_path(bn_input(role)));
    return r;
}

struct bn_recurrent bn_recurrent_read(const char *role, const struct bn_targets *t)
{
    const struct bn_recurrent r = read_recurrent(role, t);

    bn_stage_own(r.weights.factor.data);
    return r;
}

static struct bn_operator to_factored(const struct bn_operator *op, struct bn_mat *right)
{
    struct bn_operator out;
    struct bn_mat left;

    BN_CHECK(bn_operator_factors(op, &left, right->data == NULL ? right : NULL));
    bn_stage_own(left.data);
    BN_CHECK(bn_operator_factored(&out, &left, right, op->diagonal));
    return out;
}

struct bn_recurrent bn_recurrent_factored(const char *role, const struct bn_targets *t)
{
    struct bn_recurrent r = read_recurrent(role, t);
    struct bn_mat factor = r.weights.factor, right = { 0 };

    if (factor.data == NULL)
        return r;
    r.weights = to_factored(&r.weights, &right);
    bn_stage_own(right.data);
    if (r.velocity.n != 0)
        r.velocity = to_factored(&r.velocity, &right);
    bn_mat_free(&factor);
    return r;
}

struct bn_mat bn_recurrent_dense(const struct bn_operator *op)
{
    if (op->dense.data != NULL)
        return op->dense;
    struct bn_mat j = bn_scratch(op->n, op->n);
    BN_CHECK(bn_ridge_dense(&op->left, &op->right, &j));
    return j;
}

/* --- what was learned ---------------------------------------------------------------- */

/* Row of /kept that holds this snapshot. */
static size_t kept_row(const char *role, int64_t snapshot)
{
    size_t n;
    const char *path = bn_h5_path(bn_input(role));

    if (!has(role, "/kept"))
        BN_REFUSE(BN_INPUT, "%s: no /kept: this is no artifact of the stage learning", path);
    const double *kept = bn_input_vec(role, "/kept", &n);
    if (n == 0)
        BN_REFUSE(BN_INPUT, "%s: /kept is empty", path);
    if (snapshot < 0)
        return n - 1;
    for (size_t k = 0; k < n; k++)
        if (kept[k] == (double)snapshot)
            return k;
    if (n == 1)
        BN_REFUSE(BN_USAGE, "%s: only the weights of snapshot %g are kept, not those of %lld: "
                  "set keep = all in learning", path, kept[0], (long long)snapshot);
    BN_REFUSE(BN_USAGE, "%s: there is no snapshot %lld: the last is %g", path,
              (long long)snapshot, kept[n - 1]);
}

/* Block `row` of a dataset [kept, rows, cols]; cols 0: any; empty if it is not there. */
static struct bn_mat kept_block(const char *role, const char *dataset, size_t row, size_t rows,
                                size_t cols)
{
    bn_h5 *f = bn_input(role);
    struct bn_shape s;

    if (!has(role, dataset))
        return (struct bn_mat){ 0 };
    BN_CHECK(bn_h5_shape(f, dataset, &s));
    const size_t second = s.rank > 2 ? s.dim[2] : 1;
    if (s.rank < 2 || s.rank > 3 || s.dim[0] <= row || s.dim[1] != rows || second == 0
        || (cols != 0 && second != cols))
        BN_REFUSE(BN_INPUT, "%s: %s is not of %zu neurons, which the tuning has: both must come "
                  "from the same population", bn_h5_path(f), dataset, rows);
    struct bn_mat m = bn_scratch(rows, second);
    BN_CHECK(bn_h5_read_rows(f, dataset, row, 1, m.data));
    for (size_t k = 0; k < rows * second; k++)
        if (!isfinite(m.data[k]))
            BN_REFUSE(BN_INPUT, "%s: %s[%zu,%zu,%zu] is %g: weights must be finite",
                      bn_h5_path(f), dataset, row, k / second, k % second, m.data[k]);
    return m;
}

static struct bn_operator kept_operator(const char *role, size_t row, size_t n,
                                        const char *dense, const char *left,
                                        const struct bn_mat *right, const char *diagonal)
{
    const struct bn_mat j = kept_block(role, dense, row, n, n);
    struct bn_operator op = { 0 };

    if (j.data != NULL) {
        BN_CHECK(bn_operator_dense(&op, &j));
    } else if (right->data != NULL && has(role, left)) {
        const struct bn_mat l = kept_block(role, left, row, n, right->rows);
        const struct bn_mat d = kept_block(role, diagonal, row, n, 1);
        BN_CHECK(bn_operator_factored(&op, &l, right, d.data));
    }
    return op;
}

struct bn_recurrent bn_recurrent_learned(const char *role, const struct bn_targets *t,
                                         int64_t snapshot)
{
    const size_t n = t->x.rows, row = kept_row(role, snapshot);
    struct bn_mat right = { 0 };
    struct bn_recurrent r = { 0 };

    if (has(role, "/right"))
        right = read_weights(role, "/right", 0, n);
    r.weights = kept_operator(role, row, n, "/J", "/left", &right, "/diagonal");
    r.velocity = kept_operator(role, row, n, "/J_velocity", "/left_velocity", &right,
                               "/diagonal_velocity");
    if (r.weights.n == 0)
        BN_REFUSE(BN_INPUT, "%s: neither /J nor /left and /right: no weights were kept",
                  bn_h5_path(bn_input(role)));
    return r;
}
