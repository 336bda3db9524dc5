/* SPDX-License-Identifier: MIT */
#include "ring.h"

#include <basin/operator.h>
#include <basin/tile.h>

enum { N = 30, Q = 4, T = 5 };

struct both {
    struct bn_mat left, right, j, d;
    struct bn_operator dense, factored;
};

static struct both both(bool diagonal)
{
    struct both b = { .left = mat_random(N, Q, 1), .right = mat_random(Q, N, 2),
                      .d = mat_random(1, N, 3) };
    b.j = mat_make(N, N);
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < N; k++) {
            for (size_t q = 0; q < Q; q++)
                *bn_mat_at(&b.j, i, k) += *bn_mat_at(&b.left, i, q) * *bn_mat_at(&b.right, q, k);
            if (diagonal && i == k)
                *bn_mat_at(&b.j, i, k) -= b.d.data[i];
        }
    assert_ok(bn_operator_dense(&b.dense, &b.j));
    assert_ok(bn_operator_factored(&b.factored, &b.left, &b.right,
                                   diagonal ? b.d.data : NULL));
    return b;
}

static void both_free(struct both *b)
{
    bn_mat_free(&b->left), bn_mat_free(&b->right), bn_mat_free(&b->j), bn_mat_free(&b->d);
}

/* out = J p by two loops; J is not symmetric, so J^T would be seen. */
static void applies_as_by_hand(void **state)
{
    (void)state;
    struct bn_mat p = mat_random(T, N, 4), out = mat_make(T, N), want = mat_make(T, N);
    for (int diagonal = 0; diagonal < 2; diagonal++) {
        struct both b = both(diagonal == 1);
        const struct bn_operator *op[] = { &b.dense, &b.factored };
        for (int trans = 0; trans < 2; trans++) {
            memset(want.data, 0, T * N * sizeof(double));
            for (size_t t = 0; t < T; t++)
                for (size_t i = 0; i < N; i++)
                    for (size_t k = 0; k < N; k++)
                        *bn_mat_at(&want, t, i) += *bn_mat_at(&p, t, k)
                            * (trans ? *bn_mat_at(&b.j, k, i) : *bn_mat_at(&b.j, i, k));
            for (size_t o = 0; o < 2; o++) {
                assert_ok(bn_operator_apply(op[o], trans ? BN_TRANSPOSED : BN_PLAIN, &p,
                                            &out));
                assert_close(mat_apart(&out, &want), 0, 0, 1e-14);
            }
        }
        both_free(&b);
    }
    bn_mat_free(&p), bn_mat_free(&out), bn_mat_free(&want);
}

/* <J p, q> = <p, J^T q> */
static void transpose_is_adjoint(void **state)
{
    (void)state;
    struct both b = both(true);
    struct bn_mat p = mat_random(1, N, 5), q = mat_random(1, N, 6);
    struct bn_mat jp = mat_make(1, N), jq = mat_make(1, N);
    const struct bn_operator *op[] = { &b.dense, &b.factored };
    for (size_t o = 0; o < 2; o++) {
        assert_ok(bn_operator_apply(op[o], BN_PLAIN, &p, &jp));
        assert_ok(bn_operator_apply(op[o], BN_TRANSPOSED, &q, &jq));
        assert_close(bn_dot(N, jp.data, q.data), bn_dot(N, p.data, jq.data), 1e-13, 1e-13);
    }
    bn_mat_free(&p), bn_mat_free(&q), bn_mat_free(&jp), bn_mat_free(&jq);
    both_free(&b);
}

static void elements(void **state)
{
    (void)state;
    struct both b = both(true);
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < N; k++) {
            assert_true(bn_operator_at(&b.dense, i, k) == *bn_mat_at(&b.j, i, k));
            assert_close(bn_operator_at(&b.factored, i, k), *bn_mat_at(&b.j, i, k), 1e-13,
                         1e-14);
        }
    assert_close(bn_operator_bytes(&b.dense), 8.0 * N * N, 0, 0);
    assert_close(bn_operator_bytes(&b.factored), 8.0 * N * (2 * Q + 1), 0, 0);
    both_free(&b);
}

