/* SPDX-License-Identifier: MIT
 * The stage `decoding` as a black box. */
#include "black_box.h"

#include <basin/manifold.h>
#include <basin/rng.h>

static const struct bn_rng rng = { 12, 34, 0 };

/* --- artifacts ----------------------------------------------------------------------- */

static void write_point(bn_h5 *f, const struct bn_manifold *m)
{
    const size_t points = bn_manifold_points(m);
    const struct bn_shape shape = bn_shape2(points, m->dimensions);
    double *c = malloc(points * m->dimensions * sizeof *c), count[3];
    for (size_t d = 0; d < m->dimensions; d++)
        count[d] = (double)m->count[d];
    bn_manifold_grid(m, c);
    assert_ok(bn_h5_write(f, "/point", BN_H5_F64, &shape, c, false));
    assert_ok(bn_h5_put_text(f, "/point", "units", "m"));
    assert_ok(bn_h5_put_text(f, "/point", "manifold", bn_manifold_name(m->kind)));
    assert_ok(bn_h5_put_real(f, "/point", "count", count, m->dimensions));
    assert_ok(bn_h5_put_real(f, "/point", "size", m->size, m->dimensions));
    assert_ok(bn_h5_put_real(f, "/point", "margin", &m->margin, 1));
    free(c);
}

static void write_theta(bn_h5 *f, size_t m)
{
    const struct bn_shape shape = bn_shape1(m);
    double *theta = malloc(m * sizeof *theta);
    bn_ring_grid(m, theta);
    assert_ok(bn_h5_write(f, "/theta", BN_H5_F64, &shape, theta, false));
    assert_ok(bn_h5_put_text(f, "/theta", "units", "rad"));
    free(theta);
}

/* `side` x `side` Gaussian fields, 0.25 m wide, on a box of 2 m x 2 m; a little off their
 * places, or the box' symmetry would make ties that rounding decides.            */
static void write_box_tuning(const char *name, size_t side)
{
    const struct bn_manifold m = { BN_BOX, 2, { 30, 30, 1 }, { 2.0, 2.0, 0 }, 0 };
    const size_t n = side * side;
    const struct bn_shape shape = bn_shape2(n, 900);
    double *rate = malloc(n * 900 * sizeof *rate);
    bn_h5 *f;
    for (size_t i = 0; i < n; i++)
        for (size_t p = 0; p < 900; p++) {
            double c[2], centre[2] = { (double)(i / side), (double)(i % side) };
            for (size_t d = 0; d < 2; d++)
                centre[d] = 2.0 * (centre[d] + 0.5) / (double)side
                          + 0.03 * (double)((3 * i + d) % 7);
            bn_manifold_point(&m, p, c);
            rate[i * 900 + p] = exp(-0.5 * pow(bn_manifold_distance(&m, c, centre) / 0.25, 2));
        }
    assert_ok(bn_h5_create(&f, name));
    write_point(f, &m);
    assert_ok(bn_h5_write(f, "/rate", BN_H5_F64, &shape, rate, false));
    assert_ok(bn_h5_close(f));
    free(rate);
}

enum { T = 3000, N = 12 };

struct behaviour {
    size_t dims;
    double position[2 * T], valid[T], counts[T * N], bin;
};

static void write_behaviour(const char *name, const struct behaviour *b, bool ring)
{
    const struct bn_shape t = bn_shape1(T), x = bn_shape2(T, b->dims), n = bn_shape2(T, N);
    const struct bn_manifold m = { b->dims == 2 ? BN_BOX : BN_INTERVAL, b->dims,
                                   { 20, b->dims == 2 ? 20 : 1, 1 },
                                   { 2.0, b->dims == 2 ? 2.0 : 0.0, 0 }, 0 };
    double time[T];
    bn_h5 *f;
    for (size_t k = 0; k < T; k++)
        time[k] = 7.0 + b->bin * (double)k;
    assert_ok(bn_h5_create(&f, name));
    if (ring)
        write_theta(f, 200);
    else
        write_point(f, &m);
    assert_ok(bn_h5_write(f, "/time", BN_H5_F64, &t, time, false));
    assert_ok(bn_h5_write(f, "/valid", BN_H5_F64, &t, b->valid, false));
    assert_ok(bn_h5_write(f, ring ? "/angle" : "/position", BN_H5_F64, ring ? &t : &x,
                          b->position, false));
    assert_ok(bn_h5_write(f, "/counts", BN_H5_F64, &n, b->counts, false));
    assert_ok(bn_h5_close(f));
}

