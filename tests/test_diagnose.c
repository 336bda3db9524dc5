/* SPDX-License-Identifier: MIT
 * The diagnostics against a ring that is exact, against simulation, and against
 * derivatives taken by differences.                                          */
#include "ring.h"

#include <basin/decode.h>
#include <basin/diagnose.h>
#include <basin/linear.h>
#include <basin/mem.h>
#include <basin/network.h>
#include <basin/tile.h>

/* --- the exact ring: J_ij = (1/N)(J0 + J2 cos(th_i - th_j)), evenly spaced ---------- */

struct control {
    struct bn_mat j, left, right, x;     /* x: [N, 3] coefficients of the bump */
    struct bn_ring_network net;
};

static const double J0 = -6.0, J2 = 10.0;

/* J is symmetric with rank 3: J = sum of three outer products. */
static void control_weights(struct control *c, size_t n)
{
    c->left = mat_make(n, 3);
    c->right = mat_make(3, n);
    c->j = mat_make(n, n);
    for (size_t i = 0; i < n; i++) {
        const double a = BN_TWO_PI * (double)i / (double)n;
        const double e[3] = { 1.0, cos(a), sin(a) };
        for (size_t k = 0; k < 3; k++) {
            *bn_mat_at(&c->right, k, i) = e[k];
            *bn_mat_at(&c->left, i, k) = (k == 0 ? J0 : J2) * e[k] / (double)n;
        }
    }
    assert_ok(bn_gemm(1.0, &c->left, BN_PLAIN, &c->right, BN_PLAIN, 0.0, &c->j));
}

/* Relaxing from cos gives f(theta_i), even about neuron 0; by symmetry the states are
 * x_i(theta) = f(theta - theta_i), and f = a + b cos.                       */
static struct control control(size_t n)
{
    struct control c = { 0 };
    struct bn_mat x = mat_make(1, n), f = mat_make(1, 3);
    control_weights(&c, n);
    struct bn_network run = { .transfer = { BN_TRANSFER_ERF, 1.0, 0.0 }, .tau = 1.0,
                              .dt = 0.5 };
    assert_ok(bn_operator_dense(&run.weights, &c.j));
    for (size_t i = 0; i < n; i++)
        x.data[i] = 3.0 * cos(BN_TWO_PI * (double)i / (double)n);
    assert_ok(bn_network_run(&run, &x, 400, 100, NULL, (struct bn_rng){ 0 }, NULL, NULL));
    assert_ok(bn_fourier(&x, &f));
    assert_true(f.data[1] > 1.0);        /* a bump, not the homogeneous state */
    c.x = mat_make(n, 3);
    for (size_t i = 0; i < n; i++) {
        const double a = BN_TWO_PI * (double)i / (double)n;
        *bn_mat_at(&c.x, i, 0) = f.data[0];
        *bn_mat_at(&c.x, i, 1) = f.data[1] * cos(a);
        *bn_mat_at(&c.x, i, 2) = f.data[1] * sin(a);
    }
    c.net = (struct bn_ring_network){ .weights = run.weights, .transfer = run.transfer,
                                      .x = c.x };
    bn_mat_free(&x), bn_mat_free(&f);
    return c;
}

static void control_free(struct control *c)
{
    bn_mat_free(&c->j), bn_mat_free(&c->left), bn_mat_free(&c->right), bn_mat_free(&c->x);
}

/* Between grid points too: at them any estimator gives 0 by symmetry.  The same ring of
 * 12 neurons is not exact, and must show it.                                 */
static void exact_ring_does_not_drift(void **state)
{
    (void)state;
    enum { K = 7 };
    for (int few = 0; few < 2; few++) {
        const size_t n = few ? 12 : 128;
        struct control c = control(n);
        struct bn_operator factored;
        double theta[K], drift[K], projected[K], low[K], top = 0.0;
        struct bn_points p;
        for (size_t k = 0; k < K; k++)
            theta[k] = BN_TWO_PI * ((double)(11 * k) + 0.37) / (double)n;
        assert_ok(bn_diagnose_points(&c.net, theta, K, &p));
        assert_ok(bn_diagnose_drift(&c.net, &p, drift, projected));
        assert_ok(bn_operator_factored(&factored, &c.left, &c.right, NULL));
        c.net.weights = factored;
        assert_ok(bn_diagnose_drift(&c.net, &p, low, NULL));
        for (size_t k = 0; k < K; k++) {
            assert_close(low[k], drift[k], 1e-8, 1e-14);
            top = fmax(top, fabs(drift[k]));
        }
        assert_true(few ? top > 1e-7 : top < 1e-12);
        bn_points_free(&p);
        control_free(&c);
    }
}

