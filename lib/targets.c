/* SPDX-License-Identifier: MIT */
#include <basin/targets.h>
#include <basin/fourier.h>
#include <basin/manifold.h>

#include <stdlib.h>
#include <string.h>

static struct bn_transfer read_transfer(const char *role)
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
    struct bn_targets t = { .transfer = read_transfer(role) };
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

static struct bn_operator read_operator(const char *role, const char *dense,
                                        const struct bn_mat *right, const char *left,
                                        const char *diagonal)
{
    struct bn_operator op = { 0 };

    if (has(role, dense)) {
        const struct bn_mat j = bn_input_mat(role, dense);
        BN_CHECK(bn_operator_dense(&op, &j));
    } else if (has(role, left)) {
        const struct bn_mat l = bn_input_mat(role, left);
        size_t n;
        const double *d = bn_input_vec(role, diagonal, &n);
        if (n != l.rows)
            BN_REFUSE(BN_INPUT, "%s: %s has %zu elements for %zu neurons",
                      bn_h5_path(bn_input(role)), diagonal, n, l.rows);
        BN_CHECK(bn_operator_factored(&op, &l, right, d));
    }
    return op;
}

struct bn_recurrent bn_recurrent_read(const char *role, size_t n)
{
    struct bn_recurrent r;
    struct bn_mat right = { 0 };

    if (has(role, "/right"))
        right = bn_input_mat(role, "/right");
    r.weights = read_operator(role, "/J", &right, "/left", "/diagonal");
    r.velocity = read_operator(role, "/J_velocity", &right, "/left_velocity",
                               "/diagonal_velocity");
    if (r.weights.n == 0)
        BN_REFUSE(BN_INPUT, "%s: neither /J nor /left, /right and /diagonal: these are no "
                  "weights", bn_h5_path(bn_input(role)));
    if (r.weights.n != n)
        BN_REFUSE(BN_INPUT, "%s: weights of %zu neurons, tuning of %zu: both must come from the "
                  "same population", bn_h5_path(bn_input(role)), r.weights.n, n);
    return r;
}
