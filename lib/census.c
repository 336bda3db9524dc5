/* SPDX-License-Identifier: MIT */
#include <basin/census.h>
#include <basin/euler.h>
#include <basin/mem.h>
#include <basin/tile.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP = 16 };                     /* cells per tile */

/* What one group of cells finds. */
struct group {
    struct bn_found *field, *gap;
    size_t fields, gaps, field_room, gap_room;
    double *slope[BN_DIMENSIONS];
    size_t slopes[BN_DIMENSIONS], slope_room[BN_DIMENSIONS];
    double *sum, *square;                /* [2 levels + windows] over its cells */
};

struct work {
    const struct bn_lattice *g;
    const struct bn_mat *excess;
    const double *threshold;
    const struct bn_census_plan *plan;
    struct bn_census *c;
    struct group *group;
};

/* Room to work in for one cell after the other. */
struct desk {
    bn_components *components;
    uint8_t *q;
    double *level, *slope, *row;         /* row: one cell's numbers, as in struct group */
};

static bn_status desk_new(struct desk *d, const struct work *w)
{
    const size_t points = bn_lattice_points(w->g);

    *d = (struct desk){ 0 };
    BN_TRY(bn_components_new(&d->components, w->g, w->plan->how));
    d->q = bn_alloc(points, sizeof *d->q);
    d->level = bn_alloc(w->plan->levels + 1, sizeof *d->level);
    d->slope = bn_alloc(points, sizeof *d->slope);
    d->row = bn_alloc(2 * w->plan->levels + w->plan->windows + 1, sizeof *d->row);
    return d->q != NULL && d->level != NULL && d->slope != NULL && d->row != NULL ? BN_OK
                                                                                  : BN_NOMEM;
}

static void desk_free(struct desk *d)
{
    bn_components_free(d->components);
    free(d->q);
    free(d->level);
    free(d->slope);
    free(d->row);
}

static bn_status keep(struct bn_found **list, size_t *n, size_t *room, size_t cell,
                      const struct bn_piece *p)
{
    if (*n == *room) {
        struct bn_found *more = bn_grow(*list, 2 * *room + 64, sizeof *more);
        if (more == NULL)
            return BN_NOMEM;
        *list = more;
        *room = 2 * *room + 64;
    }
    (*list)[(*n)++] = (struct bn_found){ cell, *p };
    return BN_OK;
}

/* --- one cell ------------------------------------------------------------------------ */

static bn_status find_pieces(const struct work *w, struct desk *d, struct group *to, size_t cell)
{
    const double *h = bn_mat_row(w->excess, cell);
    const struct bn_piece *p;
    size_t n;

    BN_TRY(bn_components_find(d->components, h, BN_FIELDS, &p, &n));
    for (size_t k = 0; k < n; k++) {
        struct bn_piece one = p[k];
        one.size = w->plan->bins ? (double)one.points * w->g->cell : one.size;
        if (one.size < w->plan->least)
            continue;
        BN_TRY(keep(&to->field, &to->fields, &to->field_room, cell, &one));
        w->c->count[cell] += 1.0;
        w->c->share[cell] += one.size / (w->plan->bins ? w->g->cell * (double)w->excess->cols
                                                       : bn_lattice_extent(w->g));
    }
    if (w->g->dimensions > 1)
        return BN_OK;
    BN_TRY(bn_components_find(d->components, h, BN_GAPS, &p, &n));
    for (size_t k = 0; k < n; k++)
        BN_TRY(keep(&to->gap, &to->gaps, &to->gap_room, cell, &p[k]));
    return BN_OK;
}

static bn_status find_slopes(const struct work *w, struct desk *d, struct group *to, size_t cell)
{
    for (size_t k = 0; k < w->g->dimensions; k++) {
        const size_t n = bn_lattice_crossings(w->g, bn_mat_row(w->excess, cell), k, d->slope);
        if (to->slopes[k] + n > to->slope_room[k]) {
            const size_t room = 2 * (to->slopes[k] + n);
            double *more = bn_grow(to->slope[k], room, sizeof *more);
            if (more == NULL)
                return BN_NOMEM;
            to->slope[k] = more;
            to->slope_room[k] = room;
        }
        if (n > 0)
            memcpy(to->slope[k] + to->slopes[k], d->slope, n * sizeof *d->slope);
        to->slopes[k] += n;
        w->c->slope_end[k][cell] = n;    /* how many: summed when all are there */
    }
    return BN_OK;
}

