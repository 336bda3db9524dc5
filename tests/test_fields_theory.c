/* SPDX-License-Identifier: MIT
 * Fields of generated maps against the theory: Kac & Rice's counts, sizes and gaps, Rayleigh
 * slopes, peaks per field, Euler characteristics, silent cells.  Means over cells are within
 * five standard errors, which come from the cells themselves.                 */
#include "test.h"

#include <basin/census.h>
#include <basin/fieldstats.h>
#include <basin/maps.h>
#include <basin/mem.h>
#include <basin/tile.h>

#include <stdlib.h>

static const double one_over_root_three = 0.57735026918962576;

struct population {
    struct bn_manifold m;
    struct bn_kernel k;
    struct bn_lattice g;
    struct bn_mat excess;
    struct bn_census c;
};

static struct population sample(struct bn_manifold m, double length, size_t cells, uint64_t seed)
{
    const struct bn_rng rng = { .seed = seed, .stream = bn_rng_stream("fields") };
    struct population p = { .m = m,
        .k = { .kind = BN_KERNEL_GAUSSIAN, .length = { length, length, length } } };
    assert_ok(bn_lattice_of(&m, &p.g));
    assert_ok(bn_mat_alloc(&p.excess, cells, bn_lattice_points(&p.g)));
    assert_ok(bn_maps_sample(&m, &p.k, rng, 0, &p.excess));
    return p;
}

static void lower(struct population *p, double theta)
{
    for (size_t k = 0; k < p->excess.rows * p->excess.cols; k++)
        p->excess.data[k] -= theta;
}

static void census(struct population *p, const double *threshold, const double *level, size_t n)
{
    const struct bn_census_plan plan = { .how = BN_SIMPLICES, .level = level, .levels = n };
    bn_census_free(&p->c);
    assert_ok(bn_census(&p->g, &p->excess, threshold, &plan, &p->c));
}

static void done(struct population *p)
{
    bn_census_free(&p->c);
    bn_mat_free(&p->excess);
}

static double mean_of(const double *x, size_t n, double *error)
{
    const struct bn_moments m = bn_law_moments(x, n);
    *error = m.sd / sqrt((double)n);
    return m.mean;
}

static struct bn_manifold interval(size_t points, double hull)
{
    return (struct bn_manifold){ BN_INTERVAL, 1, { points, 1, 1 },
                                 { hull * (double)points / (double)(points - 1), 0, 0 }, 0 };
}

/* sum of a over sum of b, both per cell, against `want`: its error by the cells' deviations
 * a - want b.                                                                   */
static void ratio_is(const double *a, const double *b, size_t n, double want, double off)
{
    double sa = 0, sb = 0, square = 0;
    for (size_t i = 0; i < n; i++) {
        sa += a[i];
        sb += b[i];
        square += (a[i] - want * b[i]) * (a[i] - want * b[i]);
    }
    assert_close(sa / sb, want, 0, 5 * sqrt(square) / sb + off);
}

/* --- Kac & Rice ---------------------------------------------------------------------- */

static const double thetas[] = { 0.2, 1.1, 1.6, 2.4 };

/* Shares, counts, sizes and gaps of an interval and of a ring.  Fields cut by walls are in:
 * without the wall term Q the counts at theta = 0.2 would be off by 0.42, 30 errors.  */
