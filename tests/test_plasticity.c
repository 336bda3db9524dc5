/* SPDX-License-Identifier: MIT
 * plasticity: what each factor is and reads, the rows of the table, rules given as text. */
#include "test.h"

#include <basin/mem.h>
#include <basin/plasticity.h>

#include <stdlib.h>

static const struct bn_post POST = { .y = 1.7, .d = 0.6, .mean = 0.4, .square = 3.1,
                                     .threshold = 0.9, .trace = 1.1, .rate_y = 0.8,
                                     .rate_d = 0.3 };
static const struct bn_pre PRE = { .p = 1.3, .mean = 0.7, .trace = 0.2, .pool = 5.0, .d = 2.3 };

/* Numbers by hand; a factor with its sign turned or its average left out fails. */
static void factors_are_what_they_say(void **state)
{
    (void)state;
    static const double post[BN_POST_FACTORS] = {
        [BN_POST_ONE] = 1, [BN_POST_Y] = 1.7, [BN_POST_SQUARE] = 2.89, [BN_POST_MEAN] = 0.4,
        [BN_POST_CENTRED] = 1.3, [BN_POST_TRACE] = 1.1, [BN_POST_CHANGE] = 0.6,
        [BN_POST_D] = 0.6, [BN_POST_D_SQUARE] = 0.36, [BN_POST_ERROR] = 1.1,
        [BN_POST_RATE_ERROR] = 0.5, [BN_POST_BCM] = 1.36,
    };
    static const double pre[BN_PRE_FACTORS] = {
        [BN_PRE_ONE] = 1, [BN_PRE_P] = 1.3, [BN_PRE_SQUARE] = 1.69, [BN_PRE_MEAN] = 0.7,
        [BN_PRE_CENTRED] = 0.6, [BN_PRE_TRACE] = 0.2, [BN_PRE_CHANGE] = 1.1,
        [BN_PRE_POOLED] = 0.26, [BN_PRE_D] = 2.3,
    };

    for (int f = 0; f < BN_POST_FACTORS; f++)
        assert_close(bn_post_value((enum bn_post_factor)f, &POST), post[f], 1e-15, 1e-15);
    for (int f = 0; f < BN_PRE_FACTORS; f++)
        assert_close(bn_pre_value((enum bn_pre_factor)f, &PRE), pre[f], 1e-15, 1e-15);
}

static unsigned reads_of(enum bn_post_factor post, enum bn_pre_factor pre)
{
    const struct bn_rule rule = { .n_terms = 1, .terms = { { .post = post, .pre = pre } } };
    return bn_rule_reads(&rule);
}

/* Change one thing that a neuron knows, or an axon brings, at a time: the value changes if
 * and only if the factor's row says that it reads that.  A factor that looked at more than
 * its row admits (the drive, say, in a rule that is called Hebbian) fails; what it is given
 * has nothing of other neurons or synapses, which the compiler checks.             */
static void factors_read_what_they_say(void **state)
{
    (void)state;
    static const struct { size_t at; unsigned flag; } of_post[] = {
        { offsetof(struct bn_post, y), BN_READS_POST },
        { offsetof(struct bn_post, d), BN_READS_DRIVE },
        { offsetof(struct bn_post, mean), BN_READS_AVERAGES },
        { offsetof(struct bn_post, threshold), BN_READS_AVERAGES },
        { offsetof(struct bn_post, trace), BN_READS_AVERAGES },
        { offsetof(struct bn_post, rate_y), BN_READS_POST },
        { offsetof(struct bn_post, rate_d), BN_READS_DRIVE },
    }, of_pre[] = {
        { offsetof(struct bn_pre, p), BN_READS_PRE },
        { offsetof(struct bn_pre, mean), BN_READS_AVERAGES },
        { offsetof(struct bn_pre, trace), BN_READS_AVERAGES },
        { offsetof(struct bn_pre, pool), BN_READS_POOL },
        { offsetof(struct bn_pre, d), BN_READS_PARTNER },
    };

    for (int f = 0; f < BN_POST_FACTORS; f++) {
        unsigned seen = 0;
        for (size_t k = 0; k < BN_LEN(of_post); k++) {
            struct bn_post s = POST;
            *(double *)(void *)((char *)&s + of_post[k].at) += 0.37;
            if (bn_post_value((enum bn_post_factor)f, &s)
                != bn_post_value((enum bn_post_factor)f, &POST))
                seen |= of_post[k].flag;
        }
        assert_int_equal(seen, reads_of((enum bn_post_factor)f, BN_PRE_ONE));
    }
    for (int f = 0; f < BN_PRE_FACTORS; f++) {
        unsigned seen = 0;
        for (size_t k = 0; k < BN_LEN(of_pre); k++) {
            struct bn_pre s = PRE;
            *(double *)(void *)((char *)&s + of_pre[k].at) += 0.37;
            if (bn_pre_value((enum bn_pre_factor)f, &s)
                != bn_pre_value((enum bn_pre_factor)f, &PRE))
                seen |= of_pre[k].flag;
        }
        assert_int_equal(seen, reads_of(BN_POST_ONE, (enum bn_pre_factor)f));
    }
}

