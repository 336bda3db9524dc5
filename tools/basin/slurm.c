/* SPDX-License-Identifier: MIT
 *
 * What is said to Slurm and what it answers, through its commands sbatch, squeue and
 * scancel.  Arrays are known by their names, which nobody else has: so one that was
 * submitted by a process that died before it could note a number is found, too. */
#include "array.h"

#include <basin/mem.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- a command ----------------------------------------------------------- */

struct answer {
    char *text[2];                       /* its standard output, its standard error */
    size_t n[2];
    int status;
};

static void answer_free(struct answer *a)
{
    free(a->text[0]);
    free(a->text[1]);
}

/* In a process group of its own: Ctrl-C must not end sbatch halfway. */
static _Noreturn void become(char *const *argv, const int out, const int err)
{
    setpgid(0, 0);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    execvp(argv[0], argv);
    _exit(errno == ENOENT ? 127 : 126);
}

static bool take(int *fd, struct answer *a, int which)
{
    char buf[8192];
    const ssize_t got = read(*fd, buf, sizeof buf);
    if (got < 0 && errno == EINTR)
        return true;
    char *more = got > 0 ? bn_grow(a->text[which], a->n[which] + (size_t)got + 1, 1) : NULL;
    if (more == NULL) {
        close(*fd);
        *fd = -1;
        return got <= 0;
    }
    memcpy(more + a->n[which], buf, (size_t)got);
    a->n[which] += (size_t)got;
    more[a->n[which]] = '\0';
    a->text[which] = more;
    return true;
}

static bn_status listen_to(int fds[2], struct answer *a)
{
    bool good = true;
    while (fds[0] >= 0 || fds[1] >= 0) {
        struct pollfd p[2] = { { fds[0], POLLIN, 0 }, { fds[1], POLLIN, 0 } };
        const int ready = poll(p, 2, -1);
        for (int i = 0; i < 2 && ready > 0; i++)
            if (p[i].revents != 0)
                good = take(&fds[i], a, i) && good;
        if (ready < 0 && errno != EINTR)
            break;
    }
    for (int i = 0; i < 2; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    return good ? BN_OK : BN_NOMEM;
}

static bn_status call(char *const *argv, struct answer *a)
{
    int out[2] = { -1, -1 }, err[2] = { -1, -1 };
    *a = (struct answer){ .status = -1 };
    if (pipe(out) != 0 || pipe(err) != 0)
        return bn_fail(BN_NOMEM, "no more pipes (%s)", strerror(errno));
    for (int i = 0; i < 2; i++) {
        fcntl(out[i], F_SETFD, FD_CLOEXEC);
        fcntl(err[i], F_SETFD, FD_CLOEXEC);
    }
    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0)
        become(argv, out[1], err[1]);
    close(out[1]);
    close(err[1]);
    int fds[2] = { out[0], err[0] };
    bn_status rc = listen_to(fds, a);
    int status = 0;
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    a->status = pid < 0 ? -1 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    for (int i = 0; i < 2 && rc == BN_OK; i++)
        if (a->text[i] == NULL && (a->text[i] = bn_copy("")) == NULL)
            rc = BN_NOMEM;
    if (rc == BN_OK && pid < 0)
        rc = bn_fail(BN_NOMEM, "%s: cannot be started (%s)", argv[0], strerror(errno));
    if (rc == BN_OK && a->status == 127)
        rc = bn_fail(BN_USAGE, "RUN=slurm: there is no `%s` here: start make on a login node "
                     "of the cluster, or leave RUN=slurm out", argv[0]);
    return rc;
}

/* One line for a person: "sbatch: error: invalid partition specified: x; ..." */
static const char *one_line(char *text)
{
    for (size_t n = strlen(text); n > 0 && text[n - 1] == '\n';)
        text[--n] = '\0';
    for (char *c = text; *c != '\0'; c++)
        if (*c == '\n')
            *c = ';';
    return text[0] != '\0' ? text : "it said nothing";
}

