/* SPDX-License-Identifier: MIT
 * Which eigenvalue belongs to which harmonic, where it is known. */
#include "ring.h"

#include <basin/doublets.h>
#include <basin/sort.h>

enum { N = 400, H = 4, E = 7 };

/* Vectors that lie mostly in the plane of their harmonic, and in one other. */
static struct bn_mat vectors_of(const struct bn_mat *c, size_t count, const size_t *column,
                                const size_t *other, const double *mixed)
{
    struct bn_mat v = mat_make(count, N);
    for (size_t e = 0; e < count; e++) {
        double s = 0.0;
        for (size_t i = 0; i < N; i++) {
            *bn_mat_at(&v, e, i) = (1.0 - mixed[e]) * *bn_mat_at(c, i, column[e])
                                 + mixed[e] * *bn_mat_at(c, i, other[e]);
            s += *bn_mat_at(&v, e, i) * *bn_mat_at(&v, e, i);
        }
        for (size_t i = 0; i < N; i++)
            *bn_mat_at(&v, e, i) /= sqrt(s);
    }
    return v;
}

/* The singlet ranks last, harmonics come in any order, and a pair is complex.  By order or
 * by modulus harmonic 2 would get the pair, and the singlet would be in a doublet.  */
static void found_by_their_vectors(void **state)
{
    (void)state;
    const double re[E] = { 2.0, 1.9, 1.5, 1.5, 1.2, 1.1, 0.3 };
    const double im[E] = { 0, 0, 0.2, -0.2, 0, 0, 0 };
    const size_t column[E] = { 3, 4, 1, 2, 5, 6, 0 }, other[E] = { 1, 2, 3, 4, 1, 2, 5 };
    const double mixed[E] = { 0.2, 0.3, 0.1, 0.2, 0.3, 0.2, 0.1 };
    struct bn_mat c = mat_random(N, 2 * H - 1, 5);
    struct bn_mat v = vectors_of(&c, E, column, other, mixed);
    struct bn_doublet d[H];
    assert_ok(bn_doublets(re, im, &v, E, &c, H, d));
    assert_int_equal(d[0].count, 1);
    assert_close(d[0].re[0], 0.3, 0, 0);
    assert_int_equal(d[1].count, 2);
    assert_int_equal(d[1].index[0] + d[1].index[1], 5);
    assert_close(d[1].im[0], 0.2, 0, 0);
    assert_int_equal(d[2].count, 2);
    assert_close(d[2].re[0] + d[2].re[1], 3.9, 1e-15, 0);
    assert_close(d[3].re[0] + d[3].re[1], 2.3, 1e-15, 0);
    assert_true(d[1].overlap > 0.9 && d[1].overlap <= 1.0);
    bn_mat_free(&c), bn_mat_free(&v);
}

/* Two harmonics mixed into a real and a complex pair: the real eigenvalues are clearest on
 * harmonics 1 and 2 and leave no two places to the pair, unless they make room.     */
static void the_clearest_make_room(void **state)
{
    (void)state;
    const double re[4] = { 4.0, 3.9, 3.9, 3.1 }, im[4] = { 0, 0.2, -0.2, 0 };
    const size_t column[4] = { 1, 1, 2, 3 }, other[4] = { 3, 4, 4, 2 };
    const double mixed[4] = { 0.4, 0.45, 0.45, 0.3 };
    struct bn_mat c = mat_random(N, 5, 6), v = vectors_of(&c, 4, column, other, mixed);
    struct bn_doublet d[3];
    assert_ok(bn_doublets(re, im, &v, 4, &c, 3, d));
    assert_int_equal(d[1].count, 2);
    assert_int_equal(d[2].count, 2);
    assert_close(d[1].im[0], 0.2, 0, 0);
    assert_close(d[2].re[0] + d[2].re[1], 7.1, 1e-15, 0);
    bn_mat_free(&c), bn_mat_free(&v);
}

/* A vector of no harmonic goes nowhere; one more than a harmonic has is left out. */
static void strangers_are_left_out(void **state)
{
    (void)state;
    const double re[3] = { 3.0, 2.0, 1.0 }, im[3] = { 0 };
    struct bn_mat c = mat_random(N, 3, 7), v = mat_random(3, N, 8);
    struct bn_doublet d[2];
    const size_t column[3] = { 1, 2, 1 }, other[3] = { 2, 1, 2 };
    const double mixed[3] = { 0.1, 0.1, 0.5 };
    assert_ok(bn_doublets(re, im, &v, 3, &c, 2, d));
    assert_int_equal(d[0].count + d[1].count, 0);
    bn_mat_free(&v);
    v = vectors_of(&c, 3, column, other, mixed);
    assert_ok(bn_doublets(re, im, &v, 3, &c, 2, d));
    assert_int_equal(d[1].count, 2);
    assert_fails(bn_doublets(re, im, &v, 3, &c, 3, d), BN_INPUT);
    bn_mat_free(&c), bn_mat_free(&v);
}

