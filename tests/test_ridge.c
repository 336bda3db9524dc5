/* SPDX-License-Identifier: MIT
 * The offline weights against the definition (one constrained problem per neuron) and
 * against the closed form on the grid, neither of which shares code with ridge.c. */
#include "ring.h"

#include <basin/mem.h>
#include <basin/tile.h>

#include <basin/operator.h>

/* Two correct solvers differ by rounding times the condition number. */
static double tolerance(double lambda)
{
    return fmax(1e-8, 1e-15 / lambda);
}

/* Coefficients that carry the grid exactly: all M of them, with the Nyquist term. */
static struct bn_mat whole(const struct bn_mat *curves)
{
    struct bn_mat c = mat_make(curves->rows, curves->cols);
    assert_ok(bn_fourier(curves, &c));
    return c;
}

struct problem {
    struct ring ring;
    struct bn_mat x, phi, slope;         /* all M coefficients */
    struct bn_mat turn;                  /* [N, M] derivative on the grid */
};

static struct problem problem(size_t n, size_t m, uint64_t seed)
{
    struct problem p = { .ring = ring_make(n, m, RING_SIGMA, RING_BETA, seed) };
    p.x = whole(&p.ring.current);
    p.phi = whole(&p.ring.rate);
    p.slope = mat_copy(&p.x);
    bn_fourier_differentiate(&p.slope);
    p.turn = mat_make(n, m);
    assert_ok(bn_fourier_inverse(&p.slope, &p.turn));
    return p;
}

static void finish(struct problem *p)
{
    bn_mat_free(&p->x);
    bn_mat_free(&p->phi);
    bn_mat_free(&p->slope);
    bn_mat_free(&p->turn);
    ring_free(&p->ring);
}

static struct bn_mat product(const struct bn_mat *left, const struct bn_mat *right)
{
    struct bn_mat j = mat_make(left->rows, right->cols);
    assert_ok(bn_ridge_dense(left, right, &j));
    return j;
}

/* Row i from the definition: minimise over the N - 1 weights that exist,
 *     (Phi Phi^T/(N M) + lambda I) w = Phi x_i/(N M)   without row and column i.  */
static void brute_row(const struct bn_mat *rate, const double *target, size_t i,
                      double ridge, double scale, double *row)
{
    const size_t n = rate->rows, m = rate->cols;
    struct bn_mat a = mat_make(n - 1, n - 1);
    int pivot[64];
    double w[64];
    for (size_t p = 0; p < n - 1; p++) {
        const double *f = bn_mat_row(rate, p + (p >= i));
        for (size_t q = 0; q < n - 1; q++)
            *bn_mat_at(&a, p, q) = scale * bn_dot(m, f, bn_mat_row(rate, q + (q >= i)))
                                 + (p == q ? ridge : 0.0);
        w[p] = scale * bn_dot(m, f, target);
    }
    assert_ok(bn_lu(&a, pivot));
    assert_ok(bn_lu_solve(&a, pivot, BN_PLAIN, w));
    for (size_t p = 0; p < n - 1; p++)
        row[p + (p >= i)] = w[p];
    row[i] = 0.0;
    bn_mat_free(&a);
}

static struct bn_mat brute(const struct bn_mat *rate, const struct bn_mat *target,
                           double ridge, double scale)
{
    struct bn_mat j = mat_make(rate->rows, rate->rows);
    for (size_t i = 0; i < rate->rows; i++)
        brute_row(rate, bn_mat_row(target, i), i, ridge, scale, bn_mat_row(&j, i));
    return j;
}