/* At levels of threshold + excess. */
static bn_status find_levels(const struct work *w, struct desk *d, size_t cell)
{
    const size_t levels = w->plan->levels;
    const double theta = w->threshold != NULL ? w->threshold[cell] : 0.0;

    if (levels == 0)
        return BN_OK;
    for (size_t l = 0; l < levels; l++)
        d->level[l] = w->plan->level[l] - theta;
    BN_TRY(bn_lattice_levels(w->excess->cols, bn_mat_row(w->excess, cell), d->level, levels,
                             d->q));
    BN_TRY(bn_euler(w->g, w->plan->how, d->q, levels, d->row));
    return bn_components_count(d->components, d->q, levels, d->row + levels);
}

struct bn_lattice bn_census_window(const struct bn_lattice *g, double share)
{
    struct bn_lattice w = *g;

    w.periodic = w.periodic && share >= 1.0;
    for (size_t k = 0; k < g->dimensions && share < 1.0; k++) {
        const double steps = round(share * bn_lattice_side(g, k) / g->step[k]);
        w.count[k] = (size_t)(steps > 1.0 ? steps : 1.0) + 1;
    }
    return w;
}

static bool any_inside(const struct bn_lattice *g, const double *h, const size_t *from,
                       const size_t *count)
{
    for (size_t a = 0; a < count[0]; a++)
        for (size_t b = 0; b < count[1]; b++) {
            const double *line = h + ((from[0] + a) * g->count[1] + from[1] + b) * g->count[2]
                               + from[2];
            for (size_t c = 0; c < count[2]; c++)
                if (line[c] > 0.0)
                    return true;
        }
    return false;
}

/* Share of the windows of this size, side by side, in which there is a field. */
static double recruited(const struct bn_lattice *g, const double *h, double share)
{
    const struct bn_lattice w = bn_census_window(g, share);
    size_t fit[BN_DIMENSIONS] = { 1, 1, 1 }, found = 0;

    for (size_t k = 0; k < g->dimensions && share < 1.0; k++)
        fit[k] = (g->count[k] - 1) / (w.count[k] - 1);
    const size_t n = fit[0] * fit[1] * fit[2];
    for (size_t k = 0; k < n; k++) {
        const size_t at[] = { k / fit[2] / fit[1], k / fit[2] % fit[1], k % fit[2] };
        size_t from[BN_DIMENSIONS] = { 0 };
        for (size_t j = 0; j < g->dimensions; j++)
            from[j] = at[j] * (w.count[j] - 1);
        found += any_inside(g, h, from, w.count);
    }
    return (double)found / (double)n;
}

static bn_status one_cell(const struct work *w, struct desk *d, struct group *to, size_t cell)
{
    const size_t levels = w->plan->levels, windows = w->plan->windows;

    BN_TRY(find_pieces(w, d, to, cell));
    BN_TRY(find_slopes(w, d, to, cell));
    BN_TRY(find_levels(w, d, cell));
    for (size_t k = 0; k < windows; k++)
        d->row[2 * levels + k] = recruited(w->g, bn_mat_row(w->excess, cell),
                                           w->plan->window[k]);
    for (size_t k = 0; k < 2 * levels + windows; k++) {
        to->sum[k] += d->row[k];
        to->square[k] += d->row[k] * d->row[k];
    }
    return BN_OK;
}

static bn_status one_group(void *context, size_t k)
{
    const struct work *w = context;
    struct group *to = &w->group[k];
    const size_t numbers = 2 * w->plan->levels + w->plan->windows + 1;
    struct desk d;
    bn_status s = desk_new(&d, w);

    to->sum = bn_alloc(numbers, sizeof *to->sum);
    to->square = bn_alloc(numbers, sizeof *to->square);
    if (to->sum == NULL || to->square == NULL)
        s = BN_NOMEM;
    for (size_t i = k * GROUP; s == BN_OK && i < (k + 1) * GROUP && i < w->excess->rows; i++)
        s = one_cell(w, &d, to, i);
    desk_free(&d);
    return s;
}

/* --- all groups ---------------------------------------------------------------------- */

/* The groups' lists end to end. */
static bn_status append(void **all, size_t *n, size_t size, const void *part, size_t count)
{
    if (count == 0)
        return BN_OK;
    char *more = bn_grow(*all, *n + count, size);
    if (more == NULL)
        return BN_NOMEM;
    memcpy(more + *n * size, part, count * size);
    *all = more;
    *n += count;
    return BN_OK;
}

static bn_status append_found(struct bn_found **all, size_t *n, const struct bn_found *part,
                              size_t count)
{
    void *list = *all;
    const bn_status s = append(&list, n, sizeof **all, part, count);

    *all = list;
    return s;
}

