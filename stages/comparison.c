/* SPDX-License-Identifier: MIT
 * comparison - which rule comes how near to the offline weights?
 *
 * One table [network metric] of what diagnoses, and the learning behind them, say of any
 * number of networks: variants of a pipeline, points of a sweep, offline weights and
 * controls among them.  Points that differ in nothing but their seed are one network, and
 * its numbers are means over them.                                          */
#include <basin/mem.h>
#include <basin/stage.h>
#include <basin/text.h>

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct bn_input inputs[] = {
    { "diagnosis", false, "diagnoses of all networks" },
    { "learning", true, "what some of them learned: numbers of their /summary beside those of "
      "the diagnosis of the same name" },
};

static const struct bn_output outputs[] = {
    { "/network", "network", "1", "the variant, and the values of swept parameters but for "
      "those that repeat", 0, 0, false },
    { "/metric", "metric", "1", "what is compared: docs/science/comparison.md", 0, 0, false },
    { "/unit", "metric", "1", "its unit", 0, 0, false },
    { "/better", "metric", "1", "-1: less is better; 1: more is; 2: nearer to 1 is; 0: neither",
      0, 0, false },
    { "/value", "network metric", "1", "mean over the repetitions, each in its unit; 0 where "
      "/count is", 1e-6, 1e-3, false },
    { "/error", "network metric", "1", "standard error of that mean; 0 where /count is below 2",
      1e-6, 1, false },
    { "/count", "network metric", "1", "repetitions that have this number; 0: it is missing",
      0, 0, false },
    { "/score", "network metric", "1", "1: the best value of this table, 0: the worst, or "
      "missing; between them by the logarithm, or plainly for what can be negative", 1e-3, 0,
      false },
    { "/parameter", "parameter", "1", "swept parameters that tell networks apart", 0, 0, false },
    { "/parameter_unit", "parameter", "1", "their units", 0, 0, false },
    { "/coordinate", "network parameter", "1",
      "their values; yes is 1, other texts count from 0", 0, 0, false },
    { "/point", "point", "1", "name of each diagnosis", 0, 0, false },
    { "/point_network", "point", "1", "row of its network, from 0", 0, 0, false },
    { "/sample", "point metric", "1", "its numbers, before they are averaged; 0 where /sampled "
      "is", 1e-6, 1e-3, false },
    { "/sampled", "point metric", "1", "1: it has this number; 0: it is missing", 0, 0, false },
};

static const struct bn_param params[] = {
    BN_TEXT("metrics", "auto", "which: names of numbers of /summary, blanks between them; auto: "
            "those that docs/science/comparison.md lists, all: every one"),
    BN_TEXT("repeats", "replicate seed stream", "swept parameters that repeat a network: means "
            "are over their values"),
};

/* --- what is compared ------------------------------------------------------------- */

/* How a value becomes good or bad: by its logarithm, as a count, plainly, or by its distance
 * from 1.                                                                   */
enum sense { NEITHER, LESS, MANY, LOWER, HIGHER, ONE };

static const struct {
    const char *name;
    enum sense sense;
} known[] = {
    { "residual", LESS }, { "drift_rms", LESS }, { "drift_max", LESS },
    { "fixed_points_stable", MANY }, { "gap_ring", LOWER }, { "diffusion", LESS },
    { "memory_1", LESS }, { "memory_10", LESS }, { "memory_100", LESS },
    { "memory_1000", LESS }, { "end_states", MANY }, { "integration_gain", ONE },
    { "integration_r2", HIGHER }, { "doublet_score", LESS }, { "distance", LESS },
    { "distance_span", LESS }, { "distance_rest", LESS }, { "early_distance", LESS },
    { "correlation", HIGHER }, { "learning_time_ratio", ONE }, { "cost", LESS },
};

struct metric {
    const char *name, *unit;
    enum sense sense;
    double *value;                       /* [points] */
    bool *has;
};
static struct metric *metrics;
static size_t n_metrics, room;

static struct metric *metric_of(const char *name)
{
    for (size_t i = 0; i < n_metrics; i++)
        if (strcmp(metrics[i].name, name) == 0)
            return &metrics[i];
    return NULL;
}

