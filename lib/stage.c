/* SPDX-License-Identifier: MIT */
#include "stage_priv.h"

#include <basin/digest.h>
#include <basin/conf.h>
#include <basin/h5digest.h>
#include <basin/mem.h>
#include <basin/rng.h>
#include <basin/text.h>
#include <basin/tile.h>

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct input {
    const char *path;                    /* NULL if not given */
    char digest[BN_HEX];                 /* "" until known */
    bn_h5 *file;
};

/* Texts of the command line that wait until all of it was seen. */
struct texts {
    const char **text;
    size_t n;
};

/* The one run of this process. */
static struct frame {
    const struct bn_stage *stage;
    struct bn_param *table;              /* the stage's and the implicit ones */
    size_t n_table;
    bn_values *values;
    struct texts sets, ins, digests;
    const char *params, *section, *code, *out_path, *points;
    struct input *inputs;
    struct bn_shape *shapes;             /* of what was written, by output */
    bool *written;
    bn_h5 *out;
    struct owned {
        void *object;
        void (*release)(void *);
    } *blocks;                           /* memory handed out to run() */
    size_t n_blocks;
    int progress_fd;
    struct bn_checkpoint_options checkpoint;
    bool quiet, help, schema;
} frame;

/* The unfinished output, for the signal handler: "" if there is none. */
static char unfinished[PATH_MAX];

/* --- ending --------------------------------------------------------------- */

/* HDF5 crashes in its exit handler when a file could not be written out. */
static bool hdf5_is_broken;

static bn_status close_output(void)
{
    bn_h5 *out = frame.out;

    frame.out = NULL;
    const bn_status rc = bn_h5_close(out);
    hdf5_is_broken = hdf5_is_broken || rc != BN_OK;
    return rc;
}

static void drop_output(void)
{
    (void)close_output();                /* no loss: the file goes away anyhow */
    if (unfinished[0] != '\0')
        unlink(unfinished);
    unfinished[0] = '\0';
}

static void release(void)
{
    drop_output();
    bn_checkpoint_end(false);
    for (size_t i = 0; frame.inputs != NULL && i < frame.stage->n_inputs; i++)
        if (bn_h5_close(frame.inputs[i].file) != BN_OK)
            break;                       /* read only: nothing was lost */
    bn_gather_free();
    for (size_t i = 0; i < frame.n_blocks; i++)
        frame.blocks[i].release(frame.blocks[i].object);
    free(frame.blocks);
    free(frame.inputs);
    free(frame.shapes);
    free(frame.written);
    free(frame.sets.text);
    free(frame.ins.text);
    free(frame.digests.text);
    bn_values_free(frame.values);
    free(frame.table);
    frame = (struct frame){ .progress_fd = -1 };
}

void bn_die(bn_status code)
{
    char message[2048];

    /* Closing the files may fail in turn and say something else. */
    snprintf(message, sizeof message, "%s", bn_error());
    fprintf(stderr, "%s: %s\n", frame.stage->name, message);
    release();
    if (hdf5_is_broken) {
        fflush(NULL);
        _exit((int)code);
    }
    exit((int)code);
}

/* A stage that asks for what its own table does not have. */
_Noreturn static void bug(const char *name, const char *what)
{
    fprintf(stderr, "%s: bug: %s %s\n", frame.stage->name, name, what);
    drop_output();
    abort();
}

static void on_signal(int signal_number)
{
    if (unfinished[0] != '\0')
        unlink(unfinished);
    raise(signal_number);                /* SA_RESETHAND: the default this time */
}

static void catch_signals(void)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
    struct sigaction act = { .sa_flags = (int)SA_RESETHAND }, old;

    act.sa_handler = on_signal;
    sigemptyset(&act.sa_mask);
    for (size_t i = 0; i < BN_LEN(signals); i++)
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(signals[i], &act, NULL);
    /* A file-size limit and a driver that went away are errors to report. */
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
}

/* --- command line --------------------------------------------------------- */

enum { OPT_IN = 1000, OPT_INPUTS, OPT_OUT, OPT_PARAMS, OPT_SECTION, OPT_SET, OPT_THREADS, OPT_QUIET,
       OPT_HELP, OPT_SCHEMA, OPT_DIGEST, OPT_CODE, OPT_PROGRESS,
       OPT_CHECKPOINT, OPT_EVERY, OPT_KEEP };

