/* SPDX-License-Identifier: MIT
 * The taught reservoir against what can be solved: no random weights (a plane), no
 * teachers, the mean field of the driven states, and the minimum that the readout is. */
#include "ring.h"

#include <basin/reservoir.h>

static const struct bn_rng rng = { .seed = 3, .stream = 4 };

struct made {
    struct bn_reservoir r;
    struct bn_mat x, current, rate, phi, readout;        /* [M, N], [N, M], ..., [2K, N] */
    double residual;
};

static struct made make(size_t n, size_t m, double gain, double amplitude, size_t teachers)
{
    struct made w = { .r = { .transfer = { BN_TRANSFER_TANH, 1.0, 0.0 }, .gain = gain,
                             .amplitude = amplitude, .teachers = teachers } };
    double *moved = calloc(m, sizeof *moved);
    size_t taken;
    assert_non_null(moved);
    w.r.inner = mat_make(n, n), w.r.feedback = mat_make(n, 2 * teachers);
    w.x = mat_make(m, n), w.current = mat_make(n, m), w.rate = mat_make(n, m);
    w.phi = mat_make(n, m - 1), w.readout = mat_make(2 * teachers, n);
    bn_reservoir_draw(&w.r, rng);
    assert_ok(bn_reservoir_settle(&w.r, 2000, &w.x, moved, &taken));
    for (size_t k = 0; k < m; k++) {
        assert_true(moved[k] < 1e-10);
        for (size_t i = 0; i < n; i++)
            *bn_mat_at(&w.current, i, k) = *bn_mat_at(&w.x, k, i);
    }
    bn_transfer_rate(&w.r.transfer, n * m, w.current.data, w.rate.data);
    assert_ok(bn_fourier(&w.rate, &w.phi));
    assert_ok(bn_reservoir_readout(&w.phi, teachers, amplitude, 1e-6, &w.readout, &w.residual));
    free(moved);
    return w;
}

static void drop(struct made *w)
{
    bn_mat_free(&w->r.inner), bn_mat_free(&w->r.feedback), bn_mat_free(&w->x);
    bn_mat_free(&w->current), bn_mat_free(&w->rate), bn_mat_free(&w->phi);
    bn_mat_free(&w->readout);
}

/* J, or J diag(phi') at the state of grid angle `at`. */
static struct bn_mat weights_of(const struct made *w, bool with_slope, size_t at)
{
    struct bn_mat j = mat_copy(&w->r.inner), slope = mat_make(1, j.rows);
    assert_ok(bn_gemm(1.0, &w->r.feedback, BN_PLAIN, &w->readout, BN_PLAIN, 1.0, &j));
    bn_transfer_slope(&w->r.transfer, j.rows, bn_mat_row(&w->x, at), slope.data);
    for (size_t i = 0; with_slope && i < j.rows; i++)
        for (size_t k = 0; k < j.rows; k++)
            *bn_mat_at(&j, i, k) *= slope.data[k];
    bn_mat_free(&slope);
    return j;
}

static double teacher(const struct made *w, size_t k, double angle)
{
    const double n = (double)(k / 2 + 1);
    return w->r.amplitude * (k % 2 == 0 ? cos(n * angle) : sin(n * angle));
}

/* x = g W phi(x) + U f, term by term.  Driving with f(-theta), or W^T, is not that. */
static void states_are_fixed_points(void **state)
{
    (void)state;
    enum { N = 70, M = 16 };
    struct made w = make(N, M, 1.1, 0.9, 2);
    for (size_t m = 0; m < M; m++)
        for (size_t i = 0; i < N; i++) {
            double want = 0.0;
            for (size_t k = 0; k < N; k++)
                want += *bn_mat_at(&w.r.inner, i, k) * tanh(*bn_mat_at(&w.x, m, k));
            for (size_t k = 0; k < 4; k++)
                want += *bn_mat_at(&w.r.feedback, i, k)
                    * teacher(&w, k, BN_TWO_PI * (double)m / M);
            assert_close(*bn_mat_at(&w.x, m, i), want, 0, 1e-9);
        }
    drop(&w);
}

/* Mean number of eigenvalues farther than r from 0 in a matrix of N x N numbers N(0, g^2/N),
 * from above, and so the probability that there is any.  With R^2 = N r^2/g^2 and
 * Q(k, t) = P(Poisson(t) < k): complex ones are no denser than exp(-|z|^2) e_{N-2}(|z|^2)/pi
 * (Edelman 1997, by Mills' ratio), which is S = sum_{k<N} Q(k, R^2); real ones are
 * S/(R sqrt(2 pi)) + Q(N/2, R^2/2) at most (Edelman, Kostlan & Shub 1994).  N even.  */
static double number_beyond(size_t n, double g, double r)
{
    const double t = (double)n * r * r / (g * g), half = 0.5 * t;
    double q = 0.0, s = 0.0, tail = 0.0;
    for (size_t k = 0; k + 1 < n; k++) {
        q += exp((double)k * log(t) - t - lgamma((double)k + 1.0));
        s += q;                          /* Q(k + 1, t) */
    }
    for (size_t k = 0; k < n / 2; k++)
        tail += exp((double)k * log(half) - half - lgamma((double)k + 1.0));
    return s * (1.0 + 1.0 / sqrt(BN_TWO_PI * t)) + tail;
}