static struct metric *new_metric(const char *name, const char *unit, size_t points)
{
    if (n_metrics == room) {
        const size_t more = room > 0 ? 2 * room : 64;
        struct metric *m = bn_grow(metrics, more, sizeof *m);
        if (m == NULL)
            bn_die(BN_NOMEM);
        metrics = m;
        room = more;
    }
    struct metric *m = &metrics[n_metrics++];
    *m = (struct metric){ .name = name, .unit = unit, .value = bn_scratch_vec(points),
                          .has = (bool *)bn_scratch_vec(points) };
    for (size_t k = 0; k < BN_LEN(known); k++)
        if (strcmp(known[k].name, name) == 0)
            m->sense = known[k].sense;
    return m;
}

/* The first to say a number counts: a diagnosis comes before what learned it. */
static void note(size_t point, const char *name, const char *unit, double value)
{
    struct metric *m = metric_of(name);

    if (m == NULL)
        m = new_metric(name, unit, bn_gathered("diagnosis"));
    if (strcmp(m->unit, unit) != 0)
        BN_REFUSE(BN_INPUT, "%s is in %s in one input and, in %s, in %s: compare artifacts of "
                  "one version", name, m->unit, bn_gather_point("diagnosis", point), unit);
    if (!m->has[point])
        m->value[point] = value;
    m->has[point] = true;
}

/* --- reading ------------------------------------------------------------------------ */

static size_t texts_of(const char *role, size_t k, const char *dataset, char ***texts)
{
    size_t n;
    const bn_status rc = bn_h5_read_texts(bn_gather_input(role, k), dataset, texts, &n);

    if (rc != BN_OK)
        bn_die(bn_fail_at(rc, "input `%s`, %s", role, bn_gather_point(role, k)));
    bn_stage_own(*texts);
    return n;
}

static bool has_row(char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* Without velocity weights the numbers of path integration are those of a perfect input,
 * whatever J is.                                                            */
static bool is_meant(const char *name, bool velocity)
{
    return velocity || strncmp(name, "integration_", 12) != 0;
}

/* Above this (1/tau) the eigenvalue of the tangent mode is no slow one. */
static const double SLOW = 0.5;

/* Linear theory of what moves along the ring has a meaning only where a mode of the
 * Jacobian lies along it that is slower than a neuron forgets; 73 "stable angles" of a
 * network that leaves the ring at once have none.                             */
static bool is_along(const char *name)
{
    static const char *const names[] = {
        "drift_rms", "drift_max", "drift_projected_rms", "diffusion", "diffusion_bound",
        "velocity_gain", "velocity_gain_min", "velocity_gain_max", "integration_gain",
        "integration_r2", "fixed_points_", "persistence_", "memory_flow_", "memory_bound_",
        "pinning_",
    };

    for (size_t k = 0; k < BN_LEN(names); k++) {
        const size_t n = strlen(names[k]);
        if (strncmp(name, names[k], n) == 0 && (names[k][n - 1] == '_' || name[n] == '\0'))
            return true;
    }
    return false;
}

static bool has_slow_mode(char *const *names, const double *value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], "tangent_max") == 0)
            return value[i] <= SLOW;
    return true;
}

static void read_summary(const char *role, size_t k, size_t point)
{
    char **names, **units;
    size_t m;
    const size_t n = texts_of(role, k, "/summary/name", &names);
    const size_t u = texts_of(role, k, "/summary/unit", &units);
    const double *value = bn_gather_vec(role, k, "/summary/value", &m);

    if (u != n || m != n)
        BN_REFUSE(BN_INPUT, "input `%s`, %s: /summary has %zu names, %zu units and %zu values",
                  role, bn_gather_point(role, k), n, u, m);
    const bool velocity = has_row(names, n, "velocity_gain");
    const bool slow = has_slow_mode(names, value, n);
    for (size_t i = 0; i < n; i++)
        if (is_meant(names[i], velocity) && (slow || !is_along(names[i])))
            note(point, names[i], units[i], value[i]);
}

/* How long harmonics took to learn over how long theory says: geometric mean over those for
 * which both are known.                                                     */
