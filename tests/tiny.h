/* SPDX-License-Identifier: MIT
 * A project of six artifacts and five stages, each of which computes one whole number
 * from numbers, so that what every artifact must hold is a formula:
 *
 *     a = n + code         b = gain a + (biased ? bias : 0) + code
 *     c = a / divisor + code        (whole division: often the same for another a)
 *     d = 10 b + c + code + extra   e = (d + b.twice) mod modulus + code
 *
 * Each stage writes a line to runs.log when it runs, with all that its result may
 * depend on, so that the log says which runs were needed.  Make, driver and compiler
 * are the real ones.                                                         */
#ifndef TINY_H
#define TINY_H

#include "shell.h"

#include <basin/h5.h>

enum { A, B, TWICE, C, D, E, NODES };    /* artifacts, each after its inputs */
enum { SA, SB, SC, SD, SE, STAGES };

static const char *const node_name[NODES] = { "a", "b", "b.twice", "c", "d", "e" };

static char tiny_root[512], tiny_make[2048];

/* --- sources ---------------------------------------------------------------------- */

/* What can be edited in the sources; `notes` only comments and blanks. */
struct code {
    int code[STAGES], neutral[STAGES], notes[STAGES];
    int extra, extra_notes, header_notes;
};

static const char tiny_header[] =
    "#include <basin/stage.h>\n"
    "#include <stdio.h>\n"
    "#include <time.h>\n"
    "#define NAP BN_REAL(\"nap\", \"s\", \"0\", 0, 60, \"seconds of sleep\")\n"
    "#define VALUE { \"/value\", \"\", \"1\", \"a number\", 0, 0, false }\n"
    "static inline void doze(void)\n"
    "{\n"
    "    const double s = bn_real(\"nap\");\n"
    "    if (s == 13)\n"
    "        BN_REFUSE(BN_NUMERIC, \"an unlucky number\");\n"
    "    const struct timespec t = { (time_t)s, (long)(1e9 * (s - (double)(time_t)s)) };\n"
    "    nanosleep(&t, NULL);\n"
    "}\n"
    "static inline long number(const char *role)\n"
    "{\n"
    "    return (long)bn_input_number(role, \"/value\");\n"
    "}\n"
    "#define RAN(...)                                      \\\n"
    "    do {                                              \\\n"
    "        FILE *f_ = fopen(\"runs.log\", \"a\");            \\\n"
    "        fprintf(f_, __VA_ARGS__);                     \\\n"
    "        fclose(f_);                                   \\\n"
    "    } while (0)\n";

static const struct {
    const char *name, *inputs, *params, *body;
} tiny_stage[STAGES] = {
    { "a", "",
      "BN_INTEGER(\"n\", \"1\", 0, 99, \"n\"),\n"
      "    BN_INTEGER(\"unread\", \"0\", 0, 99, \"none\"),",
      "const long n = (long)bn_integer(\"n\"), x = n + CODE;\n"
      "    RAN(\"a %d.%d n=%ld\\n\", CODE, NEUTRAL, n);" },
    { "b", "{ \"a\", false, \"a\" },",
      "BN_INTEGER(\"gain\", \"1\", 0, 99, \"gain\"), BN_FLAG(\"biased\", \"no\", \"b\"),\n"
      "    BN_INTEGER(\"bias\", \"0\", 0, 99, \"bias\"),",
      "const long a = number(\"a\"), gain = (long)bn_integer(\"gain\");\n"
      "    const bool biased = bn_flag(\"biased\");\n"
      "    const long bias = biased ? (long)bn_integer(\"bias\") : -1;\n"
      "    const long x = gain * a + (biased ? bias : 0) + CODE;\n"
      "    RAN(\"b %d.%d a=%ld gain=%ld bias=%ld\\n\", CODE, NEUTRAL, a, gain, bias);" },
    { "c", "{ \"a\", false, \"a\" },",
      "BN_INTEGER(\"divisor\", \"3\", 1, 99, \"divisor\"),",
      "const long a = number(\"a\"), divisor = (long)bn_integer(\"divisor\");\n"
      "    const long x = a / divisor + CODE;\n"
      "    RAN(\"c %d.%d a=%ld divisor=%ld\\n\", CODE, NEUTRAL, a, divisor);" },
    { "d", "{ \"b\", false, \"b\" }, { \"c\", false, \"c\" },",
      "BN_INTEGER(\"unread\", \"0\", 0, 99, \"none\"),",
      "const long b = number(\"b\"), c = number(\"c\"), x = 10 * b + c + bn_extra(CODE);\n"
      "    RAN(\"d %d.%d extra=%ld b=%ld c=%ld\\n\", CODE, NEUTRAL, bn_extra(0), b, c);" },
    { "e", "{ \"d\", false, \"d\" }, { \"b.twice\", false, \"b\" },",
      "BN_INTEGER(\"modulus\", \"7\", 1, 999, \"modulus\"),",
      "const long d = number(\"d\"), b = number(\"b.twice\");\n"
      "    const long modulus = (long)bn_integer(\"modulus\");\n"
      "    const long x = (d + b) % modulus + CODE;\n"
      "    RAN(\"e %d.%d d=%ld b=%ld modulus=%ld\\n\", CODE, NEUTRAL, d, b, modulus);" },
};