static const struct argp_option options[] = {
    { "in", OPT_IN, "ROLE=FILE", 0, "an input", 0 },
    { "inputs", OPT_INPUTS, "FILE", 0, "the points of a sweep", 0 },
    { "out", OPT_OUT, "FILE", 0, "the result", 0 },
    { "params", OPT_PARAMS, "FILE", 0, "a parameter file", 0 },
    { "section", OPT_SECTION, "NAME", 0, "the section of a variant", 0 },
    { "set", OPT_SET, "KEY=VALUE", 0, "one parameter", 0 },
    { "threads", OPT_THREADS, "N", 0, "how many threads; 0: all cores", 0 },
    { "quiet", OPT_QUIET, NULL, 0, "no remarks", 0 },
    { "help", OPT_HELP, NULL, 0, "what the stage does, reads and writes", 0 },
    { "schema", OPT_SCHEMA, NULL, 0, "the same as JSON", 0 },
    { "digest", OPT_DIGEST, "ROLE=HEX", 0, "content digest of an input", 0 },
    { "code", OPT_CODE, "HEX", 0, "identity of the code", 0 },
    { "progress-fd", OPT_PROGRESS, "N", 0, "where to write progress", 0 },
    { "checkpoint", OPT_CHECKPOINT, "FILE", 0, "continue from it, and write it", 0 },
    { "checkpoint-every", OPT_EVERY, "SECONDS", 0, "how often", 0 },
    { "checkpoint-keep", OPT_KEEP, NULL, 0, "leave it when done", 0 },
    { 0 },
};

static void keep_text(struct texts *t, const char *text)
{
    const char **grown = bn_grow(t->text, t->n + 1, sizeof *grown);
    if (grown == NULL)
        bn_die(BN_NOMEM);
    t->text = grown;
    t->text[t->n++] = text;
}

static int64_t small_number(const char *option, const char *text, int64_t high)
{
    int64_t x = 0;
    const bn_status rc = bn_parse_integer(text, &x);

    if (rc != BN_OK || x < 0 || x > high)
        BN_REFUSE(BN_USAGE, "%s %s: expected a whole number from 0 to %d", option, text,
                  (int)high);
    return x;
}