static void learning_times(size_t point)
{
    double sum = 0.0;
    size_t n = 0;

    for (size_t k = 1; k < 100; k++) {
        char name[64];
        snprintf(name, sizeof name, "learning_time_%zu", k);
        const struct metric *took = metric_of(name);
        snprintf(name, sizeof name, "learning_time_predicted_%zu", k);
        const struct metric *theory = metric_of(name);
        if (took == NULL || theory == NULL || !took->has[point] || !theory->has[point])
            continue;
        sum += log(took->value[point] / theory->value[point]);
        n++;
    }
    if (n > 0)
        note(point, "learning_time_ratio", "1", exp(sum / (double)n));
}

/* Memory errors of simulations, at every time. */
static void read_memory(size_t point)
{
    size_t n, m;

    if (bn_h5_kind(bn_gather_input("diagnosis", point), "/memory_time") != BN_H5_DATASET)
        return;
    const double *time = bn_gather_vec("diagnosis", point, "/memory_time", &n);
    const double *error = bn_gather_vec("diagnosis", point, "/memory_mean", &m);
    for (size_t k = 0; k < n && n == m; k++) {
        char shortest[32], *name = bn_format("memory_%s", bn_shortest(time[k], shortest));
        if (name == NULL)
            bn_die(BN_NOMEM);
        bn_stage_own(name);
        note(point, name, "rad", error[k]);
    }
}

/* --- which points are one network ----------------------------------------------------- */

static const char *key_of(const char *axis)
{
    const char *dot = strrchr(axis, '.');
    return dot != NULL ? dot + 1 : axis;
}

static bool is_word(const char *list, const char *word)
{
    const size_t n = strlen(word);

    for (const char *s = list + strspn(list, " "); *s != '\0';) {
        const size_t m = strcspn(s, " ");
        if (m == n && memcmp(s, word, n) == 0)
            return true;
        s += m;
        s += strspn(s, " ");
    }
    return false;
}

/* Where names of files say this axis (".key-", or ".stage-key-" where two keys are alike);
 * NULL if they do not.                                                      */
static const char *find_axis(const char *name, const char *axis)
{
    char *shorter = bn_format(".%s-", key_of(axis)), *longer = bn_format(".%s-", axis);

    if (shorter == NULL || longer == NULL)
        bn_die(BN_NOMEM);
    for (char *c = longer + 1; *c != '\0'; c++)
        if (*c == '.')
            *c = '-';
    const char *at = strstr(name, shorter);
    if (at == NULL)
        at = strstr(name, longer);
    free(shorter);
    free(longer);
    return at;
}

/* "diagnosis.hebb.replicate-3" -> "hebb": the name without its stage and the sweep. */
static char *variant_of(const char *role, size_t k)
{
    const char *name = bn_gather_point(role, k);
    const size_t n = strlen(role);
    size_t length;

    if (strncmp(name, role, n) == 0 && (name[n] == '.' || name[n] == '\0'))
        name += n;
    length = strlen(name);
    for (size_t a = 0; a < bn_gather_axes(role); a++) {
        const char *cut = find_axis(name, bn_gather_axis(role, a));
        if (cut != NULL && (size_t)(cut - name) < length)
            length = (size_t)(cut - name);
    }
    char *variant = bn_format("%.*s", (int)length, name);
    if (variant == NULL)
        bn_die(BN_NOMEM);
    bn_stage_own(variant);
    return variant[0] == '.' ? variant + 1 : variant;
}

/* "hebb.decay-0.1": with the parameters that do not repeat it. */
static const char *network_of(size_t k, const char *repeats)
{
    char *name = bn_format("%s", variant_of("diagnosis", k));

    for (size_t a = 0; a < bn_gather_axes("diagnosis") && name != NULL; a++) {
        const char *key = key_of(bn_gather_axis("diagnosis", a));
        if (is_word(repeats, key))
            continue;
        char *longer = bn_format("%s%s%s-%s", name, name[0] != '\0' ? "." : "", key,
                                 bn_gather_text("diagnosis", k, a));
        free(name);
        name = longer;
    }
    if (name != NULL && name[0] == '\0') {
        free(name);
        name = bn_copy("diagnosis");
    }
    if (name == NULL)
        bn_die(BN_NOMEM);
    for (char *c = name; *c != '\0'; c++)
        if (isspace((unsigned char)*c))
            *c = '_';
    bn_stage_own(name);
    return name;
}