static void counts_sizes_gaps(void **state)
{
    (void)state;
    enum { N = 1200 };
    static double inside[N], outside[N], gaps[N];
    for (size_t t = 0; t < BN_LEN(thetas); t++)
        for (int ring = 0; ring < 2; ring++) {
            const double theta = thetas[t], two_pi[3] = { 0.15, 0.15, 0.15 };
            struct bn_manifold m = interval(401, 20);
            if (ring)
                m = (struct bn_manifold){ BN_RING, 1, { 628, 1, 1 }, { BN_TWO_PI, 0, 0 }, 0 };
            const double length = ring ? two_pi[0] : 1.0;
            struct population p = sample(m, length, N, 10 + t);
            const struct bn_domain d = bn_fieldlaw_domain(&p.g, (double[]){ length, 1, 1 });
            double error;
            lower(&p, theta);
            census(&p, NULL, NULL, 0);
            double mean = mean_of(p.c.share, N, &error);
            assert_close(mean, bn_fieldlaw_share(theta), 0, 5 * error);
            mean = mean_of(p.c.count, N, &error);
            assert_close(mean, bn_fieldlaw_euler(&d, theta), 0, 5 * error);
            memset(gaps, 0, sizeof gaps);
            for (size_t i = 0; i < N; i++) {
                inside[i] = p.c.share[i] * bn_lattice_extent(&p.g) / length;
                outside[i] = bn_fieldlaw_extent(&d) - inside[i];
            }
            ratio_is(inside, p.c.count, N, bn_fieldlaw_mean_size(&d, theta), 0);
            for (size_t k = 0; k < p.c.gaps; k++)       /* a ring without fields has no gap */
                gaps[p.c.gap[k].cell] += !ring || p.c.gap[k].piece.points < p.excess.cols;
            ratio_is(outside, gaps, N, bn_fieldlaw_mean_gap(&d, theta), 0);
            done(&p);
        }
}

/* Slopes at edges are Rayleigh whatever the threshold: moments of k are sqrt(pi/2), 2, 3
 * sqrt(pi/2), 8.  Slopes are chords over one step: they are short by at most (1/24) step^2 of
 * the third derivative, 3e-4 here.  A Gaussian half would have a mean of 0.80.     */
static void slopes_are_rayleigh(void **state)
{
    (void)state;
    const double root = sqrt(BN_TWO_PI / 4), want[] = { root, 2, 3 * root, 8 };
    for (size_t t = 0; t < BN_LEN(thetas); t++) {
        struct population p = sample(interval(401, 20), 1, 1500, 20 + t);
        lower(&p, thetas[t]);
        census(&p, NULL, NULL, 0);
        for (int k = 1; k <= 4; k++) {
            double *x = p.c.slope[0], error;
            const size_t n = p.c.slopes[0];
            double *power = malloc(n * sizeof *power);
            assert_non_null(power);
            for (size_t i = 0; i < n; i++)
                power[i] = pow(x[i], k);
            const double mean = mean_of(power, n, &error);
            /* two edges of a field are not independent: at worst the error is sqrt 2 more */
            assert_close(mean, want[k - 1], 1e-3 * k, 5 * sqrt(2) * error);
            free(power);
        }
        done(&p);
    }
}

/* Peaks per field of an endless line, from fields that no wall cuts, above theta = 1, where
 * few are that long.                                                            */
static void peaks_per_field(void **state)
{
    (void)state;
    for (size_t t = 1; t < BN_LEN(thetas) - 1; t++) {
        double peaks = 0, fields = 0, square = 0;
        const double want = bn_fieldlaw_peaks(thetas[t], one_over_root_three);
        struct population p = sample((struct bn_manifold){ BN_RING, 1, { 600, 1, 1 },
                                     { BN_TWO_PI, 0, 0 }, 0 }, 0.15, 1500, 30 + t);
        lower(&p, thetas[t]);
        census(&p, NULL, NULL, 0);
        for (size_t k = 0; k < p.c.fields; k++) {
            const double n = (double)p.c.field[k].piece.peaks;
            peaks += n;
            fields += 1;
            square += (n - want) * (n - want);
        }
        assert_close(peaks / fields, want, 0, 5 * sqrt(square) / fields);
        done(&p);
    }
}

/* r'''' at 0 by differences; the Matern kernels' next term is |q|^5, so the error falls with the
 * step only: taken from two steps.                                               */
static void irregularities_of_kernels(void **state)
{
    (void)state;
    const struct bn_manifold line = { BN_LINE, 1, { 400, 1, 1 }, { 40 }, 0 };
    static const enum bn_kernel_kind kinds[] = { BN_KERNEL_GAUSSIAN, BN_KERNEL_MATERN52,
                                                 BN_KERNEL_MATERN72, BN_KERNEL_OSCILLATORY };
    for (size_t k = 0; k < BN_LEN(kinds); k++) {
        const struct bn_kernel kernel = { kinds[k], { 1, 1, 1 } };
        double fourth[2];
        for (int s = 0; s < 2; s++) {
            const double h = s == 0 ? 0.02 : 0.01, zero = 10, one = 10 + h, two = 10 + 2 * h;
            fourth[s] = 2 * (bn_kernel_at(&kernel, &line, &zero, &two)
                             - 4 * bn_kernel_at(&kernel, &line, &zero, &one) + 3) / pow(h, 4);
        }
        assert_close(bn_fieldstats_irregularity(&kernel), 1 / sqrt(2 * fourth[1] - fourth[0]),
                     2e-3, 0);
    }
}

