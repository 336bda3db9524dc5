/* SPDX-License-Identifier: MIT
 * Tangent modes of D dimensions against rings, against tori that can be solved, and against
 * simulation.                                                                */
#include "ring.h"

#include <basin/linear.h>
#include <basin/network.h>
#include <basin/surface.h>

static struct bn_surface modes_of(const struct bn_ring_network *net, const struct bn_points *p)
{
    struct bn_surface s;
    assert_ok(bn_surface_modes(net, p, &s));
    return s;
}

/* --- one dimension ------------------------------------------------------------------ */

/* On a ring the D-dimensional search must find what bn_diagnose_modes() finds. */
static void one_dimension_is_the_ring(void **state)
{
    (void)state;
    enum { K = 9 };
    for (int dense = 0; dense < 2; dense++) {
        struct ring_net w = ring_net_make(200, 64, RING_SIGMA, RING_BETA, 1e-5, 3);
        struct bn_mat j = mat_make(200, 200);
        double theta[K], drift[K], projected[K], diffusion[K], bound[K];
        struct bn_along along[K];
        struct bn_points p;
        struct bn_modes m;
        for (size_t k = 0; k < K; k++)
            theta[k] = 0.1 + 0.69 * (double)k;
        assert_ok(bn_ridge_dense(&w.fit.left, &w.fit.right, &j));
        if (dense)
            assert_ok(bn_operator_dense(&w.net.weights, &j));
        assert_ok(bn_diagnose_points(&w.net, theta, K, &p));
        assert_ok(bn_diagnose_modes(&w.net, &p, &m));
        bn_diagnose_along(&p, &m, along);
        struct bn_surface s = modes_of(&w.net, &p);
        assert_ok(bn_surface_along(&p, &s, drift, projected, diffusion, bound));
        for (size_t k = 0; k < K; k++) {
            assert_close(s.value[k], m.value[k], 1e-7, 1e-10);
            assert_close(s.imaginary[k], m.imaginary[k], 1e-7, 1e-10);
            assert_close(s.overlap[k], m.overlap[k], 1e-8, 0);
            assert_close(s.slow[k], m.slow[k], 1e-6, 0);
            assert_close(drift[k], along[k].drift, 1e-7, 1e-14);
            assert_close(projected[k], along[k].projected, 1e-12, 1e-16);
            assert_close(diffusion[k], along[k].diffusion, 1e-7, 0);
            assert_close(bound[k], along[k].bound, 1e-12, 0);
        }
        bn_surface_free(&s);
        bn_modes_free(&m);
        bn_points_free(&p);
        bn_mat_free(&j);
        ring_net_free(&w);
    }
}

/* --- two rings without a connection are a torus ------------------------------------- */

struct pair {
    struct ring_net ring[2];
    struct bn_mat left, right;
    double *diagonal;
    struct bn_ring_network net;
};

static struct pair pair_make(void)
{
    struct pair p = { .ring = { ring_net_make(240, 48, RING_SIGMA, RING_BETA, 1e-4, 5),
                                ring_net_make(260, 48, RING_SIGMA, RING_BETA, 1e-4, 6) } };
    const size_t n = 240 + 260, qa = p.ring[0].fit.left.cols, qb = p.ring[1].fit.left.cols;
    p.left = mat_make(n, qa + qb);
    p.right = mat_make(qa + qb, n);
    p.diagonal = calloc(n, sizeof *p.diagonal);
    for (size_t r = 0; r < 2; r++) {
        const struct bn_ridge *f = &p.ring[r].fit;
        const size_t i0 = r * 240, k0 = r * qa;
        for (size_t i = 0; i < f->left.rows; i++) {
            p.diagonal[i0 + i] = f->diagonal[i];
            for (size_t k = 0; k < f->left.cols; k++) {
                *bn_mat_at(&p.left, i0 + i, k0 + k) = *bn_mat_at(&f->left, i, k);
                *bn_mat_at(&p.right, k0 + k, i0 + i) = *bn_mat_at(&f->right, k, i);
            }
        }
    }
    p.net.transfer = p.ring[0].net.transfer;
    assert_ok(bn_operator_factored(&p.net.weights, &p.left, &p.right, p.diagonal));
    return p;
}

