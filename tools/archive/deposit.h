/* SPDX-License-Identifier: MIT
 * `basin archive`: a bag (BagIt, RFC 8493) with all that goals were made from: sources,
 * artifacts, figures, recordings, manifests, and an RO-Crate that says how they hang
 * together.  It is a program of its own, since the driver is started for every node and
 * should not load libarchive and libyaml each time.
 *
 * The same tree gives the same bytes: nothing in the bag depends on the clock, on
 * the folder, on the locale, on umask or on the order in which folders are listed.  */
#ifndef DEPOSIT_H
#define DEPOSIT_H

#include "../basin/look.h"

enum { HEX512 = 129 };

/* --- payload.c: what goes in, with its digests ----------------------------- */
struct item {
    char *name;                          /* in the bag: "data/results/ring/weights.h5" */
    char *path;                          /* where it lies; NULL: it is `text` */
    char *text;
    size_t bytes;
    bool program;                        /* may be executed */
    bool hashed;
    char sha256[BN_HEX], sha512[HEX512];
};
struct payload {
    struct item *at;
    size_t n, room;
    json_t *index;                       /* name -> position */
};
/* Refused: names that zip, sha512sum or another system would read differently. */
BN_MUST_USE bn_status payload_file(struct payload *p, const char *name, const char *path);
BN_MUST_USE bn_status payload_text(struct payload *p, const char *name, char *text);
BN_MUST_USE bn_status payload_json(struct payload *p, const char *name, json_t *json);
const struct item *payload_find(const struct payload *p, const char *name);
BN_MUST_USE bn_status payload_hash(struct payload *p);   /* what was not yet */
BN_MUST_USE bn_status payload_sort(struct payload *p);   /* by name; refuses twins */
void payload_free(struct payload *p);
struct digests;
BN_MUST_USE bn_status digests_new(struct digests **d);
void digests_add(struct digests *d, const void *bytes, size_t n);
void digests_end(struct digests *d, char sha256[BN_HEX], char sha512[HEX512]);

/* --- sources.c ------------------------------------------------------------- */
/* Everything that git tracks, and what it does not know yet in the folders that make
 * reads; without git all but hidden files, builds and results.              */
BN_MUST_USE bn_status sources_add(struct payload *p, const char *results,
                                  const char *build);

/* --- recordings.c ---------------------------------------------------------- */
/* The files that `nodes` (of a plan) read from outside of the project: name -> { sha256,
 * bytes, included, source ... }; those up to `limit` bytes go into the payload. */
BN_MUST_USE bn_status recordings_add(struct payload *p, const struct look *l, double limit,
                                     json_t *data);
/* The name that a recording has in the bag: its path below BASIN_DATA. */
const char *recording_name(const char *path);
bool recording_is_below(const char *path);                  /* BASIN_DATA */
bool recording_is_source(const char *path);                 /* a file of the project itself */

/* --- places.c -------------------------------------------------------------- */
struct deposit;
/* After recordings_add: look.set with the paths that recordings have in the bag.  Refused:
 * files of parameters with paths that lead nowhere in it.                    */
BN_MUST_USE bn_status places_settle(struct deposit *a);

/* --- bag.c ----------------------------------------------------------------- */
struct bag {
    const char *top;                     /* the one folder in it */
    char *path;                          /* results/archive/<top>.zip */
    size_t bytes;
};
/* Digest of the payload, which names the bag; adds bag-info.txt and the manifests. */
BN_MUST_USE bn_status bag_close(struct payload *p, const char *date, char id[BN_HEX]);
/* It appears whole or not at all; every file is hashed again on its way. */
BN_MUST_USE bn_status bag_write(const struct payload *p, struct bag *b);

/* --- the whole ------------------------------------------------------------- */
struct deposit {
    struct look look;
    struct list goals, targets;          /* as asked for; the nodes that these are */
    struct list names;                   /* of all nodes that they need, sorted */
    struct list strays;                  /* files in results/ that no rule makes */
    struct payload payload;
    json_t *data;                        /* recordings */
    json_t *cff;                         /* CITATION.cff */
    char *set;                           /* of places_settle, which look.set then is */
    char date[32];                       /* of the newest run */
};
/* What a node (or a stray) is in the payload. */
const struct item *deposit_item(const struct deposit *a, const char *name);
const json_t *deposit_manifest(const struct deposit *a, const char *name);

/* --- beside.c: goals.json, environment.json, codecheck.yml, README.md -------- */
BN_MUST_USE bn_status beside_goals(struct deposit *a);
BN_MUST_USE bn_status beside_environment(struct deposit *a);
BN_MUST_USE bn_status beside_codecheck(struct deposit *a);
BN_MUST_USE bn_status beside_readme(struct deposit *a);
/* { compiler, compiler_version, libraries, command } of the line in a manifest. */
json_t *beside_build(const char *text);
/* What figure3.gp says in its first comment, or "". */
BN_MUST_USE bn_status beside_title(const char *script, char **title);

/* --- citation.c: CITATION.cff ------------------------------------------------ */
/* Refused without a title, an author and a license, with what to write.      */
BN_MUST_USE bn_status citation_load(const char *path, json_t **cff);
char *citation_name(const json_t *author);                  /* "Ada Lovelace" */

/* --- entity.c: an RO-Crate, entity by entity --------------------------------- */
struct crate {
    json_t *graph, *ids;
    const struct deposit *d;
};
/* The entity `id`, made if there is none; `types` are separated by blanks.   */
json_t *crate_entity(struct crate *c, const char *id, const char *types);
bool crate_has(const struct crate *c, const char *id);
void crate_text(json_t *entity, const char *key, const char *text);      /* not if empty */
void crate_format(json_t *entity, const char *key, const char *fmt, ...) BN_PRINTF(3, 4);
/* One more { "@id": id } under the key. */
void crate_refer(json_t *entity, const char *key, const char *id);
void crate_size(json_t *entity, const struct item *item);    /* bytes, digest, type */
void crate_unit(json_t *value, const char *unit);
void crate_license(struct crate *c, json_t *entity, const char *spdx);
/* Software and languages, which must have name, url and version. */
void crate_software(struct crate *c, const char *id, const char *types, const char *name,
                    const char *version);
/* The address of a program or library by its short name. */
const char *crate_address(const char *name, char buf[256]);
const char *crate_media(const char *name);
/* As part of an identifier: what a URI may not hold is percent-encoded. */
char *crate_id(const char *fmt, ...) BN_PRINTF(1, 2);

/* --- crate.c, runs.c ----------------------------------------------------------- */
BN_MUST_USE bn_status crate_write(struct deposit *a);        /* ro-crate-metadata.json */
/* Tools, steps, parameters and actions of every node.                         */
void runs_write(struct crate *c, json_t *root, json_t *workflow);

#endif