/* One variant, and the same values of all parameters that both have. */
static bool belong(size_t learning, size_t diagnosis)
{
    if (strcmp(variant_of("learning", learning), variant_of("diagnosis", diagnosis)) != 0)
        return false;
    for (size_t a = 0; a < bn_gather_axes("learning"); a++)
        for (size_t b = 0; b < bn_gather_axes("diagnosis"); b++)
            if (strcmp(bn_gather_axis("learning", a), bn_gather_axis("diagnosis", b)) == 0 &&
                strcmp(bn_gather_text("learning", learning, a),
                       bn_gather_text("diagnosis", diagnosis, b)) != 0)
                return false;
    return true;
}

static void read_learning(size_t points)
{
    size_t *by = (size_t *)(void *)bn_scratch_vec(points);

    for (size_t k = 0; k < bn_gathered("learning"); k++) {
        size_t found = 0;
        for (size_t p = 0; p < points; p++) {
            if (!belong(k, p))
                continue;
            if (by[p] > 0)
                BN_REFUSE(BN_INPUT, "%s and %s both belong to %s: give one of them",
                          bn_gather_point("learning", by[p] - 1), bn_gather_point("learning", k),
                          bn_gather_point("diagnosis", p));
            by[p] = k + 1;
            read_summary("learning", k, p);
            learning_times(p);
            found++;
        }
        if (found == 0)
            BN_REFUSE(BN_INPUT, "input `learning`, %s: no diagnosis has the same variant: "
                      "learning.X belongs to diagnosis.X", bn_gather_point("learning", k));
    }
}

/* --- the table ----------------------------------------------------------------------- */

static void unknown(const char *word)
{
    const char **names = (const char **)(void *)bn_scratch_vec(n_metrics);

    for (size_t i = 0; i < n_metrics; i++)
        names[i] = metrics[i].name;
    const char *near = bn_nearest(word, names, n_metrics);
    BN_REFUSE(BN_USAGE, "metrics: no input has a number `%s`%s%s%s", word,
              near != NULL ? ": did you mean `" : "; basin cat FILE:/summary/name lists them",
              near != NULL ? near : "", near != NULL ? "`?" : "");
}

/* Rows of `metrics` in the order in which they are shown. */
static size_t choose(const struct metric **chosen)
{
    const char *list = bn_text("metrics");
    size_t n = 0;

    if (strcmp(list, "all") == 0) {
        for (; n < n_metrics; n++)
            chosen[n] = &metrics[n];
    } else if (strcmp(list, "auto") == 0) {
        for (size_t k = 0; k < BN_LEN(known); k++)
            if (metric_of(known[k].name) != NULL)
                chosen[n++] = metric_of(known[k].name);
    } else {
        char *words = bn_copy(list);
        if (words == NULL)
            bn_die(BN_NOMEM);
        for (char *s = strtok(words, " "); s != NULL; s = strtok(NULL, " ")) {
            const struct metric *m = metric_of(s);
            if (m == NULL)
                unknown(s);
            for (size_t i = 0; i < n; i++)
                if (chosen[i] == m)
                    BN_REFUSE(BN_USAGE, "metrics: `%s` comes twice", s);
            chosen[n++] = m;
        }
        free(words);
    }
    if (n == 0)
        BN_REFUSE(BN_USAGE, "metrics = \"%s\": no number is left to compare", list);
    return n;
}

