/* SPDX-License-Identifier: MIT
 * verify: a bag from elsewhere.  Nothing in it is believed: every name is checked before it
 * is used, every size counted, no link followed, and nothing written but, for --rerun, below
 * a new folder.
 *
 *   bag    the files of a .zip, a tar or a folder, one after another, with their digests
 *   zip    that the two tables of contents of a .zip say the same
 *   names  which names are refused
 *   bagit  RFC 8493: complete and valid
 *   goals  goals.json, manifests and artifacts say the same
 *   content  HDF5, read by a process of its own with limits
 *   rerun  the sources built and run in a new folder, and what comes out
 *   tell   all that as text and as HTML                                      */
#ifndef BASIN_VERIFY_H
#define BASIN_VERIFY_H

#include "../basin/diff.h"

/* Exit statuses beside those of err.h. */
enum { VERIFY_DIFFERENT = 1, VERIFY_REFUSED = 7, VERIFY_WITHIN = 8, VERIFY_MISSING = 9,
       VERIFY_UNTRUSTED = 10 };
#define BAG_REFUSED ((bn_status)VERIFY_REFUSED)          /* hostile, or above a limit */

enum { BAG_ENTRIES = 100000, BAG_DEPTH = 32, BAG_NAME = 1000, BAG_TEXT = 64 << 20,
       BAG_RATIO = 200, BAG_HEX = 129 };

/* --- names.c ------------------------------------------------------------- */
/* What is wrong with a name of n bytes, as "has a backslash"; NULL: nothing. */
const char *name_fault(const char *name, size_t n);
/* As it can be shown on a terminal: what is not printable becomes `?`. */
const char *name_shown(const char *name, char buf[128]);
/* A name as NFC, in which all of them are compared: tools change between NFC and NFD on
 * their own, and RFC 8493 asks for tolerance.  NULL: no memory.              */
char *name_normal(const char *name);
/* A name without case and in one normal form of Unicode; NULL: no memory. */
char *name_folded(const char *name);

/* --- bag.c: the files ----------------------------------------------------- */
enum bag_kind { BAG_ZIP, BAG_TAR, BAG_FOLDER };

struct bag_file {
    char *name;                          /* below the top folder: "data/goals.json" */
    bool folder, runs, listed;           /* runs: may be executed */
    uint64_t size;
    char sha256[BN_HEX], sha512[BAG_HEX];
    char *text;                          /* of what verify reads itself, or NULL */
};

struct zip_entry {
    char *name;                          /* whole, as in the archive */
    uint64_t size, packed, offset;
};

struct bag {
    const char *path;
    enum bag_kind kind;
    int fd;
    uint64_t packed, most, total;        /* bytes of the archive; limit; unpacked */
    bool told;                           /* the limit was given by the user */
    char *top;                           /* the folder that all in an archive is in; "": "./" */
    struct bag_file *at;                 /* sorted by name when it is open */
    size_t n, room;
    uint64_t texts, names;               /* bytes that are held */
    struct zip_entry *zip;               /* sorted by name */
    size_t n_zip;
    struct list problems;                /* sentences: what is damaged */
};
/* Reads all of it once.  BAG_REFUSED: hostile; BN_INPUT: cannot be read to its end. */
BN_MUST_USE bn_status bag_open(struct bag *b, const char *path, double most);
void bag_close(struct bag *b);
struct bag_file *bag_find(const struct bag *b, const char *name);
/* Note what is damaged; gives BN_NOMEM or BN_OK. */
BN_MUST_USE bn_status bag_problem(struct bag *b, const char *fmt, ...) BN_PRINTF(2, 3);

/* Once more, in whatever order they come: begin says which files are wanted.  What is no
 * longer what it was at the first reading is BN_INPUT.                       */
struct bag_pass {
    void *context;
    bn_status (*begin)(void *context, const struct bag_file *f, bool *wanted);
    bn_status (*block)(void *context, const void *bytes, size_t n);
    bn_status (*end)(void *context, const struct bag_file *f);
};
BN_MUST_USE bn_status bag_again(struct bag *b, const struct bag_pass *p);

/* --- bag_priv: what bag.c and its parts share ----------------------------- */
/* How bag.c hears of what the reader of an archive or folder finds. */
struct bag_reader {
    struct bag *b;
    const struct bag_pass *pass;         /* NULL: the first reading */
    struct bag_file *file;               /* that is being read */
    void *sha256, *sha512;
    uint64_t size;
    bool wanted;
    unsigned dot;                        /* entries for "./" */
};
BN_MUST_USE bn_status bag_entry(struct bag_reader *r, const char *name, bool folder,
                                bool runs);
BN_MUST_USE bn_status bag_block(struct bag_reader *r, const void *bytes, size_t n);
BN_MUST_USE bn_status bag_end(struct bag_reader *r);
/* --- unpack.c, folder.c, zip.c */
BN_MUST_USE bn_status bag_read_archive(struct bag_reader *r);
BN_MUST_USE bn_status bag_read_folder(struct bag_reader *r);
BN_MUST_USE bn_status zip_check(struct bag *b);

/* --- bagit.c -------------------------------------------------------------- */
BN_MUST_USE bn_status bagit_check(struct bag *b);

/* --- goals.c -------------------------------------------------------------- */
struct goals {
    json_t *json;                        /* owns what follows */
    const json_t *nodes, *data;
    struct list goals;
    const char *from, *set;
    json_t *manifests;                   /* node -> manifest */
};
BN_MUST_USE bn_status goals_check(struct bag *b, struct goals *g);
bool goals_is_own(const json_t *node);   /* a file that nothing made */
/* BAG_REFUSED: SET names files that make would read elsewhere. */
BN_MUST_USE bn_status goals_stay_inside(const struct bag *b, const struct goals *g);
void goals_free(struct goals *g);

/* --- content.c ------------------------------------------------------------ */
/* Does every artifact of g say what goals.json says that it does? */
BN_MUST_USE bn_status content_check(struct bag *b, const struct goals *g);

/* --- rerun.c, compare.c --------------------------------------------------- */
enum outcome { AGAIN_IDENTICAL, AGAIN_WITHIN, AGAIN_MISSING, AGAIN_DIFFERENT };
struct again {
    const char *node, *file;
    enum outcome outcome;
    char *why;                           /* it is missing */
    bool first;                          /* different, but made from what is identical */
    double worst;                        /* the largest relative difference */
    struct diff diff;
};
struct rerun {
    char *folder;
    const char *keep;                    /* or NULL: removed at the end */
    long jobs;
    struct again *at;                    /* worst first */
    size_t n, count[4];
    double seconds[2];                   /* to build and to make */
    int made;                            /* exit status of the second */
};
BN_MUST_USE bn_status rerun_folder(struct rerun *r);     /* makes it */
BN_MUST_USE bn_status rerun_run(struct rerun *r, struct bag *b, const struct goals *g);
BN_MUST_USE bn_status compare_all(struct rerun *r, const struct goals *g);
void rerun_free(struct rerun *r);
/* "make figure3 FROM=ring": what would be run, for people. */
char *rerun_line(const struct goals *g, long jobs);

/* --- tell.c --------------------------------------------------------------- */
void tell_bag(const struct bag *b, const struct goals *g);
void tell_rerun(const struct rerun *r);
BN_MUST_USE bn_status tell_html(const char *path, const struct bag *b, const struct goals *g,
                                const struct rerun *r, const char *verdict);

#endif