/* A tile of states gives each row what it gets alone. */
static void rows_are_independent(void **state)
{
    (void)state;
    struct both b = both(true);
    struct bn_mat p = mat_random(T, N, 7), out = mat_make(T, N), one = mat_make(1, N);
    const struct bn_operator *op[] = { &b.dense, &b.factored };
    for (size_t o = 0; o < 2; o++) {
        assert_ok(bn_operator_apply(op[o], BN_PLAIN, &p, &out));
        for (size_t t = 0; t < T; t++) {
            const struct bn_mat in = { 1, N, bn_mat_row(&p, t) };
            const struct bn_mat want = { 1, N, bn_mat_row(&out, t) };
            assert_ok(bn_operator_apply(op[o], BN_PLAIN, &in, &one));
            assert_close(mat_apart(&one, &want), 0, 0, 1e-14);
        }
    }
    bn_mat_free(&p), bn_mat_free(&out), bn_mat_free(&one);
    both_free(&b);
}

static void shapes_are_refused(void **state)
{
    (void)state;
    struct both b = both(true);
    struct bn_mat odd = mat_make(N, N + 1), none = { 0 };
    struct bn_mat p = mat_make(T, N), short_p = mat_make(T, N - 1), out = mat_make(T - 1, N);
    struct bn_operator op;
    assert_fails(bn_operator_dense(&op, &odd), BN_INPUT);
    assert_says(bn_error(), "30 x 31");
    assert_fails(bn_operator_dense(&op, &none), BN_INPUT);
    assert_fails(bn_operator_factored(&op, &b.left, &b.left, NULL), BN_INPUT);
    assert_says(bn_error(), "30 x 4");
    assert_fails(bn_operator_factored(&op, &odd, &odd, NULL), BN_INPUT);
    assert_fails(bn_operator_apply(&b.dense, BN_PLAIN, &short_p, &p), BN_INPUT);
    assert_says(bn_error(), "29");
    assert_fails(bn_operator_apply(&b.factored, BN_PLAIN, &p, &out), BN_INPUT);
    bn_mat_free(&odd), bn_mat_free(&p), bn_mat_free(&short_p), bn_mat_free(&out);
    both_free(&b);
}

/* --- shared --------------------------------------------------------------------- */

enum { P = 3 };

struct sharing {
    struct bn_mat head, factor, lift, core, d, j;
    struct bn_operator op;
};

/* J formed by loops from the definition in operator.h. */
static struct sharing sharing(void)
{
    struct sharing s = { .head = mat_random(N, P, 1), .factor = mat_random(N, Q, 2),
                         .lift = mat_random(P, Q, 3), .core = mat_random(Q, Q, 4),
                         .d = mat_random(1, N, 5), .j = mat_make(N, N) };
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < N; k++) {
            double in = i == k ? -s.d.data[i] : 0.0;
            for (size_t b = 0; b < Q; b++) {
                double row = 0.0;
                for (size_t a = 0; a < P; a++)
                    row += *bn_mat_at(&s.head, i, a) * *bn_mat_at(&s.lift, a, b);
                for (size_t a = 0; a < Q; a++)
                    row += s.d.data[i] * *bn_mat_at(&s.factor, i, a) * *bn_mat_at(&s.core, a, b);
                in += row * *bn_mat_at(&s.factor, k, b);
            }
            *bn_mat_at(&s.j, i, k) = in;
        }
    assert_ok(bn_operator_shared(&s.op, &s.head, &s.factor, &s.lift, &s.core, s.d.data));
    return s;
}

static void sharing_free(struct sharing *s)
{
    bn_mat_free(&s->head), bn_mat_free(&s->factor), bn_mat_free(&s->lift);
    bn_mat_free(&s->core), bn_mat_free(&s->d), bn_mat_free(&s->j);
}

