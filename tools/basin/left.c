/* SPDX-License-Identifier: MIT
 *
 * How long it will take.  results/.basin/times has a line "seconds stage node" for
 * every run; the last one of a node counts, else the mean of its stage.  What is left
 * of the goals of a make are the nodes whose links have the old time that `resolve`
 * gave them, or that have no link.                                           */
#include "basin.h"

#include <basin/mem.h>
#include <basin/text.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LONGEST = 4 << 20 };              /* bytes of the file of times, and of a plan whose
                                            rest is counted: of 4,000 nodes or so */

static struct {
    const char *results, *plan;
    long jobs;                           /* 0: nobody wants to know */
    bool known;
    struct list names;                   /* nodes that the goals need */
    double *seconds;                     /* expected; negative: unknown */
} left;

/* --- times --------------------------------------------------------------- */

void times_add(const char *results, const char *name, const char *stage, double seconds)
{
    char *path = bn_format("%s/.basin/times", results), *text = NULL;
    char *line = bn_format("%.3f %s %s\n", seconds, stage, name);
    struct stat st;
    const int fd = path != NULL && line != NULL && file_make_folders(path) == BN_OK
                       ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666) : -1;
    const bool noted = fd >= 0 && write(fd, line, strlen(line)) > 0;
    if (noted && fstat(fd, &st) == 0 && st.st_size > LONGEST &&
        file_read(path, &text, NULL) == BN_OK) {
        const char *half = strchr(text + strlen(text) / 2, '\n');
        if (half != NULL && file_write(path, half + 1) != BN_OK)
            unlink(path);                /* only guesses are lost */
    }
    if (fd >= 0)
        close(fd);
    free(text);
    free(line);
    free(path);
}

/* Object: node -> seconds, and " stage" -> mean. */
json_t *times_read(const char *results)
{
    char *path = bn_format("%s/.basin/times", results), *text = NULL, *rest = NULL;
    json_t *times = json_object();
    if (path != NULL && file_exists(path) && file_read(path, &text, NULL) != BN_OK)
        text = NULL;
    for (char *w = text ? strtok_r(text, "\n", &rest) : NULL; w != NULL;
         w = strtok_r(NULL, "\n", &rest)) {
        char stage[128] = " ", name[512];
        double seconds;
        if (sscanf(w, "%lf %126s %511[^\n]", &seconds, stage + 1, name) != 3)
            continue;
        json_t *mean = json_object_get(times, stage);
        const double n = json_number_value(json_array_get(mean, 1));
        const double sum = json_number_value(json_array_get(mean, 0));
        json_object_set_new(times, stage, json_pack("[ff]", sum + seconds, n + 1.0));
        json_object_set_new(times, name, json_real(seconds));
    }
    free(text);
    free(path);
    return times;
}

double times_of(const json_t *times, const char *name, const char *stage)
{
    const json_t *own = json_object_get(times, name);
    char key[128];
    if (own != NULL)
        return json_real_value(own);
    snprintf(key, sizeof key, " %s", stage);
    const json_t *mean = json_object_get(times, key);
    return mean == NULL ? -1.0 : json_number_value(json_array_get(mean, 0)) /
                                     json_number_value(json_array_get(mean, 1));
}

double times_expect(const char *results, const char *name, const char *stage)
{
    json_t *times = times_read(results);
    const double seconds = times_of(times, name, stage);
    json_decref(times);
    return seconds;
}

/* --- what the goals need ------------------------------------------------- */

static bool is_goal(const char *name, const char *goals)
{
    const size_t results = strlen(left.results);
    for (const char *g = goals; *g != '\0';) {
        const size_t n = strcspn(g, " ");
        const bool figure = strncmp(name, "figures/", 8) == 0;
        if ((n == 7 && strncmp(g, "results", n) == 0) ||
            (n == 7 && strncmp(g, "figures", n) == 0 && figure) ||
            (n == 7 && strncmp(g, "numbers", n) == 0 && numbers_is(name)) ||
            (figure && strncmp(name + 8, g, n) == 0 && name[8 + n] == '.') ||
            (n > results && strncmp(g, left.results, results) == 0 &&
             strncmp(g + results + 1, name, n - results - 1) == 0 &&
             name[n - results - 1] == '\0'))
            return true;
        g += n + strspn(g + n, " ");
    }
    return false;
}