static void dense_is_the_constrained_minimum(void **state)
{
    (void)state;
    const size_t size[][2] = { { 40, 24 }, { 24, 40 }, { 40, 25 } };
    for (size_t s = 0; s < BN_LEN(size); s++) {
        struct problem p = problem(size[s][0], size[s][1], 5 + s);
        const double n = (double)p.ring.n, m = (double)p.ring.m;
        for (double lambda = 1e-2; lambda > 5e-9; lambda *= 1e-2) {
            struct bn_ridge fit;
            assert_ok(bn_ridge_fit(&p.x, &p.phi, &p.slope, p.ring.m, lambda, 0.0, &fit));
            struct bn_mat j = product(&fit.left, &fit.right);
            struct bn_mat v = product(&fit.left_velocity, &fit.right);
            struct bn_mat want = brute(&p.ring.rate, &p.ring.current, lambda, 1.0 / (n * m));
            struct bn_mat turn = brute(&p.ring.rate, &p.turn, lambda, 1.0 / (n * m));
            /* the convention before 2026: no 1/N in front of the error */
            struct bn_mat old = brute(&p.ring.rate, &p.ring.current, lambda, 1.0 / m);
            assert_close(mat_apart(&j, &want), 0, 0, tolerance(lambda));
            assert_close(mat_apart(&v, &turn), 0, 0, tolerance(lambda));
            assert_true(mat_apart(&j, &old) > 100.0 * tolerance(lambda));
            for (size_t i = 0; i < p.ring.n; i++)
                assert_true(*bn_mat_at(&j, i, i) == 0.0 && *bn_mat_at(&v, i, i) == 0.0);
            bn_mat_free(&j), bn_mat_free(&v), bn_mat_free(&want), bn_mat_free(&turn);
            bn_mat_free(&old);
            bn_ridge_free(&fit);
        }
        finish(&p);
    }
}

/* K = Phi Phi^T/N + M lambda I on the grid, its solves by LU. */
static struct bn_mat on_grid(const struct bn_mat *rate, const struct bn_mat *target,
                             double lambda)
{
    const size_t n = rate->rows, m = rate->cols;
    const double nn = (double)n;
    struct bn_mat k = mat_make(m, m), solved = mat_make(n, m);
    struct bn_mat j = mat_make(n, n), a = mat_make(n, n);
    int *pivot = calloc(m, sizeof *pivot);
    assert_non_null(pivot);
    assert_ok(bn_gram(1.0 / nn, rate, BN_TRANSPOSED, &k));
    for (size_t i = 0; i < m; i++)
        *bn_mat_at(&k, i, i) += (double)m * lambda;
    assert_ok(bn_lu(&k, pivot));
    for (size_t i = 0; i < n; i++) {     /* row i: K^-1 phi_i */
        memcpy(bn_mat_row(&solved, i), bn_mat_row(rate, i), m * sizeof(double));
        assert_ok(bn_lu_solve(&k, pivot, BN_PLAIN, bn_mat_row(&solved, i)));
    }
    assert_ok(bn_gemm(1.0 / nn, target, BN_PLAIN, &solved, BN_TRANSPOSED, 0.0, &j));
    assert_ok(bn_gemm(-1.0 / nn, rate, BN_PLAIN, &solved, BN_TRANSPOSED, 0.0, &a));
    for (size_t i = 0; i < n; i++) {
        const double d = *bn_mat_at(&j, i, i) / (1.0 + *bn_mat_at(&a, i, i));
        for (size_t q = 0; q < n; q++)
            *bn_mat_at(&j, i, q) -= d * ((i == q) + *bn_mat_at(&a, i, q));
        *bn_mat_at(&j, i, i) = 0.0;
    }
    free(pivot);
    bn_mat_free(&k), bn_mat_free(&solved), bn_mat_free(&a);
    return j;
}

static void dense_is_the_closed_form(void **state)
{
    (void)state;
    struct problem p = problem(300, 100, 2);
    for (double lambda = 1e-2; lambda > 5e-13; lambda *= 1e-2) {
        struct bn_ridge fit;
        assert_ok(bn_ridge_fit(&p.x, &p.phi, &p.slope, 100, lambda, 0.0, &fit));
        struct bn_mat j = product(&fit.left, &fit.right);
        struct bn_mat v = product(&fit.left_velocity, &fit.right);
        struct bn_mat want = on_grid(&p.ring.rate, &p.ring.current, lambda);
        struct bn_mat turn = on_grid(&p.ring.rate, &p.turn, lambda);
        struct bn_mat twice = on_grid(&p.ring.rate, &p.ring.current, 2.0 * lambda);
        assert_close(mat_apart(&j, &want), 0, 0, tolerance(lambda));
        assert_close(mat_apart(&v, &turn), 0, 0, tolerance(lambda));
        /* a lambda off by a factor of two is seen */
        assert_true(mat_apart(&j, &twice) > 10.0 * tolerance(lambda) || lambda < 1e-9);
        bn_mat_free(&j), bn_mat_free(&v), bn_mat_free(&want), bn_mat_free(&turn);
        bn_mat_free(&twice);
        bn_ridge_free(&fit);
    }
    finish(&p);
}