/* local: exactly the rows made of terms, since a term cannot see more; what is not on the
 * wire between two neurons (the drive of the axon's own neuron) is read by Storkey's alone,
 * a pooled signal by nlms alone; a teacher is needed where y and d are told apart.   */
static void rows_agree_with_their_columns(void **state)
{
    (void)state;
    size_t n;
    const struct bn_rule *r = bn_rules(&n);

    for (size_t k = 0; k < n; k++) {
        const unsigned reads = bn_rule_reads(&r[k]);
        const bool whole = r[k].whole != BN_WHOLE_NONE;
        assert_true(r[k].local == !whole);
        assert_true(whole == ((reads & BN_READS_ALL) != 0));
        assert_true(!whole || r[k].n_terms == 0);
        assert_true(((reads & BN_READS_PARTNER) != 0) == (strcmp(r[k].name, "storkey") == 0));
        assert_true(((reads & BN_READS_POOL) != 0) == (strcmp(r[k].name, "nlms") == 0));
        assert_true(r[k].post != BN_SIGNAL_AUTO);
        assert_true(r[k].n_terms <= BN_RULE_TERMS);
        assert_true(strlen(r[k].equation) > 0 && strlen(r[k].fixed_point) > 0);
        const bool apart = (reads & BN_READS_POST) != 0 && (reads & BN_READS_DRIVE) != 0;
        const bool taught = r[k].whole == BN_WHOLE_RLS || r[k].whole == BN_WHOLE_OFFLINE;
        assert_true(r[k].teacher == (apart || taught));
        for (size_t j = 0; j < k; j++)
            assert_string_not_equal(r[j].name, r[k].name);
    }
    assert_string_equal(r[n - 1].name, "custom");
    assert_int_equal(r[n - 1].n_terms, 0);
}

static void rules_are_found_by_name(void **state)
{
    (void)state;
    const struct bn_rule *r;

    assert_ok(bn_rule_find("delta", &r));
    assert_string_equal(r->name, "delta");
    assert_ok(bn_rule_find("force", &r));
    assert_string_equal(r->name, "rls");
    assert_fails(bn_rule_find("dleta", &r), BN_USAGE);
    assert_says(bn_error(), "did you mean `delta`?");
    assert_fails(bn_rule_find("backpropagation", &r), BN_USAGE);
    assert_says(bn_error(), "y*p - lambda*1*1*J");
}

/* Text of a row reads back as the row: names of factors are unambiguous, coefficients and
 * scales survive.                                                                  */
static void rows_survive_as_text(void **state)
{
    (void)state;
    size_t n;
    const struct bn_rule *rows = bn_rules(&n);

    for (size_t k = 0; k < n; k++) {
        struct bn_rule r;
        char *text = bn_rule_text(&rows[k]);
        assert_non_null(text);
        if (rows[k].n_terms > 0) {
            assert_ok(bn_rule_parse(text, rows[k].post, &r));
            assert_int_equal(r.n_terms, rows[k].n_terms);
            assert_memory_equal(r.terms, rows[k].terms, sizeof r.terms);
            assert_true(r.teacher == rows[k].teacher && r.local && r.post == rows[k].post);
        }
        free(text);
    }
}

