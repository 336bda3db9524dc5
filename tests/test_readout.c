/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <basin/accuracy.h>
#include <basin/fourier.h>
#include <basin/gp.h>
#include <basin/poisson.h>
#include <basin/readout.h>
#include <basin/tile.h>

#include <stdlib.h>

static const struct bn_rng rng = { 7, 11, 0 };

static struct bn_mat mat_make(size_t rows, size_t cols)
{
    struct bn_mat m;
    assert_ok(bn_mat_alloc(&m, rows, cols));
    return m;
}

static struct bn_axes axes_make(struct bn_manifold m)
{
    struct bn_axes l;
    assert_ok(bn_manifold_check(&m));
    assert_ok(bn_axes_new(&l, &m));
    return l;
}

static struct bn_axes interval(size_t points)
{
    return axes_make((struct bn_manifold){ BN_INTERVAL, 1, { points, 1, 1 },
                                              { 10.0, 0, 0 }, 0 });
}

/* Positive irregular maps. */
static struct bn_mat maps_make(size_t cells, size_t points)
{
    struct bn_mat f = mat_make(cells, points);
    for (size_t i = 0; i < cells; i++)
        bn_rng_uniforms(rng, i, 0, bn_mat_row(&f, i), points);
    for (size_t k = 0; k < cells * points; k++)
        f.data[k] = f.data[k] > 0.6 ? 30.0 * (f.data[k] - 0.6) : 0.0;
    return f;
}

static struct bn_mat counts_make(size_t bins, size_t cells)
{
    struct bn_mat n = mat_make(bins, cells);
    for (size_t t = 0; t < bins; t++)
        bn_rng_uniforms(bn_rng_sub(rng, "counts"), t, 0, bn_mat_row(&n, t), cells);
    for (size_t k = 0; k < bins * cells; k++)
        n.data[k] = floor(4.0 * n.data[k] * n.data[k] * n.data[k]);
    return n;
}

/* P(n | x) as a product of Poisson probabilities, the posterior by Bayes' rule, its
 * relative entropy to the prior by its definition; more points than a panel has, more bins
 * than a block.  A filter that keeps the sums of the old maximum fails in the bits.   */
static void posterior_by_enumeration(void **state)
{
    (void)state;
    enum { N = 6, P = 900, T = 400 };
    struct bn_axes l = interval(P);
    struct bn_mat f = maps_make(N, P), n = counts_make(T, N), x = mat_make(T, 1);
    struct bn_mat bits = mat_make(1, T), score = mat_make(T, P);
    double share[P], log_p[P];
    for (size_t p = 0; p < P; p++)
        share[p] = p % 7 == 3 ? 0.0 : 1.0 + (double)(p % 5);
    const struct bn_read_maps maps = { &l, &f, share, 0.2, 0.01 };
    bn_readout *r;
    assert_ok(bn_readout_new(&r, BN_READ_POISSON, &maps, NULL));
    assert_ok(bn_readout_decode(r, &n, &x, &bits));
    assert_ok(bn_readout_scores(r, &n, &score));
    const double *prior = bn_readout_prior(r);
    for (size_t t = 0; t < T; t++) {
        double most = -1e300, z = 0.0, h = 0.0;
        size_t best = 0;
        for (size_t p = 0; p < P; p++) {
            log_p[p] = 0.0;
            for (size_t i = 0; i < N; i++) {
                const double k = *bn_mat_at(&n, t, i), m = 0.2 * *bn_mat_at(&f, i, p);
                log_p[p] += k * log(m + 0.2 * 0.01) - m;
            }
            if (share[p] > 0.0)
                assert_close(*bn_mat_at(&score, t, p), log_p[p], 1e-12, 1e-12);
            if (share[p] > 0.0 && log_p[p] > most) {
                most = log_p[p];
                best = p;
            }
        }
        for (size_t p = 0; p < P; p++)
            z += prior[p] * exp(log_p[p] - most);
        for (size_t p = 0; p < P; p++) {
            const double q = prior[p] * exp(log_p[p] - most) / z;
            h += q > 0.0 ? q * log2(q / prior[p]) : 0.0;
        }
        assert_close(bits.data[t], h, 1e-10, 1e-10);
        assert_close(x.data[t], 10.0 * ((double)best + 0.5) / P, 0, 10.0 / P);
    }
    bn_readout_free(r);
    bn_mat_free(&score), bn_mat_free(&bits), bn_mat_free(&x), bn_mat_free(&n);
    bn_mat_free(&f);
    bn_axes_free(&l);
}

