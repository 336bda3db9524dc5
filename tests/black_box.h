/* SPDX-License-Identifier: MIT
 * Stages as black boxes: run the built programs in a directory of the test's own and
 * look at what they write and say.  They are looked for beside the test program, in
 * ../stages.                                                                 */
#ifndef TEST_BLACK_BOX_H
#define TEST_BLACK_BOX_H

#include "test.h"

#include <basin/h5.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static char box_stages[1024], box_folder[64], box_said[8192];

/* Run `stage arguments`; box_said is what it said. */
static inline int box_run(const char *stage, const char *arguments)
{
    char command[4096];
    snprintf(command, sizeof command, "%s/%s %s 2>said.txt", box_stages, stage, arguments);
    const int rc = system(command);
    FILE *f = fopen("said.txt", "r");
    assert_non_null(f);
    box_said[fread(box_said, 1, sizeof box_said - 1, f)] = '\0';
    fclose(f);
    return WIFEXITED(rc) ? WEXITSTATUS(rc) : -1;
}

static inline void box_runs(const char *stage, const char *arguments)
{
    if (box_run(stage, arguments) != 0)
        fail_msg("%s %s: %s", stage, arguments, box_said);
}

struct box_refusal {
    const char *arguments, *says;
    int status;
};

/* The right status, one line that says why, and no file (--out no.h5 is added). */
static inline void box_refuses(const char *stage, const struct box_refusal *r)
{
    char arguments[2048], start[64];
    size_t lines = 0;
    snprintf(arguments, sizeof arguments, "--out no.h5 %s", r->arguments);
    snprintf(start, sizeof start, "%s: ", stage);
    const int status = box_run(stage, arguments);
    if (status != r->status)
        fail_msg("%s %s: status %d, want %d: %s", stage, r->arguments, status, r->status,
                 box_said);
    assert_says(box_said, r->says);
    for (const char *p = box_said; *p != '\0'; p++)
        lines += *p == '\n';
    if (lines != 1 || strncmp(box_said, start, strlen(start)) != 0)
        fail_msg("%s %s: not one line of its own: %s", stage, r->arguments, box_said);
    assert_int_not_equal(system("ls no.h5* .*no.h5* >/dev/null 2>&1"), 0);
}

/* --- what is in a file ---------------------------------------------------------- */

static inline struct bn_mat box_mat(const char *file, const char *name)
{
    bn_h5 *f;
    struct bn_mat m;
    assert_ok(bn_h5_open(&f, file));
    assert_ok(bn_h5_read_mat(f, name, &m));
    assert_ok(bn_h5_close(f));
    return m;
}

/* All numbers of a dataset, to be freed. */
static inline double *box_column(const char *file, const char *name, size_t *n)
{
    double *x;
    bn_h5 *f;
    assert_ok(bn_h5_open(&f, file));
    assert_ok(bn_h5_read(f, name, &x, n));
    assert_ok(bn_h5_close(f));
    return x;
}

/* The k-th of them. */
static inline double box_value(const char *file, const char *name, size_t k)
{
    size_t n;
    double *x = box_column(file, name, &n);
    assert_true(k < n);
    const double value = x[k];
    free(x);
    return value;
}

/* The only one. */
static inline double box_number(const char *file, const char *name)
{
    size_t n;
    double *x = box_column(file, name, &n);
    assert_int_equal(n, 1);
    const double value = x[0];
    free(x);
    return value;
}

static inline bool box_has(const char *file, const char *name)
{
    bn_h5 *f;
    assert_ok(bn_h5_open(&f, file));
    const bool has = bn_h5_kind(f, name) == BN_H5_DATASET;
    assert_ok(bn_h5_close(f));
    return has;
}

/* A row of /summary by its name; NaN, which no comparison takes, if there is none. */
static inline double box_summary(const char *file, const char *name)
{
    struct bn_mat value = box_mat(file, "/summary/value");
    char **names, **units;
    size_t n, m;
    double x = NAN;
    bn_h5 *f;
    assert_ok(bn_h5_open(&f, file));
    assert_ok(bn_h5_read_texts(f, "/summary/name", &names, &n));
    assert_ok(bn_h5_read_texts(f, "/summary/unit", &units, &m));
    assert_ok(bn_h5_close(f));
    assert_int_equal(n, m);
    assert_int_equal(value.rows, n);
    for (size_t k = 0; k < n; k++)
        if (strcmp(names[k], name) == 0)
            x = value.data[k];
    free(names), free(units), bn_mat_free(&value);
    return x;
}

/* The same of a row that must be there. */
static inline double box_summary_has(const char *file, const char *name)
{
    const double x = box_summary(file, name);
    if (isnan(x))
        fail_msg("%s: no row %s in /summary", file, name);
    return x;
}

static inline void box_shape(const char *file, const char *name, int rank, size_t a, size_t b,
                             size_t c)
{
    const size_t want[3] = { a, b, c };
    struct bn_shape s;
    bn_h5 *f;
    assert_ok(bn_h5_open(&f, file));
    assert_ok(bn_h5_shape(f, name, &s));
    assert_ok(bn_h5_close(f));
    assert_int_equal(s.rank, rank);
    for (int k = 0; k < rank; k++)
        if (s.dim[k] != want[k])
            fail_msg("%s: axis %d of %s has %zu elements, want %zu", file, k, name, s.dim[k],
                     want[k]);
}