/* Leaving out the Nyquist term of an even grid is a different problem: 1e-5 or more. */
static void nyquist_belongs_to_the_fit(void **state)
{
    (void)state;
    struct problem p = problem(300, 64, 2);
    struct bn_ridge fit;
    assert_ok(bn_ridge_fit(&p.x, &p.phi, NULL, 63, 1e-8, 0.0, &fit));
    struct bn_mat j = product(&fit.left, &fit.right);
    struct bn_mat want = on_grid(&p.ring.rate, &p.ring.current, 1e-8);
    assert_true(mat_apart(&j, &want) > 1e-5);
    bn_mat_free(&j), bn_mat_free(&want);
    bn_ridge_free(&fit);
    finish(&p);
}

static void factored_is_dense(void **state)
{
    (void)state;
    struct ring r = ring_make(200, 81, RING_SIGMA, RING_BETA, 9);
    struct bn_mat p = mat_random(7, r.n, 1), a = mat_make(7, r.n), b = mat_make(7, r.n);
    for (double lambda = 1e-2; lambda > 5e-9; lambda *= 1e-3) {
        struct bn_ridge fit = ring_fit(&r, lambda, 0.0);
        const struct bn_mat *left[] = { &fit.left, &fit.left_velocity };
        const double *diagonal[] = { fit.diagonal, fit.diagonal_velocity };
        for (size_t k = 0; k < 2; k++) {
            struct bn_mat j = product(left[k], &fit.right);
            struct bn_operator dense, factored;
            assert_ok(bn_operator_dense(&dense, &j));
            assert_ok(bn_operator_factored(&factored, left[k], &fit.right, diagonal[k]));
            assert_ok(bn_operator_apply(&dense, BN_PLAIN, &p, &a));
            assert_ok(bn_operator_apply(&factored, BN_PLAIN, &p, &b));
            assert_close(mat_apart(&b, &a), 0, 0, tolerance(lambda));
            bn_mat_free(&j);
        }
        bn_ridge_free(&fit);
    }
    bn_mat_free(&p), bn_mat_free(&a), bn_mat_free(&b);
    ring_free(&r);
}

/* The tolerance is kept, used (fewer modes, a visible difference), and monotone. */
static void tolerance_drops_modes(void **state)
{
    (void)state;
    struct ring r = ring_make(400, 121, RING_SIGMA, RING_BETA, 4);
    struct bn_ridge full = ring_fit(&r, 1e-8, 0.0);
    struct bn_mat j = product(&full.left, &full.right);
    size_t rank = full.rank;
    for (double tol = 1e-10; tol < 0.05; tol *= 100.0) {
        struct bn_ridge fit = ring_fit(&r, 1e-8, tol);
        struct bn_mat few = product(&fit.left, &fit.right);
        const double apart = mat_apart(&few, &j);
        assert_true(apart <= tol + 1e-12);
        assert_true(apart > 1e-3 * tol || fit.rank == full.rank);
        assert_true(fit.rank <= rank);
        rank = fit.rank;
        bn_mat_free(&few);
        bn_ridge_free(&fit);
    }
    assert_true(rank < 3 * full.rank / 4);
    bn_mat_free(&j);
    bn_ridge_free(&full);
    ring_free(&r);
}

/* Dropping coefficients that bn_ridge_coefficients calls negligible changes nothing. */
static void negligible_coefficients(void **state)
{
    (void)state;
    struct ring r = ring_make(150, 401, RING_SIGMA, RING_BETA, 6);
    for (double lambda = 1e-2; lambda > 5e-9; lambda *= 1e-3) {
        const size_t few = bn_ridge_coefficients(&r.x, &r.phi, lambda);
        struct bn_ridge a, b = ring_fit(&r, lambda, 0.0);
        assert_true(few % 2 == 1 && few < r.x.cols);
        assert_ok(bn_ridge_fit(&r.x, &r.phi, NULL, few, lambda, 0.0, &a));
        struct bn_mat ja = product(&a.left, &a.right), jb = product(&b.left, &b.right);
        assert_close(mat_apart(&ja, &jb), 0, 0, 1e-10 + 1e-16 / lambda);
        bn_mat_free(&ja), bn_mat_free(&jb);
        bn_ridge_free(&a), bn_ridge_free(&b);
    }
    ring_free(&r);
}