/* --- 200 m --------------------------------------------------------------------------- */

static int slow(void)
{
    return getenv("BASIN_SLOW") != NULL;
}

/* Standard error of the skewness, from its influence function. */
static double skew_error(const double *x, size_t n)
{
    const struct bn_moments m = bn_law_moments(x, n);
    double square = 0;
    for (size_t i = 0; i < n; i++) {
        const double z = (x[i] - m.mean) / m.sd;
        const double d = z * z * z - 3 * z - m.skew * (1 + 1.5 * (z * z - 1));
        square += d * d;
    }
    return sqrt(square) / (double)n;
}

/* As published: sizes are numbers of 0.2 m bins and each map is divided by its own rms.  The
 * simulation of the published code gave skewness -0.75 and kurtosis 1.33 of log sizes and an
 * exponent of 1.45, with filters that reflect at walls, which makes fields there larger;
 * fields that no wall cuts are the same with any filter (ten runs of that code without
 * reflection, 4,000 cells: -0.76 +- 0.03, 1.43 +- 0.1; exponent 1.405 with those at walls).
 * Exact edges give -0.97 and 3.5 instead: far off.                                */
static void conventions_of_the_paper(void **state)
{
    (void)state;
    const size_t n = slow() ? 8000 : 2000;
    const struct bn_census_plan plan = { .how = BN_FACES, .bins = true };
    struct population p = sample(interval(1001, 200), 3.394, n, 2);
    double *size, *peak, error;
    size_t inner = 0;
    for (size_t i = 0; i < n; i++) {
        double *h = bn_mat_row(&p.excess, i), square = 0;
        for (size_t k = 0; k < p.excess.cols; k++)
            square += h[k] * h[k] / (double)p.excess.cols;
        for (size_t k = 0; k < p.excess.cols; k++)
            h[k] = h[k] / sqrt(square) - 1.1;
    }
    assert_ok(bn_census(&p.g, &p.excess, NULL, &plan, &p.c));
    size = calloc(p.c.fields, sizeof *size);
    peak = calloc(p.c.fields, sizeof *peak);
    assert_true(size != NULL && peak != NULL);
    for (size_t k = 0; k < p.c.fields; k++) {
        assert_close(p.c.field[k].piece.size, 0.2 * (double)p.c.field[k].piece.points, 1e-12, 0);
        if (!p.c.field[k].piece.wall) {
            size[inner] = log(p.c.field[k].piece.size);
            peak[inner++] = log(p.c.field[k].piece.peak);
        }
    }
    const struct bn_moments m = bn_law_moments(size, inner);
    assert_close(m.skew, -0.76, 0, 5 * skew_error(size, inner) + 0.01);
    assert_close(m.kurtosis, 1.43, 0, 0.5);
    for (size_t k = 0; k < p.c.fields; k++) {
        size[k] = log(p.c.field[k].piece.size);
        peak[k] = log(p.c.field[k].piece.peak);
    }
    assert_close(bn_law_slope(size, peak, p.c.fields, &error), 1.405, 0, 5 * error + 0.01);
    free(size), free(peak);
    done(&p);
}

/* Standard error of the excess kurtosis likewise. */
static double kurtosis_error(const double *x, size_t n)
{
    const struct bn_moments m = bn_law_moments(x, n);
    const double k = m.kurtosis + 3;
    double square = 0;
    for (size_t i = 0; i < n; i++) {
        const double z = (x[i] - m.mean) / m.sd;
        const double d = (z * z - k) * (z * z - k) - k * (k - 1) - 4 * m.skew * z;
        square += d * d;
    }
    return sqrt(square) / (double)n;
}

enum { BINS = 1000, REACH = 48 };

/* White noise through a Gaussian of 12 bins, cut at 48 and reflected at the ends of 1,000
 * bins, as the published code does; each map over its own rms, or over the expected one. */
