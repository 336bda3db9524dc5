/* SPDX-License-Identifier: MIT
 * The stage `population` as a black box. */
#include "black_box.h"

#include <basin/manifold.h>

/* n von Mises curves of concentration k, evenly spread, `copies` times; `sessions` of
 * equal size, the last of which has all its cells at one angle.              */
static void write_curves(const char *name, size_t n, size_t copies, size_t sessions, double k)
{
    enum { M = 50 };
    struct bn_mat rate;
    double theta[M], *cell, *session;
    const struct bn_shape one = bn_shape1(M), two = bn_shape2(copies * n, M);
    const struct bn_shape rows = bn_shape1(copies * n);
    bn_h5 *f;
    assert_ok(bn_mat_alloc(&rate, copies * n, M));
    cell = calloc(copies * n, sizeof *cell);
    session = calloc(copies * n, sizeof *session);
    assert_true(cell != NULL && session != NULL);
    for (size_t i = 0; i < copies * n; i++) {
        const size_t per = n / sessions, s = i % n / per;
        const double at = s == sessions - 1 && sessions > 1 ? 1.0
            : BN_TWO_PI * (double)(i % per) / (double)per;
        cell[i] = (double)(i % n);
        session[i] = (double)s;
        for (size_t m = 0; m < M; m++) {
            theta[m] = BN_TWO_PI * (double)m / M;
            *bn_mat_at(&rate, i, m) = 7.0 * exp(k * (cos(theta[m] - at) - 1.0));
        }
    }
    assert_ok(bn_h5_create(&f, name));
    assert_ok(bn_h5_write(f, "/theta", BN_H5_F64, &one, theta, false));
    assert_ok(bn_h5_write(f, "/rate", BN_H5_F64, &two, rate.data, false));
    assert_ok(bn_h5_write(f, "/cell", BN_H5_F64, &rows, cell, false));
    assert_ok(bn_h5_write(f, "/session", BN_H5_F64, &rows, session, false));
    assert_ok(bn_h5_close(f));
    free(cell), free(session);
    bn_mat_free(&rate);
}

static void explains_itself(void **state)
{
    (void)state;
    box_explains("population");
}

static void same_bytes_twice(void **state)
{
    (void)state;
    box_runs("tuning", "--out t.h5 --set neurons=80 --set angles=50");
    box_repeats("population", "--in tuning=t.h5");
}

/* Evenly spread von Mises curves: I1/I0 is the mean vector length, (k I1/I0 - log I0)/
 * log 2 the information, e^k/I0 the height; symmetric, one peak, V = 1/n, circular.  */
static void von_mises(void **state)
{
    (void)state;
    const double k = 2.0, i0 = 2.2795853023360673, i1 = 1.5906368546373291;
    write_curves("r.h5", 24, 1, 1, k);
    box_runs("population", "--in recording=r.h5 --out p.h5");
    box_is_sound("p.h5");
    struct bn_mat mean = box_mat("p.h5", "/mean"), sd = box_mat("p.h5", "/sd");
    struct bn_mat c = box_mat("p.h5", "/circularity"), a = box_mat("p.h5", "/aligned_mean");
    /* the order of /description */
    const double want[] = { i1 / i0, 1.0, (k * i1 / i0 - log(i0)) / log(2.0), 1, 1, 1,
                            exp(k) / i0, 0, 0 };
    assert_int_equal(mean.rows * mean.cols, BN_LEN(want));
    for (size_t i = 0; i < BN_LEN(want); i++) {
        /* a peak between two angles of 50 is lower than the maximum by (pi/50)^2 k/2 */
        assert_close(mean.data[i], want[i], i == 6 ? 0.004 : 1e-9, 1e-9);
        assert_true(sd.data[i] < (i == 6 ? 0.02 : 1e-9));
    }
    assert_close(box_number("p.h5", "/kuiper"), 1.0 / 24, 1e-6, 0);
    assert_close(box_number("p.h5", "/kuiper_p"), 1, 1e-12, 0);
    assert_close(c.data[c.rows * c.cols - 1], 1, 1e-9, 0);
    for (size_t m = 0; m < 50; m++)
        assert_close(a.data[m], exp(k * cos(BN_TWO_PI * (double)m / 50 - BN_TWO_PI / 2)) / i0,
                     1e-9, 0);
    bn_mat_free(&mean), bn_mat_free(&sd), bn_mat_free(&c), bn_mat_free(&a);
}

/* Turned copies are no cells: Kuiper's p of 16 cells, not of 160.  One session of four
 * is not uniform, and that is found among four.                              */