static bn_status gather(const struct work *w, size_t groups)
{
    struct bn_census *c = w->c;

    for (size_t k = 0; k < groups; k++) {
        const struct group *g = &w->group[k];
        BN_TRY(append_found(&c->field, &c->fields, g->field, g->fields));
        BN_TRY(append_found(&c->gap, &c->gaps, g->gap, g->gaps));
        for (size_t d = 0; d < w->g->dimensions; d++) {
            void *list = c->slope[d];
            const bn_status s = append(&list, &c->slopes[d], sizeof(double), g->slope[d],
                                       g->slopes[d]);
            c->slope[d] = list;
            BN_TRY(s);
        }
    }
    for (size_t d = 0; d < w->g->dimensions; d++)
        for (size_t i = 1; i < c->cells; i++)
            c->slope_end[d][i] += c->slope_end[d][i - 1];
    return BN_OK;
}

/* Mean and standard error over cells of number `from` + k, k < n. */
static void averages(const struct work *w, size_t groups, size_t from, size_t n, double *mean,
                     double *error)
{
    const double cells = (double)w->excess->rows;

    for (size_t k = 0; k < n; k++) {
        double sum = 0.0, square = 0.0;
        for (size_t g = 0; g < groups; g++) {
            sum += w->group[g].sum[from + k];
            square += w->group[g].square[from + k];
        }
        const double variance = square / cells - sum / cells * (sum / cells);
        mean[k] = sum / cells;
        error[k] = cells > 1.0 && variance > 0.0 ? sqrt(variance / (cells - 1.0)) : 0.0;
    }
}

static bn_status room(struct bn_census *c, const struct bn_census_plan *plan)
{
    double **const lists[] = { &c->count, &c->share, &c->euler, &c->euler_error, &c->pieces,
                               &c->pieces_error, &c->recruited, &c->recruited_error };
    const size_t sizes[] = { c->cells, c->cells, plan->levels, plan->levels, plan->levels,
                             plan->levels, plan->windows, plan->windows };

    for (size_t k = 0; k < BN_LEN(lists); k++) {
        *lists[k] = bn_alloc(sizes[k] + 1, sizeof(double));
        if (*lists[k] == NULL)
            return BN_NOMEM;
    }
    for (size_t d = 0; d < BN_DIMENSIONS; d++) {
        c->slope_end[d] = bn_alloc(c->cells + 1, sizeof *c->slope_end[d]);
        if (c->slope_end[d] == NULL)
            return BN_NOMEM;
    }
    return BN_OK;
}

static bn_status take(struct work *w, size_t groups)
{
    const size_t levels = w->plan->levels;
    struct bn_census *c = w->c;

    BN_TRY(room(c, w->plan));
    BN_TRY(bn_tiles(groups, one_group, w));
    BN_TRY(gather(w, groups));
    averages(w, groups, 0, levels, c->euler, c->euler_error);
    averages(w, groups, levels, levels, c->pieces, c->pieces_error);
    averages(w, groups, 2 * levels, w->plan->windows, c->recruited, c->recruited_error);
    return BN_OK;
}

bn_status bn_census(const struct bn_lattice *g, const struct bn_mat *excess,
                    const double *threshold, const struct bn_census_plan *plan,
                    struct bn_census *c)
{
    const size_t groups = (excess->rows + GROUP - 1) / GROUP;
    struct work w = { g, excess, threshold, plan, c, NULL };

    *c = (struct bn_census){ .cells = excess->rows };
    BN_TRY(bn_lattice_check(g));
    if (excess->cols != bn_lattice_points(g))
        return bn_fail(BN_INPUT, "maps of %zu points on a lattice of %zu", excess->cols,
                       bn_lattice_points(g));
    w.group = bn_alloc(groups, sizeof *w.group);
    if (w.group == NULL)
        return BN_NOMEM;
    const bn_status s = take(&w, groups);
    for (size_t k = 0; k < groups; k++) {
        free(w.group[k].field);
        free(w.group[k].gap);
        for (size_t d = 0; d < BN_DIMENSIONS; d++)
            free(w.group[k].slope[d]);
        free(w.group[k].sum);
        free(w.group[k].square);
    }
    free(w.group);
    if (s != BN_OK)
        bn_census_free(c);
    return s;
}

void bn_census_free(struct bn_census *c)
{
    double *const lists[] = { c->count, c->share, c->euler, c->euler_error, c->pieces,
                              c->pieces_error, c->recruited, c->recruited_error, c->slope[0],
                              c->slope[1], c->slope[2] };

    for (size_t k = 0; k < BN_LEN(lists); k++)
        free(lists[k]);
    for (size_t d = 0; d < BN_DIMENSIONS; d++)
        free(c->slope_end[d]);
    free(c->field);
    free(c->gap);
    *c = (struct bn_census){ 0 };
}