static void kinds_by_definition(void **state)
{
    (void)state;
    enum { N = 9, P = 50, T = 30 };
    struct bn_axes l = interval(P);
    struct bn_mat f = maps_make(N, P), n = counts_make(T, N), score = mat_make(T, P);
    const struct bn_read_maps maps = { &l, &f, NULL, 0.2, 0.01 };
    for (int kind = BN_READ_OVERLAP; kind <= BN_READ_CORRELATION; kind++) {
        bn_readout *r;
        assert_ok(bn_readout_new(&r, (enum bn_readout_kind)kind, &maps, NULL));
        assert_ok(bn_readout_scores(r, &n, &score));
        for (size_t t = 0; t < T; t++)
            for (size_t p = 0; p < P; p++) {
                double nf = 0, ff = 0, fm = 0, nm = 0;
                for (size_t i = 0; i < N; i++) {
                    fm += *bn_mat_at(&f, i, p) / N;
                    nm += *bn_mat_at(&n, t, i) / N;
                }
                if (kind != BN_READ_CORRELATION)
                    fm = nm = 0.0;
                for (size_t i = 0; i < N; i++) {
                    const double a = *bn_mat_at(&f, i, p) - fm, b = *bn_mat_at(&n, t, i) - nm;
                    nf += a * b;
                    ff += a * a;
                }
                const double want = kind == BN_READ_OVERLAP ? nf / N
                                  : ff > 0 ? nf / sqrt(ff) : 0.0;
                assert_close(*bn_mat_at(&score, t, p), want, 1e-12, 1e-12);
            }
        bn_readout_free(r);
    }
    bn_mat_free(&score), bn_mat_free(&n), bn_mat_free(&f);
    bn_axes_free(&l);
}

/* --- between grid points ---------------------------------------------------------------- */

struct hill {
    const struct bn_axes *l;
    double top[3], h[3][3];
};

static double height(const void *context, size_t p)
{
    const struct hill *q = context;
    double c[3], s = 5.0;
    bn_manifold_point(&q->l->manifold, p, c);
    for (size_t a = 0; a < q->l->manifold.dimensions; a++)
        for (size_t b = 0; b < q->l->manifold.dimensions; b++)
            s -= 0.5 * q->h[a][b] * (c[a] - q->top[a]) * (c[b] - q->top[b]);
    return s;
}

/* A tilted quadratic hill is found exactly in 1, 2 and 3 dimensions, also across the seam of
 * a torus.  Without mixed terms 2-D and 3-D are wrong by a tenth of a step.          */