static double seconds(const char *option, const char *text)
{
    double x = 0.0;

    if (bn_parse_real(text, &x) != BN_OK || x < 0.0)
        BN_REFUSE(BN_USAGE, "%s %s: expected a number of seconds, 0 or more", option, text);
    return x;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    (void)state;
    switch (key) {
    case OPT_IN:       keep_text(&frame.ins, arg); break;
    case OPT_DIGEST:   keep_text(&frame.digests, arg); break;
    case OPT_SET:      keep_text(&frame.sets, arg); break;
    case OPT_INPUTS:   frame.points = arg; break;
    case OPT_OUT:      frame.out_path = arg; break;
    case OPT_PARAMS:   frame.params = arg; break;
    case OPT_SECTION:  frame.section = arg; break;
    case OPT_CODE:     frame.code = arg; break;
    case OPT_QUIET:    frame.quiet = true; break;
    case OPT_HELP:     frame.help = true; break;
    case OPT_SCHEMA:   frame.schema = true; break;
    case OPT_CHECKPOINT: frame.checkpoint.path = arg; break;
    case OPT_EVERY:    frame.checkpoint.every = seconds("--checkpoint-every", arg); break;
    case OPT_KEEP:     frame.checkpoint.kept = true; break;
    case OPT_THREADS:
        bn_threads_set((unsigned)small_number("--threads", arg, 4096));
        break;
    case OPT_PROGRESS:
        frame.progress_fd = (int)small_number("--progress-fd", arg, INT_MAX);
        break;
    case ARGP_KEY_ARG:
        BN_REFUSE(BN_USAGE, "unexpected argument `%s`: inputs are given as --in ROLE=FILE, "
                  "parameters as --set KEY=VALUE", arg);
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static void parse_command_line(int argc, char **argv)
{
    static const struct argp parser = { .options = options, .parser = parse_option };
    static char version[128];

    snprintf(version, sizeof version, "%s (basin " BN_VERSION ")", frame.stage->name);
    argp_program_version = version;
    argp_err_exit_status = BN_USAGE;
    if (argp_parse(&parser, argc, argv, 0, NULL, NULL) != 0)
        BN_REFUSE(BN_USAGE, "the command line is not understood; see --help");
}

/* --- parameters ----------------------------------------------------------- */

static const double WHOLE = 9007199254740992.0;     /* 2^53: exact as a double, in JSON */

static void make_table(void)
{
    const struct bn_stage *s = frame.stage;
    const struct bn_param implicit[] = {
        BN_INTEGER("seed", "1", 0, WHOLE, "root seed of all random numbers"),
        BN_TEXT("stream", s->name, "name of the stream of random numbers"),
        BN_INTEGER("replicate", "0", 0, WHOLE, "which repetition of the computation"),
    };

    frame.n_table = s->n_params + (s->random ? BN_LEN(implicit) : 0);
    frame.table = bn_alloc(frame.n_table, sizeof *frame.table);
    if (frame.table == NULL)
        bn_die(BN_NOMEM);
    for (size_t i = 0; i < s->n_params; i++)
        frame.table[i] = s->params[i];
    for (size_t i = s->n_params; i < frame.n_table; i++)
        frame.table[i] = implicit[i - s->n_params];
    BN_CHECK(bn_values_new(&frame.values, frame.table, frame.n_table));
}

/* One layer of the file: the assignments of this section alone. */
static bn_status assign_layer(void *context, const struct bn_assignment *a)
{
    if (strcmp(a->section, context) != 0 || (*a->section == '\0' && !frame.stage->random))
        return BN_OK;
    if (*a->section == '\0' && strcmp(a->key, "checkpoint") == 0)
        return BN_OK;                    /* for the driver, which says --checkpoint-every */
    return bn_values_set(frame.values, a->section, a->key, a->texts, a->count, a->origin);
}

static void load_params(void)
{
    static const struct bn_param root[] = {
        BN_INTEGER("seed", "1", 0, 9007199254740992.0, "root seed"),
        BN_REAL("checkpoint", "s", "60", 0, 1e9, "time between two checkpoints"),
    };
    const struct bn_section sections[] = {
        { "", root, BN_LEN(root) },
        { "*", NULL, 0 },
        { frame.stage->name, frame.table, frame.n_table },
        { frame.section, frame.table, frame.n_table },
    };
    const size_t n = BN_LEN(sections) - (frame.section == NULL);
    const char *layers[] = { "", frame.stage->name, frame.section };

    for (size_t i = 0; i < BN_LEN(layers) - (frame.section == NULL); i++) {
        char *layer = bn_copy(layers[i]);
        if (layer == NULL)
            bn_die(BN_NOMEM);
        const bn_status rc = bn_conf_load(frame.params, sections, n, assign_layer, layer);
        free(layer);
        if (rc != BN_OK)
            bn_die(rc);
    }
}

/* KEY=VALUE or SECTION.KEY=VALUE; a section may have a dot itself. */
static void apply_set(const char *text)
{
    const size_t n = strcspn(text, "=");
    if (n == 0 || text[n] == '\0')
        BN_REFUSE(BN_USAGE, "--set %s: expected KEY=VALUE", text);

    char *key = bn_copy(text);
    if (key == NULL)
        bn_die(BN_NOMEM);
    key[n] = '\0';
    const char *section = "", *name = key;
    char *dot = strrchr(key, '.');
    if (dot != NULL) {
        *dot = '\0';
        section = key;
        name = dot + 1;
    }
    bn_status rc;
    if (*section != '\0' && strcmp(section, frame.stage->name) != 0 &&
        (frame.section == NULL || strcmp(section, frame.section) != 0))
        rc = bn_fail(BN_USAGE, "--set %s: [%s] is not a section of this stage, whose "
                     "section is [%s]", text, section,
                     frame.section != NULL ? frame.section : frame.stage->name);
    else
        rc = bn_values_set_text(frame.values, section, name, text + n + 1, "--set");
    free(key);
    if (rc != BN_OK)
        bn_die(rc);
}

static void resolve_params(void)
{
    const size_t n = strlen(frame.stage->name);

    if (frame.section != NULL && strcmp(frame.section, frame.stage->name) == 0)
        frame.section = NULL;
    if (frame.section != NULL && (strncmp(frame.section, frame.stage->name, n) != 0 ||
                                  frame.section[n] != '.'))
        BN_REFUSE(BN_USAGE, "--section %s: a section of this stage is named %s.VARIANT",
                  frame.section, frame.stage->name);
    if (frame.params != NULL)
        load_params();
    for (size_t i = 0; i < frame.sets.n; i++)
        apply_set(frame.sets.text[i]);
}

/* --- files ---------------------------------------------------------------- */

static bool find_role(const char *role, size_t *i)
{
    for (size_t k = 0; k < frame.stage->n_inputs; k++) {
        if (strcmp(frame.stage->inputs[k].role, role) == 0) {
            *i = k;
            return true;
        }
    }
    return false;
}

_Noreturn static void unknown_role(const char *option, const char *role)
{
    const size_t n = frame.stage->n_inputs;
    char known[512] = "";
    size_t used = 0;
    const char **roles = bn_alloc(n, sizeof *roles);

    if (roles == NULL)
        bn_die(BN_NOMEM);
    for (size_t i = 0; i < n; i++) {
        roles[i] = frame.stage->inputs[i].role;
        if (used + 80 < sizeof known)
            used += (size_t)snprintf(known + used, sizeof known - used, "%s%.60s",
                                     i > 0 ? ", " : "", roles[i]);
    }
    const char *near = bn_nearest(role, roles, n);
    free(roles);
    if (near != NULL)
        BN_REFUSE(BN_USAGE, "%s: unknown input `%s`: did you mean `%s`?", option, role,
                  near);
    BN_REFUSE(BN_USAGE, "%s: unknown input `%s`; the inputs of this stage: %s", option,
              role, n > 0 ? known : "none");
}

/* ROLE=REST: its input, and the rest. */
static struct input *role_of(const char *option, const char *text, const char **rest)
{
    const size_t n = strcspn(text, "=");
    size_t i;

    if (n == 0 || text[n] == '\0' || text[n + 1] == '\0')
        BN_REFUSE(BN_USAGE, "%s %s: expected ROLE=%s", option, text,
                  strcmp(option, "--in") == 0 ? "FILE" : "HEX");
    char role[128];
    snprintf(role, sizeof role, "%.*s", (int)n, text);
    if (!find_role(role, &i))
        unknown_role(option, role);
    *rest = text + n + 1;
    return &frame.inputs[i];
}

static void assign_inputs(void)
{
    const char *rest;

    frame.inputs = bn_alloc(frame.stage->n_inputs, sizeof *frame.inputs);
    if (frame.inputs == NULL)
        bn_die(BN_NOMEM);
    for (size_t i = 0; i < frame.ins.n; i++) {
        struct input *in = role_of("--in", frame.ins.text[i], &rest);
        const char *role = frame.stage->inputs[in - frame.inputs].role;
        if (bn_gather_takes(frame.stage, role)) {
            bn_gather_add(role, rest);
            continue;
        }
        if (in->path != NULL)
            BN_REFUSE(BN_USAGE, "--in %s: this input was given before, as %s",
                      frame.ins.text[i], in->path);
        in->path = rest;
    }
    if (frame.points != NULL)
        bn_gather_load(frame.stage, frame.points);
    for (size_t i = 0; i < frame.digests.n; i++) {
        struct input *in = role_of("--digest", frame.digests.text[i], &rest);
        if (strlen(rest) != BN_HEX - 1 || strspn(rest, "0123456789abcdef") != BN_HEX - 1)
            BN_REFUSE(BN_USAGE, "--digest %s: expected %d hexadecimal digits in lower case",
                      frame.digests.text[i], BN_HEX - 1);
        memcpy(in->digest, rest, BN_HEX);
    }
    for (size_t i = 0; i < frame.stage->n_inputs; i++) {
        const struct bn_input *d = &frame.stage->inputs[i];
        if (!d->optional && frame.inputs[i].path == NULL &&
            !bn_gather_has(d->role))
            BN_REFUSE(BN_USAGE, "the input `%s` is missing: give --in %s=FILE, made by the "
                      "stage %s", d->role, d->role, d->role);
    }
    if (frame.out_path == NULL)
        BN_REFUSE(BN_USAGE, "the output is missing: give --out FILE");
}

static void open_inputs(void)
{
    struct stat out, in;
    const bool exists = stat(frame.out_path, &out) == 0;

    for (size_t i = 0; i < frame.stage->n_inputs; i++) {
        struct input *f = &frame.inputs[i];
        if (f->path == NULL)
            continue;
        if (exists && stat(f->path, &in) == 0 && in.st_dev == out.st_dev &&
            in.st_ino == out.st_ino)
            BN_REFUSE(BN_USAGE, "--out %s is the input `%s`: choose another name",
                      frame.out_path, frame.stage->inputs[i].role);
        bn_status rc = f->digest[0] != '\0' ? BN_OK : bn_h5_digest(f->path, f->digest);
        if (rc == BN_OK)
            rc = bn_h5_open(&f->file, f->path);
        if (rc != BN_OK)
            bn_die(bn_fail_at(rc, "input `%s`", frame.stage->inputs[i].role));
    }
}

static const char *way_out(int error)
{
    switch (error) {
    case ENOENT:  return "make its directory first";
    case ENOSPC:
    case EDQUOT:  return "free some space or choose another --out";
    case EFBIG:   return "raise the limit of file sizes (ulimit -f)";
    default:      return "choose another --out or change the permissions";
    }
}

_Noreturn static void cannot_write(const char *path, int error)
{
    BN_REFUSE(BN_OUTPUT, "%s: cannot write: %s; %s", path, strerror(error), way_out(error));
}

static void open_output(void)
{
    struct stat st;

    if (stat(frame.out_path, &st) == 0 && !S_ISREG(st.st_mode))
        BN_REFUSE(BN_OUTPUT, "%s: cannot write: it is not a regular file; choose another "
                  "--out", frame.out_path);
    char name[sizeof unfinished];
    const int n = snprintf(name, sizeof name, "%s.tmp.%ld", frame.out_path, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof name)
        cannot_write(frame.out_path, ENAMETOOLONG);
    const int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        cannot_write(frame.out_path, errno);
    memcpy(unfinished, name, sizeof unfinished);
    close(fd);
    frame.shapes = bn_alloc(frame.stage->n_outputs, sizeof *frame.shapes);
    frame.written = bn_alloc(frame.stage->n_outputs, sizeof *frame.written);
    if (frame.shapes == NULL || frame.written == NULL)
        bn_die(BN_NOMEM);
    BN_CHECK(bn_h5_create(&frame.out, unfinished));
}

static void sync_path(const char *path, int flags)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
    if (fd < 0)
        cannot_write(frame.out_path, errno);
    const int rc = fsync(fd), error = errno;
    close(fd);
    /* Some network file systems cannot sync a directory. */
    if (rc != 0 && !(flags != 0 && (error == EINVAL || error == ENOTSUP)))
        cannot_write(frame.out_path, error);
}

static void publish(void)
{
    char directory[sizeof unfinished];

    BN_CHECK(close_output());
    sync_path(unfinished, 0);
    if (rename(unfinished, frame.out_path) != 0)
        cannot_write(frame.out_path, errno);
    unfinished[0] = '\0';
    snprintf(directory, sizeof directory, "%s", frame.out_path);
    char *slash = strrchr(directory, '/');
    if (slash == NULL)
        strcpy(directory, ".");
    else
        slash[slash == directory] = '\0';
    sync_path(directory, O_DIRECTORY);
}

/* --- parameters, for run() ------------------------------------------------ */

double bn_real(const char *name)
{
    return bn_values_real(frame.values, name);
}

int64_t bn_integer(const char *name)
{
    return bn_values_integer(frame.values, name);
}

size_t bn_count(const char *name)
{
    const int64_t x = bn_integer(name);

    if (x < 0)
        BN_REFUSE(BN_USAGE, "%s = %lld is negative", name, (long long)x);
    return (size_t)x;
}

bool bn_flag(const char *name)
{
    return bn_values_flag(frame.values, name);
}

const char *bn_text(const char *name)
{
    return bn_values_text(frame.values, name);
}

/* A misspelt value would silently never be true. */
static bool is_choice(const char *choices, const char *value)
{
    const size_t n = strlen(value);

    for (const char *s = choices; *s != '\0';) {
        const size_t m = strcspn(s, " ");
        if (m == n && memcmp(s, value, n) == 0)
            return true;
        s += m + strspn(s + m, " ");
    }
    return false;
}

bool bn_is(const char *choice, const char *value)
{
    size_t i;

    if (!bn_values_find(frame.values, choice, &i) || frame.table[i].choices == NULL ||
        !is_choice(frame.table[i].choices, value))
        bug(choice, "is no choice of the table, or has no such value");
    return strcmp(bn_values_text(frame.values, choice), value) == 0;
}

const double *bn_reals(const char *name, size_t *n)
{
    return bn_values_reals(frame.values, name, n);
}

const int64_t *bn_integers(const char *name, size_t *n)
{
    return bn_values_integers(frame.values, name, n);
}

const char *const *bn_files(const char *name, size_t *n)
{
    return bn_values_texts(frame.values, name, n);
}

struct bn_rng bn_random(void)
{
    if (!frame.stage->random)
        bug("bn_random()", "was called by a stage whose table does not say .random = true");
    return (struct bn_rng){
        .seed = (uint64_t)bn_integer("seed"),
        .stream = bn_rng_stream(bn_text("stream")),
        .replicate = (uint64_t)bn_integer("replicate"),
    };
}

/* --- memory --------------------------------------------------------------- */

void bn_stage_own_by(void *object, void (*release_it)(void *))
{
    struct owned *grown = bn_grow(frame.blocks, frame.n_blocks + 1, sizeof *grown);
    if (grown == NULL) {
        release_it(object);
        bn_die(BN_NOMEM);
    }
    frame.blocks = grown;
    frame.blocks[frame.n_blocks++] = (struct owned){ object, release_it };
}

static void own(void *block)
{
    bn_stage_own_by(block, free);
}

void bn_stage_own(void *block)
{
    own(block);
}

struct bn_mat bn_scratch(size_t rows, size_t cols)
{
    struct bn_mat m;

    BN_CHECK(bn_mat_alloc(&m, rows, cols));
    own(m.data);
    return m;
}

double *bn_scratch_vec(size_t n)
{
    double *x = bn_alloc(n, sizeof *x);

    if (x == NULL)
        bn_die(BN_NOMEM);
    own(x);
    return x;
}

/* --- inputs, for run() ---------------------------------------------------- */

bool bn_has_input(const char *role)
{
    size_t i;

    if (!find_role(role, &i))
        bug(role, "is not an input of the table");
    return frame.inputs[i].path != NULL || bn_gather_has(role);
}

bn_h5 *bn_input(const char *role)
{
    size_t i;

    if (!find_role(role, &i))
        bug(role, "is not an input of the table");
    if (frame.inputs[i].file == NULL)
        BN_REFUSE(BN_USAGE, "the input `%s` is needed here: give --in %s=FILE", role, role);
    return frame.inputs[i].file;
}

/* Say whose file this is: most often it is that of another stage. */
static bn_h5 *input_with(const char *role, const char *dataset)
{
    bn_h5 *f = bn_input(role);
    char *maker = NULL;

    if (bn_h5_kind(f, dataset) == BN_H5_DATASET)
        return f;
    if (bn_h5_kind(f, "/provenance") == BN_H5_GROUP &&
        bn_h5_has_attribute(f, "/provenance", "stage") &&
        bn_h5_get_text(f, "/provenance", "stage", &maker) == BN_OK) {
        const bn_status rc =
            bn_fail(BN_INPUT, "%s (input `%s`): no dataset %s; the stage %s makes it, this "
                    "file was made by the stage %s", bn_h5_path(f), role, dataset, role,
                    maker);
        free(maker);
        bn_die(rc);
    }
    BN_REFUSE(BN_INPUT, "%s (input `%s`): no dataset %s; the stage %s makes it, this file "
              "comes from elsewhere", bn_h5_path(f), role, dataset, role);
}

struct bn_mat bn_input_mat(const char *role, const char *dataset)
{
    struct bn_mat m;

    BN_CHECK(bn_h5_read_mat(input_with(role, dataset), dataset, &m));
    own(m.data);
    return m;
}

const double *bn_input_vec(const char *role, const char *dataset, size_t *n)
{
    double *x;

    BN_CHECK(bn_h5_read(input_with(role, dataset), dataset, &x, n));
    own(x);
    return x;
}

double bn_input_number(const char *role, const char *dataset)
{
    size_t n;
    const double *x = bn_input_vec(role, dataset, &n);

    if (n != 1)
        BN_REFUSE(BN_INPUT, "%s (input `%s`): %s has %zu values, one was expected",
                  bn_h5_path(bn_input(role)), role, dataset, n);
    return x[0];
}

/* --- outputs, for run() --------------------------------------------------- */

/* The axes of an output, one word each. */
struct axes {
    char text[256];
    char *word[BN_RANK];
    int n;
};

static void split_axes(const struct bn_output *o, struct axes *a)
{
    a->n = 0;
    snprintf(a->text, sizeof a->text, "%s", o->axes);
    for (char *save, *w = strtok_r(a->text, " ", &save); w != NULL;
         w = strtok_r(NULL, " ", &save)) {
        if (a->n == BN_RANK)
            bug(o->name, "has more axes than a dataset can have");
        a->word[a->n++] = w;
    }
}

static size_t output_index(const char *name)
{
    for (size_t i = 0; i < frame.stage->n_outputs; i++)
        if (strcmp(frame.stage->outputs[i].name, name) == 0)
            return i;
    bug(name, "is not an output of the table");
}

static const struct bn_output *begin_output(const char *name, const struct bn_shape *shape)
{
    const size_t i = output_index(name);
    const struct bn_output *o = &frame.stage->outputs[i];
    struct axes a;

    split_axes(o, &a);
    if (a.n != shape->rank)
        bug(name, "is written with another number of axes than its table says");
    if (frame.written[i])
        bug(name, "is written twice");
    frame.written[i] = true;
    frame.shapes[i] = *shape;
    return o;
}

static void describe_output(const struct bn_output *o)
{
    if (o->unit != NULL && *o->unit != '\0')
        BN_CHECK(bn_h5_put_text(frame.out, o->name, "units", o->unit));
    BN_CHECK(bn_h5_put_text(frame.out, o->name, "long_name", o->help));
}

static void refuse_not_finite(const char *name, const double *data,
                              const struct bn_shape *shape, size_t at)
{
    char where[128] = "";
    size_t used = 0, inner = bn_shape_count(shape);

    for (int k = 0; k < shape->rank; k++) {
        inner /= shape->dim[k];
        used += (size_t)snprintf(where + used, sizeof where - used, "%s%zu",
                                 k > 0 ? "," : "[", at / inner % shape->dim[k]);
    }
    BN_REFUSE(BN_NUMERIC, "%s%s%s is %s: a result must be finite, so nothing was written; "
              "look at the parameters and inputs of this run", name, where,
              shape->rank > 0 ? "]" : "",
              isnan(data[at]) ? "nan" : data[at] > 0 ? "inf" : "-inf");
}

void bn_output_array(const char *name, const double *data, struct bn_shape shape)
{
    const struct bn_output *o = begin_output(name, &shape);
    const size_t n = bn_shape_count(&shape);

    for (size_t i = 0; i < n; i++)
        if (!isfinite(data[i]))
            refuse_not_finite(name, data, &shape, i);
    BN_CHECK(bn_h5_write(frame.out, name, BN_H5_F64, &shape, data, o->pack));
    describe_output(o);
}

void bn_output_vec(const char *name, const double *data, size_t n)
{
    bn_output_array(name, data, bn_shape1(n));
}

void bn_output_mat(const char *name, const struct bn_mat *m)
{
    bn_output_array(name, m->data, bn_shape2(m->rows, m->cols));
}

void bn_output_number(const char *name, double x)
{
    bn_output_array(name, &x, (struct bn_shape){ .rank = 0 });
}

void bn_output_integers(const char *name, const int64_t *data, size_t n)
{
    const struct bn_shape shape = bn_shape1(n);
    const struct bn_output *o = begin_output(name, &shape);

    BN_CHECK(bn_h5_write(frame.out, name, BN_H5_I64, &shape, data, o->pack));
    describe_output(o);
}

void bn_output_texts(const char *name, const char *const *texts, size_t n)
{
    const struct bn_shape shape = bn_shape1(n);
    const struct bn_output *o = begin_output(name, &shape);

    BN_CHECK(bn_h5_write_texts(frame.out, name, texts, n));
    describe_output(o);
}

static void check_written(const char *name)
{
    if (!frame.written[output_index(name)])
        bug(name, "gets an attribute before it is written");
}

void bn_output_attribute(const char *name, const char *key, const char *text)
{
    check_written(name);
    BN_CHECK(bn_h5_put_text(frame.out, name, key, text));
}

void bn_output_attribute_reals(const char *name, const char *key, const double *x, size_t n)
{
    check_written(name);
    for (size_t k = 0; k < n; k++)
        if (!isfinite(x[k]))
            BN_REFUSE(BN_NUMERIC, "attribute %s of %s is not finite, so nothing was written",
                      key, name);
    BN_CHECK(bn_h5_put_real(frame.out, name, key, x, n));
}

void bn_output_attribute_real(const char *name, const char *key, double x)
{
    bn_output_attribute_reals(name, key, &x, 1);
}

/* Every axis has a scale, because xarray takes a dataset with all or with none: an
 * axis without coordinates counts from 0.                                   */
static void count_axis(const char *scale, size_t n)
{
    const struct bn_shape shape = bn_shape1(n);
    int64_t *index = bn_alloc(n, sizeof *index);

    if (index == NULL)
        bn_die(BN_NOMEM);
    for (size_t k = 0; k < n; k++)
        index[k] = (int64_t)k;
    const bn_status rc = bn_h5_write(frame.out, scale, BN_H5_I64, &shape, index, true);
    free(index);
    BN_CHECK(rc);
    BN_CHECK(bn_h5_put_text(frame.out, scale, "units", "1"));
    BN_CHECK(bn_h5_put_text(frame.out, scale, "long_name", "index, from 0"));
}

/* A scale must be as long as what it measures. */
static void attach_axis(size_t i, int axis, const char *word)
{
    const struct bn_output *o = &frame.stage->outputs[i];
    char scale[260];

    snprintf(scale, sizeof scale, "/%s", word);
    if (bn_h5_kind(frame.out, scale) == BN_H5_DATASET) {
        struct bn_shape s;
        BN_CHECK(bn_h5_shape(frame.out, scale, &s));
        if (s.rank != 1 || s.dim[0] != frame.shapes[i].dim[axis])
            BN_REFUSE(BN_OUTPUT, "axis %d of %s has %zu entries, but %s has %zu; this is a "
                      "bug of the stage", axis, o->name, frame.shapes[i].dim[axis], scale,
                      bn_shape_count(&s));
    } else {
        count_axis(scale, frame.shapes[i].dim[axis]);
    }
    BN_CHECK(bn_h5_axis(frame.out, o->name, axis, scale));
}

/* Of "theta/grid" the first that is a dataset of this file, else the last. */
static const char *axis_of(char *word)
{
    for (char *slash; (slash = strchr(word, '/')) != NULL; word = slash + 1) {
        char name[260];
        *slash = '\0';
        snprintf(name, sizeof name, "/%s", word);
        if (bn_h5_kind(frame.out, name) == BN_H5_DATASET)
            return word;
    }
    return word;
}

static void attach_axes(void)
{
    size_t written = 0;

    for (size_t i = 0; i < frame.stage->n_outputs; i++) {
        struct axes a;
        if (!frame.written[i])
            continue;
        written++;
        split_axes(&frame.stage->outputs[i], &a);
        for (int k = 0; k < a.n; k++)
            attach_axis(i, k, axis_of(a.word[k]));
    }
    if (written == 0)
        BN_REFUSE(BN_OUTPUT, "no output was written; this is a bug of the stage");
}

/* --- provenance ----------------------------------------------------------- */

struct row {
    const char *name, *unit;
    char *value;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct row *)a)->name, ((const struct row *)b)->name);
}

