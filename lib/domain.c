/* SPDX-License-Identifier: MIT */
#include <basin/domain.h>

void bn_domain_write(const struct bn_manifold *m, const char *unit)
{
    const size_t points = bn_manifold_points(m);
    double *point = bn_scratch_vec(points * m->dimensions);
    double *weight = bn_scratch_vec(points), count[BN_DIMENSIONS];

    bn_manifold_grid(m, point);
    bn_manifold_quadrature(m, weight);
    for (size_t d = 0; d < m->dimensions; d++)
        count[d] = (double)m->count[d];
    bn_output_array("/point", point, bn_shape2(points, m->dimensions));
    bn_output_attribute("/point", "units", unit);
    bn_output_attribute("/point", "manifold", bn_manifold_name(m->kind));
    bn_output_attribute_reals("/point", "count", count, m->dimensions);
    bn_output_attribute_reals("/point", "size", m->size, m->dimensions);
    bn_output_attribute_real("/point", "margin", m->margin);
    bn_output_vec("/quadrature", weight, points);
}