static void refinement_is_exact_for_quadratic_forms(void **state)
{
    (void)state;
    static const struct bn_manifold in[] = {
        { BN_INTERVAL, 1, { 30, 1, 1 }, { 3.0, 0, 0 }, 0 },
        { BN_BOX, 2, { 30, 20, 1 }, { 3.0, 4.0, 0 }, 0 },
        { BN_BOX, 3, { 30, 20, 10 }, { 3.0, 4.0, 1.0 }, 0 },
        { BN_TORUS, 2, { 30, 20, 1 }, { 3.0, 4.0, 0 }, 0 },
    };
    for (size_t m = 0; m < BN_LEN(in); m++) {
        struct bn_axes l = axes_make(in[m]);
        const struct hill q = { &l, { 1.234, 2.717, 0.533 },
                                { { 2, 0.9, 0.4 }, { 0.9, 1.5, -0.6 }, { 0.4, -0.6, 9 } } };
        double x[3], *prior = malloc(l.points * sizeof *prior);
        size_t best = 0;
        for (size_t p = 0; p < l.points; p++) {
            prior[p] = 1.0;
            best = height(&q, p) > height(&q, best) ? p : best;
        }
        bn_readout_refine(&l, prior, best, height, &q, x);
        for (size_t d = 0; d < in[m].dimensions; d++)
            assert_close(x[d], q.top[d], 0, 1e-10);
        free(prior);
        bn_axes_free(&l);
    }
}

static double ramp(const void *context, size_t p)
{
    (void)context;
    return (double)p;
}

/* At a wall, or beside what is no candidate, the grid point itself is the answer. */
static void refinement_stops_at_ends(void **state)
{
    (void)state;
    struct bn_axes l = interval(10);
    double x, prior[10] = { 1, 1, 1, 1, 1, 1, 0, 1, 1, 1 };
    bn_readout_refine(&l, prior, 9, ramp, NULL, &x);
    assert_close(x, 9.5, 1e-14, 0);
    bn_readout_refine(&l, prior, 5, ramp, NULL, &x);
    assert_close(x, 5.5, 1e-14, 0);
    bn_axes_free(&l);
}

/* --- sizes --------------------------------------------------------------------------------- */

static void nested_sizes_are_their_cells_alone(void **state)
{
    (void)state;
    enum { N = 20, P = 900, T = 450, S = 3 };
    struct bn_axes l = interval(P);
    struct bn_mat f = maps_make(N, P), n = counts_make(T, N), x[S], few = mat_make(N, P);
    struct bn_mat bits = mat_make(S, T), alone = mat_make(1, T), k = mat_make(T, N);
    size_t order[N], size[S] = { 3, 8, N };
    bn_rng_permutation(rng, 5, order, N);
    const struct bn_nested nested = { order, size, S };
    const struct bn_read_maps maps = { &l, &f, NULL, 0.2, 0.01 };
    bn_readout *r;
    for (size_t s = 0; s < S; s++)
        x[s] = mat_make(T, 1);
    assert_ok(bn_readout_new(&r, BN_READ_POISSON, &maps, &nested));
    assert_ok(bn_readout_decode(r, &n, x, &bits));
    bn_readout_free(r);
    for (size_t s = 0; s < S; s++) {
        struct bn_mat y = mat_make(T, 1);
        few.rows = k.cols = size[s];
        for (size_t i = 0; i < size[s]; i++) {
            memcpy(bn_mat_row(&few, i), bn_mat_row(&f, order[i]), P * sizeof(double));
            for (size_t t = 0; t < T; t++)
                *bn_mat_at(&k, t, i) = *bn_mat_at(&n, t, order[i]);
        }
        const struct bn_read_maps some = { &l, &few, NULL, 0.2, 0.01 };
        assert_ok(bn_readout_new(&r, BN_READ_POISSON, &some, NULL));
        assert_ok(bn_readout_decode(r, &k, &y, &alone));
        for (size_t t = 0; t < T; t++) {
            assert_close(x[s].data[t], y.data[t], 0, 1e-9);
            assert_close(*bn_mat_at(&bits, s, t), alone.data[t], 1e-9, 1e-9);
        }
        bn_readout_free(r);
        bn_mat_free(&y), bn_mat_free(&x[s]);
    }
    bn_mat_free(&k), bn_mat_free(&alone), bn_mat_free(&bits), bn_mat_free(&few);
    bn_mat_free(&n), bn_mat_free(&f);
    bn_axes_free(&l);
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    enum { N = 20, P = 900, T = 700 };
    struct bn_axes l = interval(P);
    struct bn_mat f = maps_make(N, P), n = counts_make(T, N);
    struct bn_mat x = mat_make(T, 1), y = mat_make(T, 1);
    const struct bn_read_maps maps = { &l, &f, NULL, 0.2, 0.01 };
    bn_readout *r;
    assert_ok(bn_readout_new(&r, BN_READ_POISSON, &maps, NULL));
    bn_threads_set(1);
    assert_ok(bn_readout_decode(r, &n, &x, NULL));
    bn_threads_set(2);
    assert_ok(bn_readout_decode(r, &n, &y, NULL));
    bn_threads_set(0);
    assert_memory_equal(x.data, y.data, T * sizeof(double));
    bn_readout_free(r);
    bn_mat_free(&x), bn_mat_free(&y), bn_mat_free(&n), bn_mat_free(&f);
    bn_axes_free(&l);
}

