/* SPDX-License-Identifier: MIT */
#include "stage_priv.h"

#include <basin/checkpoint.h>
#include <basin/mem.h>
#include <basin/text.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* A checkpoint that took long to write is written more seldom: at most a tenth of
 * the time goes into them.                                                  */
enum { SELDOM = 10 };

static struct {
    struct bn_checkpoint_options o;      /* path: NULL if nobody asked */
    struct bn_checkpoint state;
    char code[BN_HEX], run[BN_HEX];
    double last, pause;                  /* of the last one; seconds until the next */
    bool failed;                         /* say it once */
} run;

/* CLOCK_MONOTONIC stands still while a laptop sleeps: waking up is no reason to write. */
static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A name given by mistake must not cost a file. */
static void refuse_other_files(const char *path)
{
    static const char magic[] = "basin checkpoint ";
    char start[sizeof magic] = "";
    struct stat st;

    if (stat(path, &st) != 0)
        return;
    FILE *f = S_ISREG(st.st_mode) ? fopen(path, "rb") : NULL;
    const size_t n = f != NULL ? fread(start, 1, sizeof magic - 1, f) : 0;
    if (f != NULL)
        fclose(f);
    if (n != sizeof magic - 1 || strcmp(start, magic) != 0)
        BN_REFUSE(BN_USAGE, "--checkpoint %s: this file is no checkpoint and would be "
                  "overwritten: choose another name", path);
}

void bn_checkpoint_begin(const struct bn_checkpoint_options *o, const char *stage)
{
    run.o = *o;
    run.state = (struct bn_checkpoint){ .stage = stage, .code = run.code, .run = run.run };
    run.pause = o->every;
    if (o->path != NULL && !o->kept)
        refuse_other_files(o->path);
}

void bn_checkpoint_end(bool published)
{
    if (run.o.path != NULL && published && !run.o.kept)
        bn_checkpoint_remove(run.o.path);
    free(run.state.kept);
    memset(&run, 0, sizeof run);
}

void bn_keep(const char *name, double *data, size_t n)
{
    struct bn_kept *grown = bn_grow(run.state.kept, run.state.n + 1, sizeof *grown);

    if (grown == NULL)
        bn_die(BN_NOMEM);
    run.state.kept = grown;
    run.state.kept[run.state.n++] = (struct bn_kept){ name, data, n };
}

uint64_t bn_resume(void)
{
    uint64_t step = 0;
    struct stat st;

    if (run.o.path == NULL)
        return 0;
    run.last = now();
    bn_stage_identity(run.code, run.run);
    if (stat(run.o.path, &st) != 0)
        return 0;
    const bn_status rc = bn_checkpoint_read(run.o.path, &run.state, &step);
    if (rc == BN_OK)
        bn_say("continues from its checkpoint (step %llu)", (unsigned long long)step);
    else if (rc == BN_INPUT)
        bn_say("%s: starting from the beginning", bn_error());
    else
        bn_die(rc);
    return step;
}

void bn_checkpoint(uint64_t step)
{
    const double start = run.o.path != NULL ? now() : 0.0;

    if (run.o.path == NULL || start - run.last < run.pause)
        return;
    if (bn_checkpoint_write(run.o.path, &run.state, step) != BN_OK) {
        if (!run.failed)
            bn_say("no checkpoint (%s): the run goes on, but if it is stopped it starts "
                   "again", bn_error());
        run.failed = true;
    }
    run.last = now();
    const double cost = SELDOM * (run.last - start);
    run.pause = run.o.every > cost || run.o.every <= 0.0 ? run.o.every : cost;
}