static inline FILE *tiny_file(const char *path)
{
    FILE *f = fopen("new.tmp", "w");
    if (f == NULL)
        fail_msg("%s: %s cannot be written", tiny_root, path);
    return f;
}

/* A file that says what it said keeps its time. */
static inline void tiny_close(FILE *f, const char *path)
{
    assert_int_equal(fclose(f), 0);
    if (sh("cmp -s new.tmp %s || cat new.tmp > %s", path, path) != 0)
        fail_msg("%s: %s", path, said);
}

static inline void write_stage(const struct code *v, int s)
{
    char path[64], note[64] = "";
    snprintf(path, sizeof path, "stages/%s.c", tiny_stage[s].name);
    if (v->notes[s] > 0)
        snprintf(note, sizeof note, "/* note %d */%*s", v->notes[s], v->notes[s] % 7, "");
    FILE *f = tiny_file(path);
    fprintf(f, "%s\n#include \"tiny.h\"\n%s", note,
            s == SD ? "#include <basin/extra.h>\n" : "");
    fprintf(f, "enum { CODE = %d, %sNEUTRAL = %d };\n", v->code[s], note, v->neutral[s]);
    if (tiny_stage[s].inputs[0] != '\0')
        fprintf(f, "static const struct bn_input in[] = { %s };\n", tiny_stage[s].inputs);
    fprintf(f, "static const struct bn_output out[] = { VALUE };\n"
            "static const struct bn_param params[] = {\n    %s\n    NAP,\n};\n"
            "static void run(void)\n{\n    %s\n    doze();\n"
            "    bn_output_number(\"/value\", (double)x);\n}\n", tiny_stage[s].params,
            tiny_stage[s].body);
    fprintf(f, "const struct bn_stage bn_stage = {\n"
            "    .name = \"%s\", .summary = \"a number\", %s\n"
            "    .outputs = out, .n_outputs = BN_LEN(out),\n"
            "    .params = params, .n_params = BN_LEN(params), .run = run,%s\n};\n",
            tiny_stage[s].name,
            tiny_stage[s].inputs[0] ? ".inputs = in, .n_inputs = BN_LEN(in)," : "",
            s == SC ? " .resources = { .hours = 2, .memory = 4 }," : "");
    tiny_close(f, path);
}

static inline void write_extra(const struct code *v)
{
    FILE *f = tiny_file("lib/extra.c");
    fprintf(f, "#include <basin/extra.h>\n");
    for (int i = 0; i < v->extra_notes; i++)
        fprintf(f, "// note\n");
    fprintf(f, "long bn_extra(long x)\n{\n    return x + %d;\n}\n", v->extra);
    tiny_close(f, "lib/extra.c");
}

static inline void write_header(const struct code *v)
{
    FILE *f = tiny_file("stages/tiny.h");
    fprintf(f, "/* note %d */\n%s", v->header_notes, tiny_header);
    tiny_close(f, "stages/tiny.h");
}

/* --- parameters ------------------------------------------------------------------- */

enum { P_N, P_UNREAD, P_GAIN, P_BIASED, P_BIAS, P_GAIN2, P_BIASED2, P_BIAS2, P_DIVISOR,
       P_UNREAD_D, P_MODULUS, PARAMS };