static void exact_ring_has_a_zero_mode_and_a_gap(void **state)
{
    (void)state;
    struct control c = control(128);
    const double theta[] = { 0.1234, 4.0 };
    struct bn_points p;
    assert_ok(bn_diagnose_points(&c.net, theta, 2, &p));
    for (size_t t = 0; t < 2; t++) {
        double re[6], im[6], overlap, value;
        size_t found, tangent;
        assert_ok(bn_diagnose_jacobian(&c.net, &p, t, 5, re, im, &found, &tangent, &overlap,
                                       &value));
        assert_close(value, re[0], 0, 0);
        assert_true(found >= 5);
        assert_int_equal(tangent, 0);
        assert_close(re[0], 0, 0, 1e-9);
        assert_true(im[0] == 0.0);
        assert_close(overlap, 1, 0, 1e-8);
        assert_true(re[1] < -0.05 && re[1] >= -1.0);
    }
    bn_points_free(&p);
    control_free(&c);
}

/* Symmetric J has the left eigenvector z = phi' x*', so that J + dJ drifts by
 *     v = (z . dJ phi)/(z . x*')   to first order in dJ.
 * The orthogonal projection leaves phi' out and must differ.                */
static void perturbed_ring_drifts_as_predicted(void **state)
{
    (void)state;
    enum { K = 5, N = 128 };
    struct control c = control(N);
    struct bn_mat extra = mat_random(N, N, 3), push = mat_make(K, N);
    const double theta[K] = { 0.0, 1.0, 2.5, 4.0, 6.0 };
    double drift[K], projected[K], difference = 0.0;
    struct bn_points p;
    struct bn_operator op;
    for (size_t k = 0; k < N * N; k++) {
        extra.data[k] *= 1e-7;
        c.j.data[k] += extra.data[k];
    }
    assert_ok(bn_diagnose_points(&c.net, theta, K, &p));
    assert_ok(bn_diagnose_drift(&c.net, &p, drift, projected));
    assert_ok(bn_operator_dense(&op, &extra));
    assert_ok(bn_operator_apply(&op, BN_PLAIN, &p.rate, &push));
    for (size_t k = 0; k < K; k++) {
        double zf = 0.0, zu = 0.0;
        for (size_t i = 0; i < N; i++) {
            const double z = *bn_mat_at(&p.slope, k, i) * *bn_mat_at(&p.tangent, k, i);
            zf += z * *bn_mat_at(&push, k, i);
            zu += z * *bn_mat_at(&p.tangent, k, i);
        }
        assert_close(drift[k], zf / zu, 1e-4, 1e-12);
        difference = fmax(difference, fabs(projected[k] - zf / zu) / fabs(zf / zu));
    }
    assert_true(difference > 0.05);
    bn_points_free(&p);
    bn_mat_free(&extra), bn_mat_free(&push);
    control_free(&c);
}

/* --- generated networks ------------------------------------------------------------ */

struct made {
    struct ring ring;
    struct bn_ridge fit;
    struct bn_mat j;
    struct bn_ring_network dense, factored;
};

static struct made made(size_t n, size_t m, double lambda, uint64_t seed)
{
    struct made g = { .ring = ring_make(n, m, RING_SIGMA, RING_BETA, seed) };
    g.fit = ring_fit(&g.ring, lambda, 0.0);
    g.j = mat_make(n, n);
    assert_ok(bn_ridge_dense(&g.fit.left, &g.fit.right, &g.j));
    g.dense = (struct bn_ring_network){ .transfer = g.ring.transfer, .x = g.ring.x };
    g.factored = g.dense;
    assert_ok(bn_operator_dense(&g.dense.weights, &g.j));
    assert_ok(bn_operator_factored(&g.factored.weights, &g.fit.left, &g.fit.right,
                                   g.fit.diagonal));
    return g;
}

static void made_free(struct made *g)
{
    bn_mat_free(&g->j);
    bn_ridge_free(&g->fit);
    ring_free(&g->ring);
}

