/* SPDX-License-Identifier: MIT
 * Random edits, each followed by make: parameters in the file and in SET, code that
 * matters and code that does not, deletions, old files put back with their old times,
 * another cache.  After each, every artifact is what a formula says and has the bytes
 * of one that was made from scratch; and what ran is what had to run, once.  20 steps,
 * or 200 with BASIN_SLOW=1; a failure names the step and all that led to it.  */
#include "tiny.h"

enum { MOST_KEYS = 4000, SAVED = 2 };

/* Runs that a cache remembers: the lines of runs.log. */
struct cache {
    char *key[MOST_KEYS];
    int n;
};

static struct world {
    int value[PARAMS];                   /* as the parameter file has them */
    struct code code;
} now, saved[SAVED];

static struct cache cache[2];
static char *linked[NODES];              /* key of what each link shows, or NULL */
static int in_use;                       /* which cache */
static bool is_saved[SAVED];
static char history[1 << 16];
static int n_runs, n_made;

/* --- random numbers --------------------------------------------------------------- */

static uint64_t chance = 20261122;

static int pick(int n)                   /* 0 .. n - 1 */
{
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return (int)((chance >> 11) % (uint64_t)n);
}

/* --- what must come out ----------------------------------------------------------- */

static bool has(const struct cache *c, const char *key)
{
    for (int i = 0; i < c->n; i++)
        if (strcmp(c->key[i], key) == 0)
            return true;
    return false;
}

static void put(struct cache *c, const char *key)
{
    if (has(c, key))
        return;
    assert_true(c->n < MOST_KEYS);
    c->key[c->n++] = strdup(key);
}

static void forget(struct cache *c, const char *key)
{
    for (int i = 0; i < c->n; i++)
        if (strcmp(c->key[i], key) == 0) {
            free(c->key[i]);
            c->key[i] = c->key[--c->n];
            return;
        }
}

/* Value and key of every node, with these parameters. */
static void expect(const int v[PARAMS], long x[NODES], char key[NODES][96])
{
    const struct code *c = &now.code;
    const int *code = c->code, *neutral = c->neutral;
    x[A] = v[P_N] + code[SA];
    snprintf(key[A], 96, "a %d.%d n=%d", code[SA], neutral[SA], v[P_N]);
    for (int k = 0; k < 2; k++) {
        const int *w = v + (k ? P_GAIN2 : P_GAIN);
        x[B + k] = w[0] * x[A] + (w[1] ? w[2] : 0) + code[SB];
        snprintf(key[B + k], 96, "b %d.%d a=%ld gain=%d bias=%d", code[SB], neutral[SB],
                 x[A], w[0], w[1] ? w[2] : -1);
    }
    x[C] = x[A] / v[P_DIVISOR] + code[SC];
    snprintf(key[C], 96, "c %d.%d a=%ld divisor=%d", code[SC], neutral[SC], x[A],
             v[P_DIVISOR]);
    x[D] = 10 * x[B] + x[C] + code[SD] + c->extra;
    snprintf(key[D], 96, "d %d.%d extra=%d b=%ld c=%ld", code[SD], neutral[SD], c->extra,
             x[B], x[C]);
    x[E] = (x[D] + x[TWICE]) % v[P_MODULUS] + code[SE];
    snprintf(key[E], 96, "e %d.%d d=%ld b=%ld modulus=%d", code[SE], neutral[SE], x[D],
             x[TWICE], v[P_MODULUS]);
}

static bool needs(int target, int node)
{
    static const unsigned below[NODES] = {
        1u << A, 1u << A | 1u << B, 1u << A | 1u << TWICE, 1u << A | 1u << C,
        1u << A | 1u << B | 1u << C | 1u << D, (1u << NODES) - 1,
    };
    return (below[target] >> node & 1u) != 0;
}

/* --- edits ------------------------------------------------------------------------ */

__attribute__((format(printf, 1, 2))) static void tell(const char *fmt, ...)
{
    const size_t n = strlen(history);
    va_list args;
    va_start(args, fmt);
    vsnprintf(history + n, sizeof history - n, fmt, args);
    va_end(args);
}