static void sessions_and_copies(void **state)
{
    (void)state;
    write_curves("r1.h5", 16, 1, 4, 3.0);
    write_curves("r10.h5", 16, 10, 4, 3.0);
    box_runs("population", "--in recording=r1.h5 --out p1.h5");
    box_runs("population", "--in recording=r10.h5 --out p10.h5");
    static const char *const names[] = { "/mean", "/error", "/session_q", "/circularity" };
    assert_close(box_number("p10.h5", "/kuiper_p"), box_number("p1.h5", "/kuiper_p"), 0, 0);
    for (size_t i = 0; i < BN_LEN(names); i++) {
        struct bn_mat a = box_mat("p1.h5", names[i]), b = box_mat("p10.h5", names[i]);
        assert_int_equal(a.rows * a.cols, b.rows * b.cols);
        assert_memory_equal(a.data, b.data, a.rows * a.cols * sizeof(double));
        bn_mat_free(&a), bn_mat_free(&b);
    }
    struct bn_mat p = box_mat("p10.h5", "/session_p"), q = box_mat("p10.h5", "/session_q");
    struct bn_mat n = box_mat("p10.h5", "/session_cells");
    for (size_t s = 0; s < 4; s++)
        assert_close(n.data[s], 4, 0, 0);
    assert_true(p.data[0] > 0.5 && p.data[3] < 0.05);
    assert_close(q.data[3], 4.0 * p.data[3], 1e-12, 0);
    bn_mat_free(&p), bn_mat_free(&q), bn_mat_free(&n);
}

/* The same population: no difference.  Two draws of one process: z of order 1, none above
 * five; another sigma is found.                                              */
static void comparisons(void **state)
{
    (void)state;
    box_runs("tuning", "--out a.h5 --set neurons=400 --set angles=60");
    box_runs("tuning", "--out b.h5 --set neurons=500 --set angles=60 --set replicate=1");
    box_runs("tuning", "--out c.h5 --set neurons=400 --set angles=60 --set sigma=2.2 "
             "--set replicate=2");
    box_runs("population", "--in tuning=a.h5 --out pa.h5");
    static const struct { const char *file; double low, high; } rows[] = {
        { "a.h5", 0, 0 }, { "b.h5", 0.1, 5 }, { "c.h5", 5, 1e3 },
    };
    for (size_t r = 0; r < BN_LEN(rows); r++) {
        char line[256];
        double worst = 0.0;
        snprintf(line, sizeof line, "--in tuning=%s --in population=pa.h5 --out p.h5",
                 rows[r].file);
        box_runs("population", line);
        struct bn_mat z = box_mat("p.h5", "/difference_z"), d = box_mat("p.h5", "/difference");
        struct bn_mat here = box_mat("p.h5", "/mean"), there = box_mat("pa.h5", "/mean");
        for (size_t k = 0; k < z.rows * z.cols; k++) {
            worst = fmax(worst, fabs(z.data[k]));
            assert_close(d.data[k], here.data[k] - there.data[k], 0, 1e-15);
        }
        assert_true(worst >= rows[r].low && worst <= rows[r].high);
        bn_mat_free(&z), bn_mat_free(&d), bn_mat_free(&here), bn_mat_free(&there);
    }
}

static void refusals(void **state)
{
    (void)state;
    static const struct box_refusal rows[] = {
        { "", "neither", 2 },
        { "--in tuning=a.h5 --in recording=r1.h5", "both", 2 },
        { "--in recording=one.h5", "1 cells on 50 angles", 3 },
        { "--in recording=short.h5", "/session has 3 elements for 16 cells", 3 },
        { "--in recording=places.h5", "stage `fields`", 3 },
        { "--in recording=r1.h5 --in population=pa.h5 --set 'levels={2}'", "other levels", 3 },
        { "--in recording=r1.h5 --set 'levels={1, 2, 3, 4, 5, 6, 7, 8, 9}'", "9 levels", 2 },
        { "--in recording=r1.h5 --set subsets=0", "subsets", 2 },
    };
    const double session[3] = { 0 };
    const struct bn_shape three = bn_shape1(3);
    struct bn_mat rate;
    bn_h5 *f;
    write_curves("one.h5", 1, 3, 1, 2.0);
    write_curves("r1.h5", 16, 1, 4, 3.0);
    rate = box_mat("r1.h5", "/rate");
    const struct bn_shape two = bn_shape2(rate.rows, rate.cols);
    assert_ok(bn_h5_create(&f, "short.h5"));
    assert_ok(bn_h5_write(f, "/rate", BN_H5_F64, &two, rate.data, false));
    assert_ok(bn_h5_write(f, "/session", BN_H5_F64, &three, session, false));
    assert_ok(bn_h5_close(f));
    assert_ok(bn_h5_create(&f, "places.h5"));
    assert_ok(bn_h5_write(f, "/rate", BN_H5_F64, &two, rate.data, false));
    assert_ok(bn_h5_write(f, "/point", BN_H5_F64, &three, session, false));
    assert_ok(bn_h5_close(f));
    bn_mat_free(&rate);
    box_runs("tuning", "--out a.h5 --set neurons=20 --set angles=60");
    box_runs("population", "--in tuning=a.h5 --out pa.h5");
    for (size_t k = 0; k < BN_LEN(rows); k++)
        box_refuses("population", &rows[k]);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explains_itself),
        cmocka_unit_test(same_bytes_twice),
        cmocka_unit_test(von_mises),
        cmocka_unit_test(sessions_and_copies),
        cmocka_unit_test(comparisons),
        cmocka_unit_test(refusals),
    };
    (void)argc;
    box_enter(argv[0]);
    return cmocka_run_group_tests_name("population", tests, NULL, box_leave);
}
