/* SPDX-License-Identifier: MIT
 * The stage `weights` as a black box: the contract of its files, its kinds and forms,
 * and what it refuses.                                                      */
#include "black_box.h"

#include <basin/manifold.h>
#include <basin/operator.h>

enum { N = 90 };

/* The definition on the grid: K = Phi Phi^T/N + M lambda I, solved by LU. */
static struct bn_mat definition(const struct bn_mat *rate, const struct bn_mat *target,
                                double lambda)
{
    const size_t n = rate->rows, m = rate->cols;
    struct bn_mat k, solved, j, a;
    int *pivot = calloc(m, sizeof *pivot);
    assert_non_null(pivot);
    assert_ok(bn_mat_alloc(&k, m, m));
    assert_ok(bn_mat_alloc(&solved, n, m));
    assert_ok(bn_mat_alloc(&j, n, n));
    assert_ok(bn_mat_alloc(&a, n, n));
    assert_ok(bn_gram(1.0 / (double)n, rate, BN_TRANSPOSED, &k));
    for (size_t i = 0; i < m; i++)
        *bn_mat_at(&k, i, i) += (double)m * lambda;
    assert_ok(bn_lu(&k, pivot));
    for (size_t i = 0; i < n; i++) {
        memcpy(bn_mat_row(&solved, i), bn_mat_row(rate, i), m * sizeof(double));
        assert_ok(bn_lu_solve(&k, pivot, BN_PLAIN, bn_mat_row(&solved, i)));
    }
    assert_ok(bn_gemm(1.0 / (double)n, target, BN_PLAIN, &solved, BN_TRANSPOSED, 0.0, &j));
    assert_ok(bn_gemm(-1.0 / (double)n, rate, BN_PLAIN, &solved, BN_TRANSPOSED, 0.0, &a));
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

static double apart(const struct bn_mat *a, const struct bn_mat *b)
{
    double d = 0.0, s = 0.0;
    assert_int_equal(a->rows, b->rows);
    assert_int_equal(a->cols, b->cols);
    for (size_t k = 0; k < a->rows * a->cols; k++) {
        d += (a->data[k] - b->data[k]) * (a->data[k] - b->data[k]);
        s += b->data[k] * b->data[k];
    }
    return sqrt(d / s);
}

/* left right - diag(d) of a file, as a matrix. */
static struct bn_mat formed(const char *file, const char *left, const char *diagonal)
{
    struct bn_mat l = box_mat(file, left), r = box_mat(file, "/right");
    struct bn_mat d = box_mat(file, diagonal), j;
    assert_ok(bn_mat_alloc(&j, l.rows, r.cols));
    assert_ok(bn_gemm(1.0, &l, BN_PLAIN, &r, BN_PLAIN, 0.0, &j));
    for (size_t i = 0; i < j.rows; i++)
        *bn_mat_at(&j, i, i) -= d.data[i];
    bn_mat_free(&l), bn_mat_free(&r), bn_mat_free(&d);
    return j;
}

static void explains_itself(void **state)
{
    (void)state;
    box_explains("weights");
}

static void same_bytes_twice(void **state)
{
    (void)state;
    box_repeats("weights", "--in tuning=t.h5");
    box_repeats("weights", "--in tuning=t.h5 --in weights=w.h5 --set kind=scrambled");
}

/* /J is the definition for even and odd grids, coarse ones too: on an even grid the
 * Nyquist term of the rates takes part, and a fit without it is off by 6 % at 40. */
static void dense_is_the_definition(void **state)
{
    (void)state;
    const int angles[] = { 40, 41, 64, 100 };
    const double lambdas[] = { 1e-2, 1e-5, 1e-8 };
    for (size_t a = 0; a < BN_LEN(angles); a++) {
        char line[256];
        snprintf(line, sizeof line, "--out g.h5 --set neurons=%d --set angles=%d", N,
                 angles[a]);
        box_runs("tuning", line);
        struct bn_mat x = box_mat("g.h5", "/current"), rate = box_mat("g.h5", "/rate");
        for (size_t l = 0; l < BN_LEN(lambdas); l++) {
            snprintf(line, sizeof line, "--in tuning=g.h5 --out j.h5 --set form=dense "
                     "--set lambda=%g", lambdas[l]);
            box_runs("weights", line);
            struct bn_mat j = box_mat("j.h5", "/J");
            struct bn_mat want = definition(&rate, &x, lambdas[l]);
            struct bn_mat old = definition(&rate, &x, lambdas[l] / N);     /* no 1/N */
            const double bound = fmax(1e-8, 1e-15 / lambdas[l]);
            assert_close(apart(&j, &want), 0, 0, bound);
            assert_true(apart(&j, &old) > 10.0 * bound || angles[a] < 60);
            for (size_t i = 0; i < N; i++)
                assert_true(*bn_mat_at(&j, i, i) == 0.0);
            assert_close(box_number("j.h5", "/lambda"), lambdas[l], 1e-15, 0);
            bn_mat_free(&j), bn_mat_free(&want), bn_mat_free(&old);
        }
        bn_mat_free(&x), bn_mat_free(&rate);
    }
}

static void velocity_weights_are_fitted_to_the_derivative(void **state)
{
    (void)state;
    struct bn_mat x = box_mat("t.h5", "/current"), rate = box_mat("t.h5", "/rate"), v;
    struct bn_mat j = box_mat("w.h5", "/J_velocity");
    const size_t m = x.cols;
    assert_ok(bn_mat_alloc(&v, x.rows, m));
    /* derivative on the grid by the trigonometric differentiation matrix (odd M) */
    for (size_t i = 0; i < x.rows; i++)
        for (size_t a = 0; a < m; a++)
            for (size_t b = 0; b < m; b++)
                if (a != b)
                    *bn_mat_at(&v, i, a) += *bn_mat_at(&x, i, b) * ((a + b) % 2 ? -0.5 : 0.5)
                        / sin(0.5 * BN_TWO_PI * ((double)a - (double)b) / (double)m);
    struct bn_mat want = definition(&rate, &v, 1e-8);
    assert_close(apart(&j, &want), 0, 0, 1e-7);
    bn_mat_free(&x), bn_mat_free(&rate), bn_mat_free(&v), bn_mat_free(&j);
    bn_mat_free(&want);
    box_runs("weights", "--in tuning=t.h5 --out j.h5 --set velocity=no");
    assert_false(box_has("j.h5", "/J_velocity"));
    assert_false(box_has("j.h5", "/residual_velocity"));
}

static void factored_is_dense(void **state)
{
    (void)state;
    box_runs("weights", "--in tuning=t.h5 --out f.h5 --set form=factored");
    assert_false(box_has("f.h5", "/J"));
    assert_false(box_has("w.h5", "/left"));
    struct bn_mat j = box_mat("w.h5", "/J"), v = box_mat("w.h5", "/J_velocity");
    struct bn_mat fj = formed("f.h5", "/left", "/diagonal");
    struct bn_mat fv = formed("f.h5", "/left_velocity", "/diagonal_velocity");
    assert_close(apart(&fj, &j), 0, 0, 1e-7);
    assert_close(apart(&fv, &v), 0, 0, 1e-7);
    assert_close(box_number("f.h5", "/residual"), box_number("w.h5", "/residual"), 1e-6, 0);
    bn_mat_free(&j), bn_mat_free(&v), bn_mat_free(&fj), bn_mat_free(&fv);
    box_is_sound("f.h5");
    box_runs("weights", "--in tuning=t.h5 --out r.h5 --set form=factored "
             "--set lambda=0.01 --set rank_tolerance=0.01");
    assert_true(box_number("r.h5", "/rank") < box_number("f.h5", "/rank"));
}

/* |J phi - x|/|x| by hand. */
static void residual_is_the_definition(void **state)
{
    (void)state;
    static const char *const files[] = { "w.h5", "hebb.h5", "mean.h5", "mixed.h5" };
    box_runs("weights", "--in tuning=t.h5 --out hebb.h5 --set kind=hebb");
    box_runs("weights", "--in tuning=t.h5 --in weights=w.h5 --out mean.h5 --set kind=circulant");
    box_runs("weights", "--in tuning=t.h5 --in weights=w.h5 --out mixed.h5 --set kind=scrambled");
    struct bn_mat x = box_mat("t.h5", "/current"), rate = box_mat("t.h5", "/rate"), e;
    for (size_t k = 0; k < BN_LEN(files); k++) {
        struct bn_mat j = box_mat(files[k], "/J");
        assert_ok(bn_mat_alloc(&e, x.rows, x.cols));
        memcpy(e.data, x.data, x.rows * x.cols * sizeof(double));
        assert_ok(bn_gemm(1.0, &j, BN_PLAIN, &rate, BN_PLAIN, -1.0, &e));
        assert_close(box_number(files[k], "/residual"), bn_mat_norm(&e) / bn_mat_norm(&x),
                     1e-7, 0);
        for (size_t i = 0; i < j.rows; i++)
            assert_true(*bn_mat_at(&j, i, i) == 0.0);
        bn_mat_free(&j), bn_mat_free(&e);
        box_is_sound(files[k]);
    }
    assert_true(box_number("w.h5", "/residual") < 1e-3);
    assert_true(box_number("mixed.h5", "/residual") > 0.1);
    bn_mat_free(&x), bn_mat_free(&rate);
}

/* j - j^T */
static void take_odd(struct bn_mat *j)
{
    for (size_t a = 0; a < j->rows; a++)
        for (size_t b = 0; b <= a; b++) {
            const double x = *bn_mat_at(j, a, b) - *bn_mat_at(j, b, a);
            *bn_mat_at(j, a, b) = x;
            *bn_mat_at(j, b, a) = -x;
        }
}

/* Circulant: constant along diagonals in the order of preferred angles; from factored
 * weights or dense ones; gain; symmetric or not, in both forms.             */
static void circulant_average(void **state)
{
    (void)state;
    box_runs("weights", "--in tuning=t.h5 --out f.h5 --set form=factored");
    for (int symmetric = 0; symmetric < 2; symmetric++) {
        char line[512];
        const char *flag = symmetric ? "yes" : "no";
        snprintf(line, sizeof line, "--in tuning=t.h5 --in weights=f.h5 --out c.h5 "
                 "--set kind=circulant --set gain=2 --set symmetric=%s", flag);
        box_runs("weights", line);
        snprintf(line, sizeof line, "--in tuning=t.h5 --in weights=w.h5 --out d.h5 "
                 "--set kind=circulant --set symmetric=%s --set form=factored", flag);
        box_runs("weights", line);
        struct bn_mat c = box_mat("c.h5", "/J"), d = formed("d.h5", "/left", "/diagonal");
        struct bn_mat order = box_mat("t.h5", "/order");
        double profile[N], odd = 0.0, top = 0.0;
        for (size_t a = 0; a < N; a++)
            for (size_t b = 0; b < N; b++) {
                const size_t i = (size_t)order.data[a], k = (size_t)order.data[b];
                const size_t lag = (a + N - b) % N;
                if (b == 0)
                    profile[lag] = *bn_mat_at(&c, i, k);
            }
        for (size_t a = 0; a < N; a++)
            for (size_t b = 0; b < N; b++)
                assert_close(*bn_mat_at(&c, (size_t)order.data[a], (size_t)order.data[b]),
                             profile[(a + N - b) % N], 0, 1e-14);
        for (size_t lag = 1; lag < N; lag++) {
            odd = fmax(odd, fabs(profile[lag] - profile[N - lag]));
            top = fmax(top, fabs(profile[lag]));
        }
        assert_true(symmetric ? odd < 1e-14 : odd > 1e-3 * top);
        /* gain 2 against gain 1; factors lack the highest harmonics, a third of them */
        for (size_t k = 0; k < N * N; k++)
            c.data[k] *= 0.5;
        assert_close(apart(&d, &c), 0, 0, 0.3);
        take_odd(&c), take_odd(&d);
        assert_true(symmetric || apart(&d, &c) < 0.7);       /* 1 if it were left out */
        bn_mat_free(&c), bn_mat_free(&d), bn_mat_free(&order);
    }
}

/* Fewer neurons than angles leave fewer harmonics. */
static void circulant_of_few_neurons(void **state)
{
    (void)state;
    box_runs("tuning", "--out g.h5 --set neurons=30 --set angles=60");
    box_runs("weights", "--in tuning=g.h5 --out j.h5");
    box_runs("weights", "--in tuning=g.h5 --in weights=j.h5 --out c.h5 --set kind=circulant "
             "--set form=factored");
    box_shape("c.h5", "/left", 2, 30, 29, 0);
}

static struct bn_mat singular(const char *file)
{
    struct bn_mat j = box_mat(file, "/J"), s;
    assert_ok(bn_mat_alloc(&s, 1, j.rows));
    assert_ok(bn_singular_values(&j, s.data));
    bn_mat_free(&j);
    return s;
}

/* Surrogates have the singular values or the norm of J, and do not hold the ring. */
static void surrogates_share_the_spectrum(void **state)
{
    (void)state;
    struct bn_mat want = singular("w.h5");
    static const char *const kinds[] = { "rotated", "mixed", "noisy" };
    for (size_t k = 0; k < BN_LEN(kinds); k++) {
        char line[128];
        snprintf(line, sizeof line, "--in tuning=t.h5 --in weights=w.h5 --out s.h5 "
                 "--set kind=%s", kinds[k]);
        box_runs("weights", line);
        box_is_sound("s.h5");
        assert_true(box_number("s.h5", "/residual") > 0.3);
        struct bn_mat got = singular("s.h5");
        if (k < 2)
            assert_close(apart(&got, &want), 0, 0, 1e-12);
        else                             /* 90 neurons: 5 sqrt 2/N of the noise, and a cross term */
            assert_close(bn_mat_norm(&got) / bn_mat_norm(&want), 1.0, 0.1, 0);
        bn_mat_free(&got);
    }
    bn_mat_free(&want);
}

/* J phi* - x* = U (B phi* - f) is all that a taught reservoir misses, and the stages that
 * know nothing of reservoirs run on it.                                      */
static void reservoir_holds_its_ring(void **state)
{
    (void)state;
    box_runs("tuning", "--out res.h5 --set process=reservoir --set neurons=200 "
             "--set angles=40 --set gain=0.8 --set amplitude=1");
    box_is_sound("res.h5");
    assert_true(box_number("res.h5", "/settled") > 0.999);
    assert_true(box_number("res.h5", "/radius") < 0.8);
    box_runs("weights", "--in tuning=res.h5 --out taught.h5 --set kind=reservoir");
    box_is_sound("taught.h5");
    assert_true(box_number("taught.h5", "/residual") < 1e-3);
    assert_true(box_number("taught.h5", "/readout_residual") < 1e-3);
    box_runs("diagnosis", "--in tuning=res.h5 --in weights=taught.h5 --out d.h5 "
             "--set drift_angles=16");
    assert_true(box_number("d.h5", "/gap") < 0.0);
    assert_true(box_number("d.h5", "/residual") < 1e-3);
    box_runs("activity", "--in tuning=res.h5 --in weights=taught.h5 --out a.h5 "
             "--set starts=6 --set duration=2");
    struct bn_mat start = box_mat("a.h5", "/start_angle"), angle = box_mat("a.h5", "/angle");
    for (size_t k = 0; k < 6; k++)       /* 0.5 per neuron moves the angle by 0.5/sqrt(N |x'|^2) */
        assert_close(sin(0.5 * (*bn_mat_at(&angle, k, angle.cols - 1) - start.data[k])), 0, 0,
                     0.25);
    bn_mat_free(&start), bn_mat_free(&angle);
}

/* An artifact of stage learning as it would be if the rule had found 2 J at snapshot 5 and
 * 3 J at snapshot 9: dense, or in factors.                                    */
static void write_learned(const char *file, bool factors)
{
    bn_h5 *f;
    static const char *const names[2][2] = { { "/J", "/J_velocity" },
                                             { "/left", "/left_velocity" } };
    static const char *const diagonals[] = { "/diagonal", "/diagonal_velocity" };
    const double kept[] = { 5, 9 };
    const struct bn_shape two = bn_shape1(2);
    const char *from = factors ? "f.h5" : "w.h5";
    assert_ok(bn_h5_create(&f, file));
    assert_ok(bn_h5_write(f, "/kept", BN_H5_F64, &two, kept, false));
    for (size_t v = 0; v < 2; v++) {
        struct bn_mat j = box_mat(from, names[factors][v]), d = { 0 };
        struct bn_mat twice;
        const struct bn_shape s = bn_shape3(2, j.rows, j.cols), sd = bn_shape2(2, N);
        assert_ok(bn_mat_alloc(&twice, 2 * j.rows, j.cols));
        for (size_t k = 0; k < 2 * j.rows * j.cols; k++)
            twice.data[k] = (k < j.rows * j.cols ? 2.0 : 3.0) * j.data[k % (j.rows * j.cols)];
        assert_ok(bn_h5_write(f, names[factors][v], BN_H5_F64, &s, twice.data, false));
        if (factors) {
            d = box_mat(from, diagonals[v]);
            for (size_t k = 0; k < 2 * N; k++)
                twice.data[k] = (k < N ? 2.0 : 3.0) * d.data[k % N];
            assert_ok(bn_h5_write(f, diagonals[v], BN_H5_F64, &sd, twice.data, false));
        }
        bn_mat_free(&j), bn_mat_free(&twice), bn_mat_free(&d);
    }
    if (factors) {
        struct bn_mat right = box_mat(from, "/right");
        const struct bn_shape s = bn_shape2(right.rows, N);
        assert_ok(bn_h5_write(f, "/right", BN_H5_F64, &s, right.data, false));
        bn_mat_free(&right);
    }
    assert_ok(bn_h5_close(f));
}

/* gain x normaliser x the snapshot, from both forms and into both; a reader that took the
 * first row, or scaled J' or left the diagonal unscaled, would fail.           */
static void learned_is_the_snapshot(void **state)
{
    (void)state;
    static const struct {
        const char *file, *set;
        double times;
    } rows[] = {
        { "dense.h5", "", 3.0 },
        { "dense.h5", "--set snapshot=5 --set gain=0.5", 1.0 },
        { "dense.h5", "--set snapshot=9 --set normalise=first", 1.0 },
        { "factors.h5", "--set snapshot=5 --set form=factored", 2.0 },
        { "factors.h5", "--set normalise=best --set gain=2", 2.0 },
    };
    box_runs("weights", "--in tuning=t.h5 --out f.h5 --set form=factored");
    write_learned("dense.h5", false);
    write_learned("factors.h5", true);
    struct bn_mat want = box_mat("w.h5", "/J"), slope = box_mat("w.h5", "/J_velocity");
    for (size_t k = 0; k < BN_LEN(rows); k++) {
        char line[512];
        snprintf(line, sizeof line, "--in tuning=t.h5 --in learning=%s --out l.h5 "
                 "--set kind=learned %s", rows[k].file, rows[k].set);
        box_runs("weights", line);
        box_is_sound("l.h5");
        const bool dense = strstr(rows[k].set, "factored") == NULL;
        struct bn_mat j = dense ? box_mat("l.h5", "/J") : formed("l.h5", "/left", "/diagonal");
        struct bn_mat v = dense ? box_mat("l.h5", "/J_velocity")
                                : formed("l.h5", "/left_velocity", "/diagonal_velocity");
        for (size_t i = 0; i < N * N; i++)
            j.data[i] /= rows[k].times;
        for (size_t i = 0; i < N; i++)   /* rounding of factors: 1e-16/lambda */
            assert_close(*bn_mat_at(&j, i, i), 0, 0, 1e-8);
        /* J holds x* to 1e-5, and so do the factors that bring it there */
        assert_close(apart(&j, &want), 0, 0, strstr(rows[k].set, "norm") != NULL ? 1e-4 : 1e-7);
        assert_close(box_number("l.h5", "/residual"), fabs(rows[k].times - 1.0), 0, 1e-3);
        const double snapshot = strstr(rows[k].set, "=5") != NULL ? 2.0 : 3.0;
        for (size_t i = 0; i < N * N; i++)
            v.data[i] /= snapshot;
        assert_close(apart(&v, &slope), 0, 0, 1e-7);
        bn_mat_free(&j), bn_mat_free(&v);
    }
    bn_mat_free(&want), bn_mat_free(&slope);
}

static void refusals(void **state)
{
    (void)state;
    static const struct box_refusal rows[] = {
        { "", "tuning", 2 },
        { "--in tuning=missing.h5", "missing.h5", 3 },
        { "--in tuning=short.h5", "short.h5", 3 },
        { "--in tuning=w.h5", "w.h5", 3 },
        { "--in tuning=t.h5 --set lambda=-1", "lambda", 2 },
        { "--in tuning=t.h5 --set lamda=1", "did you mean `lambda`", 2 },
        { "--in tuning=few.h5 --set lambda=0", "set lambda to at least", 5 },
        { "--in tuning=t.h5 --set kind=circulant", "--in weights=FILE", 2 },
        { "--in tuning=t.h5 --set kind=scrambled", "--in weights=FILE", 2 },
        { "--in tuning=t.h5 --set kind=noisy", "kind = noisy needs", 2 },
        { "--in tuning=t.h5 --set kind=reservoir", "no /reservoir", 3 },
        { "--in tuning=t.h5 --in weights=w.h5 --set kind=rotated --set form=factored",
          "no factored form", 2 },
        { "--in tuning=t.h5 --in weights=w.h5 --set kind=scrambled --set form=factored",
          "no factored form", 2 },
        { "--in tuning=few.h5 --in weights=w.h5 --set kind=circulant",
          "/J is 90 x 90, but the tuning has 20 neurons", 3 },
        { "--in tuning=t.h5 --in weights=t.h5 --set kind=circulant", "these are no weights",
          3 },
        { "--in tuning=nan.h5", "", 5 },
        { "--in tuning=t.h5 --set kind=learned", "--in learning=FILE", 2 },
        { "--in tuning=t.h5 --in learning=w.h5 --set kind=learned",
          "no artifact of the stage learning", 3 },
        { "--in tuning=t.h5 --in learning=dense.h5 --set kind=learned --set snapshot=3",
          "there is no snapshot 3: the last is 9", 2 },
        { "--in tuning=t.h5 --in learning=dense.h5 --set kind=learned --set form=factored",
          "dense weights", 2 },
        { "--in tuning=few.h5 --in learning=dense.h5 --set kind=learned",
          "/J is not of 20 neurons", 3 },
    };
    box_runs("tuning", "--out few.h5 --set neurons=20 --set angles=60");
    assert_int_equal(system("head -c 20000 t.h5 >short.h5"), 0);
    bn_h5 *from, *to;
    static const char *const copied[] = { "/theta", "/preferred", "/current", "/rate" };
    assert_ok(bn_h5_open(&from, "t.h5"));
    assert_ok(bn_h5_create(&to, "nan.h5"));
    for (size_t k = 0; k < BN_LEN(copied); k++) {
        struct bn_shape shape;
        double *x, beta;
        size_t n;
        assert_ok(bn_h5_shape(from, copied[k], &shape));
        assert_ok(bn_h5_read(from, copied[k], &x, &n));
        if (k == 2)
            x[17] = NAN;
        assert_ok(bn_h5_write(to, copied[k], BN_H5_F64, &shape, x, false));
        free(x);
        if (k < 3)
            continue;
        assert_ok(bn_h5_put_text(to, "/rate", "transfer", "erf"));
        beta = 2.0;
        assert_ok(bn_h5_put_real(to, "/rate", "transfer_beta", &beta, 1));
        assert_ok(bn_h5_put_real(to, "/rate", "transfer_threshold", &beta, 1));
    }
    assert_ok(bn_h5_close(from));
    assert_ok(bn_h5_close(to));
    for (size_t k = 0; k < BN_LEN(rows); k++)
        box_refuses("weights", &rows[k]);
}

/* 20001 neurons: refused within an address space that has no room for N x N. */
static void scrambled_is_refused_before_it_allocates(void **state)
{
    (void)state;
    box_runs("tuning", "--out large.h5 --set neurons=20001 --set angles=37");
    assert_int_equal(system("cp w.h5 any.h5"), 0);
    box_refuses("weights", &(struct box_refusal){ "--in tuning=large.h5 --in weights=any.h5 "
                "--set kind=scrambled", "refused above 20000 neurons (here 20001)", 2 });
    box_runs("weights", "--in tuning=large.h5 --out large_w.h5 --set velocity=no");
    box_shape("large_w.h5", "/left", 2, 20001, 37, 0);       /* auto: factored */
    assert_false(box_has("large_w.h5", "/J"));
}

static int setup(void **state)
{
    (void)state;
    box_runs("tuning", "--out t.h5 --set neurons=90 --set angles=61");
    box_runs("weights", "--in tuning=t.h5 --out w.h5");
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explains_itself),
        cmocka_unit_test(same_bytes_twice),
        cmocka_unit_test(dense_is_the_definition),
        cmocka_unit_test(velocity_weights_are_fitted_to_the_derivative),
        cmocka_unit_test(factored_is_dense),
        cmocka_unit_test(residual_is_the_definition),
        cmocka_unit_test(circulant_average),
        cmocka_unit_test(circulant_of_few_neurons),
        cmocka_unit_test(surrogates_share_the_spectrum),
        cmocka_unit_test(reservoir_holds_its_ring),
        cmocka_unit_test(learned_is_the_snapshot),
        cmocka_unit_test(refusals),
        cmocka_unit_test(scrambled_is_refused_before_it_allocates),
    };
    (void)argc;
    box_enter(argv[0]);
    return cmocka_run_group_tests_name("weights", tests, setup, box_leave);
}