/* Positions all over a ring (or a square), and counts that do not depend on them. */
static struct behaviour noise(size_t dims)
{
    static struct behaviour b;
    b = (struct behaviour){ .dims = dims, .bin = 0.1 };
    for (size_t t = 0; t < T; t++) {
        double u[2 + N];
        bn_rng_uniforms(rng, t, 0, u, 2 + N);
        b.valid[t] = 1.0;
        for (size_t d = 0; d < dims; d++)
            b.position[t * dims + d] = u[d] * (dims == 1 ? BN_TWO_PI : 2.0);
        for (size_t i = 0; i < N; i++)
            b.counts[t * N + i] = floor(3.0 * u[2 + i] * u[2 + i]);
    }
    return b;
}

static size_t method_row(const char *file, const char *method)
{
    char **names;
    size_t n, k = 0;
    bn_h5 *f;
    assert_ok(bn_h5_open(&f, file));
    assert_ok(bn_h5_read_texts(f, "/method", &names, &n));
    assert_ok(bn_h5_close(f));
    while (k < n && strcmp(names[k], method) != 0)
        k++;
    assert_true(k < n);
    free(names);
    return k;
}

static double of(const char *file, const char *name, const char *method)
{
    struct bn_mat x = box_mat(file, name);
    const double value = x.data[method_row(file, method)];
    bn_mat_free(&x);
    return value;
}

/* --- tests ---------------------------------------------------------------------------- */

static void explains_itself(void **state)
{
    (void)state;
    box_explains("decoding");
}

static void same_bytes_twice(void **state)
{
    (void)state;
    box_repeats("decoding", "--in tuning=t.h5 --set behaviour=walk --set samples=600");
    box_repeats("decoding", "--in tuning=b.h5 --set samples=400 --set behaviour=walk");
}

static void shapes(void **state)
{
    (void)state;
    box_runs("decoding", "--in tuning=t.h5 --out a.h5 --set samples=300 --set sizes=4");
    box_shape("a.h5", "/decoded", 3, 5, 300, 1);       /* no walk; vector on a ring */
    box_shape("a.h5", "/error", 2, 5, 300, 0);
    box_shape("a.h5", "/confusion", 3, 5, 25, 25);
    box_shape("a.h5", "/cells_mean", 1, 4, 0, 0);
    assert_false(box_has("a.h5", "/posterior_bits_walk"));
    box_is_sound("a.h5");
    box_runs("decoding", "--in tuning=b.h5 --out a.h5 --set samples=300 --set orders=0 "
             "--set 'methods=walk poisson' --set behaviour=walk");
    box_shape("a.h5", "/decoded", 3, 2, 300, 2);
    box_shape("a.h5", "/bin", 2, 25, 2, 0);
    assert_false(box_has("a.h5", "/cells_mean"));
    box_is_sound("a.h5");
    double *decoded;
    size_t n;
    bn_h5 *f;
    assert_ok(bn_h5_open(&f, "a.h5"));
    assert_ok(bn_h5_read(f, "/decoded", &decoded, &n));
    assert_ok(bn_h5_close(f));
    for (size_t k = 0; k < n; k++)
        assert_true(decoded[k] >= 0.0 && decoded[k] <= 2.0);
    free(decoded);
}

/* 400 cells on a ring: the mean squared error is the mean of the squared bound, within five
 * sampling errors of a mean square; overlap is not that good.  Its median is that of a
 * Gaussian.  Gain: more seconds, smaller errors, by the root.                       */
static void many_cells_reach_the_bound(void **state)
{
    (void)state;
    double mse[2];
    for (int k = 0; k < 2; k++) {
        box_runs("decoding", k == 0 ? "--in tuning=t.h5 --out a.h5 --set orders=0 "
                                      "--set window=0.25"
                                    : "--in tuning=t.h5 --out a.h5 --set orders=0 "
                                      "--set window=1 --set fisher_floor=1e-3");
        struct bn_mat bound = box_mat("a.h5", "/bound");
        double want = 0.0;
        for (size_t p = 0; p < bound.rows; p++)
            want += bound.data[p] * bound.data[p] / (double)bound.rows;
        mse[k] = pow(of("a.h5", "/rmse", "poisson"), 2);
        assert_close(mse[k], want, 5.0 * sqrt(2.0 / 5000), 0);
        assert_true(pow(of("a.h5", "/rmse", "overlap"), 2) > 1.5 * want);
        assert_close(of("a.h5", "/median", "poisson"), 0.6745 * sqrt(want), 0.1, 0);
        bn_mat_free(&bound);
    }
    assert_close(mse[0] / mse[1], 4.0, 10.0 * sqrt(2.0 / 5000), 0);
}

