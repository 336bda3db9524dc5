/* SPDX-License-Identifier: MIT */
#include "data.h"

#include <basin/mem.h>
#include <basin/text.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

struct job {
    const char *to, *files, *tables;
    struct source source;
    bool list, check, yes;
    struct list names;                   /* data sets */
    struct table *at;
    char *mirror, *folder;               /* owned texts behind source.mirror and `to` */
    uint64_t missing;                    /* bytes to fetch */
    size_t files_missing, here, other;   /* files */
};

/* --- the command line ------------------------------------------------------ */

static bn_status seconds_of(const char *option, const char *text, double *x)
{
    if (bn_parse_real(text, x) != BN_OK || !(*x >= 0.0 && *x <= 86400.0))
        return bn_fail(BN_USAGE, "%s %s: a number of seconds", option, text);
    return BN_OK;
}

static bn_status parse(struct job *j, int argc, char **argv)
{
    double stall = 60.0;
    const struct { const char *name; const char **text; double *number; bool *flag; }
    known[] = {
        { "--to", &j->to, NULL, NULL },          { "--files", &j->files, NULL, NULL },
        { "--tables", &j->tables, NULL, NULL },  { "--mirror", &j->source.mirror, NULL, NULL },
        { "--stall", NULL, &stall, NULL },       { "--pause", NULL, &j->source.pause, NULL },
        { "--list", NULL, NULL, &j->list },      { "--check", NULL, NULL, &j->check },
        { "--yes", NULL, NULL, &j->yes },
    };
    for (int i = 1; i < argc; i++) {
        size_t k = 0;
        while (k < BN_LEN(known) && strcmp(argv[i], known[k].name) != 0)
            k++;
        if (k == BN_LEN(known) && strncmp(argv[i], "--", 2) == 0)
            return bn_fail(BN_USAGE, "there is no option %s; see basin data --help", argv[i]);
        if (k == BN_LEN(known)) {
            BN_TRY(list_add(&j->names, argv[i]));
        } else if (known[k].flag != NULL) {
            *known[k].flag = true;
        } else if (i + 1 == argc) {
            return bn_fail(BN_USAGE, "%s needs a value; see basin data --help", argv[i]);
        } else if (known[k].text != NULL) {
            *known[k].text = argv[++i];
        } else {
            BN_TRY(seconds_of(argv[i], argv[i + 1], known[k].number));
            i++;
        }
    }
    j->source.stall = stall < 1.0 ? 1L : (long)stall;
    return BN_OK;
}

static char *absolute(const char *path)
{
    char here[4096];
    if (path[0] == '/' || getcwd(here, sizeof here) == NULL)
        return bn_copy(path);
    return bn_format("%s/%s", here, path);
}