static void filter_as_published(struct bn_mat *h, bool own, uint64_t seed)
{
    const struct bn_rng rng = { .seed = seed, .stream = bn_rng_stream("published") };
    double noise[BINS + 2 * REACH], weight[2 * REACH + 1], expected = 0;
    for (int k = -REACH; k <= REACH; k++) {
        weight[k + REACH] = exp(-0.5 * k * k / 144.0);
        expected += weight[k + REACH] * weight[k + REACH];
    }
    for (size_t i = 0; i < h->rows; i++) {
        double *row = bn_mat_row(h, i), square = 0;
        bn_rng_normals(rng, i, 0, noise + REACH, BINS);
        for (size_t k = 0; k < REACH; k++) {
            noise[REACH - 1 - k] = noise[REACH + k];
            noise[REACH + BINS + k] = noise[REACH + BINS - 1 - k];
        }
        for (size_t k = 0; k < BINS; k++) {
            row[k] = 0;
            for (size_t j = 0; j <= 2 * REACH; j++)
                row[k] += weight[j] * noise[k + j];
            square += row[k] * row[k] / BINS;
        }
        for (size_t k = 0; k < BINS; k++)
            row[k] = row[k] / sqrt(own ? square : expected) - 1.1;
    }
}

/* The published code itself, all fields.  An independent run of it gave skewness -0.75 +- 0.02
 * (-0.72 without the maps' own rms) and kurtosis 1.33 of log sizes and an exponent of 1.45 to
 * 1.47; without reflection the skewness is -0.86 and the exponent 1.405, which these bounds of
 * three standard errors (five would not) tell apart: `convention = paper` differs from the
 * paper by the filter alone.  Four seeds: -0.76, -0.76, -0.79, -0.76; 1.45 1.45 1.47 1.45.  */
static void the_published_filter(void **state)
{
    (void)state;
    const size_t n = slow() ? 8000 : 4000;
    const struct bn_census_plan plan = { .how = BN_FACES, .bins = true };
    double skew[2] = { 0, 0 };
    for (int own = 0; own < 2; own++) {
        struct population p = sample(interval(BINS, 199.8), 3.394, n, 1);
        double error;
        filter_as_published(&p.excess, own != 0, 1);
        assert_ok(bn_census(&p.g, &p.excess, NULL, &plan, &p.c));
        double *size = calloc(p.c.fields, sizeof *size), *peak = calloc(p.c.fields, sizeof *peak);
        assert_true(size != NULL && peak != NULL);
        for (size_t k = 0; k < p.c.fields; k++) {
            size[k] = log(p.c.field[k].piece.size);
            peak[k] = log(p.c.field[k].piece.peak);
        }
        const struct bn_moments m = bn_law_moments(size, p.c.fields);
        const double slope = bn_law_slope(size, peak, p.c.fields, &error);
        const double off = own ? 0 : 0.03;
        skew[own] = m.skew;
        assert_close(m.skew, -0.75 + off, 0, 3 * skew_error(size, p.c.fields) + 0.02);
        if (own) {
            assert_close(m.kurtosis, 1.33, 0, 3 * kurtosis_error(size, p.c.fields));
            assert_close(slope, 1.46, 0, 5 * error + 0.01);
        }
        free(size), free(peak);
        done(&p);
    }
    assert_true(skew[0] > skew[1]);      /* of the same noise */
}

/* The bats' tunnel, against numbers of an independent simulation (8,000 cells, padded, linear
 * edges, interior fields): its errors are added to ours.                          */