/* A file is what it holds; where it lay does not matter. */
static char *file_identity(const char *path)
{
    const char *slash = strrchr(path, '/');
    char hex[BN_HEX];

    if (*path == '\0')
        return bn_copy("");
    BN_CHECK(bn_digest_file(path, hex));
    return bn_format("sha256:%s %s", hex, slash != NULL ? slash + 1 : path);
}

static char *recorded_value(size_t i)
{
    const enum bn_type type = frame.table[i].type;
    char *text = NULL;

    if (type != BN_TYPE_FILE && type != BN_TYPE_FILES)
        return bn_copy(bn_values_canonical(frame.values, i));
    text = bn_copy("");
    for (size_t k = 0; text != NULL && k < bn_values_length(frame.values, i); k++) {
        char *one = file_identity(bn_values_item(frame.values, i, k));
        char *more = one != NULL ? bn_format("%s%s%s", text, k > 0 ? "\n" : "", one) : NULL;
        free(one);
        free(text);
        text = more;
    }
    return text;
}

/* Write column `which` of the rows as one dataset. */
static void record_column(const char *name, const struct row *rows, size_t n, int which)
{
    const char **column = bn_alloc(n, sizeof *column);

    if (column == NULL)
        bn_die(BN_NOMEM);
    own(column);
    for (size_t i = 0; i < n; i++)
        column[i] = which == 0 ? rows[i].name : which == 1 ? rows[i].value : rows[i].unit;
    BN_CHECK(bn_h5_write_texts(frame.out, name, column, n));
}