static void terms_are_read(void **state)
{
    (void)state;
    struct bn_rule r;

    assert_ok(bn_rule_read(" 1*y*p - 0.01*1*1*J ", BN_SIGNAL_AUTO, &r));
    assert_int_equal(r.n_terms, 2);
    assert_true(r.terms[0].post == BN_POST_Y && r.terms[0].pre == BN_PRE_P);
    assert_true(!r.terms[0].weight && r.terms[1].weight);
    assert_close(r.terms[1].coefficient, -0.01, 0, 0);
    assert_true(r.post == BN_SIGNAL_RATE && !r.teacher);
    assert_ok(bn_rule_read("-2e-1 * 3 * 1/N * (y - d) * p / pool + y(y-theta)*(p-pmean)*J",
                           BN_SIGNAL_AUTO, &r));
    assert_close(r.terms[0].coefficient, -0.6, 1e-15, 0);
    assert_true(r.terms[0].scale == BN_SCALE_SHARE && r.terms[0].pre == BN_PRE_POOLED);
    assert_true(r.terms[1].post == BN_POST_BCM && r.terms[1].weight);
    assert_true(r.post == BN_SIGNAL_CURRENT && r.teacher);
    assert_ok(bn_rule_read("hebb", BN_SIGNAL_CURRENT, &r));
    assert_true(r.post == BN_SIGNAL_CURRENT);
}

/* What users get wrong, and what they are told. */
static void mistakes_are_explained(void **state)
{
    (void)state;
    static const struct { const char *text, *says, *also; } wrong[] = {
        { "y*q", "term 1, `y*q`: `q` is no presynaptic factor", "p^2, pmean" },
        { "y*p - lambda*1*1*J + ytrac*p", "term 3", "did you mean `ytrace`?" },
        { "p*y", "the postsynaptic factor comes first; write y*p", "" },
        { "y*p - lambda*J", "`lambda*J`: a term has a postsynaptic and a presynaptic factor",
          "lambda*1*1*J" },
        { "y*p - J*lambda*1*1", "`J` stands where a number", "" },
        { "2y*p", "`2` and `y*p` need a `*`", "" },
        { "y*p -", "something is missing after `the sign`", "" },
        { "y**p", "something is missing after `y`", "" },
        { "(y-d*p", "a `(` without its `)`", "" },
        { "y-d)*p", "a term has a postsynaptic and a presynaptic factor", "" },
        { "d)*p", "a `)` without its `(`", "" },
        { "y*p*lambda", "numbers, lambda and 1/N come first", "" },
        { "lambda*lambda*1*1*J", "stands in a term once", "" },
        { "  *  ", "something is missing", "" },
        { "1e400*y*p", "where a number", "" },
        { "nonsenseofmorethanthirtytwoletters*p", "is no factor", "" },
        { "1*1*1*1*1*1*1*1*1", "more than 8 factors", "" },
        { "custom", "given by its terms", "y*p - lambda*1*1*J" },
        { "heb", "did you mean `hebb`?", "" },
        { "y*p+y*p+y*p+y*p+y*p+y*p+y*p+y*p+y*p+y*p+y*p+y*p+y*p", "at most 12 terms", "" },
    };
    struct bn_rule r;

    for (size_t k = 0; k < BN_LEN(wrong); k++) {
        assert_fails(bn_rule_read(wrong[k].text, BN_SIGNAL_AUTO, &r), BN_USAGE);
        assert_says(bn_error(), wrong[k].says);
        assert_says(bn_error(), wrong[k].also);
    }
    assert_fails(bn_rule_parse("", BN_SIGNAL_AUTO, &r), BN_USAGE);
}

/* Every cut of a good text is read or refused, and nothing else: under the sanitizers this
 * finds reads behind the end.                                                     */