/* The radius that some eigenvalue exceeds with the probability of five sigma, 5.7e-7. */
static double radius_of(size_t n, double g)
{
    double low = g, high = 2.0 * g;
    while (high - low > 1e-6 * g) {
        const double r = 0.5 * (low + high);
        *(number_beyond(n, g, r) > 5.7e-7 ? &low : &high) = r;
    }
    return high;
}

/* Circular law: N^2 squares of variance g^2/N sum to g^2 N (1 +- sqrt 2/N), and the mean
 * |e|^2 of a uniform disc of radius g is g^2/2, from which linear statistics of the
 * eigenvalues depart by 1/N (Rider & Silverstein 2006) beside the 1/sqrt N of them that are
 * real and lie otherwise.  A variance of g/N or g^2 is far off.  The farthest is within
 * the radius of five sigma (1.18 g here, which tends to g).                  */
static void bulk_is_a_disc(void **state)
{
    (void)state;
    enum { N = 400 };
    const double g = 1.5;
    struct bn_reservoir r = { .gain = g, .inner = mat_make(N, N), .feedback = mat_make(N, 2) };
    double re[N], im[N], sum = 0.0;
    bn_reservoir_draw(&r, rng);
    const double norm = bn_mat_norm(&r.inner);
    assert_close(norm * norm / (g * g * N), 1.0, 5.0 * sqrt(2.0) / N, 0);
    assert_ok(bn_eig_general(&r.inner, re, im));
    for (size_t k = 0; k < N; k++)
        sum += (re[k] * re[k] + im[k] * im[k]) / N;
    assert_close(sum / (g * g), 0.5, 0, 5.0 / N + 1.0 / (6.0 * sqrt((double)N)));
    assert_true(hypot(re[0], im[0]) < radius_of(N, g));
    bn_mat_free(&r.inner), bn_mat_free(&r.feedback);
}

/* Mean squares of currents and rates and their correlation at a lag, over neurons and
 * angles, lie within five standard errors of the mean field, errors of one neuron being
 * carried on by 1/(1 - radius^2).  g E[phi'], a wrong radius, would be off by eight.    */
static void driven_states_are_the_mean_field(void **state)
{
    (void)state;
    enum { N = 800, M = 24, LAG = 5 };
    struct made w = make(N, M, 1.2, 1.0, 1);
    double cx[M], cr[M], mean[3] = { 0 }, square[3] = { 0 };
    struct bn_reservoir_theory t;
    assert_ok(bn_reservoir_theory(&w.r, M, cx, cr, &t));
    for (size_t i = 0; i < N; i++) {
        double s[3] = { 0 };
        for (size_t m = 0; m < M; m++) {
            const double x = *bn_mat_at(&w.current, i, m), p = *bn_mat_at(&w.rate, i, m);
            s[0] += x * *bn_mat_at(&w.current, i, (m + LAG) % M) / M;
            s[1] += p * *bn_mat_at(&w.rate, i, (m + LAG) % M) / M;
            s[2] += (1.0 - p * p) * (1.0 - p * p) / M;
        }
        for (size_t k = 0; k < 3; k++)
            mean[k] += s[k] / N, square[k] += s[k] * s[k] / N;
    }
    const double want[] = { cx[LAG], cr[LAG], t.radius * t.radius / (1.2 * 1.2) };
    for (size_t k = 0; k < 3; k++) {
        const double error = sqrt((square[k] - mean[k] * mean[k]) / N);
        assert_close(mean[k], want[k], 0, 5.0 * error / (1.0 - t.radius * t.radius));
    }
    assert_true(t.slope < 0.97 * sqrt(want[2]));
    drop(&w);
}

/* Weak teachers leave x = 0: slope 1 and radius g.  Without W the currents are those of
 * the teachers, A^2 (cos d + cos 2d).                                        */
static void theory_at_its_ends(void **state)
{
    (void)state;
    enum { M = 20 };
    double cx[M], cr[M];
    struct bn_reservoir_theory t;
    struct bn_reservoir r = { .transfer = { BN_TRANSFER_TANH, 1.0, 0.0 }, .gain = 0.7,
                              .amplitude = 1e-3, .teachers = 1 };
    assert_ok(bn_reservoir_theory(&r, M, cx, cr, &t));
    assert_close(t.radius, 0.7, 1e-5, 0);
    assert_close(cx[0], 1e-6 / (1.0 - 0.49), 1e-5, 0);
    r.gain = 0.0, r.amplitude = 1.3, r.teachers = 2;
    assert_ok(bn_reservoir_theory(&r, M, cx, cr, &t));
    for (size_t d = 0; d < M; d++) {
        const double a = BN_TWO_PI * (double)d / M;
        assert_close(cx[d], 1.69 * (cos(a) + cos(2.0 * a)), 0, 1e-14);
    }
    assert_true(t.radius == 0.0);
}