static void pair_free(struct pair *p)
{
    ring_net_free(&p->ring[0]), ring_net_free(&p->ring[1]);
    bn_mat_free(&p->left), bn_mat_free(&p->right);
    free(p->diagonal);
}

/* The Jacobian falls into two blocks: drift, eigenvalues and diffusion are those of the
 * rings.  Tangents are given as mixtures u_a = sum_b M_ba (tangent b), so v = M^-1 (v_1, v_2)
 * and Z^T Z/2 = M^-1 diag(D) M^-T.  Wrong, and seen here: normalising each left mode by its
 * own tangent (z_a . u_a = 1) without making Z^T T = 1.                       */
static void two_rings_are_a_torus(void **state)
{
    (void)state;
    static const double mix[2][2] = { { 1.0, 0.7 }, { -0.4, 1.3 } };
    enum { K = 5, N = 500 };
    struct pair p = pair_make();
    const double det = mix[0][0] * mix[1][1] - mix[0][1] * mix[1][0];
    const double inverse[2][2] = { { mix[1][1] / det, -mix[0][1] / det },
                                   { -mix[1][0] / det, mix[0][0] / det } };
    struct bn_mat x = mat_make(K, N), u = mat_make(2 * K, N);
    struct bn_points part[2], all;
    struct bn_modes m[2];
    struct bn_along along[2][K];
    double v[2 * K], d[4 * K], own[2][K], slow;
    size_t pairs = 0;
    for (size_t r = 0; r < 2; r++) {
        for (size_t k = 0; k < K; k++)
            own[r][k] = 0.3 + 1.1 * (double)k + 0.4 * (double)(r * k);
        assert_ok(bn_diagnose_points(&p.ring[r].net, own[r], K, &part[r]));
        assert_ok(bn_diagnose_modes(&p.ring[r].net, &part[r], &m[r]));
        bn_diagnose_along(&part[r], &m[r], along[r]);
        for (size_t k = 0; k < K; k++)
            for (size_t i = 0; i < part[r].x.cols; i++) {
                *bn_mat_at(&x, k, r * 240 + i) = *bn_mat_at(&part[r].x, k, i);
                for (size_t a = 0; a < 2; a++)
                    *bn_mat_at(&u, 2 * k + a, r * 240 + i) = mix[r][a]
                        * *bn_mat_at(&part[r].tangent, k, i);
            }
    }
    assert_ok(bn_diagnose_states(&p.net, &x, &u, &all));
    struct bn_surface s = modes_of(&p.net, &all);
    assert_ok(bn_surface_along(&all, &s, v, NULL, d, NULL));
    for (size_t k = 0; k < K; k++) {
        const double va = along[0][k].drift, vb = along[1][k].drift;
        const double da = along[0][k].diffusion, db = along[1][k].diffusion;
        slow = fmax(m[0].slow[k], m[1].slow[k]);
        pairs += m[0].imaginary[k] != 0.0;
        assert_close(s.value[2 * k], fmax(m[0].value[k], m[1].value[k]), 1e-6, 1e-9);
        assert_close(s.value[2 * k + 1], fmin(m[0].value[k], m[1].value[k]), 1e-6, 1e-9);
        if (m[0].imaginary[k] == 0.0)    /* else another mode may be nearer than its half */
            assert_close(s.slow[k], slow, 1e-6, 0);
        assert_close(s.overlap[k], fmin(m[0].overlap[k], m[1].overlap[k]), 1e-7, 0);
        for (size_t a = 0; a < 2; a++) {
            assert_close(v[2 * k + a], inverse[a][0] * va + inverse[a][1] * vb, 1e-6, 1e-12);
            for (size_t b = 0; b < 2; b++)
                assert_close(d[4 * k + 2 * a + b], inverse[a][0] * da * inverse[b][0]
                             + inverse[a][1] * db * inverse[b][1], 1e-6, 0);
        }
    }
    assert_int_equal(pairs, 1);          /* the real part of Z is tested, too */
    bn_surface_free(&s);
    bn_points_free(&all);
    for (size_t r = 0; r < 2; r++)
        bn_modes_free(&m[r]), bn_points_free(&part[r]);
    pair_free(&p);
}