/* Mean and standard error of a metric over the points of each network. */
static void average(const struct metric *m, const size_t *network, size_t points,
                    struct bn_mat *value, struct bn_mat *error, struct bn_mat *count,
                    size_t column)
{
    for (size_t p = 0; p < points; p++) {
        *bn_mat_at(count, network[p], column) += m->has[p];
        *bn_mat_at(value, network[p], column) += m->has[p] ? m->value[p] : 0.0;
    }
    for (size_t w = 0; w < value->rows; w++)
        *bn_mat_at(value, w, column) /= fmax(1.0, *bn_mat_at(count, w, column));
    for (size_t p = 0; p < points; p++) {
        const double d = m->value[p] - *bn_mat_at(value, network[p], column);
        *bn_mat_at(error, network[p], column) += m->has[p] ? d * d : 0.0;
    }
    for (size_t w = 0; w < value->rows; w++) {
        const double n = *bn_mat_at(count, w, column), s = *bn_mat_at(error, w, column);
        *bn_mat_at(error, w, column) = n > 1.0 ? sqrt(s / (n * (n - 1.0))) : 0.0;
    }
}

/* The smallest size that is not 0: a 0 is as good as that, since it has no logarithm. */
static double smallest(const double *x, const bool *has, size_t n, double from)
{
    double low = INFINITY;
    for (size_t i = 0; i < n; i++)
        if (has[i] && fabs(x[i] - from) > 0.0)
            low = fmin(low, fabs(x[i] - from));
    return isfinite(low) ? low : 1.0;
}

static double badness(enum sense sense, double x, double floor)
{
    switch (sense) {
    case LESS: return log(fmax(fabs(x), floor));
    case ONE: return log(fmax(fabs(x - 1.0), floor));
    case MANY: return -log1p(fmax(x, 0.0));
    case LOWER: return x;
    case HIGHER: return -x;
    case NEITHER: break;
    }
    return 0.0;
}

/* Where a metric makes no difference, or none is better, all are half good. */
static void score(enum sense sense, const struct bn_mat *value, const struct bn_mat *count,
                  struct bn_mat *out, size_t column)
{
    const size_t n = value->rows;
    double *x = bn_scratch_vec(n), best = INFINITY, worst = -INFINITY;
    bool *has = (bool *)bn_scratch_vec(n);

    for (size_t w = 0; w < n; w++) {
        x[w] = *bn_mat_at(value, w, column);
        has[w] = *bn_mat_at(count, w, column) > 0.0;
    }
    const double floor = smallest(x, has, n, sense == ONE ? 1.0 : 0.0);
    for (size_t w = 0; w < n; w++) {
        x[w] = badness(sense, x[w], floor);
        best = has[w] ? fmin(best, x[w]) : best;
        worst = has[w] ? fmax(worst, x[w]) : worst;
    }
    for (size_t w = 0; w < n; w++)
        *bn_mat_at(out, w, column) = !has[w] ? 0.0
                                   : worst > best ? (worst - x[w]) / (worst - best) : 0.5;
}

static int64_t direction(enum sense sense)
{
    switch (sense) {
    case LESS: case LOWER: return -1;
    case MANY: case HIGHER: return 1;
    case ONE: return 2;
    case NEITHER: break;
    }
    return 0;
}

static void describe_metrics(const struct metric *const *m, size_t n)
{
    const char **text = (const char **)(void *)bn_scratch_vec(n);
    int64_t *better = (int64_t *)(void *)bn_scratch_vec(n);

    for (size_t k = 0; k < n; k++)
        text[k] = m[k]->name;
    bn_output_texts("/metric", text, n);
    for (size_t k = 0; k < n; k++) {
        text[k] = m[k]->unit;
        better[k] = direction(m[k]->sense);
    }
    bn_output_texts("/unit", text, n);
    bn_output_integers("/better", better, n);
}

static void write_table(const struct metric *const *m, size_t n, const size_t *network,
                        size_t points, size_t networks)
{
    struct bn_mat value = bn_scratch(networks, n), error = bn_scratch(networks, n);
    struct bn_mat count = bn_scratch(networks, n), good = bn_scratch(networks, n);
    struct bn_mat sample = bn_scratch(points, n), sampled = bn_scratch(points, n);

    for (size_t k = 0; k < n; k++) {
        average(m[k], network, points, &value, &error, &count, k);
        score(m[k]->sense, &value, &count, &good, k);
        for (size_t p = 0; p < points; p++) {
            *bn_mat_at(&sample, p, k) = m[k]->has[p] ? m[k]->value[p] : 0.0;
            *bn_mat_at(&sampled, p, k) = m[k]->has[p];
        }
    }
    describe_metrics(m, n);
    bn_output_mat("/value", &value);
    bn_output_mat("/error", &error);
    bn_output_mat("/count", &count);
    bn_output_mat("/score", &good);
    bn_output_mat("/sample", &sample);
    bn_output_mat("/sampled", &sampled);
}

