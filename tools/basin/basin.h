/* SPDX-License-Identifier: MIT
 * basin: what the parts of the driver share.
 *
 * A node is one file that can be made; its name is its path below results/:
 * "ring/weights.circulant.h5", "figures/figure3.pdf".  `basin resolve` turns
 * fragments, parameter files and sources into a plan (what every node is, down
 * to the last parameter); `basin run` makes one node of a plan, from the cache
 * or by running its stage.                                                   */
#ifndef BASIN_H
#define BASIN_H

#include <basin/digest.h>
#include <basin/param.h>

#include <jansson.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>

#define BASIN_VERSION "0.1.0"
#define BASIN_DATE "2026-11-22"         /* of that version, for man pages */
/* Goes into every key: raise it when the meaning of a key or an object changes. */
#define BASIN_FORMAT "basin 1"

/* --- files.c: strings in lists, small files ------------------------------ */
struct list {
    char **at;                           /* owned; at[n] is NULL, as in argv */
    size_t n, room;
};
BN_MUST_USE bn_status list_add(struct list *l, const char *text);
bool list_has(const struct list *l, const char *text);
void list_sort(struct list *l);
void list_free(struct list *l);
/* "a, b and c"; NULL if out of memory. */
char *list_sentence(const struct list *l);
/* " (did you mean `x`?)", or "" if nothing is near. */
const char *list_hint(const struct list *l, const char *name, char buf[96]);

/* The text under `key`, owned by `object`; "" if there is none. */
const char *text_of(const json_t *object, const char *key);
/* " SET='...'" as a shell takes it, to be copied from a page; "" if there is nothing. */
char *set_shown(const char *set);

bool file_exists(const char *path);
bool file_is_link(const char *path);
BN_MUST_USE bn_status file_read(const char *path, char **text, size_t *n);
/* All make missing folders, write beside the path and rename, so that a reader
 * never sees half a file; _changed leaves a file with this content alone, _durable
 * returns when it is on the disk.                                           */
BN_MUST_USE bn_status file_write(const char *path, const char *text);
BN_MUST_USE bn_status file_write_durable(const char *path, const char *text);
BN_MUST_USE bn_status file_write_changed(const char *path, const char *text);
BN_MUST_USE bn_status file_make_folders(const char *path);   /* of its parents */
BN_MUST_USE bn_status file_sync_folder(const char *path);    /* of its parent */
/* Sorted names in a folder that end in `suffix`; a missing folder is empty. */
BN_MUST_USE bn_status file_names(const char *folder, const char *suffix,
                                 struct list *names);
/* The folder of the running program: build/release. */
BN_MUST_USE bn_status file_build_folder(char **folder);

/* --- graph.c: the fragments ---------------------------------------------- */
struct rule {
    char *target;                        /* as written: "$R/ring/tuning.h5" */
    struct list inputs;
    char *place;                         /* "pipelines/ring.mk:3" */
};
struct graph {
    struct rule *rules;
    size_t n;
};
struct variables {
    const char *from;                    /* $P */
    const char *suffix;                  /* $S */
    const char *recorded;                /* $(RECORDED): a node or "" */
};
BN_MUST_USE bn_status graph_load(struct graph *g, const char *folder);
void graph_free(struct graph *g);
/* A word as a node name; *name is "" if the word expands to nothing. */
BN_MUST_USE bn_status graph_expand(const char *word, const struct variables *v,
                                   const char *place, char **name);
/* The parts of "ring/weights.circulant.h5": "ring", "weights", "circulant" (or
 * ""); free(*pipeline) frees all three.                                     */
BN_MUST_USE bn_status graph_split(const char *name, char **pipeline, char **stage,
                                  char **variant);

/* --- schema.c: what a stage said about itself ---------------------------- */
struct schema {
    char *stage;
    json_t *json;                        /* owns the texts below */
    struct bn_param *params;
    size_t n_params;
    bool random;
};
/* Owned by the module and kept: a second call is free. */
BN_MUST_USE bn_status schema_get(const char *build, const char *stage,
                                 const struct schema **schema);
bool schema_has_input(const struct schema *s, const char *role);
bool schema_gathers(const struct schema *s, const char *role);
void schema_free_all(void);

