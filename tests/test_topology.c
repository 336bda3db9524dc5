/* SPDX-License-Identifier: MIT
 * topology: populations of Gaussian maps on every closed manifold, states and counts that lie
 * on one, and noise.                                                        */
#include "black_box.h"

#include <basin/maps.h>
#include <basin/mem.h>

#include <stdlib.h>

static struct bn_rng stream(uint64_t seed)
{
    return (struct bn_rng){ .seed = seed, .stream = bn_rng_stream("test_topology") };
}

static void put(bn_h5 *f, const char *name, struct bn_shape shape, const double *data)
{
    assert_ok(bn_h5_write(f, name, BN_H5_F64, &shape, data, false));
}

/* A population as `tuning` leaves it. */
static void write_rates(const char *file, const struct bn_manifold *m, const struct bn_mat *rate)
{
    const size_t points = bn_manifold_points(m), d = m->dimensions;
    struct bn_mat at;
    bn_h5 *f;
    const double count[] = { (double)m->count[0], (double)m->count[1] };
    assert_ok(bn_mat_alloc(&at, points, d));
    bn_manifold_grid(m, at.data);
    assert_ok(bn_h5_create(&f, file));
    put(f, "/point", bn_shape2(points, d), at.data);
    assert_ok(bn_h5_put_text(f, "/point", "manifold", bn_manifold_name(m->kind)));
    assert_ok(bn_h5_put_real(f, "/point", "count", count, d));
    assert_ok(bn_h5_put_real(f, "/point", "size", m->size, d));
    assert_ok(bn_h5_put_real(f, "/point", "margin", &m->margin, 1));
    put(f, "/rate", bn_shape2(rate->rows, rate->cols), rate->data);
    assert_ok(bn_h5_close(f));
    bn_mat_free(&at);
}

static struct bn_manifold manifold(enum bn_manifold_kind kind, size_t a, size_t b)
{
    struct bn_manifold m = { kind, b > 0 ? 2 : 1, { a, b > 0 ? b : 1, 1 },
                             { BN_TWO_PI, b > 0 ? BN_TWO_PI : 0.0 }, 0.0 };
    if (kind == BN_SPHERE)
        m.size[1] = BN_TWO_PI / 2.0;
    return m;
}

static void population(const char *file, const struct bn_manifold *m, double length, size_t n)
{
    const struct bn_kernel k = { BN_KERNEL_HEAT, { length, length } };
    struct bn_mat rate;
    assert_ok(bn_mat_alloc(&rate, n, bn_manifold_points(m)));
    assert_ok(bn_maps_sample(m, &k, stream(4), 0, &rate));
    write_rates(file, m, &rate);
    bn_mat_free(&rate);
}

static void says(const char *file, const char *want)
{
    char **names;
    size_t n;
    bn_h5 *f;
    assert_ok(bn_h5_open(&f, file));
    assert_ok(bn_h5_read_texts(f, "/verdict", &names, &n));
    assert_ok(bn_h5_close(f));
    assert_int_equal(n, 1);
    assert_string_equal(names[0], want);
    free(names);
}

/* The first multiplicities; the list ends with 0. */
static void multiplies(const char *file, const double *want)
{
    struct bn_mat size = box_mat(file, "/multiplicity");
    for (size_t g = 0; want[g] > 0.0; g++) {
        assert_true(g < size.rows);
        assert_close(size.data[g], want[g], 0, 0);
    }
    bn_mat_free(&size);
}

static const char quick[] = "--set landmarks=150 --set surrogates=2";

static void explains_itself(void **state)
{
    (void)state;
    box_explains("topology");
}

/* Each manifold by its Betti numbers, Euler characteristic and multiplicities: doublets on the
 * circle, 4 and 8 on the square torus, 6 and 12 on the hexagonal one, 3 5 7 on the sphere.  */