static void singular_is_refused(void **state)
{
    (void)state;
    struct ring few = ring_make(20, 41, RING_SIGMA, RING_BETA, 1);
    struct ring many = ring_make(300, 25, RING_SIGMA, RING_BETA, 1);
    struct bn_ridge fit;
    assert_fails(bn_ridge_fit(&few.x, &few.phi, NULL, 41, 0.0, 0.0, &fit), BN_NUMERIC);
    assert_says(bn_error(), "set lambda to at least");
    assert_null(fit.left.data);
    bn_ridge_free(&fit);                 /* safe after a failure */
    assert_ok(bn_ridge_fit(&few.x, &few.phi, NULL, 41, 1e-6, 0.0, &fit));
    bn_ridge_free(&fit);
    /* More neurons than coefficients: lambda = 0 interpolates, J phi = x on the ring. */
    assert_ok(bn_ridge_fit(&many.x, &many.phi, NULL, 25, 0.0, 0.0, &fit));
    struct bn_mat j = product(&fit.left, &fit.right), back = mat_make(300, 25);
    assert_ok(bn_gemm(1.0, &j, BN_PLAIN, &many.phi, BN_PLAIN, 0.0, &back));
    assert_close(mat_apart(&back, &many.x), 0, 0, 1e-8);
    bn_mat_free(&j), bn_mat_free(&back);
    bn_ridge_free(&fit);
    ring_free(&few), ring_free(&many);
}

static void shapes_are_refused(void **state)
{
    (void)state;
    struct bn_mat a = mat_random(10, 5, 1), b = mat_random(11, 5, 2), c = mat_random(10, 3, 3);
    struct bn_ridge fit;
    assert_fails(bn_ridge_fit(&a, &b, NULL, 5, 1.0, 0.0, &fit), BN_INPUT);
    assert_fails(bn_ridge_fit(&a, &a, NULL, 6, 1.0, 0.0, &fit), BN_INPUT);
    assert_fails(bn_ridge_fit(&a, &a, NULL, 0, 1.0, 0.0, &fit), BN_INPUT);
    assert_fails(bn_ridge_fit(&a, &a, &c, 5, 1.0, 0.0, &fit), BN_INPUT);
    assert_fails(bn_ridge_dense(&a, &b, &c), BN_INPUT);
    bn_mat_free(&a), bn_mat_free(&b), bn_mat_free(&c);
}

/* --- laws ------------------------------------------------------------------------ */

static struct ring like(const struct ring *r)
{
    struct ring s = { .n = r->n, .m = r->m, .transfer = r->transfer };
    s.current = mat_make(r->n, r->m);
    s.rate = mat_make(r->n, r->m);
    return s;
}

static void permuted_neurons(void **state)
{
    (void)state;
    const double lambda = 1e-6;
    struct ring r = ring_make(120, 61, RING_SIGMA, RING_BETA, 8), s = like(&r);
    const struct bn_rng rng = { .seed = 5, .stream = 1 };
    size_t p[120];
    bn_rng_permutation(rng, 0, p, r.n);
    for (size_t i = 0; i < r.n; i++)
        for (size_t k = 0; k < r.m; k++) {
            *bn_mat_at(&s.current, i, k) = *bn_mat_at(&r.current, p[i], k);
            *bn_mat_at(&s.rate, i, k) = *bn_mat_at(&r.rate, p[i], k);
        }
    ring_transform(&s);
    struct bn_mat j = ring_weights(&r, lambda), k = ring_weights(&s, lambda);
    struct bn_mat moved = mat_make(r.n, r.n);
    for (size_t a = 0; a < r.n; a++)
        for (size_t b = 0; b < r.n; b++)
            *bn_mat_at(&moved, a, b) = *bn_mat_at(&j, p[a], p[b]);
    assert_close(mat_apart(&k, &moved), 0, 0, tolerance(lambda));
    bn_mat_free(&j), bn_mat_free(&k), bn_mat_free(&moved);
    ring_free(&r), ring_free(&s);
}