/* --- settings.c: parameter files and SET --------------------------------- */
struct setting {
    char *pipeline, *section, *key, *origin;
    struct list texts;
};
/* One line of a sweep: every value makes a node of each stage that it reaches. */
struct axis {
    char *pipeline, *section, *key;      /* section "": the root (seed) */
    char *origin;
    struct list texts;                   /* as written */
    /* set by sweep_resolve */
    const struct bn_param *param;
    struct list values;                  /* canonical */
    struct list names;                   /* "lambda-1e-08" */
    json_t *wanted;                      /* per value { parameters, files } of a node */
};
struct settings {
    struct setting *at;
    size_t n, room;
    size_t n_files;                      /* the first come from files */
    struct axis *axes;
    size_t n_axes;
};
/* Every stage node's (pipeline, stage, variant) must be known first. */
struct stage_node {
    char *name, *pipeline, *stage, *variant;
    const struct schema *schema;
};
BN_MUST_USE bn_status settings_load(struct settings *s, const struct stage_node *nodes,
                                    size_t n, const char *set);
BN_MUST_USE bn_status settings_values(const struct settings *s,
                                      const struct stage_node *node, bn_values **v);
/* Seconds between checkpoints; *text is NULL if the pipeline does not say. */
BN_MUST_USE bn_status settings_checkpoint(const struct settings *s, const char *pipeline,
                                          char **text);
/* What a node asks of a cluster, { "memory": "16", ... }; NULL if nothing is said. */
BN_MUST_USE bn_status settings_slurm(const struct settings *s,
                                     const struct stage_node *node, json_t **asked);
void settings_free(struct settings *s);

/* --- sweep.c: a node per combination of values --------------------------- */
/* `name` is "weights.lambda"; it takes the place of an earlier line for the same. */
BN_MUST_USE bn_status sweep_add(struct settings *s, const char *pipeline,
                                const char *name, const char *const *texts, size_t n,
                                const char *origin);
void sweep_free(struct settings *s);
struct sweep {
    const char *results;
    const struct stage_node *nodes;      /* the fragments' own */
    size_t n_nodes;
    struct settings *settings;
    json_t *plan;                        /* gets the points */
    json_t *origins;                     /* likewise, or NULL */
};
/* Check all values, then add every point to the plan, as a node that says what it is
 * a point `of` and, in `point`, where it lies.  A gathered input, noted in a
 * node as gather: { role: [names] }, becomes inputs role[000000], role[000001] ...
 * and points: { role: { point, parameter, unit, value } }.                  */
BN_MUST_USE bn_status sweep_expand(struct sweep *s);

/* --- code.c: the identity of code ---------------------------------------- */
/* Of a source file with everything in the project that it includes and links. */
BN_MUST_USE bn_status code_identity(const char *build, const char *source,
                                    char hex[BN_HEX]);
/* Of a gnuplot script with the files it loads, byte by byte. */
BN_MUST_USE bn_status code_of_script(const char *script, bn_digest *d);
/* Each source file that counts, with its digest: what an identity is made of. */
BN_MUST_USE bn_status code_files(const char *source, json_t *hashes);
BN_MUST_USE bn_status code_files_of_script(const char *script, json_t *hashes);
/* BN_INPUT unless `program` was built from the closure as it stands there now. */
BN_MUST_USE bn_status code_is_built(const char *build, const char *source,
                                    const char *program);
/* Remove objects that were compiled from another text than their sources hold, but
 * look built to Make since those have old times; Make then compiles them.     */
BN_MUST_USE bn_status code_drop_wrong_objects(const char *build);

/* --- store.c: the cache -------------------------------------------------- */
enum { YEAR_2000 = 946684800 };          /* seconds; the time of every object */
struct object {
    char *path;                          /* results/cache/objects/ab/ab...h5 */
    char k2[BN_HEX];
    char content[BN_HEX];
    json_t *manifest;                    /* NULL for a user's own file */
};
void object_free(struct object *o);
enum holds { HOLDS_NOTHING, HOLDS_OBJECT, HOLDS_FILE };
/* What lies at a target now: nothing usable, a link to an object of the cache
 * (loaded), or a file of the user's own.                                    */
enum holds store_holds(const char *results, const char *name, struct object *o);
/* Is it a file of the user's own?  Make then has no recipe for it. */
bool store_is_own(const char *results, const char *name);
/* Content digest of a file, remembered by device, inode, size and times. */
BN_MUST_USE bn_status store_digest(const char *results, const char *path,
                                   char hex[BN_HEX]);