/* --- laws ---------------------------------------------------------------------------------- */

/* N von Mises curves evenly spaced on the ring, peak A, width kappa. */
static struct bn_mat von_mises(size_t cells, size_t points, double peak, double kappa)
{
    struct bn_mat f = mat_make(cells, points);
    for (size_t i = 0; i < cells; i++)
        for (size_t p = 0; p < points; p++)
            *bn_mat_at(&f, i, p) =
                peak * exp(kappa * (cos(BN_TWO_PI * ((double)p / (double)points
                                                     - (double)i / (double)cells)) - 1.0));
    return f;
}

static double variance_of(enum bn_readout_kind kind, const struct bn_read_maps *maps,
                          const struct bn_mat *truth, const struct bn_mat *n)
{
    struct bn_mat x = mat_make(truth->rows, 1);
    double sum = 0.0;
    bn_readout *r;
    assert_ok(bn_readout_new(&r, kind, maps, NULL));
    assert_ok(bn_readout_decode(r, n, &x, NULL));
    for (size_t t = 0; t < truth->rows; t++)
        sum += pow(bn_ring_difference(x.data[t], truth->data[t]), 2) / (double)truth->rows;
    bn_readout_free(r);
    bn_mat_free(&x);
    return sum;
}

/* 200 cells, 870 spikes a window: the variance of maximum likelihood is 1/J within the
 * sampling error of a variance (sd sqrt(2/T)), with J = N T A kappa e^-kappa I_1(kappa).
 * The overlap is no efficient estimator: for these curves its variance is
 * <f (f*')^2>/<f f*''>^2, above the bound by far more than the error.
 * Without refinement the grid alone would add its step^2/12, more than the bound.     */
static void maximum_likelihood_reaches_the_cramer_rao_bound(void **state)
{
    (void)state;
    enum { N = 200, P = 60, T = 4000 };
    const double peak = 20.0, kappa = 4.0, window = 1.0;
    struct bn_manifold m = bn_manifold_ring(P);
    struct bn_axes l = axes_make(m), fine = axes_make(bn_manifold_ring(20 * P));
    struct bn_mat f = von_mises(N, P, peak, kappa), exact = von_mises(N, 20 * P, peak, kappa);
    struct bn_mat truth = mat_make(T, 1), n = mat_make(T, N);
    bn_rng_uniforms(rng, 99, 0, truth.data, T);
    for (size_t t = 0; t < T; t++)
        truth.data[t] *= BN_TWO_PI;
    assert_ok(bn_poisson_rates(&fine, &exact, &truth, &n));
    assert_ok(bn_poisson_counts(rng, 0, window, &n));
    double info = 0.0, a = 0.0, b = 0.0;
    for (size_t k = 0; k < 1000; k++) {
        const double u = BN_TWO_PI * (double)k / 1000, v = exp(kappa * (cos(u) - 1.0));
        info += N * window * peak * kappa * kappa * sin(u) * sin(u) * v / 1000;
        a += peak * v * pow(peak * kappa * sin(u) * v, 2) / 1000;
        b += pow(peak * kappa * sin(u) * v, 2) / 1000;   /* -<f f''> = <f'^2> */
    }
    const double overlap = a / (N * window * b * b);
    const struct bn_read_maps maps = { &l, &f, NULL, window, 1e-6 };
    const double five = 5.0 * sqrt(2.0 / T);
    assert_close(variance_of(BN_READ_POISSON, &maps, &truth, &n), 1.0 / info, five, 0);
    assert_close(variance_of(BN_READ_OVERLAP, &maps, &truth, &n), overlap, five, 0);
    assert_true(overlap > (1.0 + 2.0 * five) / info);
    assert_true(pow(BN_TWO_PI / P, 2) / 12.0 > 1.0 / info);
    bn_mat_free(&n), bn_mat_free(&truth), bn_mat_free(&exact), bn_mat_free(&f);
    bn_axes_free(&fine);
    bn_axes_free(&l);
}