/* Two dimensions: squared errors over the squared bound at the nearest grid point have the
 * mean 1; their variance is at most 2, that of one direction alone.                  */
static void a_torus_reaches_the_bound(void **state)
{
    (void)state;
    enum { SIDE = 90, SAMPLES = 1500 };
    double sum = 0.0, *truth;
    size_t n;
    bn_h5 *f;
    box_runs("tuning", "--out torus.h5 --set neurons=150 --set manifold=torus --set length=0.9 "
             "--set points=90 --set kernel=heat");
    box_runs("decoding", "--in tuning=torus.h5 --out a.h5 --set window=0.5 --set orders=0 "
             "--set samples=1500 --set methods=poisson");
    struct bn_mat error = box_mat("a.h5", "/error"), bound = box_mat("a.h5", "/bound");
    assert_ok(bn_h5_open(&f, "a.h5"));
    assert_ok(bn_h5_read(f, "/true", &truth, &n));
    assert_ok(bn_h5_close(f));
    assert_int_equal(n, 2 * SAMPLES);
    for (size_t t = 0; t < SAMPLES; t++) {
        size_t at[2];
        for (size_t d = 0; d < 2; d++)
            at[d] = (size_t)floor(truth[2 * t + d] / BN_TWO_PI * SIDE + 0.5) % SIDE;
        sum += pow(error.data[t] / bound.data[at[0] * SIDE + at[1]], 2) / SAMPLES;
    }
    assert_close(sum, 1.0, 0, 5.0 * sqrt(2.0 / SAMPLES));
    free(truth);
    bn_mat_free(&error), bn_mat_free(&bound);
}

/* One cell at 0.5 m of 2 m, silent beyond 0.9 m: where nothing bounds the error, /bound is the
 * root-mean-square distance to everywhere, L^2/12 + (x - L/2)^2; on the
 * cell's flank it is much smaller. */
static void places_that_no_cell_knows(void **state)
{
    (void)state;
    const struct bn_manifold m = { BN_INTERVAL, 1, { 50, 1, 1 }, { 2.0, 0, 0 }, 0 };
    const struct bn_shape shape = bn_shape2(1, 50);
    double rate[50];
    bn_h5 *f;
    for (size_t p = 0; p < 50; p++) {
        const double d = 0.04 * ((double)p + 0.5) - 0.5;
        rate[p] = fabs(d) < 0.4 ? exp(-0.5 * d * d / 0.01) : 0.0;
    }
    assert_ok(bn_h5_create(&f, "one.h5"));
    write_point(f, &m);
    assert_ok(bn_h5_write(f, "/rate", BN_H5_F64, &shape, rate, false));
    assert_ok(bn_h5_close(f));
    box_runs("decoding", "--in tuning=one.h5 --out a.h5 --set samples=50 --set orders=0");
    struct bn_mat bound = box_mat("a.h5", "/bound");
    for (size_t p = 23; p < 50; p++) {
        const double x = 0.04 * ((double)p + 0.5);
        assert_close(bound.data[p], sqrt(4.0 / 12 + (x - 1.0) * (x - 1.0)), 1e-12, 0);
    }
    assert_true(bound.data[7] < 0.2);            /* on the flank */
    const double none = box_number("a.h5", "/bound_none");
    assert_true(none >= 27.0 / 50 && none < 0.75);
    bn_mat_free(&bound);
}

/* Counts that know nothing of the position.  Maps of the same windows find it better than
 * chance (pi/2 +- 0.907/sqrt T on a ring), which is the leak; maps of other windows must not.
 * Information likewise, but for its own bias.                                     */