/* All curves turned by a grid step are the same set of states: the same J. */
static void rotated_curves(void **state)
{
    (void)state;
    const double lambda = 1e-6;
    struct ring r = ring_make(120, 61, RING_SIGMA, RING_BETA, 8), s = like(&r);
    for (size_t i = 0; i < r.n; i++)
        for (size_t k = 0; k < r.m; k++) {
            *bn_mat_at(&s.current, i, k) = *bn_mat_at(&r.current, i, (k + 7) % r.m);
            *bn_mat_at(&s.rate, i, k) = *bn_mat_at(&r.rate, i, (k + 7) % r.m);
        }
    ring_transform(&s);
    struct bn_mat j = ring_weights(&r, lambda), k = ring_weights(&s, lambda);
    assert_close(mat_apart(&k, &j), 0, 0, tolerance(lambda));
    bn_mat_free(&j), bn_mat_free(&k);
    ring_free(&r), ring_free(&s);
}

static void scaled_currents(void **state)
{
    (void)state;
    struct ring r = ring_make(120, 61, RING_SIGMA, RING_BETA, 8);
    struct bn_mat j = ring_weights(&r, 1e-6);
    for (size_t k = 0; k < r.x.rows * r.x.cols; k++)
        r.x.data[k] *= -3.0;
    struct bn_mat k = ring_weights(&r, 1e-6);
    for (size_t i = 0; i < r.n * r.n; i++)
        j.data[i] *= -3.0;
    assert_close(mat_apart(&k, &j), 0, 0, 1e-12);
    bn_mat_free(&j), bn_mat_free(&k);
    ring_free(&r);
}

/* The gradient of the cost vanishes off the diagonal: (J Phi - X) Phi^T/(N M)
 * + lambda J = 0; on the diagonal it need not, as those weights do not exist.  */
static void gradient_vanishes(void **state)
{
    (void)state;
    const double lambda = 1e-5;
    struct ring r = ring_make(90, 41, RING_SIGMA, RING_BETA, 3);
    struct bn_mat j = ring_weights(&r, lambda), e = mat_copy(&r.x), g = mat_copy(&j);
    assert_ok(bn_gemm(1.0, &j, BN_PLAIN, &r.phi, BN_PLAIN, -1.0, &e));
    assert_ok(bn_gemm(1.0 / (double)r.n, &e, BN_PLAIN, &r.phi, BN_TRANSPOSED, lambda, &g));
    double on = 0.0, off = 0.0;
    for (size_t i = 0; i < r.n; i++)
        for (size_t k = 0; k < r.n; k++) {
            const double a = fabs(*bn_mat_at(&g, i, k));
            on = i == k ? fmax(on, a) : on;
            off = i != k ? fmax(off, a) : off;
        }
    assert_true(off < 1e-13);
    assert_true(on > 1e-8);
    bn_mat_free(&j), bn_mat_free(&e), bn_mat_free(&g);
    ring_free(&r);
}

/* --- modes ------------------------------------------------------------------------ */

/* J of the modes, as a matrix; order 1: J'. */
static struct bn_mat of_modes(const struct ring *r, const struct bn_ridge_modes *m, size_t p,
                              int order)
{
    struct bn_mat head = mat_make(r->n, p), factor, lift, left, right, j;
    struct bn_operator op;
    for (size_t i = 0; i < r->n; i++)
        memcpy(bn_mat_row(&head, i), bn_mat_row(&r->x, i), p * sizeof(double));
    assert_ok(bn_ridge_factor(&r->phi, &m->basis, &factor));
    assert_ok(bn_ridge_lift(&m->basis, &m->core, p, order, &lift));
    assert_ok(bn_operator_shared(&op, &head, &factor, &lift, &m->core,
                                 order == 0 ? m->diagonal : m->diagonal_velocity));
    assert_ok(bn_operator_factors(&op, &left, &right));
    j = product(&left, &right);
    bn_mat_free(&head), bn_mat_free(&factor), bn_mat_free(&lift);
    bn_mat_free(&left), bn_mat_free(&right);
    return j;
}