/* --- the translation-invariant torus ------------------------------------------------- */

/* J_ij = w(x_i - x_j)/N on a grid of side x side neurons, w = J0 + J1 (cos dx + cos dy)
 * + J2 cos dx cos dy: nine factors.  x*_i(p) = f(x_i - p) with f in the same functions.  */
enum { SIDE = 26, CELLS = SIDE * SIDE, RANK = 9 };

struct torus {
    struct bn_mat left, right, j;
    struct bn_ring_network net;
    double f[3];                         /* f = f0 + f1 (cos dx + cos dy) + f2 cos dx cos dy */
};

static void place_of(size_t i, double *x, double *y)
{
    *x = BN_TWO_PI * (double)(i / SIDE) / SIDE;
    *y = BN_TWO_PI * (double)(i % SIDE) / SIDE;
}

static struct torus torus_make(void)
{
    static const double w[3] = { -8.0, 14.0, 20.0 };
    struct torus t = { .left = mat_make(CELLS, RANK), .right = mat_make(RANK, CELLS),
                       .j = mat_make(CELLS, CELLS),
                       .net = { .transfer = { BN_TRANSFER_LOGISTIC, 1.0, 0.5 } } };
    for (size_t i = 0; i < CELLS; i++) {
        double x, y;
        place_of(i, &x, &y);
        const double e[3] = { 1.0, cos(x), sin(x) }, g[3] = { 1.0, cos(y), sin(y) };
        for (size_t k = 0; k < RANK; k++) {
            *bn_mat_at(&t.right, k, i) = e[k / 3] * g[k % 3];
            *bn_mat_at(&t.left, i, k) = w[(k / 3 > 0) + (k % 3 > 0)] * e[k / 3] * g[k % 3] / CELLS;
        }
    }
    assert_ok(bn_gemm(1.0, &t.left, BN_PLAIN, &t.right, BN_PLAIN, 0.0, &t.j));
    assert_ok(bn_operator_factored(&t.net.weights, &t.left, &t.right, NULL));
    struct bn_network run = { .weights = t.net.weights, .transfer = t.net.transfer, .tau = 1.0,
                              .dt = 0.5 };
    struct bn_mat x = mat_make(1, CELLS);
    for (size_t i = 0; i < CELLS; i++) {
        double a, b;
        place_of(i, &a, &b);
        x.data[i] = cos(a) + cos(b);
    }
    assert_ok(bn_network_run(&run, &x, 400, 100, NULL, (struct bn_rng){ 0 }, NULL, NULL));
    for (size_t i = 0; i < CELLS; i++) {
        double a, b;
        place_of(i, &a, &b);
        t.f[0] += x.data[i] / CELLS;
        t.f[1] += x.data[i] * cos(a) * 2.0 / CELLS;
        t.f[2] += x.data[i] * cos(a) * cos(b) * 4.0 / CELLS;
    }
    assert_true(t.f[1] > 0.5 && t.f[2] > 0.2);   /* a bump, not the homogeneous state */
    bn_mat_free(&x);
    return t;
}

static void torus_free(struct torus *t)
{
    bn_mat_free(&t->left), bn_mat_free(&t->right), bn_mat_free(&t->j);
}

static struct bn_points torus_points(const struct torus *t, const double *at, size_t count)
{
    struct bn_mat x = mat_make(count, CELLS), u = mat_make(2 * count, CELLS);
    struct bn_points p;
    for (size_t k = 0; k < count; k++)
        for (size_t i = 0; i < CELLS; i++) {
            double a, b;
            place_of(i, &a, &b);
            a -= at[2 * k], b -= at[2 * k + 1];
            *bn_mat_at(&x, k, i) = t->f[0] + t->f[1] * (cos(a) + cos(b))
                                 + t->f[2] * cos(a) * cos(b);
            *bn_mat_at(&u, 2 * k, i) = (t->f[1] + t->f[2] * cos(b)) * sin(a);
            *bn_mat_at(&u, 2 * k + 1, i) = (t->f[1] + t->f[2] * cos(a)) * sin(b);
        }
    assert_ok(bn_diagnose_states(&t->net, &x, &u, &p));
    return p;
}

