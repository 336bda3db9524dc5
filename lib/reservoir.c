/* SPDX-License-Identifier: MIT */
#include <basin/reservoir.h>
#include <basin/manifold.h>
#include <basin/mem.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { THEORY_STEPS = 4000, NODES = 601 };

static const double still = 1e-11;

void bn_reservoir_draw(struct bn_reservoir *r, struct bn_rng rng)
{
    const size_t n = r->inner.rows;
    const struct bn_rng inner = bn_rng_sub(rng, "inner"), out = bn_rng_sub(rng, "feedback");
    const double scale = r->gain / sqrt((double)n);

    for (size_t i = 0; i < n; i++) {
        double *row = bn_mat_row(&r->inner, i);
        bn_rng_normals(inner, i, 0, row, n);
        for (size_t k = 0; k < n; k++)
            row[k] *= scale;
        bn_rng_normals(out, i, 0, bn_mat_row(&r->feedback, i), r->feedback.cols);
    }
}

/* f(theta_m), one row each. */
static void teach(const struct bn_reservoir *r, struct bn_mat *f)
{
    for (size_t m = 0; m < f->rows; m++)
        for (size_t k = 0; k < r->teachers; k++) {
            const size_t turns = (k + 1) * m % f->rows;
            const double angle = BN_TWO_PI * (double)turns / (double)f->rows;
            *bn_mat_at(f, m, 2 * k) = r->amplitude * cos(angle);
            *bn_mat_at(f, m, 2 * k + 1) = r->amplitude * sin(angle);
        }
}

/* One step for all states; false once none moves. */
static bn_status step(const struct bn_reservoir *r, const struct bn_mat *drive,
                      struct bn_mat *rate, struct bn_mat *next, struct bn_mat *x,
                      double *moved, bool *any)
{
    const size_t n = x->cols;

    bn_transfer_rate(&r->transfer, x->rows * n, x->data, rate->data);
    memcpy(next->data, drive->data, x->rows * n * sizeof *x->data);
    BN_TRY(bn_gemm(1.0, rate, BN_PLAIN, &r->inner, BN_TRANSPOSED, 1.0, next));
    *any = false;                        /* next: where the flow of each state points */
    for (size_t m = 0; m < x->rows; m++) {
        double *at = bn_mat_row(x, m), sum = 0.0;
        const double *to = bn_mat_row(next, m);
        for (size_t i = 0; i < n; i++) {
            const double flow = to[i] - at[i];
            at[i] += 0.5 * flow;
            sum += flow * flow;
        }
        moved[m] = sqrt(sum / (double)n);
        *any = *any || moved[m] > still;
    }
    return BN_OK;
}

bn_status bn_reservoir_settle(const struct bn_reservoir *r, size_t steps, struct bn_mat *x,
                              double *moved, size_t *taken)
{
    struct bn_mat f = { 0 }, drive = { 0 }, rate = { 0 }, next = { 0 };
    bool any = true;

    bn_status rc = bn_mat_alloc(&f, x->rows, r->feedback.cols);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&drive, x->rows, x->cols);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&rate, x->rows, x->cols);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&next, x->rows, x->cols);
    if (rc == BN_OK) {
        teach(r, &f);
        rc = bn_gemm(1.0, &f, BN_PLAIN, &r->feedback, BN_TRANSPOSED, 0.0, &drive);
    }
    if (rc == BN_OK)
        memcpy(x->data, drive.data, x->rows * x->cols * sizeof *x->data);
    for (*taken = 0; rc == BN_OK && any && *taken < steps; ++*taken)
        rc = step(r, &drive, &rate, &next, x, moved, &any);
    bn_mat_free(&next);
    bn_mat_free(&rate);
    bn_mat_free(&drive);
    bn_mat_free(&f);
    return rc;
}

/* E[phi'(x)^power], x ~ N(0, g0), by the trapezoidal rule over nine standard deviations,
 * in steps that resolve phi'.                                                */
static double mean_slope(const struct bn_transfer *t, double g0, int power)
{
    double x[NODES], w[NODES], sum = 0.0, all = 0.0;
    const double h = 18.0 / (NODES - 1);

    for (int k = 0; k < NODES; k++) {
        const double z = h * (k - NODES / 2);
        x[k] = sqrt(g0) * z;
        w[k] = exp(-0.5 * z * z);
        all += w[k];
    }
    bn_transfer_slope(t, NODES, x, x);
    for (int k = 0; k < NODES; k++)
        sum += w[k] / all * (power == 1 ? x[k] : x[k] * x[k]);
    return sum;
}