/* Every number in the file is finite and carries a unit and a long name. */
static inline void box_is_sound(const char *file)
{
    char **names;
    size_t count;
    bn_h5 *f;
    assert_ok(bn_h5_open(&f, file));
    assert_ok(bn_h5_members(f, "/", &names, &count));
    for (size_t k = 0; k < count; k++) {
        double *x;
        size_t n;
        char name[256];
        snprintf(name, sizeof name, "/%s", names[k]);
        if (bn_h5_kind(f, name) != BN_H5_DATASET || bn_h5_is_text(f, name))
            continue;
        assert_ok(bn_h5_read(f, name, &x, &n));
        for (size_t i = 0; i < n; i++)
            if (!isfinite(x[i]))
                fail_msg("%s: %s[%zu] is %g", file, name, i, x[i]);
        free(x);
        if (!bn_h5_has_attribute(f, name, "long_name") || !bn_h5_has_attribute(f, name, "units"))
            fail_msg("%s: %s has no long_name or no units", file, name);
    }
    free(names);
    assert_ok(bn_h5_close(f));
}

/* Same bytes for 1 and 2 threads, a second apart. */
static inline void box_repeats(const char *stage, const char *arguments)
{
    char line[2048];
    snprintf(line, sizeof line, "--threads 1 --out once.h5 %s", arguments);
    box_runs(stage, line);
    assert_int_equal(system("sleep 1"), 0);
    snprintf(line, sizeof line, "--threads 2 --out twice.h5 %s", arguments);
    box_runs(stage, line);
    assert_int_equal(system("cmp once.h5 twice.h5"), 0);
    box_is_sound("once.h5");
    assert_int_equal(system("rm once.h5 twice.h5"), 0);
}

/* Killed three times, wherever it stands, and continued: the same bytes as at one go.  A run
 * that is done before it could be killed is no cut and leaves its last checkpoint.  */
static inline void box_resumes(const char *stage, const char *arguments)
{
    char command[4096], line[2048];
    int cut = 0;
    snprintf(line, sizeof line, "--out whole.h5 %s", arguments);
    box_runs(stage, line);
    assert_int_equal(system("rm -f cut.h5 c.state"), 0);
    for (int k = 0; k < 3 || (cut == 0 && k < 30); k++) {
        snprintf(command, sizeof command, "old=$(stat -c %%i c.state 2>/dev/null); "
                 "%s/%s --out cut.h5 --checkpoint c.state --checkpoint-every 0 "
                 "--checkpoint-keep %s 2>>said.txt & while kill -0 $! 2>/dev/null && "
                 "[ \"$(stat -c %%i c.state 2>/dev/null)\" = \"$old\" ]; do sleep 0.01; done; "
                 "sleep 0.0%d; kill -9 $! 2>/dev/null; wait $! 2>/dev/null; "
                 "[ -e c.state ] && [ ! -e cut.h5 ]", box_stages, stage, arguments, 3 * (k % 3));
        cut += system(command) == 0;
        if (cut == 0)
            assert_int_equal(system("rm -f cut.h5 c.state"), 0);
    }
    assert_true(cut > 0);
    snprintf(line, sizeof line, "--out cut.h5 --checkpoint c.state %s", arguments);
    box_runs(stage, line);
    assert_says(box_said, "continues from its checkpoint");
    assert_int_equal(system("cmp whole.h5 cut.h5 && [ ! -e c.state ]"), 0);
}

/* --help names every parameter and output of --schema, which is JSON. */
static inline void box_explains(const char *stage)
{
    char command[4096];
    static char help[65536];
    json_error_t error;
    snprintf(command, sizeof command, "%s/%s --help >help.txt && %s/%s --schema >schema.json",
             box_stages, stage, box_stages, stage);
    assert_int_equal(system(command), 0);
    FILE *f = fopen("help.txt", "r");
    assert_non_null(f);
    help[fread(help, 1, sizeof help - 1, f)] = '\0';
    fclose(f);
    json_t *schema = json_load_file("schema.json", 0, &error);
    if (schema == NULL)
        fail_msg("%s --schema: %s", stage, error.text);
    assert_string_equal(json_string_value(json_object_get(schema, "name")), stage);
    static const char *const lists[] = { "params", "outputs" };
    for (size_t l = 0; l < 2; l++) {
        const json_t *list = json_object_get(schema, lists[l]);
        assert_true(json_array_size(list) > 0);
        for (size_t k = 0; k < json_array_size(list); k++)
            assert_says(help, json_string_value(json_object_get(json_array_get(list, k),
                                                                "name")));
    }
    json_decref(schema);
    box_runs(stage, "--version >/dev/null");
}

/* --- a directory ------------------------------------------------------------------ */

static inline int box_leave(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", box_folder);
    return chdir("/") == 0 ? system(command) : -1;
}

/* Before anything else: build/x/tests/test_y -> build/x/stages, as an absolute path. */
static inline void box_enter(const char *self)
{
    char here[512];
    const char *slash = strrchr(self, '/');
    const int length = slash != NULL ? (int)(slash - self) : 1;

    strcpy(box_folder, "/tmp/basin-box-XXXXXX");
    if (getcwd(here, sizeof here) == NULL || mkdtemp(box_folder) == NULL
        || chdir(box_folder) != 0)
        exit(1);
    snprintf(box_stages, sizeof box_stages, "%s%s%.*s/../stages", self[0] == '/' ? "" : here,
             self[0] == '/' ? "" : "/", length, slash != NULL ? self : ".");
}

#endif