static void edit_parameter(bool read)
{
    int p;
    do
        p = pick(PARAMS);
    while (tiny_param[p].read != read);
    now.value[p] = pick(tiny_param[p].most + 1);
    if (p == P_DIVISOR || p == P_MODULUS)
        now.value[p]++;
    write_conf(now.value);
    tell("%s.%s = %d", tiny_param[p].section, tiny_param[p].key, now.value[p]);
}

static void edit_notes(void)
{
    const int s = pick(STAGES + 2);
    tell("note %d", s);
    if (s < STAGES) {
        now.code.notes[s]++;
        write_stage(&now.code, s);
    } else if (s == STAGES) {
        now.code.extra_notes++;
        write_extra(&now.code);
    } else {
        now.code.header_notes++;
        write_header(&now.code);
    }
}

static void edit_code(bool counts)
{
    const int s = pick(STAGES);
    int *what = counts ? &now.code.code[s] : &now.code.neutral[s];
    *what = (*what + 1 + pick(2)) % 3;
    write_stage(&now.code, s);
    tell("%s of %s %d", counts ? "code" : "neutral code", tiny_stage[s].name, *what);
}

static void edit_extra(void)
{
    now.code.extra = (now.code.extra + 1) % 3;
    write_extra(&now.code);
    tell("extra %d", now.code.extra);
}

static void delete_link(int node)
{
    tell("rm %s", node_name[node]);
    assert_runs("rm -f out/ring/%s.h5", node_name[node]);
    free(linked[node]);
    linked[node] = NULL;
}

static void delete_object(int node)
{
    tell("rm the object of %s", node_name[node]);
    assert_runs("o=$(readlink -f out/ring/%s.h5) && rm -f \"$o\"", node_name[node]);
    if (linked[node] != NULL)
        forget(&cache[in_use], linked[node]);
}

/* Another cache, and back: links dangle unless it has the same object. */
static void switch_cache(void)
{
    tell("the other cache");
    in_use = 1 - in_use;
    assert_runs("mkdir -p other out/cache && mv other third && mv out/cache other && "
                "mv third out/cache");
}

/* Old files with their old times, as `cp -p` or unpacking an archive leave them. */
static void save(int k)
{
    tell("save %d", k);
    saved[k] = now;
    is_saved[k] = true;
    assert_runs("rm -rf saved.%d && mkdir saved.%d && cp -Rp stages params lib/extra.c "
                "saved.%d", k, k, k);
}

static void restore(int k)
{
    if (!is_saved[k]) {
        save(k);
        return;
    }
    tell("restore %d", k);
    now = saved[k];
    assert_runs("cp -Rp saved.%d/stages saved.%d/params . && cp -p saved.%d/extra.c lib", k,
                k, k);
}

static void touch(void)
{
    const int s = pick(STAGES);
    tell("touch %s", tiny_stage[s].name);
    assert_runs("touch stages/%s.c pipelines/ring.mk params/ring.conf; "
                "for n in $(ls out/ring); do touch -c \"$(readlink -m out/ring/$n)\"; done",
                tiny_stage[s].name);
}

/* --- one step --------------------------------------------------------------------- */

/* SET of one or two parameters for this make alone. */
static void override(int v[PARAMS], char *set)
{
    int given = -1;
    strcpy(set, "");
    for (int k = 0; k < 1 + pick(2); k++) {
        const int p = pick(PARAMS), twin = p >= P_GAIN && p <= P_BIAS ? p + 3 : p;
        char buf[16];
        v[p] = pick(tiny_param[p].most) + 1;
        if (p == P_BIASED || p == P_BIASED2)
            v[p] = 1;
        if (twin != given)               /* [b] of SET is laid over the file's [b.twice] */
            v[twin] = v[p];
        given = p;
        sprintf(set + strlen(set), "ring.%s.%s=%s ", tiny_param[p].section,
                tiny_param[p].key, param_text(p, v[p], buf));
    }
    tell("SET %s", set);
}

static void edit(void)
{
    switch (pick(14)) {
    case 0: case 1: case 2: edit_parameter(true); break;
    case 3: edit_parameter(false); break;
    case 4: edit_notes(); break;
    case 5: edit_code(true); break;
    case 6: edit_code(false); break;
    case 7: edit_extra(); break;
    case 8: delete_link(pick(NODES)); break;
    case 9: delete_object(pick(NODES)); break;
    case 10: switch_cache(); break;
    case 11: restore(pick(SAVED)); break;
    case 12: touch(); break;
    default:
        tell("rm %s", pick(2) ? "plans" : "memo");
        assert_runs("rm -rf out/.basin/plans out/.basin/nodes; rm -rf out/cache/memo");
        break;
    }
}