/* E [h(x) - theta]_+ [h(x0) - theta]_+, sum_n a_n^2 r^n/n!, on the population: every cell's
 * own mean over x0 is one sample, so the bound is five of their standard errors.  A profile
 * of currents, or one with the mean taken off, misses it.                            */
static void overlap_profile_of_thresholded_maps(void **state)
{
    (void)state;
    enum { N = 1500, P = 90, TERMS = 60 };
    const double theta = 1.1, sigma = 2.0;
    struct bn_axes l = axes_make(bn_manifold_ring(P));
    struct bn_mat c = mat_make(N, 2 * bn_gp_harmonics(sigma) + 1), f = mat_make(N, P);
    struct bn_mat n = mat_make(P, N), score = mat_make(P, P);
    double r[P], var = 0.0;
    assert_ok(bn_gp_sample(sigma, rng, 0, &c));
    assert_ok(bn_fourier_inverse(&c, &f));
    for (size_t p = 0; p < P; p++) {             /* its covariance, from the spectrum */
        r[p] = 0.0;
        for (int k = -40; k <= 40; k++)
            r[p] += exp(-0.5 * k * k / (sigma * sigma))
                  * cos(k * BN_TWO_PI * (double)p / P);
    }
    for (size_t k = 0; k < (size_t)N * P; k++)
        var += f.data[k] * f.data[k] / ((double)N * P);
    for (size_t p = P; p-- > 0;)
        r[p] /= r[0];
    double power = 0.0;                          /* the process' own variance */
    for (int k = -40; k <= 40; k++)
        power += exp(-0.5 * k * k / (sigma * sigma)) / (sqrt(BN_TWO_PI) * sigma);
    assert_close(var, power, 0.1, 0);
    for (size_t k = 0; k < (size_t)N * P; k++)
        f.data[k] = fmax(f.data[k] / sqrt(power) - theta, 0.0);
    for (size_t i = 0; i < N; i++)
        for (size_t p = 0; p < P; p++)
            *bn_mat_at(&n, p, i) = *bn_mat_at(&f, i, p);
    const struct bn_read_maps maps = { &l, &f, NULL, 1.0, 1e-3 };
    bn_readout *readout;
    assert_ok(bn_readout_new(&readout, BN_READ_OVERLAP, &maps, NULL));
    assert_ok(bn_readout_scores(readout, &n, &score));
    const double phi = exp(-0.5 * theta * theta) / sqrt(BN_TWO_PI);
    const double q = 0.5 * erfc(theta / sqrt(2.0));
    for (size_t lag = 0; lag < P / 2; lag += 3) {
        double got = 0.0, square = 0.0, want = pow(phi - theta * q, 2) + q * q * r[lag];
        double he = 1.0, before = 0.0, term = r[lag];            /* He_(n-2), r^n/n! */
        for (int k = 2; k < TERMS; k++) {
            term *= r[lag] / k;
            want += phi * phi * he * he * term;
            const double next = theta * he - (k - 2) * before;
            before = he;
            he = next;
        }
        for (size_t p = 0; p < P; p++)
            got += *bn_mat_at(&score, p, (p + lag) % P) / P;
        for (size_t i = 0; i < N; i++) {
            double mine = 0.0;
            for (size_t p = 0; p < P; p++)
                mine += *bn_mat_at(&f, i, p) * *bn_mat_at(&f, i, (p + lag) % P) / P;
            square += (mine - got) * (mine - got);
        }
        assert_close(got, want, 0, 5.0 * sqrt(square) / N);
    }
    bn_readout_free(readout);
    bn_mat_free(&score), bn_mat_free(&n), bn_mat_free(&f), bn_mat_free(&c);
    bn_axes_free(&l);
}

