/* SPDX-License-Identifier: MIT */
#include <basin/kernel.h>
#include <basin/mem.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PI (0.5 * BN_TWO_PI)

/* q^2/2 of the oscillatory kernel's envelope is multiplied by this: its a.   */
#define ENVELOPE 0.25

static const char *const names[] = {
    [BN_KERNEL_GAUSSIAN] = "gaussian",       [BN_KERNEL_MATERN52] = "matern52",
    [BN_KERNEL_MATERN72] = "matern72",       [BN_KERNEL_OSCILLATORY] = "oscillatory",
    [BN_KERNEL_VONMISES] = "vonmises",       [BN_KERNEL_HEAT] = "heat",
    [BN_KERNEL_GEODESIC] = "geodesic",
};

const char *bn_kernel_name(enum bn_kernel_kind kind)
{
    return names[kind];
}

bn_status bn_kernel_parse(const char *name, enum bn_kernel_kind *kind)
{
    for (size_t k = 0; k < BN_LEN(names); k++)
        if (strcmp(name, names[k]) == 0) {
            *kind = (enum bn_kernel_kind)k;
            return BN_OK;
        }
    return bn_fail(BN_USAGE, "no kernel \"%s\": there are gaussian, matern52, matern72, "
                   "oscillatory, vonmises and heat", name);
}

/* --- in the plane: functions of q = d/length --------------------------------------- */

/* r, r'/q and r'' at q; r''(0) = r'/q(0) = -1 for each of them.              */
struct radial {
    double r, over, second;
};

static struct radial oscillating(size_t dims, double q)
{
    const double b2 = (double)dims * (1.0 - ENVELOPE), b = sqrt(b2), x = b * q;
    const double e = exp(-0.5 * ENVELOPE * q * q), a = ENVELOPE;
    const double sinc = fabs(x) > 1e-8 ? sin(x) / x : 1.0;
    double wave = dims == 1 ? cos(x) : sinc, slope = -b2 * sinc, second = -b2 * wave;

    if (dims == 2) {                     /* J_0 and J_1 as means over directions */
        const int n = 32 + (int)x;
        double j0 = 0.0, j1 = 0.0;
        for (int k = 0; k < n; k++) {
            const double s = sin(PI * (k + 0.5) / n);
            j0 += cos(x * s) / n;
            j1 += s * sin(x * s) / n;
        }
        const double half = fabs(x) > 1e-8 ? j1 / x : 0.5;
        wave = j0;
        slope = -b2 * half;
        second = -b2 * (j0 - half);
    }
    return (struct radial){ e * wave, e * (slope - a * wave),
                            e * ((a * a * q * q - a) * wave - 2.0 * a * q * q * slope
                                 + second) };
}

static struct radial radial(enum bn_kernel_kind kind, size_t dims, double q)
{
    double s = 0.0, e = 0.0;

    switch (kind) {
    case BN_KERNEL_MATERN52:
        s = sqrt(3.0) * q;
        e = exp(-s);
        return (struct radial){ (1.0 + s + s * s / 3.0) * e, -(1.0 + s) * e,
                                -(1.0 + s - s * s) * e };
    case BN_KERNEL_MATERN72:
        s = sqrt(5.0) * q;
        e = exp(-s);
        return (struct radial){ (1.0 + s + 0.4 * s * s + s * s * s / 15.0) * e,
                                -(3.0 + 3.0 * s + s * s) / 3.0 * e,
                                -(3.0 + 3.0 * s - s * s * s) / 3.0 * e };
    case BN_KERNEL_OSCILLATORY:
        return oscillating(dims, q);
    case BN_KERNEL_GAUSSIAN:
    case BN_KERNEL_VONMISES:
    case BN_KERNEL_HEAT:
    case BN_KERNEL_GEODESIC:
        break;
    }
    e = exp(-0.5 * q * q);
    return (struct radial){ e, -e, (q * q - 1.0) * e };
}