/* A complex pair has two equal moduli: a score of |eig| would call it a perfect doublet. */
static void scores(void **state)
{
    (void)state;
    const struct bn_doublet pair = { .count = 2, .re = { 1.5, 1.5 }, .im = { 0.4, -0.4 } };
    const struct bn_doublet real = { .count = 2, .re = { 4.39, 3.96 } };
    assert_close(bn_doublet_deviation(&pair, 1.5), 0.4 / 1.5, 1e-14, 0);
    assert_close(bn_doublet_splitting(&pair), 0.8 / 3.0, 1e-14, 0);
    assert_close(bn_doublet_deviation(&real, 4.008), 0.382 / 4.008, 1e-12, 0);
    assert_close(bn_doublet_splitting(&real), 0.43 / 8.35, 1e-12, 0);
    double odd[] = { 3, 1, 2 }, even[] = { 4, 1, 3, 2 };
    assert_close(bn_median(odd, 3), 2, 0, 0);
    assert_close(bn_median(even, 4), 2.5, 0, 0);
}

/* k equal variances have k dimensions in any basis; the largest entry, or the rank, would
 * say something else for (4, 1, 1): 36/18 = 2.                                */
static void participation(void **state)
{
    (void)state;
    struct bn_mat r = mat_random(3, 6, 9), q = mat_make(3, 3), c = mat_make(6, 6);
    double w[3];
    assert_ok(bn_gram(1.0, &r, BN_PLAIN, &q));
    assert_ok(bn_eig_symmetric(&q, w));
    /* rows of q^T r / sqrt w are orthonormal; variances 4, 1, 1 along them */
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < 6; i++)
            for (size_t j = 0; j < 6; j++) {
                double a = 0.0, b = 0.0;
                for (size_t l = 0; l < 3; l++) {
                    a += *bn_mat_at(&q, k, l) * *bn_mat_at(&r, l, i) / sqrt(w[k]);
                    b += *bn_mat_at(&q, k, l) * *bn_mat_at(&r, l, j) / sqrt(w[k]);
                }
                *bn_mat_at(&c, i, j) += (k == 0 ? 4.0 : 1.0) * a * b;
            }
    assert_close(bn_participation(&c), 2.0, 1e-12, 0);
    bn_mat_free(&r), bn_mat_free(&q), bn_mat_free(&c);
}

/* Shells of 1, 3 and 2 functions; the eigenvalues of two shells overlap, and one vector is of
 * none.  By order the third of the triplet would go to the doublet.           */
static void shells_of_any_size(void **state)
{
    (void)state;
    enum { FOUND = 7 };
    const double im[FOUND] = { 0, 0, 0.1, -0.1, 0, 0, 0 };
    const size_t column[FOUND] = { 4, 1, 2, 3, 5, 0, 6 }, other[FOUND] = { 5, 2, 3, 1, 4, 2, 6 };
    const double mixed[FOUND] = { 0.3, 0.4, 0.4, 0.2, 0.3, 0.1, 0 };
    const size_t size[3] = { 1, 3, 2 }, want[FOUND] = { 2, 1, 1, 1, 2, 0, 3 };
    struct bn_mat c = mat_random(N, 7, 8);
    struct bn_mat v = vectors_of(&c, FOUND, column, other, mixed);
    size_t home[FOUND];
    double overlap[FOUND];
    assert_ok(bn_shells(im, &v, FOUND, &c, size, 3, home, overlap));
    for (size_t e = 0; e < FOUND; e++) {
        assert_int_equal(home[e], want[e]);
        assert_true(e == 6 ? overlap[e] == 0.0 : overlap[e] > 0.9 && overlap[e] <= 1.0 + 1e-12);
    }
    const size_t many[2] = { 4, 4 };
    assert_fails(bn_shells(im, &v, FOUND, &c, many, 2, home, overlap), BN_INPUT);
    bn_mat_free(&c), bn_mat_free(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found_by_their_vectors),
        cmocka_unit_test(the_clearest_make_room),
        cmocka_unit_test(strangers_are_left_out),
        cmocka_unit_test(shells_of_any_size),
        cmocka_unit_test(scores),
        cmocka_unit_test(participation),
    };
    return cmocka_run_group_tests_name("doublets", tests, NULL, NULL);
}