/* From 16,385 neurons on products are shared out and currents lose the columns that rounding
 * hides; the modes, which do neither, have the same J: rows of it times a few states.  sigma =
 * 0.7: 9 of 23 columns are left.                                                  */
static void very_many_neurons_have_the_same_weights(void **state)
{
    (void)state;
    enum { STATES = 3 };
    struct ring r = ring_make(16500, 24, 0.7, RING_BETA, 4);
    struct bn_ridge fit = ring_fit(&r, 1e-4, 0.0);
    struct bn_mat in = mat_random(STATES, r.n, 8), out = mat_make(STATES, r.n);
    struct bn_mat factor, lift, again = mat_make(STATES, r.n);
    struct bn_ridge_modes m;
    struct bn_operator op, shared;
    assert_ok(bn_ridge_modes(&r.x, &r.phi, false, r.phi.cols, 1e-4, 0.0, &m));
    assert_ok(bn_ridge_factor(&r.phi, &m.basis, &factor));
    assert_ok(bn_ridge_lift(&m.basis, &m.core, r.x.cols, 0, &lift));
    assert_ok(bn_operator_factored(&op, &fit.left, &fit.right, fit.diagonal));
    assert_ok(bn_operator_shared(&shared, &r.x, &factor, &lift, &m.core, m.diagonal));
    assert_ok(bn_operator_apply(&op, BN_PLAIN, &in, &out));
    assert_ok(bn_operator_apply(&shared, BN_PLAIN, &in, &again));
    assert_close(mat_apart(&out, &again), 0, 0, 1e-9);
    bn_mat_free(&in), bn_mat_free(&out), bn_mat_free(&again), bn_mat_free(&factor);
    bn_mat_free(&lift), bn_ridge_modes_free(&m), bn_ridge_free(&fit), ring_free(&r);
}

/* The minimum has one form more: the same J and J', and the residual that the matrix has.
 * n = 700: neurons come in two groups.  Only the first 37 coefficients of x are given
 * (all that were drawn), as a tuning that stores coefficients has them.      */
static void modes_are_the_factors(void **state)
{
    (void)state;
    struct ring r = ring_make(700, 81, RING_SIGMA, RING_BETA, 9);
    const size_t p = 2 * bn_gp_harmonics(RING_SIGMA) + 1;
    struct bn_mat few = mat_make(r.n, p);
    for (size_t i = 0; i < r.n; i++)
        memcpy(bn_mat_row(&few, i), bn_mat_row(&r.x, i), p * sizeof(double));
    for (double lambda = 1e-2; lambda > 5e-9; lambda *= 1e-3) {
        struct bn_ridge fit = ring_fit(&r, lambda, 0.0);
        struct bn_ridge_modes m;
        assert_ok(bn_ridge_modes(&few, &r.phi, true, r.phi.cols, lambda, 0.0, &m));
        const struct bn_mat *left[] = { &fit.left, &fit.left_velocity };
        const double residual[] = { m.residual, m.residual_velocity };
        const struct bn_mat *target[] = { &r.x, &r.slope };
        assert_int_equal(m.basis.rows, fit.rank);
        assert_close(m.condition, fit.condition, 0, 1e-6);
        for (int k = 0; k < 2; k++) {
            struct bn_mat want = product(left[k], &fit.right), j = of_modes(&r, &m, p, k);
            assert_close(mat_apart(&j, &want), 0, 0, tolerance(lambda));
            struct bn_mat image = mat_make(r.n, r.phi.cols);
            assert_ok(bn_gemm(1.0, &want, BN_PLAIN, &r.phi, BN_PLAIN, 0.0, &image));
            assert_close(residual[k], mat_apart(&image, target[k]), 1e-9, 1e-6);
            bn_mat_free(&want), bn_mat_free(&j), bn_mat_free(&image);
        }
        bn_ridge_free(&fit);
        bn_ridge_modes_free(&m);
    }
    bn_mat_free(&few);
    ring_free(&r);
}

