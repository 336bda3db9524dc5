/* SPDX-License-Identifier: MIT */
#include <basin/targets.h>
#include <basin/fourier.h>
#include <basin/manifold.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct bn_transfer bn_targets_transfer(const char *role)
{
    struct bn_transfer t;
    bn_h5 *f = bn_input(role);
    char *name;

    if (!bn_h5_has_attribute(f, "/rate", "transfer"))
        BN_REFUSE(BN_INPUT, "%s: no /rate with the attribute transfer: this is no artifact of "
                  "the stage tuning, which role %s needs", bn_h5_path(f), role);
    BN_CHECK(bn_h5_get_text(f, "/rate", "transfer", &name));
    const bn_status rc = bn_transfer_parse(name, &t.kind);
    free(name);
    BN_CHECK(rc);
    BN_CHECK(bn_h5_get_real(f, "/rate", "transfer_beta", &t.beta));
    BN_CHECK(bn_h5_get_real(f, "/rate", "transfer_threshold", &t.threshold));
    return t;
}

static struct bn_mat coefficients(const char *role, const char *dataset, bool nyquist)
{
    const struct bn_mat curves = bn_input_mat(role, dataset);
    struct bn_mat c = bn_scratch(curves.rows,
                                 curves.cols - (curves.cols % 2 == 0 && !nyquist));

    BN_CHECK(bn_fourier(&curves, &c));
    return c;
}

static struct bn_targets read_targets(const char *role, bool nyquist)
{
    struct bn_targets t = { .transfer = bn_targets_transfer(role) };
    size_t n, m;

    t.x = coefficients(role, "/current", nyquist);
    t.phi = coefficients(role, "/rate", nyquist);
    t.preferred = bn_input_vec(role, "/preferred", &n);
    (void)bn_input_vec(role, "/theta", &m);
    t.angles = m;
    if (t.x.rows != t.phi.rows || t.x.cols != t.phi.cols || n != t.x.rows
        || m - (m % 2 == 0 && !nyquist) != t.x.cols)
        BN_REFUSE(BN_INPUT, "%s: /current, /rate, /preferred and /theta do not fit together",
                  bn_h5_path(bn_input(role)));
    size_t *order = (size_t *)(void *)bn_scratch_vec(n);
    BN_CHECK(bn_ring_order(t.preferred, n, order));
    t.order = order;
    return t;
}

struct bn_targets bn_targets_read(const char *role)
{
    return read_targets(role, false);
}

struct bn_targets bn_targets_read_grid(const char *role)
{
    return read_targets(role, true);
}

static bool has(const char *role, const char *dataset)
{
    return bn_h5_kind(bn_input(role), dataset) == BN_H5_DATASET;
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

struct bn_recurrent bn_recurrent_read(const char *role, size_t n)
{
    struct bn_recurrent r;
    struct bn_mat right = { 0 };

    if (has(role, "/right"))
        right = read_weights(role, "/right", 0, n);
    r.weights = read_operator(role, n, "/J", &right, "/left", "/diagonal");
    r.velocity = read_operator(role, n, "/J_velocity", &right, "/left_velocity",
                               "/diagonal_velocity");
    if (r.weights.n == 0)
        BN_REFUSE(BN_INPUT, "%s: neither /J nor /left, /right and /diagonal: these are no "
                  "weights", bn_h5_path(bn_input(role)));
    return r;
}