/* F(x) = -x + J phi(x) + c (r0 - mean phi), by loops. */
static void field(const struct bn_ring_network *net, const double *x, double *f)
{
    const size_t n = net->weights.n;
    struct bn_mat rate = mat_make(1, n);
    double mean = 0.0;
    bn_transfer_rate(&net->transfer, n, x, rate.data);
    for (size_t i = 0; i < n; i++)
        mean += rate.data[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        f[i] = -x[i] + net->inhibition * (net->target - mean);
        for (size_t k = 0; k < n; k++)
            f[i] += *bn_mat_at(&net->weights.dense, i, k) * rate.data[k];
    }
    bn_mat_free(&rate);
}

static void points_are_the_definitions(void **state)
{
    (void)state;
    struct made g = made(50, 61, 1e-3, 2);
    const double theta[] = { 0.7, 3.3 }, h = 1e-5;
    const double around[] = { 0.7 - h, 3.3 - h, 0.7 + h, 3.3 + h };
    struct bn_points p, q;
    g.dense.inhibition = 0.8;
    g.dense.target = 1.3;
    assert_ok(bn_diagnose_points(&g.dense, theta, 2, &p));
    assert_ok(bn_diagnose_points(&g.dense, around, 4, &q));
    for (size_t t = 0; t < 2; t++) {
        double f[50];
        field(&g.dense, bn_mat_row(&p.x, t), f);
        for (size_t i = 0; i < 50; i++) {
            double at[3];
            bn_fourier_at(bn_mat_row(&g.ring.x, i), g.ring.x.cols, theta[t], at);
            assert_close(*bn_mat_at(&p.x, t, i), at[0], 1e-12, 1e-13);
            assert_close(*bn_mat_at(&p.residual, t, i), -f[i], 1e-11, 1e-13);
            assert_close((*bn_mat_at(&q.x, t + 2, i) - *bn_mat_at(&q.x, t, i)) / (2 * h),
                         *bn_mat_at(&p.tangent, t, i), 1e-7, 1e-8);
            assert_close((*bn_mat_at(&q.rate, t + 2, i) - *bn_mat_at(&q.rate, t, i)) / (2 * h),
                         *bn_mat_at(&p.tangent, t, i) * *bn_mat_at(&p.slope, t, i), 1e-6,
                         1e-7);
        }
    }
    bn_points_free(&p), bn_points_free(&q);
    made_free(&g);
}

static int by_real(const void *x, const void *y)
{
    const double *a = x, *b = y;
    return a[0] != b[0] ? (a[0] < b[0]) - (a[0] > b[0]) : (a[1] < b[1]) - (a[1] > b[1]);
}

/* All eigenvalues of dF/dx by central differences, largest real part first: (re, im). */
static double *eigenvalues_by_differences(const struct bn_ring_network *net, const double *at)
{
    const size_t n = net->weights.n;
    struct bn_mat a = mat_make(n, n), x = mat_make(3, n), e = mat_make(2, n);
    double *up = bn_mat_row(&x, 1), *down = bn_mat_row(&x, 2), *pairs;
    const double h = 1e-5;
    for (size_t k = 0; k < n; k++) {
        memcpy(x.data, at, n * sizeof(double));
        x.data[k] = at[k] + h;
        field(net, x.data, up);
        x.data[k] = at[k] - h;
        field(net, x.data, down);
        for (size_t i = 0; i < n; i++)
            *bn_mat_at(&a, i, k) = (up[i] - down[i]) / (2.0 * h);
    }
    assert_ok(bn_eig_general(&a, e.data, bn_mat_row(&e, 1)));
    pairs = calloc(2 * n, sizeof *pairs);
    assert_non_null(pairs);
    for (size_t k = 0; k < n; k++)
        pairs[2 * k] = e.data[k], pairs[2 * k + 1] = *bn_mat_at(&e, 1, k);
    qsort(pairs, n, 2 * sizeof *pairs, by_real);
    bn_mat_free(&a), bn_mat_free(&x), bn_mat_free(&e);
    return pairs;
}