/* The gradient of the readout's loss vanishes on the grid: <(B phi - f) phi^T> + N lambda
 * B = 0.  Without the N it would be as large as its second term.             */
static void readout_is_the_minimum(void **state)
{
    (void)state;
    enum { N = 60, M = 33 };
    const double lambda = 1e-3;
    struct made w = make(N, M, 0.9, 1.2, 2);
    double residual, largest = 0.0, error = 0.0;
    struct bn_mat phi = mat_make(N, M), out = mat_make(4, M), gradient = mat_make(4, N);
    assert_ok(bn_fourier(&w.rate, &phi));
    assert_ok(bn_reservoir_readout(&phi, 2, 1.2, lambda, &w.readout, &residual));
    assert_ok(bn_gemm(1.0, &w.readout, BN_PLAIN, &w.rate, BN_PLAIN, 0.0, &out));
    for (size_t k = 0; k < 4; k++)
        for (size_t m = 0; m < M; m++) {
            *bn_mat_at(&out, k, m) -= teacher(&w, k, BN_TWO_PI * (double)m / M);
            error += *bn_mat_at(&out, k, m) * *bn_mat_at(&out, k, m) / (M * 4 * 0.72);
        }
    assert_close(residual, sqrt(error), 1e-9, 0);
    assert_ok(bn_gemm(1.0 / M, &out, BN_PLAIN, &w.rate, BN_TRANSPOSED, 0.0, &gradient));
    for (size_t k = 0; k < 4 * N; k++) {
        const double pull = N * lambda * w.readout.data[k];
        largest = fmax(largest, fabs(pull));
        assert_close(gradient.data[k] + pull, 0, 0, 1e-11);
    }
    assert_true(largest > 1e-4);
    assert_fails(bn_reservoir_readout(&phi, 17, 1.2, lambda, &w.readout, &residual), BN_INPUT);
    bn_mat_free(&phi), bn_mat_free(&out), bn_mat_free(&gradient);
    drop(&w);
}

/* Without W the state moves in a plane, kappa' = -kappa + (kappa/|kappa|) A G(|kappa|)/G(A)
 * with G(k) = E[z tanh(k z)]: around the ring 0, across -1 + A G'(A)/G(A) = -0.600 at A = 1,
 * everything else -1.  Both averages are over N neurons: their errors, from the
 * standard deviations of z tanh z and of z^2 sech^2 z, are added up.         */
static void without_disorder_it_is_a_plane(void **state)
{
    (void)state;
    enum { N = 900, M = 32 };
    struct made w = make(N, M, 0.0, 1.0, 1);
    double g = 0.0, slope = 0.0, g2 = 0.0, slope2 = 0.0, norm = 0.0, trace = 0.0;
    for (int k = -900; k <= 900; k++) {
        const double z = 0.01 * k, p = exp(-0.5 * z * z), c = 1.0 / cosh(z);
        const double u = z * tanh(z), v = z * z * c * c;
        norm += p, g += p * u, slope += p * v, g2 += p * u * u, slope2 += p * v * v;
    }
    const double across = slope / g;
    const double fraction = sqrt(g2 * norm / (g * g) - 1.0)
        + sqrt(slope2 * norm / (slope * slope) - 1.0);
    struct bn_mat j = weights_of(&w, true, 3);
    for (size_t i = 0; i < N; i++)
        trace += *bn_mat_at(&j, i, i);
    /* J diag(phi') has rank 2: its trace is the sum 1 + A G'/G */
    assert_close(trace, 1.0 + across, 0, 5.0 * across * fraction / sqrt((double)N));
    assert_close(across, 0.400, 0, 1e-3);
    assert_true(w.residual < 1e-3);
    bn_mat_free(&j), drop(&w);
}

/* 2K eigenvalues stand off the disc of g W, farther than any eigenvalue of g W alone lies:
 * weights without readout have none there, and those of one teacher have two.  */
static void outliers(void **state)
{
    (void)state;
    enum { N = 400 };
    const double g = 0.8, edge = radius_of(N, g);
    for (size_t teachers = 1; teachers <= 2; teachers++) {
        struct made w = make(N, 32, g, 1.0, teachers);
        struct bn_mat j = weights_of(&w, false, 0);
        double re[N], im[N];
        size_t out = 0;
        assert_ok(bn_eig_general(&j, re, im));
        for (size_t k = 0; k < N; k++)
            out += hypot(re[k], im[k]) > edge;
        assert_int_equal(out, 2 * teachers);
        bn_mat_free(&j), drop(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_are_fixed_points),
        cmocka_unit_test(bulk_is_a_disc),
        cmocka_unit_test(driven_states_are_the_mean_field),
        cmocka_unit_test(theory_at_its_ends),
        cmocka_unit_test(readout_is_the_minimum),
        cmocka_unit_test(without_disorder_it_is_a_plane),
        cmocka_unit_test(outliers),
    };
    return cmocka_run_group_tests_name("reservoir", tests, NULL, NULL);
}