/* core is not symmetric here: one applied the wrong way round would be seen. */
static void shared_is_dense(void **state)
{
    (void)state;
    struct sharing s = sharing();
    struct bn_mat p = mat_random(T, N, 6), out = mat_make(T, N), want = mat_make(T, N);
    struct bn_mat left, right, none;
    struct bn_operator dense, factored;
    assert_ok(bn_operator_dense(&dense, &s.j));
    assert_ok(bn_operator_factors(&s.op, &left, &right));
    assert_ok(bn_operator_factored(&factored, &left, &right, s.d.data));
    for (int trans = 0; trans < 2; trans++) {
        const enum bn_trans way = trans ? BN_TRANSPOSED : BN_PLAIN;
        assert_ok(bn_operator_apply(&dense, way, &p, &want));
        assert_ok(bn_operator_apply(&s.op, way, &p, &out));
        assert_close(mat_apart(&out, &want), 0, 0, 1e-13);
        assert_ok(bn_operator_apply(&factored, way, &p, &out));
        assert_close(mat_apart(&out, &want), 0, 0, 1e-13);
    }
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < N; k++)
            assert_close(bn_operator_at(&s.op, i, k), *bn_mat_at(&s.j, i, k), 1e-12, 1e-12);
    assert_close(bn_operator_bytes(&s.op), 8.0 * N * (P + Q + 1), 0, 0);
    assert_ok(bn_operator_factors(&s.op, &none, NULL));  /* the left one alone */
    assert_close(mat_apart(&none, &left), 0, 0, 0);
    bn_mat_free(&p), bn_mat_free(&out), bn_mat_free(&want), bn_mat_free(&left);
    bn_mat_free(&right), bn_mat_free(&none);
    sharing_free(&s);
}

static void shared_shapes_are_refused(void **state)
{
    (void)state;
    struct sharing s = sharing();
    struct bn_operator op;
    assert_fails(bn_operator_shared(&op, &s.head, &s.factor, &s.core, &s.core, s.d.data),
                 BN_INPUT);
    assert_says(bn_error(), "30 x 3");
    assert_fails(bn_operator_shared(&op, &s.head, &s.factor, &s.lift, &s.lift, s.d.data),
                 BN_INPUT);
    assert_fails(bn_operator_shared(&op, &s.head, &s.lift, &s.lift, &s.core, s.d.data),
                 BN_INPUT);
    assert_fails(bn_operator_shared(&op, &s.head, &s.factor, &s.lift, &s.core, NULL), BN_INPUT);
    sharing_free(&s);
}

/* 20,000 neurons are applied in chunks if states are few and by BLAS if they are many: the
 * same to rounding, and to the bit for any number of threads.  The last chunk is short:
 * one left out, or read past its end, would be seen.                          */
static void very_many_neurons(void **state)
{
    (void)state;
    enum { LARGE = 20000, STATES = 9 };
    struct bn_mat left = mat_random(LARGE, Q, 1), right = mat_random(Q, LARGE, 2);
    struct bn_mat d = mat_random(1, LARGE, 3), p = mat_random(STATES, LARGE, 4);
    struct bn_mat want = mat_make(STATES, LARGE), out = mat_make(2, LARGE);
    struct bn_mat first = mat_make(2, LARGE);
    const struct bn_mat two = { 2, LARGE, p.data }, same = { 2, LARGE, want.data };
    for (int k = 0; k < 4; k++) {
        const enum bn_trans way = k % 2 ? BN_TRANSPOSED : BN_PLAIN;
        struct bn_operator op;
        assert_ok(bn_operator_factored(&op, &left, &right, k < 2 ? d.data : NULL));
        assert_ok(bn_operator_apply(&op, way, &p, &want));
        for (unsigned threads = 1; threads <= 3; threads++) {
            bn_threads_set(threads);
            assert_ok(bn_operator_apply(&op, way, &two, &out));
            if (threads == 1)
                memcpy(first.data, out.data, 2 * LARGE * sizeof(double));
            assert_memory_equal(out.data, first.data, 2 * LARGE * sizeof(double));
        }
        assert_close(mat_apart(&out, &same), 0, 0, 1e-13);
    }
    bn_threads_set(0);
    bn_mat_free(&left), bn_mat_free(&right), bn_mat_free(&d), bn_mat_free(&p);
    bn_mat_free(&want), bn_mat_free(&out), bn_mat_free(&first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(applies_as_by_hand),   cmocka_unit_test(transpose_is_adjoint),
        cmocka_unit_test(elements),             cmocka_unit_test(rows_are_independent),
        cmocka_unit_test(shapes_are_refused),   cmocka_unit_test(shared_is_dense),
        cmocka_unit_test(shared_shapes_are_refused),
        cmocka_unit_test(very_many_neurons),
    };
    return cmocka_run_group_tests_name("operator", tests, NULL, NULL);
}