/* Plain SHA-256 of a raw data file, remembered likewise. */
BN_MUST_USE bn_status store_sha256(const char *results, const char *path,
                                   char hex[BN_HEX]);
/* First line that `program argument` prints, remembered likewise. */
BN_MUST_USE bn_status store_version(const char *results, const char *program,
                                    const char *argument, char **version);
/* K1: what can be known before a run.  `inputs` maps role to content digest. */
BN_MUST_USE bn_status store_key(const json_t *node, const json_t *inputs,
                                char k1[BN_HEX]);
/* Is `o` what (k1, parameters) asks for? */
bool store_agrees(const struct object *o, const char *k1, const json_t *parameters);
bool store_find(const char *results, const char *name, const char *k1,
                const json_t *parameters, struct object *o);
/* Move the finished file `made` into the cache; manifest gets its keys added. */
BN_MUST_USE bn_status store_publish(const char *results, const char *name,
                                    const char *made, const char *k1,
                                    json_t *manifest, struct object *o);
/* Hash the bytes of an object before it is read.  BN_INPUT: it was damaged and has
 * been set aside, or it is another one by now; have it made again.           */
BN_MUST_USE bn_status store_verify(const char *results, const struct object *o);
/* The same for any path; what is not in a cache is fine. */
BN_MUST_USE bn_status store_verify_path(const char *path);
/* "BASIN_VERIFIED=..." names inputs that were verified, as they are now, for programs
 * that store_verify_path() them again and again while one figure is drawn.    */
#define STORE_VERIFIED "BASIN_VERIFIED"
struct input;
char *store_vouch(const struct input *inputs, size_t n);
BN_MUST_USE bn_status store_link(const char *results, const char *name,
                                 const struct object *o);
void store_unlink(const char *results, const char *name);   /* only a link */
void store_age(const char *results, const char *name);      /* only a link */
/* Now, if the link was aged or `always`; true if so.                        */
bool store_renew(const char *results, const char *name, bool always);
/* What is known of a run before it: its lock and its checkpoint are named by this. */
BN_MUST_USE bn_status store_lock_key(const char *k1, const json_t *parameters,
                                     char hex[BN_HEX]);
BN_MUST_USE bn_status store_lock(const char *results, const char *k1,
                                 const json_t *parameters, int *fd, char **path);
void store_unlock(int fd, char *path);

/* --- force.c: a node that is to run again, whatever the cache has --------- */
bool store_is_forced(const char *results, const char *name);
void store_unforce(const char *results, const char *name);

/* --- gc.c ---------------------------------------------------------------- */
/* `basin gc` waits while this descriptor is open. */
BN_MUST_USE bn_status gc_keep_out(const char *results, int *fd);

/* --- plan.c: resolve ----------------------------------------------------- */
/* Note value i of `v` in the parameters and files of `json`, for `node`. */
BN_MUST_USE bn_status plan_value(const char *results, const char *node,
                                 const bn_values *v, size_t i, json_t *json);
int plan_main(int argc, char **argv);
/* What `make` would resolve, with nothing written.  plan: name -> node; origins:
 * name -> { "rule": "pipelines/ring.mk:5", "parameters": { key: "SET" } }.  */
BN_MUST_USE bn_status plan_look(const char *results, const char *from, const char *set,
                                json_t **plan, json_t **origins);
/* One node of a written plan: a new reference; BN_USAGE names its neighbours. */
BN_MUST_USE bn_status plan_node(const char *results, const char *plan,
                                const char *name, json_t **node);
/* Names of all points of sweeps. */
BN_MUST_USE bn_status plan_points(const char *results, const char *plan,
                                  struct list *names);
/* Names of all nodes that need `name`, directly or not. */
BN_MUST_USE bn_status plan_dependants(const char *results, const char *plan,
                                      const char *name, struct list *names);

/* --- makes.c: makes with other parameters in the same tree --------------- */
/* Wait until no other living make works in `results` on another plan, then note
 * that process `make` works on this one ("<digest>", or "<digest> slurm").   */
BN_MUST_USE bn_status makes_enter(const char *results, long make, const char *plan);

/* Wait until no living make works in `results`; none can begin until *gate is closed. */
BN_MUST_USE bn_status makes_shut(const char *results, int *gate);
/* Add the digests of the plans that makes work on. */
BN_MUST_USE bn_status makes_plans(const char *results, struct list *plans);
/* Does process `pid` live, and did it `when` a file was written that names it? */
bool makes_alive(long pid, time_t when);
/* Does any living make work in `results`? */
bool makes_busy(const char *results);