/* Eigenvalues of A = -1 + L R diag(s) by its small matrix R diag(s) L - 1 [9, 9]. */
static void small_spectrum(const struct torus *t, const double *slope, double *re)
{
    struct bn_mat scaled = mat_copy(&t->left), small = mat_make(RANK, RANK);
    double im[RANK];
    for (size_t i = 0; i < CELLS; i++)
        for (size_t k = 0; k < RANK; k++)
            *bn_mat_at(&scaled, i, k) *= slope[i];
    assert_ok(bn_gemm(1.0, &t->right, BN_PLAIN, &scaled, BN_PLAIN, 0.0, &small));
    assert_ok(bn_eig_general(&small, re, im));
    for (size_t k = 0; k < RANK; k++)
        re[k] -= 1.0;
    for (size_t k = 1; k < RANK; k++)
        for (size_t j = k; j > 0 && re[j] > re[j - 1]; j--) {
            const double swap = re[j];
            re[j] = re[j - 1];
            re[j - 1] = swap;
        }
    bn_mat_free(&scaled), bn_mat_free(&small);
}

/* No drift, two neutral modes that are the translations themselves, and behind them the
 * next eigenvalue of the 9 x 9 matrix.  Between the neurons, too.             */
static void exact_torus_stands_still(void **state)
{
    (void)state;
    enum { K = 3 };
    struct torus t = torus_make();
    const double at[2 * K] = { 0.0, 0.0, 0.123, 2.71, 4.4, 5.05 };
    struct bn_points p = torus_points(&t, at, K);
    struct bn_surface s = modes_of(&t.net, &p);
    double v[2 * K], re[RANK], im[6], lead[6], other;
    size_t found;
    assert_ok(bn_surface_along(&p, &s, v, NULL, NULL, NULL));
    for (size_t k = 0; k < K; k++) {
        small_spectrum(&t, bn_mat_row(&p.slope, k), re);
        assert_close(re[0], 0, 0, 1e-8);
        assert_close(re[1], 0, 0, 1e-8);
        assert_true(re[2] < -0.01);
        assert_ok(bn_surface_jacobian(&t.net, &p, &s, k, 5, lead, im, &found, &other));
        assert_close(other, re[2], 1e-7, 0);
        assert_close(s.slow[k], re[2], 1e-6, 0);
        assert_true(s.overlap[k] > 1.0 - 1e-9);
        for (size_t a = 0; a < 2; a++) {
            assert_close(v[2 * k + a], 0, 0, 1e-9);
            assert_close(s.value[2 * k + a], 0, 0, 1e-8);
        }
    }
    bn_surface_free(&s);
    bn_points_free(&p);
    torus_free(&t);
}

/* For symmetric J, Z = S T (T^T S T)^-1, S = diag(phi').  J + dJ drifts by Z^T dJ phi to first
 * order; the orthogonal projection leaves S out and gives another vector.  The network,
 * run, decides: position by the phases of the first waves of x, which is exact on the
 * unperturbed torus.                                                         */
static void position_of(const double *x, double *at)
{
    double c[4] = { 0.0 };
    for (size_t i = 0; i < CELLS; i++) {
        double a, b;
        place_of(i, &a, &b);
        c[0] += x[i] * cos(a), c[1] += x[i] * sin(a);
        c[2] += x[i] * cos(b), c[3] += x[i] * sin(b);
    }
    at[0] = atan2(c[1], c[0]);
    at[1] = atan2(c[3], c[2]);
}