static const struct {
    const char *section, *key;
    int first, most;
    bool read;
} tiny_param[] = {
    { "a", "n", 1, 6, true },             { "a", "unread", 0, 9, false },
    { "b", "gain", 1, 3, true },          { "b", "biased", 0, 1, true },
    { "b", "bias", 0, 3, true },          { "b.twice", "gain", 2, 3, true },
    { "b.twice", "biased", 0, 1, true },  { "b.twice", "bias", 0, 3, true },
    { "c", "divisor", 3, 4, true },       { "d", "unread", 0, 9, false },
    { "e", "modulus", 7, 9, true },
};

static inline const char *param_text(int p, int value, char buf[16])
{
    if (p == P_BIASED || p == P_BIASED2)
        snprintf(buf, 16, "%s", value ? "yes" : "no");
    else
        snprintf(buf, 16, "%d", value);
    return buf;
}

static inline void write_conf(const int value[PARAMS])
{
    char buf[16];
    FILE *f = tiny_file("params/ring.conf");
    for (int p = 0; p < PARAMS; p++)
        fprintf(f, "%s { %s = %s }\n", tiny_param[p].section, tiny_param[p].key,
                param_text(p, value[p], buf));
    tiny_close(f, "params/ring.conf");
}

static inline void first_values(int value[PARAMS])
{
    for (int p = 0; p < PARAMS; p++)
        value[p] = tiny_param[p].first;
}

/* --- the project ------------------------------------------------------------------ */

static inline void write_project(void)
{
    const struct code none = { .extra = 0 };
    int value[PARAMS];
    first_values(value);
    write_conf(value);
    write_header(&none);
    write_extra(&none);
    for (int s = 0; s < STAGES; s++)
        write_stage(&none, s);
    assert_runs("test -e lib/basin/extra.h || "
                "printf 'long bn_extra(long x);\\n' > lib/basin/extra.h; "
                "printf '%%s\\n' '$R/ring/a.h5:' '$R/ring/b.h5: $R/ring/a.h5' "
                "'$R/ring/b.twice.h5: $R/ring/a.h5' '$R/ring/c.h5: $R/ring/a.h5' "
                "'$R/ring/d.h5: $R/ring/b.h5 $R/ring/c.h5' "
                "'$R/ring/e.h5: $R/ring/d.h5 $R/ring/b.twice.h5' > pipelines/ring.mk");
}

/* The library and the driver as they are built; only the stages are compiled. */
static inline int tiny_setup(void **state)
{
    (void)state;
    char here[512], build[1024];
    strcpy(tiny_root, "/tmp/basin-tiny-XXXXXX");
    if (getcwd(here, sizeof here) == NULL || mkdtemp(tiny_root) == NULL)
        return -1;
    snprintf(build, sizeof build, "%s", programs());
    const char *variant = strrchr(build, '/') + 1;
    write_make(tiny_make, sizeof tiny_make, "build");
    if (chdir(tiny_root) != 0 ||
        sh("mkdir p && cd p && mkdir -p stages params pipelines tests build/%s/tools && "
           "cp -Rp '%s/Makefile' '%s/lib' '%s/tools' . && "
           "cp -Rp '%s/tests/lsan.supp' tests && cd build/%s && "
           "cp -Rp '%s/flags' '%s/lib' '%s/libbasin.a' '%s/basin'* . && "
           "cp -Rp '%s/tools/'* tools", variant, here, here, here, here, variant,
           build, build, build, build, build) != 0 || chdir("p") != 0) {
        print_error("%s\n", said);
        return -1;
    }
    write_project();
    return 0;
}

static inline int tiny_teardown(void **state)
{
    (void)state;
    return chdir("/") == 0 ? sh("rm -rf '%s'", tiny_root) : -1;
}

static inline long value_of(const char *results, const char *name)
{
    char path[256];
    double *x;
    size_t n;
    bn_h5 *f;
    snprintf(path, sizeof path, "%s/ring/%s.h5", results, name);
    assert_ok(bn_h5_open(&f, path));
    assert_ok(bn_h5_read(f, "/value", &x, &n));
    assert_ok(bn_h5_close(f));
    const long value = (long)x[0];
    free(x);
    return value;
}

#endif