static void tunnel_of_bats(void **state)
{
    (void)state;
    const size_t n = slow() ? 8000 : 2000;
    const double length = 3.394, theta = 1.1, root = sqrt((double)n);
    struct population p = sample(interval(1001, 200), length, n, 1);
    double error, *size = NULL, *peak = NULL;
    size_t inner = 0, many = 0, silent = 0;
    lower(&p, theta);
    census(&p, NULL, NULL, 0);
    size = calloc(p.c.fields, sizeof *size);
    peak = calloc(p.c.fields, sizeof *peak);
    assert_true(size != NULL && peak != NULL);
    for (size_t k = 0; k < p.c.fields; k++)
        if (!p.c.field[k].piece.wall) {
            size[inner] = p.c.field[k].piece.size;
            peak[inner++] = p.c.field[k].piece.peak;
            many += p.c.field[k].piece.peaks > 1;
        }
    const struct bn_moments count = bn_law_moments(p.c.count, n);
    for (size_t i = 0; i < n; i++)
        silent += p.c.count[i] == 0;
    double mean = mean_of(p.c.share, n, &error);
    assert_close(mean, 0.13567, 0, 5 * error);
    assert_close(count.mean, 5.257, 0, 5 * count.sd / root);
    assert_close(count.sd * count.sd / count.mean, 0.637, 0, 5 * 0.637 * sqrt(2) / root + 0.01);
    assert_close((double)silent / (double)n, 0.0014, 0, 5 * sqrt(0.0014) / root);
    mean = mean_of(size, inner, &error);
    assert_close(mean, 5.26, 0, 5 * error + 0.02);
    assert_close(bn_law_moments(size, inner).sd / mean, 0.637, 0, 0.02);
    assert_close((double)many / (double)inner, 0.0587, 0, 5 * sqrt(0.0587 / (double)inner)
                 + 0.001);
    for (size_t k = 0; k < inner; k++) {
        size[k] = log(size[k]);
        peak[k] = log(peak[k]);
    }
    mean = bn_law_slope(size, peak, inner, &error);
    assert_close(mean, 1.51, 0, 0.03);
    const struct bn_moments logs = bn_law_moments(size, inner);
    assert_close(logs.skew, -1.05, 0, 5 * skew_error(size, inner));
    mean = mean_of(p.c.slope[0], p.c.slopes[0], &error);
    assert_close(mean * length, 1.2533, 0, 5 * error * length + 1e-3);
    free(size), free(peak);
    done(&p);
}

/* --- Euler characteristic ------------------------------------------------------------ */

static void euler_is(struct bn_manifold m, double length, size_t cells, uint64_t seed)
{
    static const double level[] = { -2, -1, -0.5, 0, 0.5, 1, 1.2, 2, 3 };
    struct population p = sample(m, length, cells, seed);
    const struct bn_domain d = bn_fieldlaw_domain(&p.g, (double[]){ length, length, length });
    census(&p, NULL, level, BN_LEN(level));
    for (size_t l = 0; l < BN_LEN(level); l++)
        assert_close(p.c.euler[l], bn_fieldlaw_euler(&d, level[l]), 0,
                     5 * p.c.euler_error[l] + 1e-12);
    done(&p);
}

/* Superlevel sets; sublevel sets would give theta -> -theta, hundreds of errors off. */
static void euler_in_boxes_and_on_tori(void **state)
{
    (void)state;
    const struct bn_manifold square = { BN_BOX, 2, { 62, 62, 1 }, { 62 * 0.125, 62 * 0.125 }, 0 };
    const struct bn_manifold torus = { BN_TORUS, 2, { 60, 48, 1 }, { BN_TWO_PI, BN_TWO_PI }, 0 };
    const struct bn_manifold hexagon = { BN_HEXAGON, 2, { 48, 48, 1 }, { 6, 6 }, 0 };
    const struct bn_manifold room = { BN_BOX, 3, { 25, 20, 15 }, { 5, 4, 3 }, 0 };
    euler_is(interval(201, 20), 1, 800, 40);
    euler_is((struct bn_manifold){ BN_RING, 1, { 200, 1, 1 }, { BN_TWO_PI, 0, 0 }, 0 }, 0.3, 800,
             41);
    euler_is(square, 1, 400, 42);
    euler_is(torus, 0.7, 400, 43);
    euler_is(hexagon, 0.8, 400, 44);
    euler_is(room, 1, 150, 45);
}

/* --- silent cells -------------------------------------------------------------------- */

/* Rich et al.'s gamma propensities, sigma_c 0.3 m, 48 m: silent share and recruitment.  The
 * negative binomial law is that of Poisson counts; fields of a Gaussian map are counted
 * slightly less unevenly, which the tolerances of the simulation allow.             */
