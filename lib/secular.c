/* SPDX-License-Identifier: MIT */
#include <basin/secular.h>
#include <basin/mem.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>

/* Of v beside |v|: below it a component moves no eigenvalue, but its pole must stay.  Of d
 * beside |v|^2: how far apart zeros are put.                                     */
static const double LEAST = 1e-60, ZERO = 1e-40;

enum { MOST_STEPS = 200 };

/* One interval between poles; distances are from the pole `origin`. */
struct interval {
    size_t n, right;                     /* poles right - 1 and right enclose it */
    const double *delta, *w;             /* [n]: d_k - d_origin, v_k^2 */
    double low, high;                    /* the root lies between */
};

/* Both sums of the secular function at tau, and their derivatives. */
struct sums {
    double left, left_slope, right, right_slope;
};

static struct sums sums_at(const struct interval *s, double tau)
{
    struct sums f = { 0 };

    for (size_t k = 0; k < s->right; k++) {
        const double t = 1.0 / (s->delta[k] - tau), x = s->w[k] * t;
        f.left += x;
        f.left_slope += x * t;
    }
    for (size_t k = s->n; k-- > s->right;) {
        const double t = 1.0 / (s->delta[k] - tau), x = s->w[k] * t;
        f.right += x;
        f.right_slope += x * t;
    }
    return f;
}

/* The root of the function that has the values and slopes f of both sums at tau and one
 * pole on each side; NAN if it has none between low and high.                */
static double interpolate(const struct interval *s, double tau, const struct sums *f)
{
    const double b = s->delta[s->right] - tau;
    const double a = s->right > 0 ? s->delta[s->right - 1] - tau : -1.0;
    const double sl = f->left_slope * a * a, sr = f->right_slope * b * b;
    const double c = 1.0 - (f->left - f->left_slope * a) - (f->right - f->right_slope * b);
    const double half = 0.5 * (c * (a + b) - sl - sr);
    const double free = a * b * (1.0 - f->left - f->right);
    const double root = half * half - c * free;
    double x[2];

    if (s->right == 0) {
        const double t = tau + b - sr / c;
        return t > s->low && t < s->high ? t : NAN;
    }
    if (!(root >= 0.0))
        return NAN;
    const double far = half >= 0.0 ? half + sqrt(root) : half - sqrt(root);
    x[0] = free / far;
    x[1] = far / c;
    for (size_t k = 0; k < 2; k++)
        if (tau + x[k] > s->low && tau + x[k] < s->high)
            return tau + x[k];
    return NAN;
}

/* f falls from +inf to -inf between two poles. */
static double find_root(struct interval *s, double tau)
{
    for (int step = 0; step < MOST_STEPS; step++) {
        const struct sums f = sums_at(s, tau);
        const double value = 1.0 - f.left - f.right;
        if (fabs(value) <= DBL_EPSILON * (1.0 + fabs(f.left) + fabs(f.right)))
            break;
        if (value > 0.0)
            s->low = tau;
        else
            s->high = tau;
        double next = interpolate(s, tau, &f);
        if (isnan(next) || step % 8 == 7)
            next = 0.5 * (s->low + s->high);
        if (fabs(next - tau) <= DBL_EPSILON * fabs(next))
            return next;
        tau = next;
    }
    return tau;
}

/* Row j of q: d_k - mu_j, from the nearer pole so that it is exact where it is small. */
static void distances(size_t n, const double *d, const double *w, size_t j, double *delta,
                      double *mu, double *row)
{
    struct interval s = { .n = n, .right = j, .delta = delta, .w = w };
    double sum = 0.0, start;
    size_t origin = j;

    for (size_t k = 0; k < n; k++) {
        delta[k] = d[k] - d[j];
        sum += w[k];
    }
    s.low = -sum * (1.0 + 4.0 * DBL_EPSILON);
    if (j > 0) {
        const double half = 0.5 * delta[j - 1];
        const struct sums f = sums_at(&s, half);
        s.low = half;
        if (1.0 - f.left - f.right < 0.0) {
            origin = j - 1;
            for (size_t k = 0; k < n; k++)
                delta[k] = d[k] - d[origin];
            s.low = 0.0;
            s.high = 0.5 * delta[j];
        }
    }
    start = 0.5 * (s.low + s.high);
    const double tau = find_root(&s, start);
    *mu = d[origin] + tau;
    for (size_t k = 0; k < n; k++)
        row[k] = delta[k] - tau;
}

