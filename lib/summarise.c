/* SPDX-License-Identifier: MIT */
#include <basin/summarise.h>
#include <basin/mem.h>

#include <math.h>
#include <stdlib.h>

struct row {
    const char *name, *unit;
    double value, error;
};
static struct row *rows;
static size_t n_rows, room;

void bn_summarise(const char *name, double value, const char *unit, double error)
{
    if (!isfinite(value))
        return;
    if (n_rows == room) {
        const size_t more = room > 0 ? 2 * room : 64;
        struct row *r = bn_grow(rows, more, sizeof *r);
        if (r == NULL)
            bn_die(BN_NOMEM);
        rows = r;
        room = more;
    }
    rows[n_rows++] = (struct row){ name, unit, value, isfinite(error) ? error : fabs(value) };
}

void bn_summary_write(void)
{
    double *value = bn_scratch_vec(n_rows + 1), *error = bn_scratch_vec(n_rows + 1);
    const char **text = bn_alloc(n_rows + 1, sizeof *text);

    if (text == NULL)
        bn_die(BN_NOMEM);
    for (size_t k = 0; k < n_rows; k++) {
        value[k] = rows[k].value;
        error[k] = rows[k].error;
        text[k] = rows[k].name;
    }
    bn_output_texts("/summary/name", text, n_rows);
    bn_output_vec("/summary/value", value, n_rows);
    for (size_t k = 0; k < n_rows; k++)
        text[k] = rows[k].unit;
    bn_output_texts("/summary/unit", text, n_rows);
    bn_output_vec("/summary/error", error, n_rows);
    free(text);
    free(rows);
    rows = NULL;
    n_rows = room = 0;
}
