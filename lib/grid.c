/* SPDX-License-Identifier: MIT */
#include <basin/grid.h>

#include <math.h>
#include <string.h>

static bool in_radians(enum bn_manifold_kind kind)
{
    return kind == BN_RING || kind == BN_TORUS || kind == BN_SPHERE;
}

void bn_manifold_write(const struct bn_manifold *m, const char *unit)
{
    struct bn_mat point = bn_scratch(bn_manifold_points(m), m->dimensions);
    double *weight = bn_scratch_vec(point.rows), count[BN_DIMENSIONS];

    bn_manifold_grid(m, point.data);
    bn_manifold_quadrature(m, weight);
    for (size_t d = 0; d < m->dimensions; d++)
        count[d] = (double)m->count[d];
    bn_output_mat("/point", &point);
    bn_output_attribute("/point", "units", in_radians(m->kind) ? "rad" : unit);
    bn_output_attribute("/point", "manifold", bn_manifold_name(m->kind));
    bn_output_attribute_reals("/point", "count", count, m->dimensions);
    bn_output_attribute_reals("/point", "size", m->size, m->dimensions);
    bn_output_attribute_real("/point", "margin", m->margin);
    bn_output_vec("/quadrature", weight, point.rows);
}

static struct bn_manifold ring_of(bn_h5 *f)
{
    struct bn_manifold m = { .kind = BN_RING, .dimensions = 1, .count = { 1, 1, 1 },
                             .size = { BN_TWO_PI } };
    struct bn_shape shape;

    if (bn_h5_kind(f, "/theta") != BN_H5_DATASET)
        BN_REFUSE(BN_INPUT, "%s has neither /point nor /theta: this is no artifact of the stage "
                  "tuning, nor of recording", bn_h5_path(f));
    BN_CHECK(bn_h5_shape(f, "/theta", &shape));
    m.count[0] = bn_shape_count(&shape);
    return m;
}

struct bn_manifold bn_manifold_read(const char *role)
{
    bn_h5 *f = bn_input(role);
    struct bn_manifold m = { .count = { 1, 1, 1 } };
    double count[BN_DIMENSIONS];
    struct bn_shape shape;
    char *name;

    if (bn_h5_kind(f, "/point") != BN_H5_DATASET)
        return ring_of(f);
    BN_CHECK(bn_h5_shape(f, "/point", &shape));
    if (shape.rank != 2 || shape.dim[1] < 1 || shape.dim[1] > BN_DIMENSIONS)
        BN_REFUSE(BN_INPUT, "%s: /point has %d axes, not points by one to three coordinates",
                  bn_h5_path(f), shape.rank);
    m.dimensions = shape.dim[1];
    BN_CHECK(bn_h5_get_text(f, "/point", "manifold", &name));
    bn_stage_own(name);
    BN_CHECK(bn_manifold_parse(name, &m.kind));
    BN_CHECK(bn_h5_get_reals(f, "/point", "count", count, m.dimensions));
    BN_CHECK(bn_h5_get_reals(f, "/point", "size", m.size, m.dimensions));
    BN_CHECK(bn_h5_get_real(f, "/point", "margin", &m.margin));
    for (size_t d = 0; d < m.dimensions; d++)
        m.count[d] = count[d] >= 1.0 && count[d] <= 1e9 ? (size_t)count[d] : 0;
    const bn_status rc = bn_manifold_check(&m);
    if (rc != BN_OK)
        bn_die(bn_fail_at(BN_INPUT, "%s: /point", bn_h5_path(f)));
    if (bn_manifold_points(&m) != shape.dim[0])
        BN_REFUSE(BN_INPUT, "%s: /point has %zu points, its attribute count says %zu",
                  bn_h5_path(f), shape.dim[0], bn_manifold_points(&m));
    return m;
}

const char *bn_manifold_unit(const char *role)
{
    bn_h5 *f = bn_input(role);
    const bool ring = bn_h5_kind(f, "/point") != BN_H5_DATASET;
    char *unit;

    BN_CHECK(bn_h5_get_text(f, ring ? "/theta" : "/point", "units", &unit));
    bn_stage_own(unit);
    return unit;
}

size_t bn_manifold_cells(const char *role, size_t rows)
{
    size_t n, k = 0;

    if (bn_h5_kind(bn_input(role), "/cell") != BN_H5_DATASET)
        return rows;
    const double *cell = bn_input_vec(role, "/cell", &n);
    while (k < n && k < rows && cell[k] == (double)k)
        k++;
    return k > 0 ? k : rows;
}