static void cross_validation_does_not_leak(void **state)
{
    (void)state;
    enum { USED = 600 };                         /* three windows at each of 200 places */
    struct behaviour b = noise(1);
    const double chance = 0.25 * BN_TWO_PI, five = 5.0 * 0.907 / sqrt(USED);
    for (size_t t = USED; t < T; t++)
        b.valid[t] = 0.0;
    write_behaviour("noise.h5", &b, true);
    box_runs("decoding", "--in recording=noise.h5 --out in.h5 --set folds=1 --set window=0.1 "
             "--set orders=0 --set smoothing=0 --set visited=0.05");
    box_runs("decoding", "--in recording=noise.h5 --out out.h5 --set folds=5 --set window=0.1 "
             "--set orders=0 --set smoothing=0 --set visited=0.05");
    static const char *const methods[] = { "poisson", "cosine", "correlation", "overlap",
                                           "vector" };
    for (size_t k = 0; k < BN_LEN(methods); k++)
        assert_close(of("out.h5", "/mean", methods[k]), chance, 0, five);
    assert_true(of("in.h5", "/mean", "poisson") < chance - five);
    assert_true(of("in.h5", "/mean", "cosine") < chance - five);
    const double most = 5.0 * sqrt(2.0 * 576) / (2.0 * USED * log(2.0));   /* of chi^2/2T */
    assert_close(of("out.h5", "/bits", "poisson"), 0.0, 0, most);
    assert_true(of("in.h5", "/bits", "poisson") > most);
}

/* Two bins to a window: counts are summed, positions taken half-way round the ring, windows
 * do not bridge lost bins.                                                        */
static void windows(void **state)
{
    (void)state;
    struct behaviour b = noise(1);
    for (size_t t = 0; t < T; t++)
        b.position[t] = fmod(0.05 * (double)t, BN_TWO_PI);
    b.valid[11] = 0.0;
    b.position[11] = NAN;
    write_behaviour("turning.h5", &b, true);
    box_runs("decoding", "--in recording=turning.h5 --out a.h5 --set window=0.2 "
             "--set orders=0 --set methods=poisson");
    struct bn_mat truth = box_mat("a.h5", "/true");
    assert_int_equal(truth.rows, T / 2 - 1);     /* 10 and 11 are lost, and one at the end */
    for (size_t k = 0; k < truth.rows; k++) {
        const double first = k < 5 ? 2.0 * (double)k : 12.0 + 2.0 * (double)(k - 5);
        assert_close(bn_ring_difference(truth.data[k], 0.05 * (first + 0.5)), 0, 0, 1e-9);
    }
    bn_mat_free(&truth);
}

/* A square: positions from a slow walk, sparse spikes: the filter uses the past, and both
 * methods find most of it; more cells, smaller errors.                            */
static void a_box(void **state)
{
    (void)state;
    box_runs("decoding", "--in tuning=b.h5 --out a.h5 --set behaviour=walk --set samples=2000 "
             "--set window=0.1 --set step=0.02 --set sizes=4 --set target=0.2");
    const double poisson = of("a.h5", "/rmse", "poisson"), walk = of("a.h5", "/rmse", "walk");
    assert_true(walk < 0.7 * poisson);
    assert_true(poisson < 0.75);                 /* knowing nothing: sqrt(4/3) */
    assert_true(box_number("a.h5", "/posterior_bits_walk")
                > box_number("a.h5", "/posterior_bits"));
    struct bn_mat mean = box_mat("a.h5", "/cells_mean"), cells = box_mat("a.h5", "/cells");
    for (size_t k = 1; k < mean.rows; k++)
        assert_true(mean.data[k] < mean.data[k - 1]);
    assert_close(mean.data[3], of("a.h5", "/mean", "poisson"), 1e-9, 0);
    const double needed = box_number("a.h5", "/cells_needed");
    assert_true(needed > cells.data[0] && needed < cells.data[3]);
    bn_mat_free(&mean), bn_mat_free(&cells);
}

/* Counts of a square's recording that do follow the position are decoded with held-out maps
 * about as well as Poisson spikes of known maps.                                    */
