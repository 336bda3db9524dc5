/* SPDX-License-Identifier: MIT
 * summary - what became of every point of a sweep?
 *
 * One table: a row per point, with the values of the swept parameters and the
 * numbers of its diagnosis.  Without a sweep it has one row.                */
#include <basin/stage.h>

#include <stdlib.h>
#include <string.h>

static const struct bn_input inputs[] = {
    { "diagnosis", true, "diagnoses of all points" },
    { "topology", true, "or what manifold all points represent: /summary alone" },
    { "fields", true, "or what all points' fields are like: /summary alone" },
};
static const char *role;                 /* the one that is given */

static const struct bn_output outputs[] = {
    { "/point", "point", "1", "name of the artifact", 0, 0, false },
    { "/parameter", "parameter", "1", "swept parameters", 0, 0, false },
    { "/parameter_unit", "parameter", "1", "their units", 0, 0, false },
    { "/value", "point parameter", "1",
      "values of the swept parameters; yes is 1, other texts count from 0", 0, 0, false },
    { "/residual", "point", "1", "|x* - F| / |x*| over the manifold", 1e-9, 1e-4, false },
    { "/residual_centred", "point", "1", "the same over |x* - mean x*|", 1e-9, 1e-4, false },
    { "/residual_max", "point", "1", "largest |eps| / |x*| at one angle", 1e-9, 1e-4,
      false },
    { "/drift_rms", "point", "rad", "root-mean-square drift per tau", 1e-8, 1e-3, false },
    { "/drift_max", "point", "rad", "largest drift per tau", 1e-8, 1e-3, false },
    { "/gap_ring", "point", "1", "the gap of the whole ring: largest transverse real part x tau; "
      "< 0 is stable", 1e-6, 0, false },
    { "/gap", "point", "1", "the same at the few Jacobian angles alone", 1e-6, 0, false },
    { "/quantity", "quantity", "1", "numbers that the /summary of every point has", 0, 0, false },
    { "/quantity_unit", "quantity", "1", "their units", 0, 0, false },
    { "/number", "point quantity", "1", "their values, each in its unit", 1e-6, 1e-3, false },
    { "/number_error", "point quantity", "1", "their errors", 1e-6, 1, false },
};

enum { FIRST_NUMBER = 4, LAST_NUMBER = 10 };

static void coordinates(size_t n)
{
    const size_t axes = bn_gather_axes(role);
    const char **texts = (const char **)(void *)bn_scratch_vec(n + axes);
    struct bn_mat value = bn_scratch(n, axes);

    for (size_t k = 0; k < n; k++) {
        texts[k] = bn_gather_point(role, k);
        for (size_t a = 0; a < axes; a++)
            *bn_mat_at(&value, k, a) = bn_gather_value(role, k, a);
    }
    bn_output_texts("/point", texts, n);
    for (size_t a = 0; a < axes; a++)
        texts[a] = bn_gather_axis(role, a);
    bn_output_texts("/parameter", texts, axes);
    for (size_t a = 0; a < axes; a++)
        texts[a] = bn_gather_unit(role, a);
    bn_output_texts("/parameter_unit", texts, axes);
    bn_output_mat("/value", &value);
}

/* --- the tables /summary of all points ------------------------------------------ */

struct column {
    const char *name, *unit;
    bool everywhere;
};

static size_t texts_of(size_t point, const char *dataset, char ***texts)
{
    bn_h5 *f = bn_gather_input(role, point);
    size_t n = 0;

    *texts = NULL;
    if (bn_h5_kind(f, dataset) == BN_H5_DATASET)
        BN_CHECK(bn_h5_read_texts(f, dataset, texts, &n));
    return n;
}

/* Row of a quantity in a table of n; n if it is not there. */
static size_t row_of(char *const *names, size_t n, const char *name, size_t near)
{
    if (near < n && strcmp(names[near], name) == 0)
        return near;
    size_t k = 0;
    while (k < n && strcmp(names[k], name) != 0)
        k++;
    return k;
}

/* Quantities of the first point that every other one has, too. */
static size_t shared(struct column *column, size_t count, size_t points)
{
    size_t kept = 0;

    for (size_t p = 1; p < points; p++) {
        char **names;
        const size_t n = texts_of(p, "/summary/name", &names);
        for (size_t q = 0; q < count; q++)
            if (row_of(names, n, column[q].name, q) == n)
                column[q].everywhere = false;
        free(names);
    }
    for (size_t q = 0; q < count; q++)
        if (column[q].everywhere)
            column[kept++] = column[q];
    return kept;
}