/* Modes are dropped as bn_ridge_fit drops them, and threads change no bit. */
static void modes_are_dropped_alike(void **state)
{
    (void)state;
    struct ring r = ring_make(1500, 81, RING_SIGMA, RING_BETA, 2);
    struct bn_ridge fit = ring_fit(&r, 1e-4, 1e-2);
    struct bn_ridge_modes m, again;
    bn_threads_set(1);
    assert_ok(bn_ridge_modes(&r.x, &r.phi, true, r.phi.cols, 1e-4, 1e-2, &m));
    bn_threads_set(3);
    assert_ok(bn_ridge_modes(&r.x, &r.phi, true, r.phi.cols, 1e-4, 1e-2, &again));
    bn_threads_set(0);
    assert_true(fit.rank < r.phi.cols);
    assert_int_equal(m.basis.rows, fit.rank);
    assert_memory_equal(m.basis.data, again.basis.data, fit.rank * r.phi.cols * sizeof(double));
    assert_memory_equal(m.core.data, again.core.data, fit.rank * fit.rank * sizeof(double));
    assert_memory_equal(m.diagonal, again.diagonal, r.n * sizeof(double));
    assert_true(m.residual == again.residual);
    for (size_t i = 0; i < r.n; i++)
        assert_close(m.diagonal[i], fit.diagonal[i], 1e-12, 1e-9);
    bn_ridge_free(&fit), bn_ridge_modes_free(&m), bn_ridge_modes_free(&again);
    ring_free(&r);
}

static void modes_refuse(void **state)
{
    (void)state;
    struct ring r = ring_make(20, 41, RING_SIGMA, RING_BETA, 1);
    struct bn_mat few = mat_make(19, 41), lift;
    struct bn_ridge_modes m;
    assert_fails(bn_ridge_modes(&few, &r.phi, false, 41, 1e-6, 0.0, &m), BN_INPUT);
    assert_fails(bn_ridge_modes(&r.x, &r.phi, false, 42, 1e-6, 0.0, &m), BN_INPUT);
    assert_fails(bn_ridge_modes(&r.x, &r.phi, false, 41, 0.0, 0.0, &m), BN_NUMERIC);
    assert_says(bn_error(), "lambda");
    assert_ok(bn_ridge_modes(&r.x, &r.phi, false, 41, 1e-6, 0.0, &m));
    assert_null(m.diagonal_velocity);
    assert_fails(bn_ridge_lift(&m.basis, &m.core, 42, 0, &lift), BN_INPUT);
    few.rows = 1, few.cols = 3;
    assert_fails(bn_ridge_factor(&few, &m.basis, &lift), BN_INPUT);
    bn_ridge_modes_free(&m);
    for (long k = 0; ; k++) {            /* out of memory anywhere: no leak, a message */
        bn_alloc_fail_after(k);
        bn_threads_set(1);
        const bn_status rc = bn_ridge_modes(&r.x, &r.phi, true, 41, 1e-6, 0.0, &m);
        bn_alloc_fail_after(-1);
        if (rc == BN_OK)
            break;
        assert_int_equal(rc, BN_NOMEM);
    }
    bn_threads_set(0);
    bn_ridge_modes_free(&m);
    bn_mat_free(&few);
    ring_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dense_is_the_constrained_minimum),
        cmocka_unit_test(dense_is_the_closed_form),
        cmocka_unit_test(nyquist_belongs_to_the_fit),
        cmocka_unit_test(factored_is_dense),
        cmocka_unit_test(tolerance_drops_modes),
        cmocka_unit_test(negligible_coefficients),
        cmocka_unit_test(singular_is_refused),
        cmocka_unit_test(shapes_are_refused),
        cmocka_unit_test(permuted_neurons),
        cmocka_unit_test(rotated_curves),
        cmocka_unit_test(scaled_currents),
        cmocka_unit_test(gradient_vanishes),
        cmocka_unit_test(very_many_neurons_have_the_same_weights),
        cmocka_unit_test(modes_are_the_factors),
        cmocka_unit_test(modes_are_dropped_alike),
        cmocka_unit_test(modes_refuse),
    };
    return cmocka_run_group_tests_name("ridge", tests, NULL, NULL);
}
