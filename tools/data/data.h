/* SPDX-License-Identifier: MIT
 * basin-data: recordings of public archives, fetched and checked.
 *
 * recordings/<dandiset>.tsv says what each file is called, how long it is, its SHA-256
 * and where it is; nothing of that is believed before it was checked, nor is the server.
 * A file gets its name when its bytes are those of the table, and no file that is there
 * is ever written to; until then it is <name>.part, which a later run goes on with.    */
#ifndef DATA_H
#define DATA_H

#include <basin/digest.h>

#include <stdio.h>

#include "../basin/basin.h"

/* --- table.c -------------------------------------------------------------- */
enum state {
    ABSENT,
    PARTIAL,                             /* <name>.part is there */
    HERE,                                /* as the table says */
    OTHER,                               /* a file of that name, but not that one */
};
struct item {
    char *path;                          /* below FOLDER/DANDISET: "sub-1/sub-1.nwb" */
    char *url;
    char sha256[BN_HEX];
    uint64_t bytes;
    bool wanted;                         /* chosen by --files */
    enum state state;
    uint64_t have;                       /* bytes of <name>.part, at most `bytes` */
};
struct table {
    char *dandiset, *what, *licence, *pipeline;
    struct item *at;
    size_t n;
};
/* Names of all tables in a folder. */
BN_MUST_USE bn_status table_names(const char *folder, struct list *names);
BN_MUST_USE bn_status table_read(struct table *t, const char *folder, const char *dandiset);
/* Mark the files that a glob names, by path, folder or last part of the path; how many? */
size_t table_choose(struct table *t, const char *glob);
void table_free(struct table *t);

/* --- memo.c: what was checked earlier ------------------------------------- */
/* SHA-256 of a file, remembered in FOLDER/.checked by its inode, size and times; `again`:
 * read it all the same.                                                     */
BN_MUST_USE bn_status memo_digest(const char *folder, const char *path, bool again,
                                  char hex[BN_HEX]);
/* It was just found to have this one. */
BN_MUST_USE bn_status memo_note(const char *folder, const char *path,
                                const char known[BN_HEX]);

/* --- fetch.c --------------------------------------------------------------- */
struct source {
    const char *mirror;                  /* a URL, or NULL: where the tables say */
    long stall;                          /* seconds without a byte that end an attempt */
    double pause;                        /* seconds before the second attempt */
};
enum { FETCH_STOPPED = -1 };
/* Downloads `item` to `path`: 0, an exit status with bn_error(), or FETCH_STOPPED after a
 * signal.  *hopeless: the next file would fail in the same way.             */
int fetch(const struct source *s, const char *dandiset, const struct item *item,
          const char *path, bool *hopeless);
/* Begin to take signals: they end what runs, and keep it. */
void fetch_catch_signals(void);
int fetch_signal(void);                  /* that came, or 0 */

/* --- progress.c: one line on a terminal, none elsewhere -------------------- */
/* `done` of `all` bytes, of which the first `before` did not take these seconds. */
void progress_show(const char *what, double before, double done, double all,
                   double seconds);
void progress_note(const char *what);
void progress_hide(void);
double now(void);                        /* seconds, from whenever */

#endif