/* --- sbatch -------------------------------------------------------------- */

static bn_status add_text(struct list *argv, const char *format, const char *text)
{
    char *word = bn_format("%s%s", format, text);
    const bn_status rc = word ? list_add(argv, word) : BN_NOMEM;
    free(word);
    return rc;
}

static bn_status add_number(struct list *argv, const char *option, double x, const char *unit)
{
    char word[64];
    if (!(x > 0.0))
        return BN_OK;
    snprintf(word, sizeof word, "%s%.0f%s", option, ceil(x), unit);
    return list_add(argv, word);
}

static bn_status add_words(struct list *argv, const char *text)
{
    bn_status rc = BN_OK;
    while (*(text += strspn(text, " \t\n")) != '\0' && rc == BN_OK) {
        const size_t n = strcspn(text, " \t\n");
        char *word = bn_format("%.*s", (int)n, text);
        rc = word ? list_add(argv, word) : BN_NOMEM;
        free(word);
        text += n;
    }
    return rc;
}

static bn_status build(const struct array *a, const struct asking *ask, const char *here,
                       struct list *argv)
{
    const bool absolute = a->folder[0] == '/';
    const char *cpus = text_of(ask->asked, "cpus"), *word;
    static const char *const fixed[] = {
        "sbatch", "--parsable", "--requeue", "--nodes=1", "--ntasks=1", "--open-mode=append",
        "--export=BASIN_ELEMENT,PATH,HOME,ASAN_OPTIONS,LSAN_OPTIONS,UBSAN_OPTIONS",
    };
    for (size_t i = 0; i < BN_LEN(fixed); i++)
        BN_TRY(list_add(argv, fixed[i]));
    BN_TRY(add_text(argv, "--job-name=basin.", a->name));
    BN_TRY(add_text(argv, "--chdir=", here));
    char *log = bn_format("%s%s%s/%%a.log", absolute ? "" : here, absolute ? "" : "/", a->folder);
    bn_status rc = log ? add_text(argv, "--output=", log) : BN_NOMEM;
    free(log);
    BN_TRY(rc);
    char range[64];
    snprintf(range, sizeof range, "--array=0-%zu", a->n - 1);
    BN_TRY(list_add(argv, range));
    BN_TRY(add_text(argv, "--cpus-per-task=", cpus[0] != '\0' ? cpus : "1"));
    BN_TRY(add_number(argv, "--time=", 60.0 * ask->hours, ""));
    BN_TRY(add_number(argv, "--mem=", 1024.0 * ask->memory, "M"));
    if ((word = text_of(ask->asked, "partition"))[0] != '\0')
        BN_TRY(add_text(argv, "--partition=", word));
    if ((word = text_of(ask->asked, "account"))[0] != '\0')
        BN_TRY(add_text(argv, "--account=", word));
    BN_TRY(add_words(argv, text_of(ask->asked, "options")));
    return add_text(argv, a->folder, "/script");
}

/* The array is noted before it is submitted, so that whoever comes after a process that
 * died in between asks the cluster for its name.                            */
static bn_status note_sent(const struct array *a, const char *id)
{
    char *path = bn_format("%s/sent", a->folder);
    const bn_status rc = path ? file_write(path, id) : BN_NOMEM;
    free(path);
    return rc;
}