static struct row *make_rows(size_t n)
{
    struct row *rows = bn_alloc(n, sizeof *rows);

    if (rows == NULL)
        bn_die(BN_NOMEM);
    own(rows);
    return rows;
}

static void record_params(void)
{
    struct row *rows = make_rows(frame.n_table);
    size_t n = 0;

    for (size_t i = 0; i < frame.n_table; i++) {
        if (!bn_values_was_read(frame.values, i))
            continue;
        char *value = recorded_value(i);
        if (value == NULL)
            bn_die(BN_NOMEM);
        own(value);
        rows[n++] = (struct row){ frame.table[i].name, frame.table[i].unit, value };
    }
    qsort(rows, n, sizeof *rows, by_name);
    record_column("/provenance/parameter", rows, n, 0);
    record_column("/provenance/value", rows, n, 1);
    record_column("/provenance/unit", rows, n, 2);
}

static void record_inputs(void)
{
    const size_t gathered = bn_gather_count();
    struct row *rows = make_rows(frame.stage->n_inputs + gathered);
    size_t n = 0;

    for (size_t k = 0; k < gathered; k++) {
        const char *digest;
        char *name = bn_gather_row(k, &digest);
        if (name == NULL)
            bn_die(BN_NOMEM);
        own(name);
        rows[n++] = (struct row){ name, "", (char *)(uintptr_t)digest };
    }

    for (size_t i = 0; i < frame.stage->n_inputs; i++)
        if (frame.inputs[i].path != NULL)
            rows[n++] = (struct row){ frame.stage->inputs[i].role, "",
                                      frame.inputs[i].digest };
    qsort(rows, n, sizeof *rows, by_name);
    record_column("/provenance/role", rows, n, 0);
    record_column("/provenance/digest", rows, n, 1);
}