/* A folder as a URL. */
static char *file_url(const char *folder)
{
    char *path = absolute(folder), *url = path ? bn_copy("file://") : NULL;
    for (const char *p = path; url != NULL && *p != '\0'; p++) {
        const bool plain = strchr("/-_.~", *p) != NULL || (*p >= '0' && *p <= '9') ||
                           (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z');
        char *longer = bn_format(plain ? "%s%c" : "%s%%%02X", url, (unsigned char)*p);
        free(url);
        url = longer;
    }
    free(path);
    return url;
}

static bn_status find_mirror(struct job *j)
{
    const char *m = j->source.mirror;
    if (m == NULL || m[0] == '\0') {
        j->source.mirror = NULL;
        return BN_OK;
    }
    if (strncmp(m, "https://", 8) == 0 || strncmp(m, "http://", 7) == 0 ||
        strncmp(m, "file:///", 8) == 0)
        return BN_OK;
    if (strstr(m, "://") != NULL || !file_exists(m))
        return bn_fail(BN_USAGE, "the mirror %s is neither https://..., http://... or "
                       "file:///..., nor a folder that is there", m);
    j->source.mirror = j->mirror = file_url(m);
    return j->mirror ? BN_OK : BN_NOMEM;
}

/* --to, or BASIN_DATA, or ~/recordings. */
static bn_status find_folder(struct job *j)
{
    const char *data = getenv("BASIN_DATA"), *home = getenv("HOME");
    if (j->to[0] == '\0' && data != NULL && data[0] != '\0')
        j->to = data;
    if (j->to[0] == '\0' && (home == NULL || home[0] != '/'))
        return bn_fail(BN_USAGE, "there is no home folder: say with BASIN_DATA=folder where "
                       "recordings go");
    j->folder = j->to[0] != '\0' ? absolute(j->to) : bn_format("%s/recordings", home);
    for (size_t n = j->folder ? strlen(j->folder) : 0; n > 1 && j->folder[n - 1] == '/';)
        j->folder[--n] = '\0';
    return j->folder ? BN_OK : BN_NOMEM;
}

/* --- what is there ---------------------------------------------------------- */

static bn_status look_at_item(struct job *j, const char *folder, struct item *item)
{
    struct stat st;
    char hex[BN_HEX];
    char *path = bn_format("%s/%s", folder, item->path);
    char *part = path ? bn_format("%s.part", path) : NULL;
    bn_status rc = part ? BN_OK : BN_NOMEM;
    if (rc == BN_OK && lstat(path, &st) == 0) {
        item->state = OTHER;
        if (stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
            (uint64_t)st.st_size == item->bytes) {
            if (item->bytes > 100000000)
                progress_note(item->path);
            rc = memo_digest(folder, item->path, j->check, hex);
            item->state = rc == BN_OK && strcmp(hex, item->sha256) == 0 ? HERE : OTHER;
        }
    } else if (rc == BN_OK && stat(part, &st) == 0 && S_ISREG(st.st_mode)) {
        item->state = PARTIAL;
        item->have = (uint64_t)st.st_size <= item->bytes ? (uint64_t)st.st_size : 0;
    }
    free(part);
    free(path);
    return rc;
}

static bn_status look(struct job *j)
{
    for (size_t k = 0; k < j->names.n; k++) {
        char *folder = bn_format("%s/%s", j->folder, j->names.at[k]);
        bn_status rc = folder ? BN_OK : BN_NOMEM;
        for (size_t i = 0; i < j->at[k].n && rc == BN_OK && !fetch_signal(); i++) {
            struct item *item = &j->at[k].at[i];
            if (!item->wanted)
                continue;
            rc = look_at_item(j, folder, item);
            j->here += item->state == HERE;
            j->other += item->state == OTHER;
            if (item->state == ABSENT || item->state == PARTIAL) {
                j->missing += item->bytes - item->have;
                j->files_missing++;
            }
        }
        free(folder);
        BN_TRY(rc);
    }
    progress_hide();
    return BN_OK;
}

/* --- telling ---------------------------------------------------------------- */

static const char *state_text(const struct item *i, char buf[64])
{
    if (i->state == PARTIAL)
        snprintf(buf, 64, "%.0f %% is here", 100.0 * (double)i->have /
                 (double)(i->bytes ? i->bytes : 1));
    else
        snprintf(buf, 64, "%s", i->state == HERE    ? "here"
                                : i->state == OTHER ? "ANOTHER FILE has this name" : "");
    return buf;
}

static void tell_table(const struct job *j, const struct table *t)
{
    char size[32], state[64];
    printf("DANDI %s: %s (licence: %s)\n", t->dandiset, t->what ? t->what : "a table of your own",
           t->licence ? t->licence : "see there");
    printf("%s %s/%s, from %s\n", j->list || j->check ? "in" : "into", j->folder, t->dandiset,
           j->source.mirror ? j->source.mirror : "where the table says");
    for (size_t i = 0; i < t->n; i++)
        if (t->at[i].wanted)
            printf("  %-62s %7s%s%s\n", t->at[i].path,
                   bn_human_bytes((double)t->at[i].bytes, size),
                   t->at[i].state == ABSENT ? "" : "  ", state_text(&t->at[i], state));
}

/* Bytes that are free where the folder is or will be; negative: unknown. */
static double free_space(const char *folder)
{
    struct statvfs s;
    char *p = bn_copy(folder);
    double space = -1.0;
    while (p != NULL && space < 0.0) {
        if (statvfs(p, &s) == 0)
            space = (double)s.f_bavail * (double)s.f_frsize;
        char *slash = strrchr(p, '/');
        if (slash == NULL || slash == p)
            break;
        *slash = '\0';
    }
    free(p);
    return space;
}

static void tell_sums(const struct job *j, double space)
{
    char missing[32], left[32];
    printf("%zu file%s to fetch, %s", j->files_missing, j->files_missing == 1 ? "" : "s",
           bn_human_bytes((double)j->missing, missing));
    if (j->here > 0)
        printf("; %zu here, as the table says", j->here);
    if (j->other > 0)
        printf("; %zu NOT fetched, since another file has the name", j->other);
    if (space >= 0.0 && j->files_missing > 0)
        printf("; %s free", bn_human_bytes(space, left));
    printf("\n");
}

/* All tables, without a look at files. */
static bn_status list_tables(const struct job *j)
{
    struct list names = { 0 };
    bn_status rc = table_names(j->tables, &names);
    char size[32];
    for (size_t k = 0; k < names.n && rc == BN_OK; k++) {
        struct table t;
        double bytes = 0.0;
        rc = table_read(&t, j->tables, names.at[k]);
        for (size_t i = 0; i < t.n; i++)
            bytes += (double)t.at[i].bytes;
        if (rc == BN_OK)
            printf("%-7s %4zu files %8s  %s (licence: %s)\n", t.dandiset, t.n,
                   bn_human_bytes(bytes, size), t.what ? t.what : "",
                   t.licence ? t.licence : "see there");
        table_free(&t);
    }
    if (rc == BN_OK && names.n > 0)
        printf("\nmake data DANDISET=%s DATA=--list lists the files of one; without DATA it "
               "fetches them,\nFILES=\"sub-A18* ...\" some. They go to %s; BASIN_DATA=folder "
               "names another place.\n",
               names.at[names.n - 1], j->folder);
    list_free(&names);
    return rc;
}

/* A path that SET takes without quotes. */
static bool is_plain(const char *path)
{
    return strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+-")
           == strlen(path);
}

/* How a pipeline gets the first of them. */
static void tell_use(const struct job *j)
{
    for (size_t k = 0; k < j->names.n; k++) {
        const struct table *t = &j->at[k];
        size_t i = 0;
        while (i < t->n && !(t->at[i].wanted && t->at[i].state == HERE))
            i++;
        if (i == t->n || t->pipeline == NULL || strcmp(t->pipeline, "-") == 0)
            continue;
        char *file = bn_format("%s/%s/%s", j->folder, t->dandiset, t->at[i].path);
        if (file != NULL && is_plain(file))
            printf("\nfor a look:\n    make %s FROM=%s SET=\"%s.recording.file=%s\"\n",
                   strcmp(t->pipeline, "track") == 0 ? "figureS5" : "figure1", t->pipeline,
                   t->pipeline, file);
        if (strcmp(t->pipeline, "track") == 0)
            printf("(epoch, unit and speed of params/track.conf are those of another recording: "
                   "docs/science/recordings.md)\n");
        printf("for work, in a params/<pipeline>.conf of your own (docs/tutorial.md), after\n"
               "export BASIN_DATA=%s:\n"
               "    recording { file = \"${BASIN_DATA}/%s/%s\" }\n", j->folder, t->dandiset,
               t->at[i].path);
        free(file);
    }
}

/* --- fetching ---------------------------------------------------------------- */

/* Somebody at a terminal may have meant one file and not 55 GB. */
static bool agreed(const struct job *j)
{
    char size[32], answer[8] = "";
    if (j->yes || j->files_missing == 0 || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return true;
    printf("fetch %s? [y/N] ", bn_human_bytes((double)j->missing, size));
    fflush(stdout);
    return fgets(answer, sizeof answer, stdin) != NULL && (*answer == 'y' || *answer == 'Y');
}

static bn_status check_space(const struct job *j, double space)
{
    char a[32], b[32];
    if (space < 0.0 || space >= (double)j->missing)
        return BN_OK;
    return bn_fail(BN_OUTPUT, "%s: %s are missing but only %s are free there; choose fewer with "
                   "FILES=\"...\", or another place with BASIN_DATA=folder", j->folder,
                   bn_human_bytes((double)j->missing, a), bn_human_bytes(space, b));
}

static int fetch_one(struct job *j, const struct table *t, struct item *item, bool *hopeless)
{
    char size[32];
    char *folder = bn_format("%s/%s", j->folder, t->dandiset);
    char *path = folder ? bn_format("%s/%s", folder, item->path) : NULL;
    int status = path ? fetch(&j->source, t->dandiset, item, path, hopeless) : BN_NOMEM;
    if (status == 0) {
        item->state = HERE;
        printf("fetched and checked: %s/%s, %s\n", t->dandiset, item->path,
               bn_human_bytes((double)item->bytes, size));
        fflush(stdout);
        /* So that the next run need not read it. */
        status = (int)memo_note(folder, item->path, item->sha256);
    }
    if (status > 0)
        fprintf(stderr, "basin data: %s\n", bn_error());
    free(path);
    free(folder);
    return status;
}

static int fetch_all(struct job *j)
{
    int worst = 0;
    bool hopeless = false;
    for (size_t k = 0; k < j->names.n; k++)
        for (size_t i = 0; i < j->at[k].n && !hopeless; i++) {
            struct item *item = &j->at[k].at[i];
            if (!item->wanted || (item->state != ABSENT && item->state != PARTIAL))
                continue;
            const int status = fetch_signal() ? FETCH_STOPPED
                                              : fetch_one(j, &j->at[k], item, &hopeless);
            if (status == FETCH_STOPPED)
                return status;
            worst = status > worst ? status : worst;
        }
    if (worst != 0)
        fprintf(stderr, "basin data: not everything is here; the same command goes on with what "
                "is missing\n");
    return worst;
}

/* --- the command -------------------------------------------------------------- */

/* --files: each glob names something, in one data set or another. */
static bn_status choose(struct job *j)
{
    char *globs = bn_copy(j->files), *rest = NULL;
    bn_status rc = globs ? BN_OK : BN_NOMEM;
    const char *glob = globs ? strtok_r(globs, " \t\n", &rest) : NULL;
    if (glob == NULL)
        glob = "*";
    for (; glob != NULL && rc == BN_OK; glob = strtok_r(NULL, " \t\n", &rest)) {
        size_t n = 0;
        for (size_t k = 0; k < j->names.n; k++)
            n += table_choose(&j->at[k], glob);
        if (n == 0)
            rc = bn_fail(BN_USAGE, "no file of %s%s is like `%.80s`; the first is %s (--list, "
                         "without --files, shows all)", j->names.at[0],
                         j->names.n > 1 ? " and the others" : "", glob, j->at[0].at[0].path);
    }
    free(globs);
    return rc;
}

static bn_status read_tables(struct job *j)
{
    j->at = bn_alloc(j->names.n + 1, sizeof *j->at);
    if (j->at == NULL)
        return BN_NOMEM;
    for (size_t k = 0; k < j->names.n; k++)
        BN_TRY(table_read(&j->at[k], j->tables, j->names.at[k]));
    return choose(j);
}

static int say(int status)
{
    if (status > 0)
        fprintf(stderr, "basin data: %s\n", bn_error());
    return status;
}

/* Gives an exit status: 1 if files with the names of others are in the way, or if --check
 * misses some.                                                              */
static int work(struct job *j)
{
    int status = say((int)look(j));
    if (status != 0 || fetch_signal())
        return status != 0 ? status : FETCH_STOPPED;
    const double space = free_space(j->folder);
    for (size_t k = 0; k < j->names.n; k++)
        tell_table(j, &j->at[k]);
    tell_sums(j, space);
    fflush(stdout);
    if (j->list)
        return 0;
    if (j->check)
        return j->other + j->files_missing > 0;
    status = say((int)check_space(j, space));
    if (status == 0 && !agreed(j))
        return 1;
    if (status == 0)
        status = fetch_all(j);
    if (status == 0)
        tell_use(j);
    return status == 0 && j->other > 0 ? 1 : status;
}

int main(int argc, char **argv)
{
    struct job j = { .to = "", .files = "", .tables = "recordings",
                     .source = { .pause = 1.0 } };
    fetch_catch_signals();
    bn_status rc = parse(&j, argc, argv);
    if (rc == BN_OK)
        rc = find_mirror(&j);
    if (rc == BN_OK)
        rc = find_folder(&j);
    if (rc == BN_OK)
        rc = j.names.n == 0 ? list_tables(&j) : read_tables(&j);
    int status = say((int)rc);
    if (status == 0 && j.names.n > 0)
        status = work(&j);
    for (size_t k = 0; j.at != NULL && k < j.names.n; k++)
        table_free(&j.at[k]);
    free(j.at);
    free(j.mirror);
    free(j.folder);
    list_free(&j.names);
    if (fflush(stdout) != 0 && status == 0)
        status = BN_OUTPUT;
    if (status == FETCH_STOPPED) {
        fprintf(stderr, "basin data: stopped; what came is kept, the same command goes on from "
                "there\n");
        raise(fetch_signal());           /* whose handler is the default by now */
    }
    return status;
}