bn_status slurm_submit(struct array *a, const struct asking *ask)
{
    struct list argv = { 0 };
    struct answer said = { .status = -1 };
    char here[4096];
    if (getcwd(here, sizeof here) == NULL)
        return bn_fail(BN_INPUT, "the folder of the project cannot be found (%s)",
                       strerror(errno));
    bn_status rc = note_sent(a, "");
    if (rc == BN_OK && setenv("BASIN_ELEMENT", a->folder, 1) != 0)
        rc = BN_NOMEM;
    if (rc == BN_OK)
        rc = build(a, ask, here, &argv);
    if (rc == BN_OK)
        rc = call(argv.at, &said);
    if (rc == BN_OK && said.status != 0)
        rc = bn_fail(BN_USAGE, "the cluster does not take the runs of %.*s: %s",
                     (int)strcspn(a->name, "."), a->name, one_line(said.text[1]));
    if (rc == BN_OK) {
        said.text[0][strcspn(said.text[0], ";\n")] = '\0';
        free(a->id);
        a->id = bn_copy(said.text[0]);
        rc = a->id ? note_sent(a, a->id) : BN_NOMEM;
    }
    answer_free(&said);
    list_free(&argv);
    return rc;
}

/* --- squeue and scancel ---------------------------------------------------- */

bool slurm_is_over(const char *state)
{
    static const char *const over[] = {
        "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL",
        "OUT_OF_MEMORY", "PREEMPTED", "REVOKED", "TIMEOUT",
    };
    for (size_t i = 0; i < BN_LEN(over); i++)
        if (strcmp(state, over[i]) == 0)
            return true;
    return false;
}

/* "basin.weights.a8Bc3d|3|RUNNING|None|node7" */
static void take_line(char *line, json_t *states)
{
    char *part[5] = { line };
    for (int i = 1; i < 5; i++) {
        char *bar = part[i - 1] ? strchr(part[i - 1], '|') : NULL;
        if (bar != NULL)
            *bar++ = '\0';
        part[i] = bar;
    }
    if (part[4] == NULL || strncmp(line, "basin.", 6) != 0)
        return;
    if (json_object_get(states, line + 6) == NULL)
        json_object_set_new(states, line + 6, json_object());
    json_object_set_new(json_object_get(states, line + 6), part[1],
                        json_pack("{ss ss ss}", "state", part[2], "reason", part[3], "node",
                                  part[4]));
}

bn_status slurm_states(const struct list *names, json_t **states)
{
    struct list argv = { 0 };
    struct answer said = { .status = -1 };
    char *all = bn_copy("--name=");
    for (size_t i = 0; i < names->n && all != NULL; i++) {
        char *longer = bn_format("%s%sbasin.%s", all, i > 0 ? "," : "", names->at[i]);
        free(all);
        all = longer;
    }
    const char *const words[] = { "squeue", "-h", "-r", "-t", "all", "-o", "%j|%K|%T|%r|%N",
                                  all };
    bn_status rc = all ? BN_OK : BN_NOMEM;
    for (size_t i = 0; i < BN_LEN(words) && rc == BN_OK; i++)
        rc = list_add(&argv, words[i]);
    if (rc == BN_OK)
        rc = call(argv.at, &said);
    if (rc == BN_OK && said.status != 0)
        rc = bn_fail(BN_INPUT, "the cluster does not answer: %s", one_line(said.text[1]));
    *states = rc == BN_OK ? json_object() : NULL;
    char *rest = NULL;
    for (char *w = rc == BN_OK ? strtok_r(said.text[0], "\n", &rest) : NULL; w != NULL;
         w = strtok_r(NULL, "\n", &rest))
        take_line(w, *states);
    answer_free(&said);
    list_free(&argv);
    free(all);
    return rc;
}

bn_status slurm_cancel(const struct array *a, bool waiting_only)
{
    struct list argv = { 0 };
    struct answer said = { .status = -1 };
    bn_status rc = list_add(&argv, "scancel");
    if (rc == BN_OK && waiting_only)
        rc = list_add(&argv, "--state=PENDING");
    if (rc == BN_OK)
        rc = add_text(&argv, "--name=basin.", a->name);
    if (rc == BN_OK)
        rc = call(argv.at, &said);
    if (rc == BN_OK && said.status != 0)
        rc = bn_fail(BN_INPUT, "job %s of the cluster cannot be cancelled: %s", a->id,
                     one_line(said.text[1]));
    answer_free(&said);
    list_free(&argv);
    return rc;
}