static void record_provenance(void)
{
    BN_CHECK(bn_h5_group(frame.out, "/provenance"));
    BN_CHECK(bn_h5_put_text(frame.out, "/provenance", "stage", frame.stage->name));
    BN_CHECK(bn_h5_put_text(frame.out, "/provenance", "code",
                            frame.code != NULL ? frame.code : "unrecorded"));
    record_params();
    record_inputs();
    bn_gather_record(frame.out);
}

/* What a checkpoint must agree with: as in a key, but with all parameters, for those
 * that are still to be read are not known.  By hand the code is the program.  */
void bn_stage_identity(char code[BN_HEX], char run[BN_HEX])
{
    bn_digest *d;

    if (frame.code != NULL)
        snprintf(code, BN_HEX, "%s", frame.code);
    else
        BN_CHECK(bn_digest_file("/proc/self/exe", code));
    BN_CHECK(bn_digest_new(&d));
    for (size_t i = 0; i < frame.stage->n_inputs; i++) {
        bn_digest_text(d, frame.stage->inputs[i].role);
        bn_digest_text(d, frame.inputs[i].digest);
    }
    for (size_t i = 0; i < bn_gather_count(); i++) {
        const char *digest;
        char *name = bn_gather_row(i, &digest);
        if (name == NULL)
            bn_die(BN_NOMEM);
        bn_digest_text(d, name);
        bn_digest_text(d, digest);
        free(name);
    }
    for (size_t i = 0; i < frame.n_table; i++) {
        char *value = recorded_value(i);
        if (value == NULL)
            bn_die(BN_NOMEM);
        bn_digest_text(d, frame.table[i].name);
        bn_digest_text(d, value);
        free(value);
    }
    bn_digest_end(d, run);
}