static void cut_texts_do_no_harm(void **state)
{
    (void)state;
    static const char text[] = "-2e-1*3*1/N*(f(y)-f(d))*(p-ptrace)*J + y(y-theta)*p/pool";
    struct bn_rule r;

    for (size_t from = 0; from < sizeof text; from++)
        for (size_t to = from; to < sizeof text; to++) {
            char part[sizeof text] = "";
            memcpy(part, text + from, to - from);
            const bn_status s = bn_rule_parse(part, BN_SIGNAL_AUTO, &r);
            assert_true(s == BN_OK || s == BN_USAGE);
        }
}

static void spans_are_told(void **state)
{
    (void)state;
    static const char *const not[] = { "oja-presynaptic", "storkey", "subspace",
                                       "subspace-clamped", "rls", "offline", "custom" };
    struct bn_modifiers m = bn_modifiers_none;
    struct bn_rule r;
    size_t n;
    const struct bn_rule *rows = bn_rules(&n);

    for (size_t k = 0; k < n; k++) {
        bool want = true;
        for (size_t j = 0; j < BN_LEN(not); j++)
            want = want && strcmp(rows[k].name, not[j]) != 0;
        assert_true(bn_rule_is_span(&rows[k], &bn_modifiers_none) == want);
    }
    assert_ok(bn_rule_parse("y*1", BN_SIGNAL_AUTO, &r));         /* 1 is no rate */
    assert_false(bn_rule_is_span(&r, &bn_modifiers_none));
    assert_ok(bn_rule_parse("y*p + y*p*J", BN_SIGNAL_AUTO, &r));
    assert_false(bn_rule_is_span(&r, &bn_modifiers_none));
    assert_ok(bn_rule_read("delta", BN_SIGNAL_AUTO, &r));
    m.homeostasis = 0.1;                 /* scales rows */
    assert_true(bn_rule_is_span(&r, &m));
    struct bn_modifiers each[5];
    for (size_t k = 0; k < 5; k++)
        each[k] = bn_modifiers_none;
    each[0].dale = BN_DALE_PROJECTED;
    each[1].bound = 1.0;
    each[2].noise = 1e-3;
    each[3].density = 0.5;
    each[4].turnover = 1e-3;
    for (size_t k = 0; k < 5; k++)
        assert_false(bn_rule_is_span(&r, &each[k]));
}

static void modifiers_are_checked(void **state)
{
    (void)state;
    struct bn_modifiers m = bn_modifiers_none;

    assert_ok(bn_modifiers_check(&m));
    m.homeostasis = 0.1;
    assert_fails(bn_modifiers_check(&m), BN_USAGE);
    assert_says(bn_error(), "tau_homeostasis above 0");
    m = bn_modifiers_none;
    m.density = 0.0;
    assert_fails(bn_modifiers_check(&m), BN_USAGE);
    assert_says(bn_error(), "(0, 1]");
    m = bn_modifiers_none;
    m.turnover = 1.5;
    assert_fails(bn_modifiers_check(&m), BN_USAGE);
    assert_says(bn_error(), "turnover = 1.5 is not within [0, 1]");
    m.turnover = (double)NAN;
    assert_fails(bn_modifiers_check(&m), BN_USAGE);
}

static void text_without_memory(void **state)
{
    (void)state;
    const struct bn_rule *r;
    char *text = NULL;

    assert_ok(bn_rule_find("storkey", &r));
    for (long k = 0; text == NULL; k++) {
        assert_true(k < 100);
        bn_alloc_fail_after(k);
        text = bn_rule_text(r);
    }
    bn_alloc_fail_after(-1);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(factors_are_what_they_say),
        cmocka_unit_test(factors_read_what_they_say),
        cmocka_unit_test(rows_agree_with_their_columns),
        cmocka_unit_test(rules_are_found_by_name),
        cmocka_unit_test(rows_survive_as_text),
        cmocka_unit_test(terms_are_read),
        cmocka_unit_test(mistakes_are_explained),
        cmocka_unit_test(cut_texts_do_no_harm),
        cmocka_unit_test(spans_are_told),
        cmocka_unit_test(modifiers_are_checked),
        cmocka_unit_test(text_without_memory),
    };
    return cmocka_run_group_tests_name("plasticity", tests, NULL, NULL);
}
