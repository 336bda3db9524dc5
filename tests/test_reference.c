/* SPDX-License-Identifier: MIT */
#include "reference.h"
#include <basin/doublets.h>
#include <basin/flow.h>
#include <stdio.h>
static void look(void **state)
{
    (void)state;
    const size_t sizes[] = { 256, 512, 1024 };
    for (size_t s = 0; s < 3; s++)
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct reference *r = reference_r0(sizes[s], seed);
        enum { K = 256 };
        double theta[K], v[K], d = 0, gap = -9, slow = -9, e2 = 0, t2 = 0, tmax = 0, tmin=0, x2 = 0, sh = 0;
        struct bn_along a[K];
        struct bn_modes m;
        bn_ring_grid(K, theta);
        struct bn_points p = reference_points(r, theta, K);
        assert_ok(bn_diagnose_modes(&r->net, &p, &m));
        bn_diagnose_along(&p, &m, a);
        for (size_t k = 0; k < K; k++) {
            v[k] = a[k].drift; d += a[k].diffusion / K; slow = fmax(slow, m.slow[k]);
            tmax = fmax(tmax, m.value[k]); tmin = fmin(tmin, m.value[k]);
            sh = fmax(sh, fabs(a[k].shift));
        }
        x2 = bn_mat_norm(&p.x);
        assert_ok(bn_diagnose_turning(&r->net, &p, &e2, &t2));
        bn_flow *f; assert_ok(bn_flow_new(&f, v, K));
        struct bn_zero *z; size_t nz; assert_ok(bn_flow_zeros(f, bn_diagnose_drift_at, &r->net, &z, &nz));
        for (size_t k = 0; k < K; k += 32) {
            double re[9], im[9], o, val; size_t found, tan;
            assert_ok(bn_diagnose_jacobian(&r->net, &p, k, 6, re, im, &found, &tan, &o, &val));
            gap = fmax(gap, re[tan == 0]);
        }
        double re[40], im[40]; size_t found; struct bn_mat vec; struct bn_doublet db[8];
        assert_ok(bn_diagnose_spectrum(&r->net.weights, false, 20, re, im, &found, &vec));
        assert_ok(bn_doublets(re, im, &vec, found, &r->net.x, 8, db));
        printf("N %zu s %d rho %.2e vrms %.2e vmax %.2e D %.2e zeros %zu rice %.1f eps %.1f gap8 %.3f slow %.3f tan %.3f %.3f unres %.1e shift %.1e\n",
            sizes[s], (int)seed, sqrt(e2)/x2, bn_norm(K, v)/16, bn_flow_largest(f), d, nz, bn_flow_harmonic(f), sqrt(t2/e2), gap, slow, tmin, tmax, bn_flow_unresolved(f), sh);
        for (size_t k = 0; k < 8; k++) printf("  %zu: %.2f%+.2fi %.2f%+.2fi o %.2f |", k, db[k].re[0], db[k].im[0], db[k].re[1], db[k].im[1], db[k].overlap);
        printf("\n");
        bn_flow_free(f); free(z); bn_modes_free(&m); bn_points_free(&p); bn_mat_free(&vec); reference_free(r);
    }
}
int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(look) };
    return cmocka_run_group_tests_name("reference", tests, NULL, NULL);
}