bn_status bn_reservoir_theory(const struct bn_reservoir *r, size_t m, double *current,
                              double *rate, struct bn_reservoir_theory *theory)
{
    const double g2 = r->gain * r->gain, a2 = r->amplitude * r->amplitude;
    double top = INFINITY;

    memset(rate, 0, m * sizeof *rate);
    for (size_t s = 0; s < THEORY_STEPS && top > 1e-13; s++) {
        top = 0.0;
        for (size_t d = 0; d < m; d++) {
            double x = g2 * rate[d];
            for (size_t k = 1; k <= r->teachers; k++)
                x += a2 * cos(BN_TWO_PI * (double)(k * d % m) / (double)m);
            top = fmax(top, s == 0 ? INFINITY : fabs(x - current[d]));
            current[d] = x;
        }
        for (size_t d = 1; d < m; d++)   /* rounding must not make it exceed the variance */
            current[d] = fmax(-current[0], fmin(current[0], current[d]));
        BN_TRY(bn_transfer_covariance(&r->transfer, current[0], current, m / 2 + 1, rate));
        for (size_t d = m / 2 + 1; d < m; d++)
            rate[d] = rate[m - d];
    }
    if (top > 1e-9)
        return bn_fail(BN_NUMERIC, "the covariance of the driven states has not converged: it "
                       "moves by %g after %d steps at gain %g", top, THEORY_STEPS, r->gain);
    theory->slope = mean_slope(&r->transfer, current[0], 1);
    theory->radius = r->gain * sqrt(mean_slope(&r->transfer, current[0], 2));
    return BN_OK;
}

/* rows of `basis` [R, R] are eigenvectors of S = phi^T phi/N: B = (1/N) F^T U^T (e +
 * lambda)^-1 U phi^T, where F picks the coefficients of the teachers.       */
bn_status bn_reservoir_readout(const struct bn_mat *phi, size_t teachers, double amplitude,
                               double lambda, struct bn_mat *readout, double *residual)
{
    const size_t n = phi->rows, r = phi->cols, q = 2 * teachers;
    struct bn_mat s = { 0 }, c = { 0 }, out = { 0 };
    double *e = bn_alloc(r, sizeof *e), error = 0.0;
    /* A cos k theta = (A/sqrt 2) sqrt 2 cos k theta */
    const double a = amplitude / sqrt(2.0);

    bn_status rc = e == NULL ? BN_NOMEM
        : r <= q || readout->rows != q || readout->cols != n
        ? bn_fail(BN_INPUT, "%zu teachers need more than %zu coefficients of the rates; there "
                  "are %zu", teachers, q, r)
        : bn_mat_alloc(&s, r, r);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&c, q, r);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&out, q, r);
    if (rc == BN_OK)
        rc = bn_gram(1.0 / (double)n, phi, BN_TRANSPOSED, &s);
    if (rc == BN_OK)
        rc = bn_eig_symmetric(&s, e);
    for (size_t k = 0; rc == BN_OK && k < q; k++)
        for (size_t mode = 0; mode < r; mode++) {
            const double *u = bn_mat_row(&s, mode);
            const double w = a * u[k + 1] / (fmax(e[mode], 0.0) + lambda);
            for (size_t j = 0; j < r; j++)
                *bn_mat_at(&c, k, j) += w * u[j];
        }
    if (rc == BN_OK)
        rc = bn_gemm(1.0 / (double)n, &c, BN_PLAIN, phi, BN_TRANSPOSED, 0.0, readout);
    if (rc == BN_OK)
        rc = bn_gemm(1.0, readout, BN_PLAIN, phi, BN_PLAIN, 0.0, &out);
    for (size_t k = 0; rc == BN_OK && k < q; k++)
        for (size_t j = 0; j < r; j++) {
            const double d = *bn_mat_at(&out, k, j) - (j == k + 1 ? a : 0.0);
            error += d * d;
        }
    *residual = rc == BN_OK ? sqrt(error / ((double)q * a * a)) : 0.0;
    bn_mat_free(&out);
    bn_mat_free(&c);
    bn_mat_free(&s);
    free(e);
    return rc;
}
