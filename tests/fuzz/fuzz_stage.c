/* SPDX-License-Identifier: MIT
 * The command line of a stage.  Each line of the input is one option: its first
 * character picks the option, the rest is the value; what follows an empty line is
 * the parameter file.  Options always have a known name, since libc's argp ends the
 * program where it does not know one; our own ends come back here.  --out and --in
 * name the harness's own files alone, so nothing else is written.            */
#include "fuzz.h"

#include <basin/stage.h>
#include <setjmp.h>

static jmp_buf end;
static bool inside;                      /* libFuzzer ends by exit(), too */
_Noreturn void __real_exit(int status);
_Noreturn void __wrap_exit(int status);
_Noreturn void __wrap_exit(int status)
{
    if (!inside)
        __real_exit(status);
    inside = false;
    MUST(status >= 0 && status <= BN_NOMEM);
    longjmp(end, 1 + status);
}

static const struct bn_input inputs[] = {
    { "tuning", true, "rates" }, { "weights.circulant", true, "weights" },
};
static const struct bn_output outputs[] = { { "/x", "", "1", "a number", 0, 0, false } };
static const struct bn_param params[] = {
    BN_REAL("lambda", "1", "1e-8", 0, 1e3, "ridge"),
    BN_INTEGER("neurons", "100", 1, 1e6, "how many"),
    BN_CHOICE("kind", "ring", "ring line box", "which"),
    BN_FILES("files", "", "list"),
};
static void run(void)
{
    bn_output_number("/x", bn_real("lambda") + (double)bn_integer("neurons"));
}
static const struct bn_stage stage = {
    .name = "fuzz", .summary = "is fuzzed", .inputs = inputs, .n_inputs = BN_LEN(inputs),
    .outputs = outputs, .n_outputs = BN_LEN(outputs), .params = params,
    .n_params = BN_LEN(params), .random = true, .run = run,
};

static char out[64];

static void remove_out(void)
{
    unlink(out);
}

enum { MOST = 32 };
struct line {
    char *argv[MOST + 4];
    int argc;
};

static void add(struct line *l, const char *option, const char *value, const char *extra)
{
    if (l->argc >= MOST)
        return;
    const size_t room = strlen(option) + strlen(value) + strlen(extra) + 1;
    char *text = malloc(room);
    MUST(text != NULL);
    snprintf(text, room, "%s%s%s", option, value, extra);
    l->argv[l->argc++] = text;
}

static void add_option(struct line *l, const char *text)
{
    switch (text[0]) {
    case 's': add(l, "--set=", text + 1, ""); break;
    case 'i': add(l, "--in=", text + 1, ""); break;
    case 'f': add(l, "--in=", text + 1, out); break;
    case 'd': add(l, "--digest=", text + 1, ""); break;
    case 'S': add(l, "--section=", text + 1, ""); break;
    case 'c': add(l, "--code=", text + 1, ""); break;
    case 't': add(l, "--threads=", text + 1, ""); break;
    case 'q': add(l, "--quiet", "", ""); break;
    case 'h': add(l, "--help", "", ""); break;
    case 'j': add(l, "--schema", "", ""); break;
    default: add(l, text[0] == '-' ? "x" : "", text, ""); break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct line l;
    static char *text;
    static struct memory m;
    static FILE *quiet;
    if (quiet == NULL) {
        quiet = freopen("/dev/null", "w", stdout);
        snprintf(out, sizeof out, "/tmp/fuzz-stage-%ld.h5", (long)getpid());
        atexit(remove_out);
    }
    l = (struct line){ .argc = 0 };
    text = as_text(data, size);
    char *conf = strstr(text, "\n\n"), *rest = NULL;
    if (conf != NULL)
        *conf = '\0';
    if (strstr(text, "/dev") != NULL || strstr(text, "/proc") != NULL ||
        (conf != NULL && (strstr(conf + 1, "dev") != NULL || strstr(conf + 1, "proc")))) {
        free(text);
        return -1;
    }
    const uint8_t *file = conf ? (const uint8_t *)conf + 2 : data;
    m = memory_open(file, conf ? strlen(conf + 2) : 0);
    add(&l, "fuzz", "", "");
    add(&l, "--out=", out, "");
    if (conf != NULL)
        add(&l, "--params=", m.path, "");
    for (char *w = strtok_r(text, "\n", &rest); w; w = strtok_r(NULL, "\n", &rest))
        add_option(&l, w);
    FILE *err = stderr;                  /* what it says is not looked at */
    static FILE *sink;
    sink = sink ? sink : fopen("/dev/null", "w");
    stderr = sink;
    if (setjmp(end) == 0) {
        inside = true;
        MUST(bn_stage_run(&stage, l.argc, l.argv) == BN_OK);
        inside = false;
    }
    stderr = err;
    for (int i = 0; i < l.argc; i++)
        free(l.argv[i]);
    memory_close(&m);
    free(text);
    return 0;
}