static void a_recorded_box(void **state)
{
    (void)state;
    struct behaviour b = noise(2);
    for (size_t t = 0; t < T; t++)
        for (size_t i = 0; i < N; i++) {
            const double *x = b.position + 2 * t;
            const double dx = x[0] - 0.5 * (double)(i / 3) - 0.25;
            const double dy = x[1] - 0.66 * (double)(i % 3);
            b.counts[t * N + i] = floor(6.0 * exp(-2.0 * (dx * dx + dy * dy)));
        }
    write_behaviour("square.h5", &b, false);
    box_runs("decoding", "--in recording=square.h5 --out a.h5 --set window=0.1 "
             "--set visited=0.05");
    assert_true(of("a.h5", "/median", "poisson") < 0.2);
    assert_true(of("a.h5", "/bits", "poisson") > 2.0);
    box_is_sound("a.h5");
}

static void refusals(void **state)
{
    (void)state;
    struct behaviour b = noise(2);
    bn_h5 *f;
    write_behaviour("square.h5", &b, false);
    b.position[40] = NAN;
    write_behaviour("nan.h5", &b, false);
    b = noise(1);
    assert_ok(bn_h5_create(&f, "flat.h5"));      /* a square's grid, positions on a line */
    const struct bn_manifold m = { BN_BOX, 2, { 20, 20, 1 }, { 2.0, 2.0, 0 }, 0 };
    const struct bn_shape t = bn_shape1(T), n = bn_shape2(T, N);
    write_point(f, &m);
    assert_ok(bn_h5_write(f, "/time", BN_H5_F64, &t, b.counts, false));
    assert_ok(bn_h5_write(f, "/valid", BN_H5_F64, &t, b.valid, false));
    assert_ok(bn_h5_write(f, "/position", BN_H5_F64, &t, b.position, false));
    assert_ok(bn_h5_write(f, "/counts", BN_H5_F64, &n, b.counts, false));
    assert_ok(bn_h5_close(f));
    assert_ok(bn_h5_create(&f, "misfit.h5"));
    const struct bn_shape few = bn_shape2(2, 399);
    write_point(f, &m);
    assert_ok(bn_h5_write(f, "/rate", BN_H5_F64, &few, b.counts, false));
    assert_ok(bn_h5_close(f));
    assert_ok(bn_h5_create(&f, "silent.h5"));
    const double zero[80] = { 0 };
    const struct bn_shape two = bn_shape2(2, 40);
    write_theta(f, 40);
    assert_ok(bn_h5_write(f, "/rate", BN_H5_F64, &two, zero, false));
    assert_ok(bn_h5_close(f));
    static const struct box_refusal all[] = {
        { "--set samples=100", "give one population", 2 },
        { "--in recording=t.h5", "no behaviour", 3 },
        { "--in tuning=misfit.h5", "399 points", 3 },
        { "--in tuning=silent.h5", "nothing to decode", 3 },
        { "--in recording=nan.h5 --set window=0.1", "is nan although", 3 },
        { "--in recording=flat.h5 --set window=0.1", "have 1 coordinates, the grid", 3 },
        { "--in recording=square.h5 --set window=0.26", "of 0.1 s: set it to 0.3 s", 2 },
        { "--in recording=square.h5 --set window=0.01", "set it to 0.1 s", 2 },
        { "--in recording=square.h5 --set window=0.1 --set speed_min=1e6", "too few", 3 },
        { "--in recording=square.h5 --set window=0.1 --set visited=1e5", "candidate", 3 },
        { "--in tuning=t.h5 --set 'methods=poison'", "no poison", 2 },
        { "--in tuning=b.h5 --set methods=vector", "box", 2 },
        { "--in tuning=t.h5 --set window=3600", "spikes in a window", 2 },
    };
    for (size_t k = 0; k < BN_LEN(all); k++)
        box_refuses("decoding", &all[k]);
}

static int enter(void **state)
{
    (void)state;
    box_runs("tuning", "--out t.h5 --set neurons=400 --set angles=300");
    write_box_tuning("b.h5", 6);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explains_itself),
        cmocka_unit_test(same_bytes_twice),
        cmocka_unit_test(shapes),
        cmocka_unit_test(many_cells_reach_the_bound),
        cmocka_unit_test(a_torus_reaches_the_bound),
        cmocka_unit_test(places_that_no_cell_knows),
        cmocka_unit_test(cross_validation_does_not_leak),
        cmocka_unit_test(windows),
        cmocka_unit_test(a_box),
        cmocka_unit_test(a_recorded_box),
        cmocka_unit_test(refusals),
    };
    (void)argc;
    box_enter(argv[0]);
    return cmocka_run_group_tests_name("decoding", tests, enter, box_leave);
}