/* N = 150 goes by Arnoldi, N = 50 by LAPACK; with and without inhibition. */
static void jacobian_is_the_derivative(void **state)
{
    (void)state;
    const size_t size[] = { 150, 50 };
    for (size_t s = 0; s < 2; s++)
        for (int c = 0; c < 2; c++) {
            struct made g = made(size[s], 61, 1e-5, 4 + s);
            const double theta[] = { 1.1, 5.2 };
            struct bn_points p;
            g.dense.inhibition = g.factored.inhibition = c;
            assert_ok(bn_diagnose_points(&g.dense, theta, 2, &p));
            double *want = eigenvalues_by_differences(&g.dense, bn_mat_row(&p.x, 1));
            const struct bn_ring_network *net[] = { &g.dense, &g.factored };
            for (size_t k = 0; k < 2; k++) {
                double re[7], im[7], overlap, value;
                size_t found, tangent;
                assert_ok(bn_diagnose_jacobian(net[k], &p, 1, 6, re, im, &found, &tangent,
                                               &overlap, &value));
                assert_in_range(found, 6, 7);
                for (size_t e = 0; e < found; e++) {
                    assert_close(re[e], want[2 * e], 0, 1e-6);
                    assert_close(im[e], want[2 * e + 1], 0, 1e-6);
                }
                assert_true(overlap > 0.5 && overlap <= 1.0 + 1e-12);
                assert_true(fabs(re[tangent]) < 0.3);
            }
            free(want);
            bn_points_free(&p);
            made_free(&g);
        }
}

static void factored_drift_is_the_dense_one(void **state)
{
    (void)state;
    enum { K = 6 };
    struct made g = made(120, 61, 1e-5, 7);
    for (int c = 0; c < 3; c++) {
        double theta[K], a[K], b[K], pa[K], pb[K];
        struct bn_points p;
        g.dense.inhibition = g.factored.inhibition = 0.5 * c;
        g.dense.target = g.factored.target = 0.98;
        bn_ring_grid(K, theta);
        assert_ok(bn_diagnose_points(&g.dense, theta, K, &p));
        assert_ok(bn_diagnose_drift(&g.dense, &p, a, pa));
        assert_ok(bn_diagnose_drift(&g.factored, &p, b, pb));
        for (size_t k = 0; k < K; k++) {
            assert_close(b[k], a[k], 1e-6, 1e-10);
            assert_close(pb[k], pa[k], 1e-12, 1e-15);
        }
        bn_points_free(&p);
    }
    made_free(&g);
}

/* --- drift against simulation ------------------------------------------------------- */

/* Angle turned in two tau, per tau, after ten tau of relaxation from x*(theta). */
static void simulate(const struct made *g, const struct bn_points *p, double *speed,
                     double *from)
{
    const size_t k = p->x.rows;
    struct bn_network run = { .weights = g->factored.weights, .transfer = g->ring.transfer,
                              .tau = 1.0, .dt = 0.1 };
    struct bn_mat x = mat_copy(&p->x);
    bn_decoder *d;
    assert_ok(bn_decoder_new(&d, &g->ring.x, &g->ring.phi, 40));
    assert_ok(bn_network_run(&run, &x, 100, 100, NULL, (struct bn_rng){ 0 }, NULL, NULL));
    double *distance = calloc(k, sizeof *distance), *to = calloc(k, sizeof *to);
    assert_true(distance != NULL && to != NULL);
    assert_ok(bn_decode_distance(d, &x, distance, from));
    assert_ok(bn_network_run(&run, &x, 20, 20, NULL, (struct bn_rng){ 0 }, NULL, NULL));
    assert_ok(bn_decode_distance(d, &x, distance, to));
    for (size_t t = 0; t < k; t++)
        speed[t] = bn_ring_difference(to[t], from[t]) / 2.0;
    free(distance), free(to);
    bn_decoder_free(d);
    bn_mat_free(&x);
}

static double slope_of(size_t n, const double *x, const double *y)
{
    return bn_dot(n, x, y) / bn_dot(n, x, x);
}

static double correlation(size_t n, const double *x, const double *y)
{
    return bn_dot(n, x, y) / (bn_norm(n, x) * bn_norm(n, y));
}

/* The drift that the adjoint mode predicts is the one that is simulated: correlation
 * above 0.9 and slope within 0.2 of 1; the orthogonal projection is worse in both. */