static void need(const json_t *nodes, const json_t *times, json_t *seen, const char *name)
{
    const json_t *node = json_object_get(nodes, name);
    const char *role, *stage = json_string_value(json_object_get(node, "stage"));
    json_t *input;
    size_t i;
    if (node == NULL || stage == NULL || json_object_get(seen, name) != NULL)
        return;
    json_object_set_new(seen, name, json_true());
    json_object_foreach(json_object_get(node, "inputs"), role, input) {
        if (json_is_string(input))
            need(nodes, times, seen, json_string_value(input));
        json_t *one;
        json_array_foreach(input, i, one)
            if (json_is_string(one))
                need(nodes, times, seen, json_string_value(one));
    }
    double *more = bn_grow(left.seconds, left.names.n + 1, sizeof *more);
    if (more == NULL)
        return;
    left.seconds = more;
    left.seconds[left.names.n] = times_of(times, name, stage);
    if (list_add(&left.names, name) != BN_OK)
        return;
}

static void find_nodes(void)
{
    char *path = bn_format("%s/.basin/plans/%s.plan", left.results, left.plan);
    char *text = NULL, *rest = NULL;
    const char *goals = getenv("BASIN_GOALS"), *name;
    json_t *nodes = json_object(), *seen = json_object(), *times = NULL, *node;
    struct stat st;
    left.known = true;
    /* Every recipe reads it, and five times a second asks for each node's link. */
    if (goals != NULL && path != NULL && stat(path, &st) == 0 && st.st_size <= LONGEST &&
        file_read(path, &text, NULL) == BN_OK)
        times = times_read(left.results);
    for (char *w = times ? strtok_r(text, "\n", &rest) : NULL; w != NULL;
         w = strtok_r(NULL, "\n", &rest)) {
        char *json = strstr(w, " {");
        if (json != NULL) {
            *json = '\0';
            json_object_set_new(nodes, w, json_loads(json + 1, 0, NULL));
        }
    }
    json_object_foreach(nodes, name, node)
        if (is_goal(name, goals))
            need(nodes, times, seen, name);
    json_decref(times);
    json_decref(seen);
    json_decref(nodes);
    free(text);
    free(path);
}

void left_open(const char *results, const char *plan, long jobs)
{
    left.results = results;
    left.plan = plan;
    left.jobs = jobs;
}

void left_close(void)
{
    list_free(&left.names);
    free(left.seconds);
    left.seconds = NULL;
    left.known = false;
}

static bool is_left(const char *name)
{
    struct stat st;
    char *path = bn_format("%s/%s", left.results, name);
    const bool missing = path != NULL && lstat(path, &st) != 0;
    free(path);
    return path != NULL && (missing || (S_ISLNK(st.st_mode) &&
                                        st.st_mtim.tv_sec == YEAR_2000));
}

/* "figure3", "ring/weights.h5", "2 targets" */
static void name_goals(const char *goals, char *text, size_t size)
{
    const size_t results = strlen(left.results);
    size_t words = 0;
    for (const char *g = goals + strspn(goals, " "); *g != '\0'; g += strspn(g, " ")) {
        g += strcspn(g, " ");
        words++;
    }
    if (strncmp(goals, left.results, results) == 0 && goals[results] == '/')
        goals += results + 1;
    if (words == 1)
        snprintf(text, size, "%s", goals);
    else
        snprintf(text, size, "%zu targets", words);
}

bool left_line(const struct list *running, double sum, double longest, char *line,
               size_t size)
{
    const char *goals = getenv("BASIN_GOALS");
    double seconds = sum;
    size_t n = 0, unknown = 0;
    char a[32], what[80];
    if (left.jobs == 0 || goals == NULL)
        return false;
    if (!left.known)
        find_nodes();
    for (size_t i = 0; i < left.names.n; i++) {
        const char *name = left.names.at[i];
        const char *dot = strrchr(name, '.');
        if (list_has(running, name) || !is_left(name) || strcmp(dot, ".svg") == 0 ||
            strcmp(dot, ".png") == 0)
            continue;
        n++;
        unknown += left.seconds[i] < 0.0;
        seconds += left.seconds[i] < 0.0 ? 0.0 : left.seconds[i];
    }
    if (n == 0)
        return false;
    seconds /= (double)left.jobs;
    seconds = seconds > longest ? seconds : longest;
    name_goals(goals, what, sizeof what);
    snprintf(line, size, "%s: %zu more to make", what, n);
    if (seconds > 0.0)
        snprintf(line + strlen(line), size - strlen(line), ", %s %s",
                 unknown > 0 ? "more than" : "about", bn_human_seconds(seconds, a));
    return true;
}