/* --- people --------------------------------------------------------------- */

void bn_progress(double fraction)
{
    static atomic_flag busy = ATOMIC_FLAG_INIT;
    static double last_time;
    static char last_text[16];
    struct timespec now;
    char text[16];

    if (frame.progress_fd < 0 || atomic_flag_test_and_set(&busy))
        return;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const double t = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
    if (t - last_time >= 0.1 && fraction >= 0.0 && fraction <= 1.0) {
        snprintf(text, sizeof text, "%.4f\n", fraction);
        if (strcmp(text, last_text) != 0) {
            if (write(frame.progress_fd, text, strlen(text)) < 0 && errno != EAGAIN)
                frame.progress_fd = -1;  /* nobody looks any more */
            memcpy(last_text, text, sizeof last_text);
            last_time = t;
        }
    }
    atomic_flag_clear(&busy);
}

void bn_say(const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    if (frame.quiet)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    fprintf(stderr, "%s: %s\n", frame.stage->name, text);
}

/* --- the run -------------------------------------------------------------- */

static int show(void)
{
    if (frame.schema)
        BN_CHECK(bn_stage_schema(frame.stage, frame.table, frame.n_table));
    else
        bn_stage_help(frame.stage, frame.table, frame.n_table);
    if (fflush(stdout) != 0)
        BN_REFUSE(BN_OUTPUT, "cannot write to standard output: %s", strerror(errno));
    release();
    return BN_OK;
}

int bn_stage_run(const struct bn_stage *stage, int argc, char **argv)
{
    frame = (struct frame){ .stage = stage, .progress_fd = -1, .checkpoint.every = 60.0 };
    parse_command_line(argc, argv);
    make_table();
    if (frame.help || frame.schema)
        return show();
    resolve_params();
    assign_inputs();
    catch_signals();
    open_inputs();
    bn_checkpoint_begin(&frame.checkpoint, stage->name);
    open_output();
    stage->run();
    attach_axes();
    record_provenance();
    publish();
    bn_checkpoint_end(true);
    release();
    return BN_OK;
}