/* |v_k| for which mu are exact: v_k^2 = (d_k - mu_k) prod_j!=k (mu_j - d_k)/(d_j - d_k). */
static double exact_length(size_t n, const double *d, const struct bn_mat *distance, size_t k)
{
    double product = *bn_mat_at(distance, k, k);

    for (size_t j = 0; j < n; j++)
        if (j != k)
            product *= *bn_mat_at(distance, j, k) / (d[k] - d[j]);
    return sqrt(fabs(product));
}

static void vectors(size_t n, const double *v, struct bn_mat *q)
{
    for (size_t j = 0; j < n; j++) {
        double *row = bn_mat_row(q, j);
        double largest = 0.0, sum = 0.0;
        for (size_t k = 0; k < n; k++) {
            row[k] = v[k] / row[k];
            largest = fmax(largest, fabs(row[k]));
        }
        for (size_t k = 0; k < n; k++) {
            row[k] /= largest;
            sum += row[k] * row[k];
        }
        sum = 1.0 / sqrt(sum);
        for (size_t k = 0; k < n; k++)
            row[k] *= sum;
    }
}

static void diagonal(size_t n, const double *d, double *mu, struct bn_mat *q)
{
    for (size_t k = 0; k < n; k++) {
        mu[k] = d[k];
        for (size_t j = 0; j < n; j++)
            *bn_mat_at(q, k, j) = j == k;
    }
}

/* Poles apart and no v exactly 0; false if v is 0 altogether. */
static bool prepare(size_t n, const double *d, const double *v, double *pole, double *w,
                    double *length)
{
    double norm = 0.0;

    for (size_t k = 0; k < n; k++)
        norm = fmax(norm, fabs(v[k]));
    for (size_t k = 0; k < n; k++) {
        const double before = k > 0 ? pole[k - 1] : 0.0;
        const double apart = 4.0 * DBL_EPSILON * fabs(before) + ZERO * norm * norm;
        pole[k] = k > 0 ? fmax(d[k], before + apart) : d[k];
        length[k] = fabs(v[k]) > LEAST * norm ? v[k] : LEAST * norm;
        w[k] = length[k] * length[k];
    }
    return norm > 1e-90;
}

bn_status bn_secular(size_t n, const double *d, const double *v, double *mu, struct bn_mat *q)
{
    if (q->rows != n || q->cols != n || n == 0)
        return bn_fail(BN_INPUT, "eigenvectors of a %zu x %zu matrix into %zu x %zu", n, n,
                       q->rows, q->cols);
    for (size_t k = 0; k < n; k++)
        if (!isfinite(d[k]) || !isfinite(v[k]) || (k > 0 && d[k] < d[k - 1]))
            return bn_fail(BN_INPUT, "entry %zu of a diagonal, %g with %g to take off, is not "
                           "finite or smaller than the one before it", k, d[k], v[k]);
    double *pole = bn_alloc(4 * n, sizeof *pole);
    if (pole == NULL)
        return BN_NOMEM;
    double *w = pole + n, *length = w + n, *delta = length + n;
    if (!prepare(n, d, v, pole, w, length)) {
        diagonal(n, d, mu, q);
        free(pole);
        return BN_OK;
    }
    for (size_t j = 0; j < n; j++)
        distances(n, pole, w, j, delta, &mu[j], bn_mat_row(q, j));
    for (size_t k = 0; k < n; k++)
        length[k] = copysign(exact_length(n, pole, q, k), v[k]);
    vectors(n, length, q);
    free(pole);
    return BN_OK;
}