/* Beyond this q the function is below rounding. */
static double reach(enum bn_kernel_kind kind)
{
    if (kind == BN_KERNEL_MATERN52 || kind == BN_KERNEL_MATERN72)
        return 28.0;
    return kind == BN_KERNEL_OSCILLATORY ? 9.0 / sqrt(ENVELOPE) : 9.0;
}

static double matern_order(enum bn_kernel_kind kind)
{
    return kind == BN_KERNEL_MATERN52 ? 2.5 : 3.5;
}

/* a in s = a q: 2 nu (nu - 1)/nu. */
static double matern_rate2(enum bn_kernel_kind kind)
{
    return 2.0 * (matern_order(kind) - 1.0);
}

static void bessel(double kappa, size_t n, size_t step, double *hat);

/* The transform int r e^(-i k x) at k^2 = kappa2, for length 1. */
static double density(enum bn_kernel_kind kind, size_t dims, double kappa2)
{
    const double d = (double)dims;

    if (kind == BN_KERNEL_MATERN52 || kind == BN_KERNEL_MATERN72) {
        const double nu = matern_order(kind), a2 = matern_rate2(kind);
        return pow(2.0 * sqrt(PI), d) * tgamma(nu + 0.5 * d) / tgamma(nu) * pow(a2, nu)
             * pow(a2 + kappa2, -(nu + 0.5 * d));
    }
    if (kind == BN_KERNEL_OSCILLATORY) { /* a Gaussian about the sphere |k| = b */
        const double b = sqrt(d * (1.0 - ENVELOPE)), k = sqrt(kappa2), x = b * k / ENVELOPE;
        double i0 = 0.5 * (1.0 + exp(-2.0 * x));     /* cosh, I_0, sinh/x; times e^-x */
        if (dims == 2)
            bessel(x, 1, 1, &i0);
        else if (dims == 3)
            i0 = x > 1e-8 ? -0.5 * expm1(-2.0 * x) / x : 1.0;
        return pow(BN_TWO_PI / ENVELOPE, 0.5 * d) * i0
             * exp(-0.5 * (k - b) * (k - b) / ENVELOPE);
    }
    return pow(BN_TWO_PI, 0.5 * d) * exp(-0.5 * kappa2);
}

/* --- on lattices: sums over images --------------------------------------------------- */

/* A kernel with its unit of length along each direction. */
struct scaled {
    enum bn_kernel_kind kind;
    double s[BN_DIMENSIONS];
};

/* sum over images of r(d + image), and minus its second derivatives along each direction. */
static double images(const struct bn_manifold *m, const struct scaled *k, const double *d,
                     double *curvature)
{
    const size_t dims = m->dimensions;
    const bool plane = dims == 2;
    const double slant = m->kind == BN_HEXAGON ? 0.5 : 0.0, high = sqrt(1.0 - slant * slant);
    const double far = reach(k->kind) * (plane ? fmax(k->s[0], k->s[1]) : k->s[0]);
    const int n1 = plane ? 1 + (int)ceil(far / (m->size[1] * high)) : 0;
    double sum = 0.0;

    for (size_t i = 0; curvature != NULL && i < dims; i++)
        curvature[i] = 0.0;
    for (int j = -n1; j <= n1; j++) {
        const double shift = slant * j * m->size[1];
        const int n0 = 1 + (int)ceil(far / m->size[0] + fabs(shift) / m->size[0]);
        for (int i = -n0; i <= n0; i++) {
            const double x = (d[0] + i * m->size[0] + shift) / k->s[0];
            const double y = plane ? (d[1] + j * m->size[1] * high) / k->s[1] : 0.0;
            const double q = sqrt(x * x + y * y), axis[2] = { x, y };
            if (q > reach(k->kind))
                continue;
            const struct radial f = radial(k->kind, dims, q);
            sum += f.r;
            for (size_t e = 0; curvature != NULL && e < dims; e++) {
                const double part = q > 0.0 ? axis[e] / q : 0.0;
                curvature[e] -= (f.over + (f.second - f.over) * part * part)
                              / (k->s[e] * k->s[e]);
            }
        }
    }
    return sum;
}