static void manifolds(void **state)
{
    (void)state;
    static const struct {
        enum bn_manifold_kind kind;
        size_t a, b;
        double length, betti[3], size[6];
        const char *verdict;
    } rows[] = {
        { BN_RING, 200, 0, 0.6, { 1, 1, 0 }, { 1, 2, 2, 2, 0 }, "circle" },
        { BN_TORUS, 24, 24, 0.9, { 1, 2, 1 }, { 1, 4, 4, 4, 8, 0 }, "torus" },
        { BN_HEXAGON, 24, 24, 0.75, { 1, 2, 1 }, { 1, 6, 6, 6, 0 }, "hexagonal torus" },
        { BN_SPHERE, 32, 16, 0.6, { 1, 0, 1 }, { 1, 3, 5, 7, 0 }, "sphere" },
    };
    char line[256];
    for (size_t k = 0; k < BN_LEN(rows); k++) {
        const struct bn_manifold m = manifold(rows[k].kind, rows[k].a, rows[k].b);
        population("p.h5", &m, rows[k].length, 1500);
        snprintf(line, sizeof line, "--in tuning=p.h5 --out t.h5 %s", quick);
        box_runs("topology", line);
        says("t.h5", rows[k].verdict);
        struct bn_mat betti = box_mat("t.h5", "/betti");
        for (size_t d = 0; d < 3; d++)
            assert_close(betti.data[d], rows[k].betti[d], 0, 0);
        assert_close(box_summary_has("t.h5", "euler"),
                     rows[k].betti[0] - rows[k].betti[1] + rows[k].betti[2], 0, 0);
        multiplies("t.h5", rows[k].size);
        bn_mat_free(&betti);
        box_is_sound("t.h5");
    }
}

/* Rates without any order: no bar is longer than those of the surrogates. */
static void noise(void **state)
{
    (void)state;
    const struct bn_manifold m = manifold(BN_TORUS, 20, 20);
    struct bn_mat rate;
    assert_ok(bn_mat_alloc(&rate, 100, 400));
    bn_rng_normals(stream(5), 0, 0, rate.data, 100 * 400);
    write_rates("p.h5", &m, &rate);
    bn_mat_free(&rate);
    box_runs("topology", "--in tuning=p.h5 --out t.h5 --set landmarks=100 --set surrogates=19");
    says("t.h5", "none");
    assert_close(box_summary_has("t.h5", "betti1"), 0, 0, 0);
    assert_close(box_summary_has("t.h5", "betti2"), 0, 0, 0);
}

/* What the theory of a stationary torus says of the point with the same snout, upside down:
 * only waves along azimuth correlate, with (-1)^m.  A partner (azimuth + pi, pitch) would have
 * waves along both.                                                         */
static double cover_expected(const struct bn_manifold *m, double length, double *sd)
{
    const struct bn_kernel k = { BN_KERNEL_HEAT, { length, length } };
    bn_harmonics *h;
    double sum = 0.0, total = 0.0, square = 0.0;
    assert_ok(bn_harmonics_new(&h, m));
    const size_t r = bn_harmonics_count(h);
    double *variance = bn_alloc(r, sizeof *variance);
    assert_ok(bn_kernel_spectrum(&k, h, r, variance));
    for (size_t i = 1; i < r; i++) {
        const int *n = bn_harmonics_numbers(h, i);
        total += variance[i];
        square += variance[i] * variance[i];
        sum += n[1] != 0 ? 0.0 : n[0] % 2 ? -variance[i] : variance[i];
    }
    *sd = sqrt(2.0 * square) / total;
    free(variance);
    bn_harmonics_free(h);
    return sum / total;
}

/* Half the code of a torus, the waves that turning the snout over does not change, is that of
 * a Klein bottle and not of a sphere: around the pole it still changes; Z2 counts the bottle's
 * holes like a torus' (over the rationals there would be one loop and no cavity).  Of the waves
 * (m, n) there remain cos(n pitch) for even m + n and sin(n pitch) for odd: by m^2 + n^2 = 1, 2,
 * 4, 5, 8, 9, 10 so many as the test says.                                   */