/* Cosine curves have one wave only: their population vector is the position itself, on
 * ring, torus and hexagon.                                                       */
static void population_vector(void **state)
{
    (void)state;
    static const struct bn_manifold in[] = {
        { BN_RING, 1, { 24, 1, 1 }, { BN_TWO_PI, 0, 0 }, 0 },
        { BN_TORUS, 2, { 12, 10, 1 }, { 2.0, 3.0, 0 }, 0 },
        { BN_HEXAGON, 2, { 12, 12, 1 }, { 1.5, 1.5, 0 }, 0 },
    };
    for (size_t k = 0; k < BN_LEN(in); k++) {
        enum { N = 16, T = 11 };
        struct bn_axes l = axes_make(in[k]);
        const size_t dims = in[k].dimensions;
        struct bn_mat f = mat_make(N, l.points), n = mat_make(T, N), x = mat_make(T, dims);
        for (size_t i = 0; i < N; i++)           /* 4 x 4 centres */
            for (size_t p = 0; p <= l.points + T; p++) {
                double c[3], s = 2.0;
                if (p == l.points)
                    continue;
                for (size_t d = 0; d < dims; d++)
                    c[d] = l.period[d] * fmod(0.1234 * (double)(p * (d + 1)), 1.0);
                if (p < l.points)
                    bn_manifold_point(&in[k], p, c);
                for (size_t d = 0; d < dims; d++)
                    s += cos(BN_TWO_PI * (c[d] / l.period[d]
                                          - 0.25 * (double)(d == 0 ? i / 4 : i % 4)));
                if (p < l.points)
                    *bn_mat_at(&f, i, p) = s;
                else
                    *bn_mat_at(&n, p - l.points - 1, i) = s;
            }
        const struct bn_read_maps maps = { &l, &f, NULL, 1.0, 1e-3 };
        assert_ok(bn_readout_vector(&maps, &n, &x));
        for (size_t t = 0; t < T; t++)
            for (size_t d = 0; d < dims; d++) {
                const double want = fmod(0.1234 * (double)((l.points + 1 + t) * (d + 1)), 1.0);
                const double off = *bn_mat_at(&x, t, d) / l.period[d] - want;
                assert_close(off - floor(off + 0.5), 0, 0, 1e-9);
            }
        bn_mat_free(&x), bn_mat_free(&n), bn_mat_free(&f);
        bn_axes_free(&l);
    }
    struct bn_axes l = interval(4);
    struct bn_mat f = maps_make(2, 4), n = counts_make(3, 2), x = mat_make(3, 1);
    const struct bn_read_maps maps = { &l, &f, NULL, 1.0, 1e-3 };
    assert_fails(bn_readout_vector(&maps, &n, &x), BN_USAGE);
    assert_says(bn_error(), "interval");
    bn_mat_free(&x), bn_mat_free(&n), bn_mat_free(&f);
    bn_axes_free(&l);
}

