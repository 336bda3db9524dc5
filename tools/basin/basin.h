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
#include <sys/stat.h>
#include <sys/types.h>

#define BASIN_VERSION "0.1.0"
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

bool file_exists(const char *path);
bool file_is_link(const char *path);
BN_MUST_USE bn_status file_read(const char *path, char **text, size_t *n);
/* Both make missing folders, write beside the path and rename, so that a reader
 * never sees half a file; _changed leaves a file with this content alone.   */
BN_MUST_USE bn_status file_write(const char *path, const char *text);
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
void schema_free_all(void);

/* --- settings.c: parameter files and SET --------------------------------- */
struct setting {
    char *pipeline, *section, *key, *origin;
    struct list texts;
};
struct settings {
    struct setting *at;
    size_t n, room;
    size_t n_files;                      /* the first come from files */
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
void settings_free(struct settings *s);

/* --- code.c: the identity of code ---------------------------------------- */
/* Of a source file with everything in the project that it includes and links. */
BN_MUST_USE bn_status code_identity(const char *build, const char *source,
                                    char hex[BN_HEX]);
/* Of a gnuplot script with the files it loads, byte by byte. */
BN_MUST_USE bn_status code_of_script(const char *script, bn_digest *d);
/* BN_INPUT if a source in the closure is not byte for byte what was compiled into the
 * objects of this build (tools/cc records that).                            */
BN_MUST_USE bn_status code_is_built(const char *results, const char *build,
                                    const char *source);

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
BN_MUST_USE bn_status store_link(const char *results, const char *name,
                                 const struct object *o);
void store_unlink(const char *results, const char *name);   /* only a link */
void store_age(const char *results, const char *name);      /* only a link */
void store_renew(const char *results, const char *name);    /* only an aged one */
BN_MUST_USE bn_status store_lock(const char *results, const char *k1,
                                 const json_t *parameters, int *fd, char **path);
void store_unlock(int fd, char *path);

/* --- plan.c: resolve ----------------------------------------------------- */
int plan_main(int argc, char **argv);
/* One node of a written plan: a new reference; BN_USAGE names its neighbours. */
BN_MUST_USE bn_status plan_node(const char *results, const char *plan,
                                const char *name, json_t **node);
/* Names of all nodes that need `name`, directly or not. */
BN_MUST_USE bn_status plan_dependants(const char *results, const char *plan,
                                      const char *name, struct list *names);

/* --- makes.c: makes with other parameters in the same tree --------------- */
/* Wait until no other living make works in `results` on another plan, then note
 * that process `make` works on this one.                                    */
BN_MUST_USE bn_status makes_enter(const char *results, long make, const char *plan);

/* Does any living make work in `results`? */
bool makes_busy(const char *results);

/* --- child.c: one running program ---------------------------------------- */
struct child {
    const char *name;                    /* shown while it runs */
    char *const *argv;
    const char *path;                    /* folder put in front of PATH, or NULL */
    bool progress;                       /* append --progress-fd N */
    bool capture;                        /* keep what it writes to stderr */
    /* set by child_run */
    int status;                          /* as wait() has it */
    double seconds, bytes;               /* duration, peak memory */
    char *said;                          /* captured text; free() it */
    pid_t pid;
};
BN_MUST_USE bn_status child_run(struct child *c);
/* Exit status as a shell has it, with a sentence in bn_error() unless it is 0. */
int child_status(const struct child *c, const char *what);

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

int run_main(int argc, char **argv);
int cat_main(int argc, char **argv);
int docs_main(int argc, char **argv);

#endif