/* --- child.c: one running program ---------------------------------------- */
struct child {
    const char *name;                    /* shown while it runs */
    const char *stage, *results;         /* where to ask how long it takes; or NULL */
    char *const *argv;
    const char *path;                    /* folder put in front of PATH, or NULL */
    const char *verified;                /* from store_vouch(), or NULL */
    bool progress;                       /* append --progress-fd N */
    bool capture;                        /* keep what it writes to stderr */
    /* set by child_run */
    int status;                          /* as wait() has it */
    double seconds, bytes;               /* duration, peak memory */
    char *said;                          /* captured text; free() it */
    pid_t pid;
    int stopped;                         /* the signal that told us to stop, or 0 */
};
BN_MUST_USE bn_status child_run(struct child *c);
/* Exit status as a shell has it, with a sentence in bn_error() unless it is 0. */
int child_status(const struct child *c, const char *what);

/* --- display.c: what is running, on the terminal -------------------------- */
struct progress {
    const char *name;
    double elapsed, left;                /* seconds; left < 0: unknown */
    double fraction;                     /* 0: unknown */
};
void display_open(const char *results, bool quiet);
void display_close(void);
bool display_is_live(void);              /* on a terminal that can do it */
bool display_is_quiet(void);
void display_show(const struct progress *p);             /* cheap; as often as you like */
void display_hide(void);
void display_print(FILE *to, const char *text);          /* whole lines */

/* --- left.c: how long it will take ---------------------------------------- */
void times_add(const char *results, const char *name, const char *stage, double seconds);
json_t *times_read(const char *results);
double times_of(const json_t *times, const char *name, const char *stage);
double times_expect(const char *results, const char *name, const char *stage);
void left_open(const char *results, const char *plan, long jobs);
void left_close(void);
/* "figure3: 5 more to make, about 6 min"; sum and longest of the seconds until those
 * that run are done.                                                        */
bool left_line(const struct list *running, double sum, double longest, char *line,
               size_t size);

/* --- figure.c ------------------------------------------------------------ */
struct input {
    char *role;
    struct object object;
};
/* Make `out` with gnuplot or pdftocairo; returns an exit status. */
int figure_make(const json_t *node, const char *name, const struct input *inputs,
                size_t n, const char *build, const char *out, struct child *c);
BN_MUST_USE bn_status figure_code(const char *results, const char *build,
                                  const char *script, char hex[BN_HEX]);
BN_MUST_USE bn_status figure_converter_code(const char *results, const char *build,
                                            char hex[BN_HEX]);

/* --- numbers.c: results/numbers.tex -------------------------------------- */
bool numbers_is(const char *name);       /* is it a node like that? */
/* Its sources, and what the tables of the stages behind its inputs call citable. */
BN_MUST_USE bn_status numbers_code(const char *build, const json_t *node, char hex[BN_HEX]);
BN_MUST_USE bn_status numbers_parts(const json_t *node, json_t *parts);
/* Add the numbers of such a file: macro -> { value (as it is set), raw, where (node:/dataset
 * [row]), node, content (of that artifact), file }.  Sealed: nobody edited it.   */
BN_MUST_USE bn_status numbers_read(const char *path, json_t *numbers, bool *sealed);
/* Write `out` from the inputs, whose roles are names of artifacts; an exit status. */
int numbers_make(const char *name, const struct input *inputs, size_t n, const char *build,
                 const char *out, struct child *c);

/* --- look.c: the state of every node, without making anything ------------ */
/* Note beside the cache which files a node's code is made of, so that `basin why`
 * can name the file that changed.                                           */
BN_MUST_USE bn_status look_note_code(const char *results, const json_t *node);

int run_main(int argc, char **argv);
int submit_main(int argc, char **argv);
int element_main(int argc, char **argv);
int cat_main(int argc, char **argv);
int gc_main(int argc, char **argv);
int force_main(int argc, char **argv);
int accept_main(int argc, char **argv);
int docs_main(int argc, char **argv);
int complete_main(int argc, char **argv);
int report_main(int argc, char **argv);
int why_main(int argc, char **argv);
int status_main(int argc, char **argv);
int dag_main(int argc, char **argv);
int diff_main(int argc, char **argv);
int numbers_main(int argc, char **argv);
int thesis_main(int argc, char **argv);

#endif