/* Rows of the table: networks in the order in which they come first. */
static size_t networks_of(size_t points, const char *repeats, const char **names,
                          size_t *first, size_t *network)
{
    size_t n = 0;

    for (size_t p = 0; p < points; p++) {
        const char *name = network_of(p, repeats);
        size_t w = 0;
        while (w < n && strcmp(names[w], name) != 0)
            w++;
        if (w == n) {
            names[n] = name;
            first[n++] = p;
        }
        network[p] = w;
    }
    return n;
}

static void coordinates(const char *repeats, const size_t *first, size_t networks)
{
    const size_t all = bn_gather_axes("diagnosis");
    const char **text = (const char **)(void *)bn_scratch_vec(all + 1);
    size_t *axis = (size_t *)(void *)bn_scratch_vec(all + 1), n = 0;

    for (size_t a = 0; a < all; a++)
        if (!is_word(repeats, key_of(bn_gather_axis("diagnosis", a))))
            axis[n++] = a;
    struct bn_mat value = bn_scratch(networks, n);
    for (size_t w = 0; w < networks; w++)
        for (size_t a = 0; a < n; a++)
            *bn_mat_at(&value, w, a) = bn_gather_value("diagnosis", first[w], axis[a]);
    for (size_t a = 0; a < n; a++)
        text[a] = bn_gather_axis("diagnosis", axis[a]);
    bn_output_texts("/parameter", text, n);
    for (size_t a = 0; a < n; a++)
        text[a] = bn_gather_unit("diagnosis", axis[a]);
    bn_output_texts("/parameter_unit", text, n);
    bn_output_mat("/coordinate", &value);
}

static void run(void)
{
    const size_t points = bn_gathered("diagnosis");
    const char *repeats = bn_text("repeats");
    const char **names = (const char **)(void *)bn_scratch_vec(points);
    size_t *first = (size_t *)(void *)bn_scratch_vec(points);
    size_t *network = (size_t *)(void *)bn_scratch_vec(points);

    for (size_t p = 0; p < points; p++) {
        read_summary("diagnosis", p, p);
        read_memory(p);
        bn_progress((double)(p + 1) / (double)points);
    }
    if (bn_has_input("learning"))
        read_learning(points);
    const struct metric **chosen = (const struct metric **)(void *)
        bn_scratch_vec(n_metrics + BN_LEN(known));
    const size_t n = choose(chosen);
    const size_t networks = networks_of(points, repeats, names, first, network);

    bn_output_texts("/network", names, networks);
    write_table(chosen, n, network, points, networks);
    coordinates(repeats, first, networks);
    for (size_t p = 0; p < points; p++)
        names[p] = bn_gather_point("diagnosis", p);
    bn_output_texts("/point", names, points);
    int64_t *row = (int64_t *)(void *)bn_scratch_vec(points);
    for (size_t p = 0; p < points; p++)
        row[p] = (int64_t)network[p];
    bn_output_integers("/point_network", row, points);
    free(metrics);
    metrics = NULL;
}

const struct bn_stage bn_stage = {
    .name = "comparison",
    .summary = "which rule comes how near to the offline weights?",
    .details = "Everything that the diagnoses of many networks say, in one table: a row per "
               "network, a column per number. Variants (diagnosis.hebb.h5, diagnosis.offline.h5) "
               "and points of a sweep are networks; points that differ only in what `repeats` "
               "names are one, with mean and standard error over them. A number that a network "
               "does not have, such as the memory error of one that was not simulated, has "
               "/count 0: nothing in the file is NaN, so look there before at /value.",
    .inputs = inputs, .n_inputs = BN_LEN(inputs),
    .outputs = outputs, .n_outputs = BN_LEN(outputs),
    .params = params, .n_params = BN_LEN(params),
    .gather = "diagnosis learning",
    .run = run,
};