/* --- on the sphere: sums over degrees -------------------------------------------------- */

/* Variance of one function of degree l, up to a factor; s: the unit of length. */
static double degree_variance(enum bn_kernel_kind kind, double s, double l)
{
    const double e = l * (l + 1.0);

    if (kind == BN_KERNEL_MATERN52 || kind == BN_KERNEL_MATERN72)
        return pow(1.0 + s * s * e / matern_rate2(kind), -(matern_order(kind) + 1.0));
    return exp(-0.5 * s * s * e);
}

static size_t degrees(enum bn_kernel_kind kind, double s)
{
    if (kind == BN_KERNEL_MATERN52 || kind == BN_KERNEL_MATERN72)
        return 200 + (size_t)(4.0 * sqrt(matern_rate2(kind)) / s);
    return 2 + (size_t)(9.0 / s);
}

/* sum_l (2 l + 1) v_l and sum_l (2 l + 1) v_l l (l + 1)/2.  What a power law leaves beyond
 * degree n is an integral over y^2 = (l + 1/2)^2 and Euler & Maclaurin's first term, f'/24 at
 * its start.                                                                */
static void sphere_sums(enum bn_kernel_kind kind, double s, double *total, double *curvature)
{
    const size_t n = degrees(kind, s);

    *total = *curvature = 0.0;
    for (size_t l = n; l-- > 0;) {
        const double v = (2.0 * (double)l + 1.0) * degree_variance(kind, s, (double)l);
        *total += v;
        *curvature += v * 0.5 * (double)l * ((double)l + 1.0);
    }
    if (kind != BN_KERNEL_MATERN52 && kind != BN_KERNEL_MATERN72)
        return;
    /* v = c0^p (c + y^2)^-p, l (l + 1) = (c + y^2) - c0 */
    const double p = matern_order(kind) + 1.0, c0 = matern_rate2(kind) / (s * s), y = (double)n;
    const double u = c0 - 0.25 + y * y, front = pow(c0, p);
    const double first = pow(u, 1.0 - p), second = pow(u, 2.0 - p);
    const double slope = 2.0 * first / u - 4.0 * p * y * y * first / (u * u);
    const double slope2 = 2.0 * first - 4.0 * (p - 1.0) * y * y * first / u;
    *total += front * (first / (p - 1.0) + slope / 24.0);
    *curvature += 0.5 * front * (second / (p - 2.0) + slope2 / 24.0
                                 - c0 * (first / (p - 1.0) + slope / 24.0));
}

/* --- units: what makes sigma_c equal to length ------------------------------------------ */

static void sigma_of(const struct bn_manifold *m, const struct scaled *k, double *sigma)
{
    const double here[BN_DIMENSIONS] = { 0.0 };
    double curvature[BN_DIMENSIONS], total;

    if (m->kind == BN_SPHERE) {
        sphere_sums(k->kind, k->s[0], &total, curvature);
        sigma[0] = sqrt(total / curvature[0]);
        return;
    }
    total = images(m, k, here, curvature);
    for (size_t d = 0; d < m->dimensions; d++)
        sigma[d] = sqrt(total / curvature[d]);
}

/* Images bend the sum less than the function: sigma_c is above s, and grows faster.  Each
 * direction takes steps in log s by the slope that its last step saw.       */
static struct scaled scale(const struct bn_kernel *kernel, const struct bn_manifold *m)
{
    const size_t axes = m->kind == BN_SPHERE ? 1 : m->dimensions;
    double slope[BN_DIMENSIONS] = { 1.0, 1.0, 1.0 }, sigma[BN_DIMENSIONS];
    double step[BN_DIMENSIONS] = { 0.0 }, before[BN_DIMENSIONS];
    struct scaled k = { kernel->kind == BN_KERNEL_HEAT ? BN_KERNEL_GAUSSIAN : kernel->kind,
                        { 0.0 } };

