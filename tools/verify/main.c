/* SPDX-License-Identifier: MIT
 *
 * `basin verify BAG`: is an archive what it was when it was made, and does what it holds
 * come out again?  A program of its own, since libarchive would slow every start of the
 * driver.                                                                    */
#include "verify.h"

#include <basin/mem.h>
#include <basin/text.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
    const char *bag, *keep, *html;
    bool rerun, trust;
    double jobs, most;                   /* most: bytes / 1e9; 0: the default */
};

static bn_status take_number(const char *option, const char *text, double *x)
{
    if (bn_parse_real(text, x) != BN_OK || !(*x > 0.0) || *x > 1e6)
        return bn_fail(BN_USAGE, "%s takes a positive number, not `%s`", option, text);
    return BN_OK;
}

static bn_status take_option(struct options *o, char **argv, int argc, int *i)
{
    const char *word = argv[*i];
    const char **texts[] = { &o->keep, &o->html };
    double *numbers[] = { &o->jobs, &o->most };
    static const char *const text_names[] = { "--keep", "--html" };
    static const char *const number_names[] = { "--jobs", "--limit" };
    if (strcmp(word, "--rerun") == 0 || strcmp(word, "--trust") == 0) {
        *(word[2] == 'r' ? &o->rerun : &o->trust) = true;
        return BN_OK;
    }
    for (size_t k = 0; k < 2; k++) {
        const bool text = strcmp(word, text_names[k]) == 0;
        if (!text && strcmp(word, number_names[k]) != 0)
            continue;
        if (*i + 1 >= argc)
            return bn_fail(BN_USAGE, "%s needs a value", word);
        (*i)++;
        if (!text)
            return take_number(word, argv[*i], numbers[k]);
        *texts[k] = argv[*i];
        return BN_OK;
    }
    if (word[0] == '-')
        return bn_fail(BN_USAGE, "unknown option %s; basin verify --help has all", word);
    if (o->bag != NULL)
        return bn_fail(BN_USAGE, "give one bag, not `%s` and `%s`", o->bag, word);
    o->bag = word;
    return BN_OK;
}

static bn_status take_options(struct options *o, int argc, char **argv)
{
    *o = (struct options){ .jobs = 1 };
    for (int i = 1; i < argc; i++)
        BN_TRY(take_option(o, argv, argc, &i));
    if (o->bag == NULL)
        return bn_fail(BN_USAGE, "give a bag: a .zip, .tar, .tar.gz, .tar.xz, or its folder");
    if ((o->keep != NULL || o->trust) && !o->rerun)
        return bn_fail(BN_USAGE, "--%s goes with --rerun", o->trust ? "trust" : "keep");
    return BN_OK;
}

/* --- the parts, one after another ----------------------------------------- */

/* BN_INPUT: damaged, and b->problems says how. */
static bn_status check(struct bag *b, struct goals *g)
{
    BN_TRY(bagit_check(b));
    if (b->problems.n == 0)
        BN_TRY(goals_check(b, g));
    if (b->problems.n == 0)
        BN_TRY(content_check(b, g));
    tell_bag(b, g);
    fflush(stdout);
    return BN_OK;
}

static int untrusted(const struct goals *g, const struct options *o)
{
    char *line = rerun_line(g, (long)o->jobs);
    fprintf(stderr, "basin verify: --rerun would run code from the bag, as you and without a "
            "fence around it: `make programs`, then `%s`, in a new folder; if you trust whoever "
            "made the bag, add --trust\n", line ? line : "make");
    free(line);
    return VERIFY_UNTRUSTED;
}

static int status_of(const struct rerun *r)
{
    return r->count[AGAIN_DIFFERENT] > 0 ? VERIFY_DIFFERENT
           : r->count[AGAIN_MISSING] > 0 ? VERIFY_MISSING
           : r->count[AGAIN_WITHIN] > 0 ? VERIFY_WITHIN : BN_OK;
}

static bn_status rerun(struct rerun *r, struct bag *b, const struct goals *g)
{
    BN_TRY(rerun_folder(r));
    char *line = rerun_line(g, r->jobs);
    printf("\nrunning code from the bag in %s: make programs; %s\n", r->folder,
           line ? line : "make");
    free(line);
    fflush(stdout);
    display_open(NULL, false);
    bn_status rc = rerun_run(r, b, g);
    display_close();
    if (rc == BN_OK)
        rc = compare_all(r, g);
    return rc;
}

static const char *verdict_of(int status)
{
    switch (status) {
    case VERIFY_DIFFERENT:
        return "different: some results did not come out again";
    case VERIFY_WITHIN:
        return "within tolerance: some digits differ, as the tables of the stages allow";
    case VERIFY_MISSING:
        return "incomplete: not everything could be run again";
    case BN_INPUT:
        return "damaged: it is not what was made";
    default:
        return "identical: every result came out again";
    }
}

static int verify(const struct options *o, struct bag *b, struct goals *g, struct rerun *r)
{
    bn_status rc = bag_open(b, o->bag, o->most);
    if (rc == BN_OK)
        rc = check(b, g);
    if (rc != BN_OK)
        return (int)rc;
    int status = b->problems.n > 0 ? BN_INPUT : BN_OK;
    const bool again = status == BN_OK && o->rerun;
    if (again && (rc = goals_stay_inside(b, g)) != BN_OK)
        return (int)rc;
    if (again && !o->trust)
        return untrusted(g, o);
    *r = (struct rerun){ .keep = o->keep, .jobs = (long)o->jobs < 1 ? 1 : (long)o->jobs };
    if (again && (rc = rerun(r, b, g)) != BN_OK)
        return (int)rc;
    if (again) {
        tell_rerun(r);
        status = status_of(r);
        printf("%s\n", verdict_of(status));
        if (o->keep == NULL && status != BN_OK)
            printf("(--keep FOLDER keeps what was built and made, to look at)\n");
    }
    const char *verdict = status == BN_OK && !again ? "whole: it is what was made"
                                                    : verdict_of(status);
    if (o->html != NULL)
        rc = tell_html(o->html, b, g, again ? r : NULL, verdict);
    return rc != BN_OK ? (int)rc : status;
}

int main(int argc, char **argv)
{
    struct options o;
    struct bag b = { .fd = -1 };
    struct goals g = { .json = NULL };
    struct rerun r = { .folder = NULL };
    setlocale(LC_CTYPE, "C.UTF-8");      /* names in archives are UTF-8 */
    bn_status rc = take_options(&o, argc, argv);
    int status = (int)rc;
    if (rc == BN_OK) {
        status = verify(&o, &b, &g, &r);
        if (status == BN_OK || status == VERIFY_UNTRUSTED || status == VERIFY_DIFFERENT ||
            status == VERIFY_WITHIN || status == VERIFY_MISSING ||
            (status == BN_INPUT && b.problems.n > 0))
            rc = BN_OK;
        else
            rc = (bn_status)status;
    }
    if (rc != BN_OK)
        fprintf(stderr, "basin verify: %s\n", bn_error());
    rerun_free(&r);
    goals_free(&g);
    bag_close(&b);
    return status;
}