static void simulations_decide(void **state)
{
    (void)state;
    enum { K = 6 };
    struct torus t = torus_make();
    struct bn_mat extra = mat_random(CELLS, CELLS, 8);
    double at[2 * K], v[2 * K], wrong[2 * K], from[2], to[2], good = 0.0, bad = 0.0, all = 0.0;
    for (size_t k = 0; k < 2 * K; k++)
        at[k] = fmod(0.5 + 2.3 * (double)k, BN_TWO_PI);
    for (size_t k = 0; k < CELLS * CELLS; k++)
        t.j.data[k] += 1e-5 * extra.data[k];
    assert_ok(bn_operator_dense(&t.net.weights, &t.j));
    struct bn_points p = torus_points(&t, at, K);
    struct bn_surface s = modes_of(&t.net, &p);
    assert_ok(bn_surface_along(&p, &s, v, wrong, NULL, NULL));
    struct bn_network run = { .weights = t.net.weights, .transfer = t.net.transfer, .tau = 1.0,
                              .dt = 0.1 };
    struct bn_mat x = mat_copy(&p.x), y;
    assert_ok(bn_network_run(&run, &x, 300, 300, NULL, (struct bn_rng){ 0 }, NULL, NULL));
    y = mat_copy(&x);
    assert_ok(bn_network_run(&run, &y, 100, 100, NULL, (struct bn_rng){ 0 }, NULL, NULL));
    for (size_t k = 0; k < K; k++) {
        position_of(bn_mat_row(&x, k), from);
        position_of(bn_mat_row(&y, k), to);
        for (size_t a = 0; a < 2; a++) {
            const double seen = bn_ring_difference(to[a], from[a]) / 10.0;
            good += pow(v[2 * k + a] - seen, 2.0);
            bad += pow(wrong[2 * k + a] - seen, 2.0);
            all += seen * seen;
        }
    }
    /* second order in dJ: the drift changes along the way, by 1e-2 of itself */
    assert_true(sqrt(good / all) < 0.03);
    assert_true(sqrt(bad / all) > 0.1);
    bn_mat_free(&x), bn_mat_free(&y), bn_mat_free(&extra);
    bn_surface_free(&s);
    bn_points_free(&p);
    torus_free(&t);
}

/* --- a window of time ----------------------------------------------------------------------- */

/* d' = A d + F from d = 0 by Runge & Kutta: the displacement from t1 to t2 along the tangent,
 * where no mode grows.  Wrong, and seen here: the drift at the start, -(x'.eps)/|x'|^2,
 * times the window.                                                          */
static void windows_are_linear_response(void **state)
{
    (void)state;
    enum { N = 200, K = 12, STEPS = 600, FROM = 150 };
    struct ring_net w = ring_net_make(N, 64, RING_SIGMA, RING_BETA, 1e-4, 9);
    const double dt = 0.04;
    struct bn_linear l;
    struct bn_points p;
    struct bn_mat d = mat_make(K, N), k1 = mat_make(K, N), next = mat_make(K, N);
    double theta[K], v[K], wrong[K], start[K], differ = 0.0;
    size_t compared = 0;
    static const double weight[4] = { 1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6 };
    static const double ahead[4] = { 0.5, 0.5, 1.0, 0.0 };
    for (size_t k = 0; k < K; k++)
        theta[k] = 0.3 + 0.5 * (double)k;
    assert_ok(bn_diagnose_points(&w.net, theta, K, &p));
    struct bn_surface s = modes_of(&w.net, &p);
    assert_ok(bn_linear_make(&l, &w.net.weights, 0.0));
    assert_ok(bn_surface_window(&w.net, &p, FROM * dt, STEPS * dt, v));
    for (size_t step = 0; step <= STEPS; step++) {
        for (size_t k = 0; k < K && (step == FROM || step == STEPS); k++) {
            const double *u = bn_mat_row(&p.tangent, k), *eps = bn_mat_row(&p.residual, k);
            const double at = bn_dot(N, u, bn_mat_row(&d, k)) / bn_dot(N, u, u);
            wrong[k] = -bn_dot(N, u, eps) / bn_dot(N, u, u);
            if (step == FROM) {
                start[k] = at;
                continue;
            }
            const double want = (at - start[k]) / ((STEPS - FROM) * dt);
            if (s.value[k] > 0.0 || s.slow[k] > 0.0)
                continue;
            compared++;
            assert_close(v[k], want, 1e-4, 1e-10);
            differ = fmax(differ, fabs(wrong[k] / want - 1.0));
        }
        struct bn_mat old = mat_copy(&d), at = mat_copy(&d);
        for (int stage = 0; stage < 4; stage++) {
            assert_ok(bn_linear_apply(&l, &p.slope, BN_PLAIN, &at, &k1));
            for (size_t i = 0; i < K * N; i++) {
                k1.data[i] -= p.residual.data[i];
                d.data[i] += dt * weight[stage] * k1.data[i];
                at.data[i] = old.data[i] + dt * ahead[stage] * k1.data[i];
            }
        }
        bn_mat_free(&old), bn_mat_free(&at);
    }
    assert_true(differ > 0.1);
    assert_true(compared >= 3 && compared < K);
    bn_surface_free(&s);
    assert_fails(bn_surface_window(&w.net, &p, 3.0, 3.0, v), BN_USAGE);
    bn_mat_free(&d), bn_mat_free(&k1), bn_mat_free(&next);
    bn_linear_free(&l);
    bn_points_free(&p);
    ring_net_free(&w);
}