    for (size_t d = 0; d < m->dimensions; d++)
        k.s[d] = kernel->length[m->kind == BN_HEXAGON || axes == 1 ? 0 : d];
    if (!bn_manifold_closed(m))
        return k;
    for (int i = 0; i < 100; i++) {
        double worst = 0.0;
        sigma_of(m, &k, sigma);
        for (size_t d = 0; d < axes; d++) {
            const double want = kernel->length[m->kind == BN_HEXAGON ? 0 : d];
            if (i > 0 && fabs(step[d]) > 1e-9)
                slope[d] = fmin(30.0, fmax(1.0, log(sigma[d] / before[d]) / step[d]));
            before[d] = sigma[d];
            step[d] = log(want / sigma[d]) / slope[d];
            worst = fmax(worst, fabs(step[d]));
            k.s[d] *= exp(step[d]);
        }
        if (worst < 4.0 * DBL_EPSILON)
            break;
    }
    return k;
}

/* --- von Mises and Fisher ------------------------------------------------------------------ */

/* e^-kappa I_k(kappa) for k < n (step 1), or e^-kappa sqrt(pi/2 kappa) I_(k + 1/2)(kappa) (step
 * 2), by Miller's recursion downwards; they sum to 1 with weights 1, 2, 2 .. or 2 k + 1. */
static void bessel(double kappa, size_t n, size_t step, double *hat)
{
    const size_t top = n + 30 + (size_t)(12.0 * sqrt(kappa + 1.0));
    double above = 0.0, here = 1e-280, sum = 0.0;

    for (size_t k = top; k-- > 0;) {
        const double next = (double)k + 1.0;
        const double c = step == 1 ? 2.0 * next : 2.0 * next + 1.0;
        const double below = kappa > 0.0 ? above + c / kappa * here : k == 0 ? 1.0 : 0.0;
        above = here;
        here = below;
        if (k < n)
            hat[k] = here;
        sum += here * (step == 2 ? 2.0 * (double)k + 1.0 : k == 0 ? 1.0 : 2.0);
        if (here > 1e200) {              /* all of it may grow too large */
            for (size_t j = k; j < n; j++)
                hat[j] *= 1e-200;
            here *= 1e-200;
            above *= 1e-200;
            sum *= 1e-200;
        }
    }
    for (size_t k = 0; k < n; k++)
        hat[k] /= sum;
}

/* kappa of the cosine of direction d's phase. */
static double concentration(const struct bn_kernel *k, const struct bn_manifold *m, size_t d)
{
    if (m->kind == BN_SPHERE)
        return 1.0 / (k->length[0] * k->length[0]);
    const double unit = m->size[d] / (BN_TWO_PI * k->length[m->kind == BN_HEXAGON ? 0 : d]);
    return m->kind == BN_HEXAGON ? 0.5 * unit * unit : unit * unit;   /* 1.5 |k|^2, |k|^2 = 4/3 */
}

static double vonmises_at(const struct bn_kernel *k, const struct bn_manifold *m,
                          const double *a, const double *b)
{
    double sum = 0.0, phase[2] = { 0.0 };

    if (m->kind == BN_SPHERE) {
        const double s = sin(0.5 * bn_manifold_distance(m, a, b));
        return exp(-2.0 * concentration(k, m, 0) * s * s);
    }
    for (size_t d = 0; d < m->dimensions; d++) {
        phase[d] = BN_TWO_PI * (a[d] - b[d]) / m->size[d];
        const double s = sin(0.5 * phase[d]);
        sum -= 2.0 * concentration(k, m, d) * s * s;
    }
    if (m->kind == BN_HEXAGON) {
        const double s = sin(0.5 * (phase[0] + phase[1]));
        sum -= 2.0 * concentration(k, m, 0) * s * s;
    }
    return exp(sum);
}

/* --- r between two points ------------------------------------------------------------------ */