static void double_cover(void **state)
{
    (void)state;
    enum { N = 1500 };
    const struct bn_manifold torus = manifold(BN_TORUS, 24, 24);
    const struct bn_manifold sphere = manifold(BN_SPHERE, 24, 24);
    double sd;
    const double want = cover_expected(&torus, 0.9, &sd);
    char line[256];
    population("p.h5", &torus, 0.9, N);
    snprintf(line, sizeof line, "--in tuning=p.h5 --out t.h5 --set dimension=1 %s", quick);
    box_runs("topology", line);
    assert_close(box_summary_has("t.h5", "double_cover"), want, 0, 5.0 * sd / sqrt(N));
    assert_true(want < -0.1);
    assert_close(box_summary_has("t.h5", "pole_least"),
                 box_summary_has("t.h5", "equator_least"), 0, 10.0 / sqrt(N));
    assert_true(box_summary_has("t.h5", "pole_least") < 0.0);
    population("p.h5", &torus, 0.7, N);
    box_runs("topology", "--in tuning=p.h5 --out t.h5 --set even=yes --set components=10 "
             "--set surrogates=2");
    assert_close(box_summary_has("t.h5", "double_cover"), 1, 0, 1e-12);
    assert_close(box_summary_has("t.h5", "betti1"), 2, 0, 0);
    assert_close(box_summary_has("t.h5", "betti2"), 1, 0, 0);
    assert_true(box_summary_has("t.h5", "pole_least") < 0.5);
    multiplies("t.h5", (const double[]){ 1, 1, 2, 3, 4, 2, 1, 4, 0 });
    population("p.h5", &sphere, 0.6, N);
    snprintf(line, sizeof line, "--in tuning=p.h5 --out t.h5 --set dimension=1 %s", quick);
    box_runs("topology", line);
    assert_true(box_summary_has("t.h5", "pole_least") > 0.9);
    assert_true(box_summary_has("t.h5", "equator_least") < 0.0);
    assert_true(isnan(box_summary("t.h5", "double_cover")));
}

/* Two trajectories round a torus, one turn of azimuth per 1.9 of pitch, after a second on the
 * way there; and a recording's counts, on a circle.                         */
static void states_and_counts(void **state)
{
    (void)state;
    enum { N = 40, T = 700, BINS = 3000, UNITS = 60 };
    double *x = bn_alloc(2 * T * N, sizeof *x), *time = bn_alloc(BINS, sizeof *time), u;
    double *counts = bn_alloc(BINS * UNITS, sizeof *counts);
    bn_h5 *f;
    for (size_t k = 0; k < 2 * T; k++) {
        const double t = (double)(k % T), a = 0.2 * t + (k < T ? 0.0 : 3.0), b = a / 1.9 * 0.11;
        for (size_t i = 0; i < N; i++) {
            double z[4];
            bn_rng_normals(stream(6), i, 0, z, 4);
            x[k * N + i] = z[0] * cos(a) + z[1] * sin(a) + z[2] * cos(b) + z[3] * sin(b)
                           + (t < 100.0 ? 100.0 * (double)i : 0.0);
        }
        time[k % T] = 0.01 * t;
    }
    assert_ok(bn_h5_create(&f, "a.h5"));
    put(f, "/states", (struct bn_shape){ 3, { 2, T, N } }, x);
    put(f, "/time", bn_shape1(T), time);
    assert_ok(bn_h5_close(f));
    box_runs("topology", "--in activity=a.h5 --out t.h5 --set discard=1 --set components=4 "
             "--set landmarks=150 --set surrogates=2");
    says("t.h5", "torus");
    assert_close(box_summary_has("t.h5", "points"), 1200, 0, 0);
    assert_close(box_summary_has("t.h5", "component_share"), 1, 1e-9, 0);
    for (size_t k = 0; k < BINS; k++) {
        time[k] = 0.1 * (double)k;
        for (size_t i = 0; i < UNITS; i++) {
            const double away = 0.05 * (double)k - BN_TWO_PI * (double)i / UNITS;
            bn_rng_uniforms(stream(7), i, k, &u, 1);
            counts[k * UNITS + i] = u < 0.6 * exp(3.0 * (cos(away) - 1.0)) ? 1.0 : 0.0;
        }
    }
    assert_ok(bn_h5_create(&f, "r.h5"));
    put(f, "/counts", bn_shape2(BINS, UNITS), counts);
    put(f, "/time", bn_shape1(BINS), time);
    assert_ok(bn_h5_close(f));
    box_runs("topology", "--in recording=r.h5 --out t.h5 --set recorded=counts --set window=1 "
             "--set components=2 --set landmarks=60 --set sparse=0.1 --set dimension=1");
    says("t.h5", "circle");
    assert_close(box_summary_has("t.h5", "points"), 270, 0, 0);
    const struct box_refusal part = { "--in recording=r.h5 --set recorded=counts --set window=0.25",
                                      "bins of 0.1 s: set it to 0.3 s", 2 };
    box_refuses("topology", &part);
    free(x), free(time), free(counts);
}