/* No spike: every kind says where the cells fire least. */
static void silence(void **state)
{
    (void)state;
    struct bn_axes l = interval(8);
    struct bn_mat f = maps_make(3, 8), n = mat_make(1, 3), x = mat_make(1, 1);
    for (size_t i = 0; i < 3; i++)
        for (size_t p = 0; p < 8; p++)
            *bn_mat_at(&f, i, p) = p == 0 ? 0.5 : 3.0 + 0.1 * (double)p;
    const struct bn_read_maps maps = { &l, &f, NULL, 0.2, 0.01 };
    for (int kind = BN_READ_OVERLAP; kind <= BN_READ_POISSON; kind++) {
        bn_readout *r;
        assert_ok(bn_readout_new(&r, (enum bn_readout_kind)kind, &maps, NULL));
        assert_ok(bn_readout_decode(r, &n, &x, NULL));
        assert_close(x.data[0], 10.0 * 0.5 / 8, 1e-12, 0);
        bn_readout_free(r);
    }
    bn_mat_free(&x), bn_mat_free(&n), bn_mat_free(&f);
    bn_axes_free(&l);
}

static void refusals(void **state)
{
    (void)state;
    enum { N = 4, P = 10 };
    struct bn_axes l = interval(P);
    struct bn_mat f = maps_make(N, P), n = counts_make(3, N), x = mat_make(3, 1);
    struct bn_mat plane = mat_make(3, 2), other = mat_make(3, N + 1);
    double none[P] = { 0 };
    const size_t order[N] = { 0, 1, 2, 3 }, down[2] = { 3, 2 }, two[2] = { 2, 4 };
    const struct bn_nested falls = { order, down, 2 }, sizes = { order, two, 2 };
    struct bn_read_maps maps = { &l, &f, NULL, 0.2, 0.01 };
    bn_readout *r;
    assert_ok(bn_readout_new(&r, BN_READ_POISSON, &maps, NULL));
    assert_fails(bn_readout_decode(r, &other, &x, NULL), BN_INPUT);
    assert_says(bn_error(), "5 cells");
    assert_fails(bn_readout_decode(r, &n, &plane, NULL), BN_INPUT);
    n.data[5] = NAN;
    assert_fails(bn_readout_decode(r, &n, &x, NULL), BN_INPUT);
    assert_says(bn_error(), "nan");
    bn_readout_free(r);
    assert_fails(bn_readout_new(&r, BN_READ_POISSON, &maps, &falls), BN_USAGE);
    assert_fails(bn_readout_new(&r, BN_READ_COSINE, &maps, &sizes), BN_USAGE);
    maps.share = none;
    assert_fails(bn_readout_new(&r, BN_READ_POISSON, &maps, NULL), BN_INPUT);
    assert_says(bn_error(), "candidate");
    maps.share = NULL;
    maps.window = 0.0;
    assert_fails(bn_readout_new(&r, BN_READ_POISSON, &maps, NULL), BN_USAGE);
    maps.window = 0.2;
    f.data[13] = -1.0;
    assert_fails(bn_readout_new(&r, BN_READ_POISSON, &maps, NULL), BN_INPUT);
    assert_says(bn_error(), "cell 1 has the rate -1 at grid point 3");
    f.cols = P - 1;
    assert_fails(bn_readout_new(&r, BN_READ_POISSON, &maps, NULL), BN_INPUT);
    bn_readout_free(NULL);
    bn_mat_free(&other), bn_mat_free(&plane), bn_mat_free(&x), bn_mat_free(&n);
    bn_mat_free(&f);
    bn_axes_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(posterior_by_enumeration),
        cmocka_unit_test(kinds_by_definition),
        cmocka_unit_test(refinement_is_exact_for_quadratic_forms),
        cmocka_unit_test(refinement_stops_at_ends),
        cmocka_unit_test(nested_sizes_are_their_cells_alone),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(maximum_likelihood_reaches_the_cramer_rao_bound),
        cmocka_unit_test(overlap_profile_of_thresholded_maps),
        cmocka_unit_test(population_vector),
        cmocka_unit_test(silence),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests_name("readout", tests, NULL, NULL);
}