static double sphere_at(const struct scaled *k, double x)
{
    const bool matern = k->kind == BN_KERNEL_MATERN52 || k->kind == BN_KERNEL_MATERN72;
    const size_t n = degrees(k->kind, k->s[0]) * (matern ? 25 : 1);
    double before = 0.0, p = 1.0, sum = 0.0, total, curvature;

    sphere_sums(k->kind, k->s[0], &total, &curvature);
    for (size_t l = 0; l < n; l++) {
        sum += (2.0 * (double)l + 1.0) * degree_variance(k->kind, k->s[0], (double)l) * p;
        const double next = ((2.0 * (double)l + 1.0) * x * p - (double)l * before)
                          / ((double)l + 1.0);
        before = p;
        p = next;
    }
    return sum / total;
}

/* Finding the unit of length takes longer than r itself, and callers ask for many points of
 * one kernel: each thread remembers its last one.                           */
static struct scaled remembered(const struct bn_kernel *k, const struct bn_manifold *m)
{
    static _Thread_local struct {
        bool known;
        enum bn_kernel_kind kind;
        enum bn_manifold_kind manifold;
        double length[BN_DIMENSIONS], size[BN_DIMENSIONS];
        struct scaled s;
    } last;

    if (!last.known || last.kind != k->kind || last.manifold != m->kind
        || memcmp(last.length, k->length, sizeof last.length) != 0
        || memcmp(last.size, m->size, sizeof last.size) != 0) {
        last.s = scale(k, m);
        last.kind = k->kind;
        last.manifold = m->kind;
        memcpy(last.length, k->length, sizeof last.length);
        memcpy(last.size, m->size, sizeof last.size);
        last.known = true;
    }
    return last.s;
}

double bn_kernel_at(const struct bn_kernel *k, const struct bn_manifold *m, const double *a,
                    const double *b)
{
    const double here[BN_DIMENSIONS] = { 0.0 };
    double d[BN_DIMENSIONS] = { 0.0 }, q2 = 0.0;

    if (k->kind == BN_KERNEL_VONMISES)
        return vonmises_at(k, m, a, b);
    const struct scaled s = remembered(k, m);
    if (m->kind == BN_SPHERE)
        return sphere_at(&s, cos(bn_manifold_distance(m, a, b)));
    bn_manifold_displacement(m, a, b, d);
    if (bn_manifold_closed(m))
        return images(m, &s, d, NULL) / images(m, &s, here, NULL);
    for (size_t i = 0; i < m->dimensions; i++)
        q2 += d[i] * d[i] / (s.s[i] * s.s[i]);
    return radial(s.kind, m->dimensions, sqrt(q2)).r;
}

/* --- spectra -------------------------------------------------------------------------------- */

static size_t highest(const bn_harmonics *h, size_t r)
{
    const size_t dims = bn_harmonics_manifold(h)->dimensions;
    int top = 0;

    for (size_t k = 0; k < r; k++)
        for (size_t d = 0; d < dims; d++)
            top = abs(bn_harmonics_numbers(h, k)[d]) > top ? abs(bn_harmonics_numbers(h, k)[d])
                                                           : top;
    return (size_t)top;
}

/* Three cosines: the coefficient of (n, m) sums the ways to make it of the three waves
 * (1, 0), (0, 1) and (1, 1).                                                */
static double three_waves(const double *hat, size_t count, const int *n)
{
    const int top = (int)count - 1;
    double sum = 0.0;

    for (int j = -top; j <= top; j++)
        if (abs(n[0] - j) <= top && abs(n[1] - j) <= top)
            sum += hat[abs(j)] * hat[abs(n[0] - j)] * hat[abs(n[1] - j)];
    return sum;
}

static bn_status vonmises_spectrum(const struct bn_kernel *k, const bn_harmonics *h, size_t r,
                                   double *variance)
{
    const struct bn_manifold *m = bn_harmonics_manifold(h);
    const size_t dims = m->kind == BN_TORUS ? 2 : 1;
    const size_t count = 2 * highest(h, r) + 20
                       + (size_t)(12.0 * sqrt(concentration(k, m, 0)));
    double *hat = bn_alloc(2 * count, sizeof *hat);

    if (hat == NULL)
        return BN_NOMEM;
    for (size_t d = 0; d < dims; d++)
        bessel(concentration(k, m, d), count, m->kind == BN_SPHERE ? 2 : 1, hat + d * count);
    for (size_t i = 0; i < r; i++) {
        const int *n = bn_harmonics_numbers(h, i);
        variance[i] = m->kind == BN_HEXAGON ? three_waves(hat, count, n) : hat[n[0]];
        if (m->kind == BN_TORUS)
            variance[i] *= hat[count + (size_t)abs(n[1])];
    }
    free(hat);
    return BN_OK;
}