/* --- cells below threshold ----------------------------------------------------------- */

struct active {
    struct bn_mat j;
    struct bn_ring_network net;
    struct bn_points points;
};

/* The network of the cells that are active at point t. */
static struct active active_only(const struct bn_ring_network *net, const struct bn_mat *j,
                                 const struct bn_points *all, size_t t)
{
    const size_t n = all->x.cols;
    size_t *on = calloc(n, sizeof *on), count = 0;
    for (size_t i = 0; i < n; i++)
        if (*bn_mat_at(&all->x, t, i) > 0.0)
            on[count++] = i;
    struct active a = { .j = mat_make(count, count), .net = { .transfer = net->transfer } };
    struct bn_mat x = mat_make(1, count), u = mat_make(1, count);
    for (size_t i = 0; i < count; i++) {
        x.data[i] = *bn_mat_at(&all->x, t, on[i]);
        u.data[i] = *bn_mat_at(&all->tangent, t, on[i]);
        for (size_t k = 0; k < count; k++)
            *bn_mat_at(&a.j, i, k) = *bn_mat_at(j, on[i], on[k]);
    }
    free(on);
    assert_ok(bn_operator_dense(&a.net.weights, &a.j));
    assert_ok(bn_diagnose_states(&a.net, &x, &u, &a.points));
    return a;
}

static void active_free(struct active *a)
{
    bn_points_free(&a->points);
    bn_mat_free(&a->j);
}

/* Coefficients of curves that have been changed. */
static void ring_again(struct ring *r)
{
    bn_mat_free(&r->x), bn_mat_free(&r->phi), bn_mat_free(&r->slope);
    ring_transform(r);
}

/* With phi = [x]_+ the silent cells neither send nor hold anything: the network of the active
 * cells alone has the same drift, eigenvalue, diffusion and gap.  Wrong, and seen here: the
 * tangent of all cells as the left vector, or phi' = 1 everywhere.            */