static void drift_is_what_simulations_do(void **state)
{
    (void)state;
    enum { K = 64 };
    struct made g = made(400, 121, 1e-6, 21);
    double theta[K], from[K], speed[K], drift[K], projected[K];
    struct bn_points p, q;
    bn_ring_grid(K, theta);
    assert_ok(bn_diagnose_points(&g.factored, theta, K, &p));
    simulate(&g, &p, speed, from);
    assert_ok(bn_diagnose_points(&g.factored, from, K, &q));
    assert_ok(bn_diagnose_drift(&g.factored, &q, drift, projected));
    const double r = correlation(K, drift, speed), s = slope_of(K, drift, speed);
    const double r2 = correlation(K, projected, speed), s2 = slope_of(K, projected, speed);
    if (!(r > 0.9 && fabs(s - 1.0) < 0.2))
        fail_msg("adjoint: correlation %g, slope %g; projection: %g, %g", r, s, r2, s2);
    if (!(r2 < r && fabs(r2 - 1.0) > 2.0 * fabs(r - 1.0)))
        fail_msg("projection %g, %g is no worse than %g, %g", r2, s2, r, s);
    bn_points_free(&p), bn_points_free(&q);
    made_free(&g);
}

/* --- a Jacobian whose modes are known --------------------------------------------------- */

enum { BIG = 200, MODES = 4 };

/* A = sum_k r_k B_kl z_l - (1 - sum_k r_k z_k) with z_k . r_l = delta_kl, z_k far from r_k:
 * r_0 is the tangent.  J = (A + 1)/phi' is factored, rank 4.                  */
struct known {
    struct bn_mat r, z, left, right;     /* [4, N] each; [N, 4], [4, N] */
    struct bn_ring_network net;
    struct bn_points p;
};

static struct known *known(const double b[MODES][MODES])
{
    struct known *k = calloc(1, sizeof *k);
    assert_non_null(k);
    k->r = mat_random(MODES, BIG, 41), k->z = mat_random(MODES, BIG, 42);
    k->left = mat_make(BIG, MODES), k->right = mat_make(MODES, BIG);
    struct bn_mat slope = mat_random(1, BIG, 43), x = mat_random(1, BIG, 44);
    struct bn_mat u = mat_make(1, BIG), g = mat_make(MODES, MODES);
    int pivot[MODES];
    assert_ok(bn_gemm(1.0, &k->z, BN_PLAIN, &k->r, BN_TRANSPOSED, 0.0, &g));
    assert_ok(bn_lu(&g, pivot));
    for (size_t i = 0; i < BIG; i++) {   /* z <- (z r^T)^-1 z, by columns */
        double column[MODES];
        for (size_t m = 0; m < MODES; m++)
            column[m] = *bn_mat_at(&k->z, m, i);
        assert_ok(bn_lu_solve(&g, pivot, BN_PLAIN, column));
        for (size_t m = 0; m < MODES; m++)
            *bn_mat_at(&k->z, m, i) = column[m];
        slope.data[i] = 0.1 + fabs(slope.data[i]);
        u.data[i] = *bn_mat_at(&k->r, 0, i);
    }
    for (size_t i = 0; i < BIG; i++)
        for (size_t m = 0; m < MODES; m++) {
            for (size_t l = 0; l < MODES; l++)
                *bn_mat_at(&k->left, i, m) += *bn_mat_at(&k->r, l, i) * (b[l][m] + (l == m));
            *bn_mat_at(&k->right, m, i) = *bn_mat_at(&k->z, m, i) / slope.data[i];
        }
    assert_ok(bn_operator_factored(&k->net.weights, &k->left, &k->right, NULL));
    assert_ok(bn_diagnose_states(&k->net, &x, &u, &k->p));
    memcpy(k->p.slope.data, slope.data, BIG * sizeof(double));
    bn_mat_free(&slope), bn_mat_free(&g);
    return k;
}

static void known_free(struct known *k)
{
    bn_mat_free(&k->r), bn_mat_free(&k->z), bn_mat_free(&k->left), bn_mat_free(&k->right);
    bn_points_free(&k->p);
    free(k);
}