static void stationary_spectrum(const struct scaled *k, const bn_harmonics *h, size_t r,
                                double *variance)
{
    const struct bn_manifold *m = bn_harmonics_manifold(h);
    const double here[BN_DIMENSIONS] = { 0.0 };
    double front = 1.0 / bn_manifold_extent(m), total, curvature;

    if (m->kind == BN_SPHERE) {
        sphere_sums(k->kind, k->s[0], &total, &curvature);
        for (size_t i = 0; i < r; i++)
            variance[i] = degree_variance(k->kind, k->s[0], bn_harmonics_numbers(h, i)[0])
                        / total;
        return;
    }
    front /= images(m, k, here, NULL);
    for (size_t d = 0; d < m->dimensions; d++)
        front *= k->s[d];
    for (size_t i = 0; i < r; i++) {
        const int *n = bn_harmonics_numbers(h, i);
        double kappa2 = 0.0;
        for (size_t d = 0; d < m->dimensions; d++) {
            const double x = BN_TWO_PI * n[d] / m->size[d] * k->s[d];
            kappa2 += x * x;
        }
        if (m->kind == BN_HEXAGON)
            kappa2 = bn_harmonics_eigenvalue(h, i) * k->s[0] * k->s[0];
        variance[i] = front * density(k->kind, m->dimensions, kappa2);
    }
}

bn_status bn_kernel_spectrum(const struct bn_kernel *k, const bn_harmonics *h, size_t r,
                             double *variance)
{
    const struct bn_manifold *m = bn_harmonics_manifold(h);

    BN_TRY(bn_kernel_check(k, m));
    if (!bn_manifold_closed(m))
        return bn_fail(BN_USAGE, "a stationary kernel on a %s has no spectrum of its functions: "
                       "they reflect at the ends, and their coefficients are correlated",
                       bn_manifold_name(m->kind));
    if (k->kind == BN_KERNEL_VONMISES) {
        BN_TRY(vonmises_spectrum(k, h, r, variance));
    } else {
        const struct scaled s = scale(k, m);
        stationary_spectrum(&s, h, r, variance);
    }
    for (size_t i = 0; i < r; i++)
        if (!(variance[i] >= -1e-12))
            return bn_fail(BN_NUMERIC, "kernel %s on a %s: coefficient %zu has variance %g",
                           names[k->kind], bn_manifold_name(m->kind), i, variance[i]);
    return BN_OK;
}

/* --- refusals --------------------------------------------------------------------------------- */

/* The most negative variance that exp(-d^2/2 s^2) of the shortest distance would need, from its
 * values about one point: their coefficients over the functions' values there.  */