/* One cell that is a thousand times louder than the others makes all states a line. */
static void loud_cells(void **state)
{
    (void)state;
    const struct bn_manifold m = manifold(BN_RING, 100, 0);
    const struct bn_kernel k = { BN_KERNEL_HEAT, { 0.6 } };
    struct bn_mat rate;
    char line[256];
    assert_ok(bn_mat_alloc(&rate, 50, 100));
    assert_ok(bn_maps_sample(&m, &k, stream(4), 0, &rate));
    for (size_t i = 0; i < 100; i++)
        rate.data[i] *= 1000.0;
    write_rates("p.h5", &m, &rate);
    bn_mat_free(&rate);
    for (int scaled = 0; scaled < 2; scaled++) {
        snprintf(line, sizeof line, "--in tuning=p.h5 --out t.h5 --set landmarks=60 --set "
                 "scale=%s", scaled ? "deviation" : "none");
        box_runs("topology", line);
        says("t.h5", scaled ? "circle" : "none");
    }
}

/* An exact grid keeps its score within walls; without a common part each map has one field
 * or so and nothing that repeats.  Periodically, a single field repeats too: with the period of
 * the whole, so there the spacing tells.                                     */
static void grid_scores(void **state)
{
    (void)state;
    const char *tuning = "--set manifold=hexagon --set size=4 --set points=40 --set periods=4 "
                         "--set neurons=40 --set length=0.25 --set kernel=heat";
    char line[512];
    double score[2];
    for (int eta = 0; eta < 2; eta++) {
        snprintf(line, sizeof line, "%s --set eta=%d --out g%d.h5", tuning, eta, eta);
        box_runs("tuning", line);
        snprintf(line, sizeof line, "--in tuning=g%d.h5 --out t%d.h5 --set grid_scores=walls "
                 "--set dimension=0 --set surrogates=0 --set landmarks=20", eta, eta);
        box_runs("topology", line);
        score[eta] = box_summary_has(eta ? "t1.h5" : "t0.h5", "grid_score");
    }
    assert_true(score[1] > 0.5);
    assert_close(score[0], 0.0, 0, 5.0 * box_summary_has("t0.h5", "grid_score_sd") / sqrt(40));
    struct bn_mat spacing = box_mat("t1.h5", "/grid_spacing");
    size_t near = 0;
    for (size_t i = 0; i < spacing.rows; i++)
        near += fabs(spacing.data[i] - 1.0) < 0.05;
    assert_true(near > 35);
    bn_mat_free(&spacing);
    /* gathered by stage summary */
    box_runs("summary", "--in topology=t1.h5 --out s.h5");
    struct bn_mat number = box_mat("s.h5", "/number");
    assert_true(number.rows == 1 && number.cols > 5);
    bn_mat_free(&number);
    const struct box_refusal none = { "", "--in topology=", 2 };
    box_refuses("summary", &none);
}

static void refusals(void **state)
{
    (void)state;
    const struct bn_manifold m = manifold(BN_RING, 20, 0);
    struct bn_mat flat;
    assert_ok(bn_mat_alloc(&flat, 5, 20));
    write_rates("flat.h5", &m, &flat);
    flat.data[7] = NAN;
    write_rates("nan.h5", &m, &flat);
    bn_mat_free(&flat);
    population("few.h5", &m, 0.9, 5);
    static const struct box_refusal rows[] = {
        { "", "0 populations", 2 },
        { "--in tuning=few.h5 --in activity=few.h5", "2 populations", 2 },
        { "--in activity=few.h5", "states = yes", 3 },
        { "--in tuning=flat.h5", "all points are the same", 3 },
        { "--in tuning=nan.h5", "neuron 0, point 7", 3 },
        { "--in tuning=few.h5 --set even=yes", "on a torus", 2 },
        { "--in tuning=few.h5 --set sparse=0.1 --set neighbours=20", "20 neighbours", 2 },
    };
    for (size_t k = 0; k < BN_LEN(rows); k++)
        box_refuses("topology", &rows[k]);
    box_repeats("topology", "--in tuning=few.h5 --set distance=geodesic --set neighbours=3");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explains_itself),
        cmocka_unit_test(manifolds),
        cmocka_unit_test(noise),
        cmocka_unit_test(double_cover),
        cmocka_unit_test(states_and_counts),
        cmocka_unit_test(loud_cells),
        cmocka_unit_test(grid_scores),
        cmocka_unit_test(refusals),
    };
    (void)argc;
    box_enter(argv[0]);
    return cmocka_run_group_tests_name("topology", tests, NULL, box_leave);
}