/* z and everything that follows from it. */
static void modes_are(struct known *k, double value, double slow)
{
    const double *z = k->z.data, *eps = k->p.residual.data;
    struct bn_mat back = mat_make(1, BIG), want = mat_make(1, BIG);
    struct bn_modes m;
    struct bn_along a;
    struct bn_linear l;
    double push = 0.0, gain;
    assert_ok(bn_diagnose_modes(&k->net, &k->p, &m));
    assert_close(m.value[0], value, 1e-8, 0);
    assert_close(m.slow[0], slow, 1e-6, 0);
    bn_diagnose_along(&k->p, &m, &a);
    assert_close(a.drift, -bn_dot(BIG, z, eps), 1e-7, 0);
    assert_close(a.diffusion, 0.5 * bn_dot(BIG, z, z), 1e-7, 0);
    assert_close(a.bound, 0.5 / bn_dot(BIG, k->r.data, k->r.data), 1e-12, 0);
    assert_true(a.diffusion > 2.0 * a.bound);        /* the projection is not the answer */
    assert_true(fabs(a.projected - a.drift) > 0.05 * fabs(a.drift));
    /* A d is eps without its part along the tangent, and d has none */
    assert_ok(bn_linear_make(&l, &k->net.weights, 0.0));
    assert_ok(bn_linear_apply(&l, &k->p.slope, BN_PLAIN, &m.displacement, &back));
    for (size_t i = 0; i < BIG; i++)
        want.data[i] = eps[i] + a.drift * k->r.data[i];
    assert_true(mat_apart(&back, &want) < 1e-6);
    assert_close(bn_dot(BIG, z, m.displacement.data) / bn_norm(BIG, z)
                 / bn_norm(BIG, m.displacement.data), 0, 0, 1e-10);
    assert_ok(bn_diagnose_velocity(&k->net.weights, &k->p, &m, &gain));
    assert_ok(bn_operator_apply(&k->net.weights, BN_PLAIN, &k->p.rate, &back));
    push = bn_dot(BIG, z, back.data);
    assert_close(gain, push, 1e-7, 0);
    bn_linear_free(&l);
    bn_modes_free(&m);
    bn_mat_free(&back), bn_mat_free(&want);
}

/* The tangent mode is neither the one nearest to 0 (inverse iteration would take the
 * transverse 0.01) nor the one of largest real part (0.3).                   */
static void tangent_is_found_by_overlap(void **state)
{
    (void)state;
    const double b[MODES][MODES] = { { 0.05, 0, 0, 0 }, { 0, 0.01, 0, 0 }, { 0, 0, 0.3, 0 },
                                     { 0, 0, 0, -0.2 } };
    struct known *k = known(b);
    double re[3], im[3], overlap, value;
    size_t found, tangent;
    modes_are(k, 0.05, 0.01);
    assert_ok(bn_diagnose_jacobian(&k->net, &k->p, 0, 2, re, im, &found, &tangent, &overlap,
                                   &value));
    assert_close(re[0], 0.3, 1e-9, 0);
    assert_int_equal(tangent, 1);
    assert_close(value, 0.05, 1e-8, 0);
    assert_close(overlap, 1, 1e-9, 0);
    known_free(k);
}

/* With more unstable modes than are looked at, the tangent is none of the leading ones,
 * and all of these are transverse.                                          */
static void tangent_behind_unstable_modes(void **state)
{
    (void)state;
    const double b[MODES][MODES] = { { 0.001, 0, 0, 0 }, { 0, 0.2, 0, 0 }, { 0, 0, 0.3, 0 },
                                     { 0, 0, 0, 0.25 } };
    struct known *k = known(b);
    double re[3], im[3], overlap, value;
    size_t found, tangent;
    modes_are(k, 0.001, 0.2);
    assert_ok(bn_diagnose_jacobian(&k->net, &k->p, 0, 2, re, im, &found, &tangent, &overlap,
                                   &value));
    assert_int_equal(tangent, found);
    assert_close(value, 0.001, 1e-7, 0);
    assert_close(overlap, 1, 1e-9, 0);
    known_free(k);
}

/* The tangent has merged with a transverse mode into a pair -0.02 +- 0.03 i, on the plane
 * of r_0 and r_1: z_0 still takes the part along r_0, and the gap is the pair's.    */
static void tangent_in_a_pair(void **state)
{
    (void)state;
    const double b[MODES][MODES] = { { -0.02, 0.03, 0, 0 }, { -0.03, -0.02, 0, 0 },
                                     { 0, 0, -0.3, 0 }, { 0, 0, 0, -0.4 } };
    struct known *k = known(b);
    struct bn_modes m;
    struct bn_along a;
    assert_ok(bn_diagnose_modes(&k->net, &k->p, &m));
    assert_close(m.value[0], -0.02, 1e-8, 0);
    assert_close(fabs(m.imaginary[0]), 0.03, 1e-8, 0);
    assert_close(m.slow[0], -0.02, 1e-8, 0);
    bn_diagnose_along(&k->p, &m, &a);
    assert_close(a.drift, -bn_dot(BIG, k->z.data, k->p.residual.data), 1e-7, 0);
    bn_modes_free(&m);
    known_free(k);
}