/* What the log says that ran, against what had to. */
static void check_runs(int target, char key[NODES][96], bool twin)
{
    char want[NODES * 100] = "", text[4096];
    int n_want = 0, lines = 0;
    for (int i = 0; i < NODES; i++)
        if (needs(target, i) && !has(&cache[in_use], key[i])) {
            put(&cache[in_use], key[i]);
            sprintf(want + strlen(want), "%s\n", key[i]);
            n_want++;
        }
    FILE *f = fopen("runs.log", "r");
    const size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    text[n] = '\0';
    if (f != NULL)
        fclose(f);
    char copy[sizeof text], *rest = NULL;
    strcpy(copy, text);
    for (char *l = strtok_r(copy, "\n", &rest); l; l = strtok_r(NULL, "\n", &rest)) {
        if (strstr(want, l) == NULL)
            fail_msg("a needless run: %s\nafter %s", l, history);
        lines++;
    }
    /* two nodes that are one run may both start it, under -j */
    if (lines != n_want && !(twin && lines == n_want + 1))
        fail_msg("%d runs, had to be %d; the log:\n%swanted:\n%safter %s", lines, n_want,
                 text, want, history);
    n_runs += n_want;
}

static void check_values(int target, const long x[NODES])
{
    for (int i = 0; i < NODES; i++) {
        if (!needs(target, i))
            continue;
        const long got = value_of("out", node_name[i]);
        if (got != x[i])
            fail_msg("%s is %ld, not %ld, after %s", node_name[i], got, x[i], history);
        if (sh("cmp out/ring/%s.h5 scratch/ring/%s.h5", node_name[i], node_name[i]) != 0)
            fail_msg("%s is not what a fresh tree gives, after %s: %s", node_name[i],
                     history, said);
        n_made++;
    }
}

static void run_make(const char *results, const char *set, int jobs, int target)
{
    if (sh("%s RESULTS=%s SET='%s' -j%d %s/ring/%s.h5", tiny_make, results, set, jobs,
           results, node_name[target]) != 0)
        fail_msg("make failed after %s:\n%s", history, said);
}

static void one_step(int step)
{
    int v[PARAMS];
    long x[NODES];
    char key[NODES][96], set[256] = "";
    const int target = pick(3) ? E : pick(NODES), jobs = 1 + pick(2);
    tell("%d: ", step);
    if (step > 0)
        edit();
    memcpy(v, now.value, sizeof v);
    if (pick(5) == 0)
        override(v, set);
    tell(", make %s -j%d\n", node_name[target], jobs);
    expect(v, x, key);
    assert_runs("rm -rf scratch runs.log");
    run_make("out", set, jobs, target);
    check_runs(target, key, jobs == 2 && strcmp(key[B], key[TWICE]) == 0);
    run_make("scratch", set, 1, target);
    check_values(target, x);
    if (sh("%s RESULTS=out SET='%s' -q out/ring/%s.h5", tiny_make, set,
           node_name[target]) != 0)
        fail_msg("not up to date just after make, after %s", history);
    for (int i = 0; i < NODES; i++)
        if (needs(target, i)) {
            free(linked[i]);
            linked[i] = strdup(key[i]);
        }
}

static void random_flips(void **state)
{
    (void)state;
    const char *slow = getenv("BASIN_SLOW");
    const int steps = slow != NULL && strcmp(slow, "1") == 0 ? 200 : 20;
    const char *seed = getenv("BASIN_SEED");
    if (seed != NULL)
        chance = strtoull(seed, NULL, 10) * 2654435761u + 1;
    first_values(now.value);
    for (int step = 0; step < steps; step++)
        one_step(step);
    print_message("%d steps: %d artifacts compared, 0 wrong; %d runs, none needless\n",
                  steps, n_made, n_runs);
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < cache[k].n; i++)
            free(cache[k].key[i]);
    for (int i = 0; i < NODES; i++)
        free(linked[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(random_flips) };
    return cmocka_run_group_tests_name("flips", tests, tiny_setup, tiny_teardown);
}
