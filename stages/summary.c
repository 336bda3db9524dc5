/* SPDX-License-Identifier: MIT
 * summary - what became of every point of a sweep?
 *
 * One table: a row per point, with the values of the swept parameters and the
 * numbers of its diagnosis.  Without a sweep it has one row.                */
#include <basin/stage.h>

#include <stdlib.h>

static const struct bn_input inputs[] = {
    { "diagnosis", false, "diagnoses of all points" },
};

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
    { "/gap", "point", "1", "largest transverse real part over the ring x tau; < 0 is stable",
      1e-6, 0, false },
};

enum { FIRST_NUMBER = 4 };

static void coordinates(size_t n)
{
    const size_t axes = bn_gather_axes("diagnosis");
    const char **texts = (const char **)(void *)bn_scratch_vec(n + axes);
    struct bn_mat value = bn_scratch(n, axes);

    for (size_t k = 0; k < n; k++) {
        texts[k] = bn_gather_point("diagnosis", k);
        for (size_t a = 0; a < axes; a++)
            *bn_mat_at(&value, k, a) = bn_gather_value("diagnosis", k, a);
    }
    bn_output_texts("/point", texts, n);
    for (size_t a = 0; a < axes; a++)
        texts[a] = bn_gather_axis("diagnosis", a);
    bn_output_texts("/parameter", texts, axes);
    for (size_t a = 0; a < axes; a++)
        texts[a] = bn_gather_unit("diagnosis", a);
    bn_output_texts("/parameter_unit", texts, axes);
    bn_output_mat("/value", &value);
}

static void run(void)
{
    const size_t n = bn_gathered("diagnosis"), numbers = BN_LEN(outputs) - FIRST_NUMBER;
    struct bn_mat table = bn_scratch(numbers, n);

    coordinates(n);
    for (size_t k = 0; k < n; k++) {
        for (size_t i = 0; i < numbers; i++)
            *bn_mat_at(&table, i, k) =
                bn_gather_number("diagnosis", k, outputs[FIRST_NUMBER + i].name);
        bn_progress((double)(k + 1) / (double)n);
    }
    for (size_t i = 0; i < numbers; i++)
        bn_output_vec(outputs[FIRST_NUMBER + i].name, bn_mat_row(&table, i), n);
}

const struct bn_stage bn_stage = {
    .name = "summary",
    .summary = "what became of every point of a sweep?",
    .details = "A sweep { weights.lambda = {1e-8, 1e-6} } in the parameter file makes a "
               "diagnosis for every value; this is all of them in one table.",
    .inputs = inputs, .n_inputs = BN_LEN(inputs),
    .outputs = outputs, .n_outputs = BN_LEN(outputs),
    .gather = "diagnosis",
    .run = run,
};