static void fill(const struct column *column, size_t count, size_t point, double *value,
                 double *error)
{
    char **names;
    size_t n, m;
    const size_t rows = texts_of(point, "/summary/name", &names);
    const double *values = bn_gather_vec(role, point, "/summary/value", &n);
    const double *errors = bn_gather_vec(role, point, "/summary/error", &m);

    if (n != rows || m != rows)
        BN_REFUSE(BN_INPUT, "input `%s`, %s: /summary has %zu names, %zu values and %zu "
                  "errors", role, bn_gather_point(role, point), rows, n, m);
    for (size_t q = 0; q < count; q++) {
        const size_t row = row_of(names, rows, column[q].name, q);
        value[q] = values[row];
        error[q] = errors[row];
    }
    free(names);
}

static void quantities(size_t points)
{
    char **names, **units;
    const size_t all = texts_of(0, "/summary/name", &names);
    const size_t same = texts_of(0, "/summary/unit", &units);
    struct column *column = (struct column *)(void *)bn_scratch(all + 1, sizeof *column).data;

    if (same != all)
        BN_REFUSE(BN_INPUT, "input `%s`, %s: /summary has %zu names and %zu units", role,
                  bn_gather_point(role, 0), all, same);
    for (size_t q = 0; q < all; q++)
        column[q] = (struct column){ names[q], units[q], true };
    const size_t count = shared(column, all, points);
    const char **text = (const char **)(void *)bn_scratch_vec(count + 1);
    struct bn_mat value = bn_scratch(points, count), error = bn_scratch(points, count);
    for (size_t p = 0; count > 0 && p < points; p++)
        fill(column, count, p, bn_mat_row(&value, p), bn_mat_row(&error, p));
    for (size_t q = 0; q < count; q++)
        text[q] = column[q].name;
    bn_output_texts("/quantity", text, count);
    for (size_t q = 0; q < count; q++)
        text[q] = column[q].unit;
    bn_output_texts("/quantity_unit", text, count);
    bn_output_mat("/number", &value);
    bn_output_mat("/number_error", &error);
    free(names);
    free(units);
}

/* What a diagnosis has beside its /summary. */
static void tables(size_t n)
{
    const size_t numbers = LAST_NUMBER + 1 - FIRST_NUMBER;
    struct bn_mat table = bn_scratch(numbers, n);
    bool there[LAST_NUMBER + 1 - FIRST_NUMBER];

    for (size_t i = 0; i < numbers; i++)         /* what is in rad is the ring's alone */
        there[i] = bn_h5_kind(bn_gather_input(role, 0), outputs[FIRST_NUMBER + i].name)
                   == BN_H5_DATASET;
    for (size_t k = 0; k < n; k++) {
        for (size_t i = 0; i < numbers; i++)
            if (there[i])
                *bn_mat_at(&table, i, k) = bn_gather_number(role, k,
                                                            outputs[FIRST_NUMBER + i].name);
        bn_progress((double)(k + 1) / (double)n);
    }
    for (size_t i = 0; i < numbers; i++)
        if (there[i])
            bn_output_vec(outputs[FIRST_NUMBER + i].name, bn_mat_row(&table, i), n);
}

static void run(void)
{
    size_t given = 0;

    for (size_t k = 0; k < BN_LEN(inputs); k++)
        if (bn_has_input(inputs[k].role)) {
            role = inputs[k].role;
            given++;
        }
    if (given != 1)
        BN_REFUSE(BN_USAGE, "give one kind of results: --in diagnosis=..., --in topology=... or "
                  "--in fields=..., not %s", given == 0 ? "none" : "several");
    coordinates(bn_gathered(role));
    if (strcmp(role, "diagnosis") == 0)
        tables(bn_gathered(role));
    quantities(bn_gathered(role));
}

const struct bn_stage bn_stage = {
    .name = "summary",
    .summary = "what became of every point of a sweep?",
    .details = "A sweep { weights.lambda = {1e-8, 1e-6} } in the parameter file makes a "
               "diagnosis for every value; this is all of them in one table.",
    .inputs = inputs, .n_inputs = BN_LEN(inputs),
    .outputs = outputs, .n_outputs = BN_LEN(outputs),
    .gather = "diagnosis topology fields",
    .run = run,
};