/* The same bits on any number of threads, and with other points beside. */
static void threads_change_nothing(void **state)
{
    (void)state;
    enum { K = 40 };
    struct made g = made(120, 61, 1e-5, 7);
    double theta[K], one[K], many[K];
    struct bn_points p;
    bn_ring_grid(K, theta);
    assert_ok(bn_diagnose_points(&g.factored, theta, K, &p));
    bn_threads_set(1);
    assert_ok(bn_diagnose_drift(&g.factored, &p, one, NULL));
    bn_threads_set(5);
    assert_ok(bn_diagnose_drift(&g.factored, &p, many, NULL));
    bn_threads_set(0);
    assert_memory_equal(one, many, sizeof one);
    bn_points_free(&p);
    made_free(&g);
}

/* Every allocation fails once; nothing leaks. */
static void out_of_memory(void **state)
{
    (void)state;
    const double b[MODES][MODES] = { { 0.001, 0, 0, 0 }, { 0, -0.2, 0, 0 }, { 0, 0, -0.3, 0 },
                                     { 0, 0, 0, -0.25 } };
    struct known *k = known(b);
    bn_status rc = BN_NOMEM;
    long n = 0;
    bn_threads_set(1);
    for (; rc != BN_OK; n++) {
        struct bn_modes m;
        bn_alloc_fail_after(n);
        rc = bn_diagnose_modes(&k->net, &k->p, &m);
        bn_alloc_fail_after(-1);
        assert_true(rc == BN_OK || rc == BN_NOMEM);
        if (rc == BN_OK)
            bn_modes_free(&m);
    }
    bn_threads_set(0);
    assert_true(n > 20);
    known_free(k);
}

/* --- exact controls ---------------------------------------------------------------------- */

/* J_ij = (2/N) cos(th_i - th_j) without a rate function: eigenvalue 1 doubly, the plane of
 * the cosines fixed, and z = x*'/|x*'|^2, where D meets its bound.              */
static void linear_control(void **state)
{
    (void)state;
    enum { N = 96, K = 5 };
    struct control c = control(N);
    struct bn_mat x = mat_make(K, N), u = mat_make(K, N);
    double re[5], im[5];
    size_t found;
    struct bn_points p;
    struct bn_modes m;
    struct bn_along a[K];
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < 3; k++)
            *bn_mat_at(&c.left, i, k) = k == 0 ? 0.0 : 2.0 / N * *bn_mat_at(&c.right, k, i);
    assert_ok(bn_operator_factored(&c.net.weights, &c.left, &c.right, NULL));
    assert_ok(bn_diagnose_spectrum(&c.net.weights, false, 3, re, im, &found, NULL));
    assert_close(re[0], 1, 1e-12, 0);
    assert_close(re[1], 1, 1e-12, 0);
    assert_close(im[0], 0, 0, 1e-12);
    assert_close(re[2], 0, 0, 1e-9);
    for (size_t k = 0; k < K; k++)
        for (size_t i = 0; i < N; i++) {
            const double d = 0.1 + 1.3 * (double)k - BN_TWO_PI * (double)i / N;
            *bn_mat_at(&x, k, i) = (1.0 + (double)k) * cos(d);
            *bn_mat_at(&u, k, i) = -(1.0 + (double)k) * sin(d);
        }
    assert_ok(bn_diagnose_states(&c.net, &x, &u, &p));
    for (size_t k = 0; k < K * N; k++)
        p.slope.data[k] = 1.0;
    assert_ok(bn_operator_apply(&c.net.weights, BN_PLAIN, &p.x, &p.residual));
    for (size_t k = 0; k < K * N; k++)
        p.residual.data[k] = p.x.data[k] - p.residual.data[k];
    assert_ok(bn_diagnose_modes(&c.net, &p, &m));
    bn_diagnose_along(&p, &m, a);
    for (size_t k = 0; k < K; k++) {
        const double size = (1.0 + (double)k) * (1.0 + (double)k);
        assert_close(a[k].drift, 0, 0, 1e-14);
        assert_close(a[k].bound, 1.0 / (N * size), 1e-12, 0);
        assert_close(a[k].diffusion, a[k].bound, 1e-10, 0);
        assert_close(m.value[k], 0, 0, 1e-12);
        assert_close(m.slow[k], 0, 0, 1e-7);         /* the radius is free, too */
    }
    bn_points_free(&p);
    bn_modes_free(&m);
    control_free(&c);
}

