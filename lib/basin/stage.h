/* SPDX-License-Identifier: MIT
 * stage: the frame of every program in stages/.  Floor 7.
 *
 * A stage declares itself in one table and computes in one function:
 *
 *     static void run(void) { ... read inputs, compute, write outputs ... }
 *     const struct bn_stage bn_stage = { .name = "weights", ..., .run = run };
 *
 * main(), the command line, the parameter file, the log of what was read, the
 * attributes, the provenance, --help, --schema and the docs page come from the
 * table.  The functions below are for run(): on failure they print one message,
 * drop the unfinished output and exit with the status, so run() is straight
 * science.  Matrices handed out are freed by the frame.                     */
#ifndef BN_STAGE_H
#define BN_STAGE_H

#include <basin/h5.h>
#include <basin/param.h>

struct bn_input {
    const char *role;                    /* name of the stage that makes it */
    bool optional;
    const char *help;
};

struct bn_output {
    const char *name;                    /* dataset, "/rate" */
    const char *axes;                    /* "neuron theta": a blank-separated name
                                            per axis; a name that is a dataset of
                                            the file becomes its dimension scale;
                                            "theta/grid": theta if there is /theta,
                                            else grid, which counts from 0.
                                            "" for a number */
    const char *unit;                    /* udunits spelling; "1" */
    const char *help;                    /* long_name */
    double atol, rtol;                   /* tolerance for comparing two runs */
    bool pack;                           /* the data compress: shuffle + deflate */
    const char *cite;                    /* words that a thesis cites it by, "gap ring"
                                            (docs/thesis.md): a number; or one axis, and
                                            the words of each row follow, texts that are
                                            in "/<axis>", or in "name" beside it.  "":
                                            those alone.  NULL: it is not cited */
    const char *error;                   /* the output with its standard error, or NULL */
};

/* What a run of usual size stays below, for a cluster that wants to be told; 0: what
 * the cluster gives by itself.  A parameter file may say otherwise (docs/cluster.md). */
struct bn_resources {
    double hours;                        /* of wall time */
    double memory;                       /* GB */
};

struct bn_stage {
    const char *name;
    const char *summary;                 /* one line */
    const char *details;                 /* paragraphs for --help and docs; NULL */
    const struct bn_input *inputs;   size_t n_inputs;
    const struct bn_output *outputs; size_t n_outputs;
    const struct bn_param *params;   size_t n_params;
    const char *gather;                  /* inputs that take every point of a sweep:
                                            their roles, blank-separated; NULL */
    bool random;                         /* adds seed, stream, replicate */
    void (*run)(void);
    struct bn_resources resources;
};

/* Defined once by each file in stages/; main() lives in lib/stage_main.c. */
extern const struct bn_stage bn_stage;
int bn_stage_run(const struct bn_stage *stage, int argc, char **argv);

/* --- parameters (each call is logged as a read) ----------------------------- */
double bn_real(const char *name);
int64_t bn_integer(const char *name);
size_t bn_count(const char *name);       /* a non-negative integer parameter */
bool bn_flag(const char *name);
const char *bn_text(const char *name);
bool bn_is(const char *choice, const char *value);    /* bn_is("form", "dense") */
const double *bn_reals(const char *name, size_t *n);
const int64_t *bn_integers(const char *name, size_t *n);
const char *const *bn_files(const char *name, size_t *n);

/* Key of all random numbers of this run: (seed, stream) hashed; counter words
 * beside it: replicate.  See rng.h.                                         */
struct bn_rng bn_random(void);

/* --- inputs ------------------------------------------------------------------ */
bool bn_has_input(const char *role);
bn_h5 *bn_input(const char *role);
struct bn_mat bn_input_mat(const char *role, const char *dataset);
const double *bn_input_vec(const char *role, const char *dataset, size_t *n);
double bn_input_number(const char *role, const char *dataset);

/* --- gathered inputs: every point of a sweep, in its order --------------------
 * Axes are the swept parameters, "weights.lambda".  Without a sweep there is one
 * point and no axis.                                                        */
size_t bn_gathered(const char *role);    /* how many points */
const char *bn_gather_point(const char *role, size_t k);     /* its name */
size_t bn_gather_axes(const char *role);
const char *bn_gather_axis(const char *role, size_t axis);
const char *bn_gather_unit(const char *role, size_t axis);
const char *bn_gather_text(const char *role, size_t k, size_t axis);
/* yes is 1, no is 0; other texts count from 0 in the order in which they come. */
double bn_gather_value(const char *role, size_t k, size_t axis);
bn_h5 *bn_gather_input(const char *role, size_t k);          /* until the next one */
const double *bn_gather_vec(const char *role, size_t k, const char *dataset, size_t *n);
double bn_gather_number(const char *role, size_t k, const char *dataset);

/* --- outputs: names must be in the table; a NaN or infinity is BN_NUMERIC ----- */
void bn_output_array(const char *name, const double *data, struct bn_shape shape);
void bn_output_vec(const char *name, const double *data, size_t n);
void bn_output_mat(const char *name, const struct bn_mat *m);
void bn_output_number(const char *name, double x);
void bn_output_integers(const char *name, const int64_t *data, size_t n);
void bn_output_texts(const char *name, const char *const *texts, size_t n);
void bn_output_attribute(const char *name, const char *key, const char *text);
void bn_output_attribute_real(const char *name, const char *key, double x);
void bn_output_attribute_reals(const char *name, const char *key, const double *x, size_t n);

/* --- memory owned by the frame ------------------------------------------------- */
struct bn_mat bn_scratch(size_t rows, size_t cols);      /* zeroed */
double *bn_scratch_vec(size_t n);
void bn_stage_own(void *block);          /* of bn_alloc: freed at the end */
void bn_stage_own_by(void *object, void (*release)(void *));       /* or by release() */

/* --- long loops: a killed run continues from its last checkpoint -----------------------
 *
 *     bn_keep("x", x.data, n);             each array that changes from step to step
 *     for (uint64_t k = bn_resume(); k < steps; k++) {
 *         ... step k ...
 *         bn_checkpoint(k + 1);            writes if it is time to
 *     }
 *
 * bn_resume() fills the arrays and returns the step to go on with: 0 if there is no
 * checkpoint of this computation.  All else that steps need is computed before it, in
 * a resumed run, too, and every parameter is read outside of the loop.  The result
 * must not depend on where a run was cut: random numbers by counter, no clocks.  */
void bn_keep(const char *name, double *data, size_t n);
uint64_t bn_resume(void);
void bn_checkpoint(uint64_t step);

/* --- people ---------------------------------------------------------------------- */
void bn_progress(double fraction);       /* cheap; call as often as you like */
void bn_say(const char *fmt, ...) BN_PRINTF(1, 2);     /* one line, to stderr */

/* --- failing ---------------------------------------------------------------------- */
_Noreturn void bn_die(bn_status code);   /* prints bn_error() */
#define BN_CHECK(call)                                                        \
    do {                                                                      \
        const bn_status bn_rc_ = (call);                                      \
        if (bn_rc_ != BN_OK)                                                  \
            bn_die(bn_rc_);                                                   \
    } while (0)
#define BN_REFUSE(code, ...) bn_die(bn_fail(code, __VA_ARGS__))

#endif