static void only_active_cells_count(void **state)
{
    (void)state;
    enum { N = 240, K = 6 };
    struct ring r = ring_make(N, 96, 0.7, 1.0, 11);
    struct bn_points all;
    double v[K], projected[K], d[K], whole[K], own[K], count[K], differ = 0.0;
    r.transfer = (struct bn_transfer){ BN_TRANSFER_THRESHOLD, 1.0, 0.0 };
    for (size_t k = 0; k < N * 96; k++)
        r.current.data[k] -= 0.5;
    bn_transfer_rate(&r.transfer, N * 96, r.current.data, r.rate.data);
    ring_again(&r);
    struct bn_mat j = ring_weights(&r, 1e-4);
    struct bn_ring_network net = { .transfer = r.transfer, .x = r.x };
    const double theta[K] = { 0.2, 1.3, 2.4, 3.5, 4.6, 5.7 };
    assert_ok(bn_operator_dense(&net.weights, &j));
    assert_ok(bn_diagnose_points(&net, theta, K, &all));
    struct bn_surface s = modes_of(&net, &all);
    assert_ok(bn_surface_along(&all, &s, v, projected, d, NULL));
    bn_surface_residual(&all, whole, own, count);
    for (size_t t = 0; t < K; t++) {
        struct active few = active_only(&net, &j, &all, t);
        double w, e;
        struct bn_surface f = modes_of(&few.net, &few.points);
        assert_ok(bn_surface_along(&few.points, &f, &w, NULL, &e, NULL));
        assert_close(count[t], (double)few.points.x.cols, 0, 0);
        assert_true(few.points.x.cols > N / 5 && few.points.x.cols < N / 2);
        assert_close(own[t], bn_mat_norm(&few.points.residual), 1e-12, 0);
        assert_true(whole[t] > own[t]);
        for (size_t i = 0; i < N; i++)
            assert_true(*bn_mat_at(&all.x, t, i) > 0.0
                        || fabs(*bn_mat_at(&s.left, t, i)) < 1e-12);
        assert_close(v[t], w, 1e-7, 1e-12);
        assert_close(d[t], e, 1e-7, 0);
        assert_close(s.value[t], f.value[0], 1e-7, 1e-10);
        assert_close(s.slow[t], f.slow[0], 1e-6, 0);
        differ = fmax(differ, fabs(projected[t] - w) / fabs(w));
        bn_surface_free(&f);
        active_free(&few);
    }
    assert_true(differ > 0.2);
    bn_surface_free(&s);
    bn_points_free(&all);
    bn_mat_free(&j);
    ring_free(&r);
}

/* Where no cell is active, or one for two directions, nothing holds the state: F = -x decays,
 * and the projection is what there is.                                       */
static void where_all_are_silent(void **state)
{
    (void)state;
    enum { N = 30 };
    struct bn_mat j = mat_random(N, N, 2), x = mat_random(3, N, 3), u = mat_random(6, N, 4);
    struct bn_ring_network net = { .transfer = { BN_TRANSFER_THRESHOLD, 1.0, 0.0 } };
    struct bn_points p;
    double v[6], projected[6], window[6];
    for (size_t k = 0; k < 3 * N; k++)
        x.data[k] = -1.0 - fabs(x.data[k]);
    *bn_mat_at(&x, 1, 7) = 2.0;          /* and a lone cell, which has no J_ii */
    for (size_t i = 0; i < N; i++)
        *bn_mat_at(&j, i, i) = 0.0;
    assert_ok(bn_operator_dense(&net.weights, &j));
    assert_ok(bn_diagnose_states(&net, &x, &u, &p));
    struct bn_surface s = modes_of(&net, &p);
    assert_ok(bn_surface_along(&p, &s, v, projected, NULL, NULL));
    assert_ok(bn_surface_window(&net, &p, 5.0, 25.0, window));
    for (size_t k = 0; k < 6; k++) {
        assert_close(s.value[k], -1, 1e-6, 0);
        assert_true(isfinite(v[k]) && isfinite(window[k]));
        if (k / 2 == 1)
            continue;
        assert_close(v[k], projected[k], 1e-9, 1e-12);
        /* F (e^-t1 - e^-t2)/(t2 - t1) */
        assert_close(window[k], projected[k] * (exp(-5.0) - exp(-25.0)) / 20.0, 1e-9, 1e-15);
    }
    bn_surface_free(&s);
    bn_points_free(&p);
    bn_mat_free(&j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_dimension_is_the_ring),
        cmocka_unit_test(two_rings_are_a_torus),
        cmocka_unit_test(exact_torus_stands_still),
        cmocka_unit_test(simulations_decide),
        cmocka_unit_test(windows_are_linear_response),
        cmocka_unit_test(only_active_cells_count),
        cmocka_unit_test(where_all_are_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