static void gamma_propensities(void **state)
{
    (void)state;
    enum { N = 1500 };
    static const double window[] = { 3.0 / 48, 10.0 / 48, 22.0 / 48, 1 };
    static const double want[] = { .172, .374, .529, .672 };
    static double g[N], theta[N];
    const struct bn_rng rng = { .seed = 8, .stream = bn_rng_stream("propensity") };
    const struct bn_census_plan plan = { .how = BN_SIMPLICES, .window = window,
                                         .windows = BN_LEN(window) };
    struct population p = sample(interval(961, 48), 0.3, N, 50);
    for (size_t i = 0; i < N; i++)
        g[i] = bn_rng_gamma(rng, i, 0.57);
    for (size_t i = 0; i < N; i++) {
        const double x = BN_TWO_PI * 0.3 * g[i] / 7.75;
        theta[i] = x < 1 ? sqrt(-2 * log(x)) : 0;
        for (size_t k = 0; k < p.excess.cols; k++)
            *bn_mat_at(&p.excess, i, k) -= theta[i];
    }
    assert_ok(bn_census(&p.g, &p.excess, theta, &plan, &p.c));
    for (size_t w = 0; w < BN_LEN(window); w++)
        assert_close(p.c.recruited[w], want[w], 0, 5 * p.c.recruited_error[w] + 0.005);
    done(&p);
}

/* The same lists and sums on one thread and on three. */
static void threads_do_not_matter(void **state)
{
    (void)state;
    static const double level[] = { -1, 0, 1 }, window[] = { 0.3, 1 };
    const struct bn_census_plan plan = { BN_SIMPLICES, false, 0.05, level, 3, window, 2 };
    const struct bn_manifold square = { BN_BOX, 2, { 40, 30, 1 }, { 8, 6 }, 0 };
    struct population p = sample(square, 1, 70, 60);
    struct bn_census one, three;
    lower(&p, 1);
    bn_threads_set(1);
    assert_ok(bn_census(&p.g, &p.excess, NULL, &plan, &one));
    bn_threads_set(3);
    assert_ok(bn_census(&p.g, &p.excess, NULL, &plan, &three));
    bn_threads_set(0);
    assert_int_equal(one.fields, three.fields);
    for (size_t k = 0; k < one.fields; k++) {
        assert_int_equal(one.field[k].cell, three.field[k].cell);
        assert_true(one.field[k].piece.size == three.field[k].piece.size);
        assert_true(one.field[k].piece.size >= 0.05);
    }
    assert_memory_equal(one.euler, three.euler, sizeof level);
    assert_memory_equal(one.recruited, three.recruited, sizeof window);
    assert_int_equal(one.slopes[1], three.slopes[1]);
    bn_census_free(&one);
    bn_census_free(&three);
    done(&p);
}

static void out_of_memory(void **state)
{
    (void)state;
    static const double level[] = { -1, 1 }, window[] = { 0.5 };
    const struct bn_census_plan plan = { BN_SIMPLICES, false, 0, level, 2, window, 1 };
    struct population p = sample(interval(101, 20), 1, 20, 61);
    bn_status s = BN_NOMEM;
    lower(&p, 1);
    bn_threads_set(1);
    for (long n = 0; s != BN_OK; n++) {
        struct bn_census c;
        bn_alloc_fail_after(n);
        s = bn_census(&p.g, &p.excess, NULL, &plan, &c);
        bn_alloc_fail_after(-1);
        bn_census_free(&c);
        assert_true(s == BN_OK || s == BN_NOMEM);
        assert_true(n < 500);
    }
    bn_threads_set(0);
    p.g.count[0]--;
    assert_fails(bn_census(&p.g, &p.excess, NULL, &plan, &p.c), BN_INPUT);
    done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_sizes_gaps),
        cmocka_unit_test(slopes_are_rayleigh),
        cmocka_unit_test(peaks_per_field),
        cmocka_unit_test(irregularities_of_kernels),
        cmocka_unit_test(tunnel_of_bats),
        cmocka_unit_test(conventions_of_the_paper),
        cmocka_unit_test(the_published_filter),
        cmocka_unit_test(euler_in_boxes_and_on_tori),
        cmocka_unit_test(gamma_propensities),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests_name("fields_theory", tests, NULL, NULL);
}