/* d eps/dtheta = -A x*', against differences. */
static void residual_turns(void **state)
{
    (void)state;
    struct made g = made(60, 61, 1e-3, 5);
    const double h = 1e-5, theta[] = { 2.0, 2.0 - h, 2.0 + h };
    double e2 = 0.0, d2 = 0.0, want = 0.0;
    struct bn_points p;
    g.dense.inhibition = 0.4;
    assert_ok(bn_diagnose_points(&g.dense, theta, 3, &p));
    for (size_t i = 0; i < 60; i++) {
        const double d = (*bn_mat_at(&p.residual, 2, i) - *bn_mat_at(&p.residual, 1, i)) / (2 * h);
        want += d * d;
    }
    bn_points_free(&p);
    assert_ok(bn_diagnose_points(&g.dense, theta, 1, &p));
    assert_ok(bn_diagnose_turning(&g.dense, &p, &e2, &d2));
    assert_close(d2, want, 1e-6, 0);
    assert_close(e2, bn_dot(60, p.residual.data, p.residual.data), 1e-14, 0);
    bn_points_free(&p);
    made_free(&g);
}

/* --- spectra -------------------------------------------------------------------------- */

static void leading_spectrum_is_part_of_the_full(void **state)
{
    (void)state;
    enum { N = 160, K = 8 };
    struct made g = made(N, 61, 1e-6, 7);
    double re[N + 1], im[N + 1], s[N + 1], few[K + 1], few_im[K + 1];
    size_t found;
    const struct bn_operator *op[] = { &g.dense.weights, &g.factored.weights };
    assert_ok(bn_diagnose_spectrum(op[0], true, N, re, im, &found, NULL));
    assert_int_equal(found, N);
    for (size_t o = 0; o < 2; o++) {
        assert_ok(bn_diagnose_spectrum(op[o], false, K, few, few_im, &found, NULL));
        assert_in_range(found, K, K + 1);
        for (size_t k = 0; k < found; k++) {
            assert_close(few[k], re[k], 0, 1e-8);
            assert_close(few_im[k], im[k], 0, 1e-8);
        }
    }
    assert_ok(bn_diagnose_singular(op[0], true, N, s, &found));
    for (size_t o = 0; o < 2; o++) {
        assert_ok(bn_diagnose_singular(op[o], false, K, few, &found));
        for (size_t k = 0; k < K; k++)
            assert_close(few[k], s[k], 1e-7, 0);
    }
    assert_close(bn_norm(N, s), bn_mat_norm(&g.j), 1e-12, 0);    /* Frobenius norm */
    double trace = 0.0;
    for (size_t k = 0; k < N; k++)
        trace += re[k];
    assert_close(trace, 0, 0, 1e-11);                            /* J_ii = 0 */
    made_free(&g);
}

static void sizes_are_refused(void **state)
{
    (void)state;
    struct made g = made(20, 41, 1e-3, 7);
    struct bn_mat fewer = { 19, g.ring.x.cols, g.ring.x.data };
    const double theta = 0.0;
    struct bn_points p;
    g.dense.x = fewer;
    assert_fails(bn_diagnose_points(&g.dense, &theta, 1, &p), BN_INPUT);
    assert_says(bn_error(), "20 neurons");
    made_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_ring_does_not_drift),
        cmocka_unit_test(exact_ring_has_a_zero_mode_and_a_gap),
        cmocka_unit_test(perturbed_ring_drifts_as_predicted),
        cmocka_unit_test(points_are_the_definitions),
        cmocka_unit_test(jacobian_is_the_derivative),
        cmocka_unit_test(factored_drift_is_the_dense_one),
        cmocka_unit_test(drift_is_what_simulations_do),
        cmocka_unit_test(tangent_is_found_by_overlap),
        cmocka_unit_test(tangent_behind_unstable_modes),
        cmocka_unit_test(tangent_in_a_pair),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(out_of_memory),
        cmocka_unit_test(linear_control),
        cmocka_unit_test(residual_turns),
        cmocka_unit_test(leading_spectrum_is_part_of_the_full),
        cmocka_unit_test(sizes_are_refused),
    };
    return cmocka_run_group_tests_name("diagnose", tests, NULL, NULL);
}