static bn_status geodesic_least(double s, const struct bn_manifold *m, double *least,
                                size_t *which)
{
    static const size_t counts[][2] = { [BN_RING] = { 512, 1 }, [BN_TORUS] = { 64, 64 },
                                        [BN_HEXAGON] = { 64, 64 }, [BN_SPHERE] = { 129, 65 } };
    const double origin[BN_DIMENSIONS] = { 0.0, m->kind == BN_SPHERE ? 0.5 * PI : 0.0, 0.0 };
    struct bn_manifold fine = *m;
    struct bn_mat f = { 0 }, c = { 0 }, at = { 0 };
    bn_harmonics *h;

    fine.count[0] = counts[m->kind][0];
    fine.count[1] = counts[m->kind][1];
    *least = 0.0;
    *which = 0;
    BN_TRY(bn_harmonics_new(&h, &fine));
    const size_t r = bn_harmonics_count(h), points = bn_manifold_points(&fine);
    bn_status rc = bn_mat_alloc(&f, 1, points);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&c, 1, r);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&at, 1, r);
    for (size_t k = 0; rc == BN_OK && k < points; k++) {
        double x[BN_DIMENSIONS];
        bn_manifold_point(&fine, k, x);
        const double q = bn_manifold_distance(&fine, x, origin) / s;
        f.data[k] = exp(-0.5 * q * q);
    }
    if (rc == BN_OK)
        rc = bn_harmonics_transform(h, &f, &c);
    if (rc == BN_OK)
        bn_harmonics_at(h, origin, r, at.data);
    for (size_t k = 0; rc == BN_OK && k < r; k++)
        if (at.data[k] > 0.5 && c.data[k] / at.data[k] < *least) {
            *least = c.data[k] / at.data[k];
            *which = k;
        }
    const int *n = bn_harmonics_numbers(h, *which);
    *which = (size_t)(m->kind == BN_RING || m->kind == BN_SPHERE ? n[0] : (int)*which);
    bn_mat_free(&at);
    bn_mat_free(&c);
    bn_mat_free(&f);
    bn_harmonics_free(h);
    return rc;
}

static bn_status refuse_geodesic(const struct bn_kernel *k, const struct bn_manifold *m)
{
    const char *name = bn_manifold_name(m->kind);
    double least;
    size_t which;

    BN_TRY(geodesic_least(k->length[0], m, &least, &which));
    if (least > -1e-14)
        return bn_fail(BN_USAGE, "exp(-d^2/2 s^2) of the distance on a %s is no correlation: the "
                       "distance has a kink on the far side, so that high harmonics would need "
                       "negative variances (below rounding at s = %g); take kernel heat, "
                       "gaussian or vonmises", name, k->length[0]);
    return bn_fail(BN_USAGE, "exp(-d^2/2 s^2) of the distance on a %s is no correlation: at s = "
                   "%g harmonic %zu would need the variance %.2g, and a variance is not "
                   "negative; take kernel heat, gaussian or vonmises", name, k->length[0], which,
                   least);
}

bn_status bn_kernel_check(const struct bn_kernel *k, const struct bn_manifold *m)
{
    const bool one = m->kind == BN_HEXAGON || m->kind == BN_SPHERE;
    const bool closed = bn_manifold_closed(m);
    const char *name = bn_manifold_name(m->kind);

    if ((size_t)k->kind >= BN_LEN(names))
        return bn_fail(BN_USAGE, "kernel number %d: there are %zu", (int)k->kind, BN_LEN(names));
    for (size_t d = 0; d < (one ? 1 : m->dimensions); d++) {
        if (!(k->length[d] > 0.0 && isfinite(k->length[d])))
            return bn_fail(BN_USAGE, "kernel %s has length %g along coordinate %zu: it must be "
                           "positive", names[k->kind], k->length[d], d);
        const double most = m->kind == BN_SPHERE ? 0.5 * PI : 0.5 * m->size[d];
        if (closed && k->length[d] > most)
            return bn_fail(BN_USAGE, "kernel %s has length %g on a %s, which is only %g round: "
                           "at most %g", names[k->kind], k->length[d], name,
                           m->kind == BN_SPHERE ? BN_TWO_PI : m->size[d], most);
    }
    if (k->kind == BN_KERNEL_GEODESIC && closed)
        return refuse_geodesic(k, m);
    if (k->kind == BN_KERNEL_OSCILLATORY && m->kind == BN_SPHERE)
        return bn_fail(BN_USAGE, "kernel oscillatory is made of plane waves, and a sphere has "
                       "none: take heat, vonmises or matern");
    if ((k->kind == BN_KERNEL_VONMISES || k->kind == BN_KERNEL_HEAT) && !closed)
        return bn_fail(BN_USAGE, "kernel %s is for manifolds that come round, and a %s does not: "
                       "take gaussian", names[k->kind], name);
    return BN_OK;
}
