/* SPDX-License-Identifier: MIT */
#include <basin/gridscore.h>

#include <basin/fourier.h>
#include <basin/mem.h>

#include <math.h>
#include <stdlib.h>

#define PI 3.14159265358979323846

/* Half a turn in degrees: an autocorrelogram is the same on the other half. */
enum { OVERLAP = 20, ANGLES = 180, NEAREST = 6 };

/* --- the autocorrelogram ----------------------------------------------------------- */

/* What is known of the map, less its mean; its square; and 1 where it is known. */
struct moments {
    double *value, *square, *known;
    double *n, *sum, *squares, *product;     /* at each lag */
    size_t bins, lags;
};

static void moments_free(struct moments *m)
{
    free(m->value), free(m->square), free(m->known);
    free(m->n), free(m->sum), free(m->squares), free(m->product);
}

static bn_status moments_alloc(struct moments *m, const struct bn_plane *p)
{
    *m = (struct moments){ .bins = p->count[0] * p->count[1] };
    m->lags = p->periodic ? m->bins : (2 * p->count[0] - 1) * (2 * p->count[1] - 1);
    m->value = bn_alloc(m->bins, sizeof *m->value);
    m->square = bn_alloc(m->bins, sizeof *m->square);
    m->known = bn_alloc(m->bins, sizeof *m->known);
    m->n = bn_alloc(m->lags, sizeof *m->n);
    m->sum = bn_alloc(m->lags, sizeof *m->sum);
    m->squares = bn_alloc(m->lags, sizeof *m->squares);
    m->product = bn_alloc(m->lags, sizeof *m->product);
    return m->value != NULL && m->square != NULL && m->known != NULL && m->n != NULL &&
                   m->sum != NULL && m->squares != NULL && m->product != NULL
               ? BN_OK
               : BN_NOMEM;
}

/* The mean is taken out first, and the scale, so that no digits are lost to them. */
static void moments_load(struct moments *m, const double *x)
{
    double n = 0.0, mean = 0.0, power = 0.0;

    for (size_t k = 0; k < m->bins; k++)
        if (!isnan(x[k]))
            n += 1.0, mean += x[k];
    mean = n > 0.0 ? mean / n : 0.0;
    for (size_t k = 0; k < m->bins; k++)
        if (!isnan(x[k]))
            power += (x[k] - mean) * (x[k] - mean);
    const double scale = power > 0.0 ? sqrt(n / power) : 0.0;
    for (size_t k = 0; k < m->bins; k++) {
        m->known[k] = isnan(x[k]) ? 0.0 : 1.0;
        m->value[k] = isnan(x[k]) ? 0.0 : (x[k] - mean) * scale;
        m->square[k] = m->value[k] * m->value[k];
    }
}

static bn_status moments_correlate(struct moments *m, const struct bn_plane *p)
{
    const size_t *n = p->count;

    BN_TRY(bn_fourier_correlate(m->known, m->known, n, p->periodic, m->n));
    BN_TRY(bn_fourier_correlate(m->value, m->known, n, p->periodic, m->sum));
    BN_TRY(bn_fourier_correlate(m->square, m->known, n, p->periodic, m->squares));
    return bn_fourier_correlate(m->value, m->value, n, p->periodic, m->product);
}

/* Pearson's correlation at lag k; -k is the lag back, where the two maps change places. */
static double pearson(const struct moments *m, size_t k, size_t back, double overlap)
{
    const double n = round(m->n[k]);

    if (n < overlap || n < 2.0)
        return NAN;
    const double a = m->squares[k] - m->sum[k] * m->sum[k] / n;
    const double b = m->squares[back] - m->sum[back] * m->sum[back] / n;
    const double least = 1e-9 * n;       /* of maps with variance 1 */
    if (!(a > least) || !(b > least))
        return NAN;
    const double r = (m->product[k] - m->sum[k] * m->sum[back] / n) / sqrt(a * b);
    return fmax(-1.0, fmin(1.0, r));
}

/* Lag (i, j), which may be negative, in what bn_fourier_correlate gave. */
static size_t lag_of(const struct bn_plane *p, ptrdiff_t i, ptrdiff_t j)
{
    const ptrdiff_t rows = (ptrdiff_t)p->count[0], cols = (ptrdiff_t)p->count[1];

    if (p->periodic)
        return (size_t)((i + rows) % rows * cols + (j + cols) % cols);
    return (size_t)((i + rows - 1) * (2 * cols - 1) + j + cols - 1);
}

bn_status bn_autocorrelogram(const struct bn_plane *p, size_t overlap, double *r)
{
    const ptrdiff_t rows = (ptrdiff_t)p->count[0], cols = (ptrdiff_t)p->count[1];
    struct moments m = {0};

    if (rows < 3 || cols < 3)
        return bn_fail(BN_INPUT,
                       "a map of %zu x %zu bins has no autocorrelogram: 3 x 3 is the least",
                       p->count[0], p->count[1]);
    bn_status rc = moments_alloc(&m, p);
    if (rc == BN_OK) {
        moments_load(&m, p->value);
        rc = moments_correlate(&m, p);
    }
    for (ptrdiff_t i = 1 - rows; i < rows && rc == BN_OK; i++)
        for (ptrdiff_t j = 1 - cols; j < cols; j++)
            *r++ = pearson(&m, lag_of(p, i, j), lag_of(p, -i, -j), (double)overlap);
    moments_free(&m);
    return rc;
}

/* --- looking at it ------------------------------------------------------------------ */

struct view {
    const struct bn_plane *p;
    const double *r;
    double inverse[2][2];                /* (x, y) to (i, j) */
    double bin;                          /* side of a square of a bin's area */
    double reach;                        /* no lag is longer */
};

static double at_lag(const struct view *v, ptrdiff_t i, ptrdiff_t j)
{
    const ptrdiff_t rows = (ptrdiff_t)v->p->count[0], cols = (ptrdiff_t)v->p->count[1];

    if (v->p->periodic) {
        i %= rows, j %= cols;            /* within (-count, count) */
    } else if (i <= -rows || i >= rows || j <= -cols || j >= cols) {
        return NAN;
    }
    return v->r[(i + rows - 1) * (2 * cols - 1) + j + cols - 1];
}

/* Linear between lags; NaN if one that counts is unknown. */
static double at_point(const struct view *v, double x, double y)
{
    const double a = x * v->inverse[0][0] + y * v->inverse[0][1];
    const double b = x * v->inverse[1][0] + y * v->inverse[1][1];
    const ptrdiff_t i = (ptrdiff_t)floor(a), j = (ptrdiff_t)floor(b);
    const double u = a - (double)i, w = b - (double)j;
    double sum = 0.0;

    for (int k = 0; k < 4; k++) {
        const double weight = (k & 1 ? u : 1.0 - u) * (k & 2 ? w : 1.0 - w);
        if (weight > 0.0)
            sum += weight * at_lag(v, i + (k & 1), j + (k >> 1));
    }
    return sum;
}

static void place(const struct view *v, double i, double j, double *x, double *y)
{
    *x = i * v->p->step[0][0] + j * v->p->step[1][0];
    *y = i * v->p->step[0][1] + j * v->p->step[1][1];
}

static bn_status view_make(struct view *v, const struct bn_plane *p, const double *r)
{
    const double det = p->step[0][0] * p->step[1][1] - p->step[0][1] * p->step[1][0];

    if (!(fabs(det) > 0.0))
        return bn_fail(BN_INPUT, "the map's two steps (%g, %g) and (%g, %g) span no plane",
                       p->step[0][0], p->step[0][1], p->step[1][0], p->step[1][1]);
    *v = (struct view){ .p = p, .r = r, .bin = sqrt(fabs(det)) };
    v->inverse[0][0] = p->step[1][1] / det, v->inverse[0][1] = -p->step[1][0] / det;
    v->inverse[1][0] = -p->step[0][1] / det, v->inverse[1][1] = p->step[0][0] / det;
    for (int side = -1; side <= 1; side += 2) {
        double x, y;
        place(v, (double)p->count[0], side * (double)p->count[1], &x, &y);
        v->reach = fmax(v->reach, hypot(x, y));
    }
    return BN_OK;
}

/* Mean over the angles at which the circle is known; NaN if it is nowhere. */
static double ring_mean(const struct view *v, double radius)
{
    double sum = 0.0, n = 0.0;

    for (int a = 0; a < ANGLES; a++) {
        const double angle = PI * a / ANGLES;
        const double r = at_point(v, radius * cos(angle), radius * sin(angle));
        if (!isnan(r))
            sum += r, n += 1.0;
    }
    return n > 0.0 ? sum / n : NAN;
}

/* Where the central peak ends, or 0 if it does not. */
static double central_radius(const struct view *v)
{
    const double step = 0.5 * v->bin;
    double last = 1.0;

    for (int k = 1; k * step < v->reach; k++) {
        const double mean = ring_mean(v, k * step);
        if (isnan(mean))
            return 0.0;
        if (mean <= 0.0 || mean > last)
            return k * step;
        last = mean;
    }
    return 0.0;
}

/* --- peaks ------------------------------------------------------------------------- */

struct peak {
    double x, y, distance;
};

/* No larger neighbour; of equal ones the first counts.  Unknown ones spoil it. */
static bool is_top(const struct view *v, ptrdiff_t i, ptrdiff_t j)
{
    const double top = at_lag(v, i, j);

    for (int k = 0; k < 9; k++) {
        const double r = at_lag(v, i + k / 3 - 1, j + k % 3 - 1);
        if (isnan(r) || r > top || (k < 4 && r == top))
            return false;
    }
    return true;
}

/* The largest within `radius`?  Spurious tops on the flank of a peak are not. */
static bool is_largest(const struct view *v, ptrdiff_t i, ptrdiff_t j, double radius)
{
    const ptrdiff_t a = (ptrdiff_t)ceil(radius * hypot(v->inverse[0][0], v->inverse[0][1]));
    const ptrdiff_t b = (ptrdiff_t)ceil(radius * hypot(v->inverse[1][0], v->inverse[1][1]));
    const double top = at_lag(v, i, j);

    for (ptrdiff_t d = -a; d <= a; d++)
        for (ptrdiff_t e = -b; e <= b; e++) {
            double x, y;
            place(v, (double)d, (double)e, &x, &y);
            if (hypot(x, y) <= radius && at_lag(v, i + d, j + e) > top)
                return false;
        }
    return true;
}

/* The top of the parabolas through a bin and its neighbours. */
static double vertex(double left, double middle, double right)
{
    const double bend = left - 2.0 * middle + right;
    return bend < 0.0 ? fmax(-0.5, fmin(0.5, 0.5 * (left - right) / bend)) : 0.0;
}

static struct peak refine(const struct view *v, ptrdiff_t i, ptrdiff_t j)
{
    const double top = at_lag(v, i, j);
    struct peak q;

    place(v, (double)i + vertex(at_lag(v, i - 1, j), top, at_lag(v, i + 1, j)),
          (double)j + vertex(at_lag(v, i, j - 1), top, at_lag(v, i, j + 1)), &q.x, &q.y);
    q.distance = hypot(q.x, q.y);
    return q;
}

/* Keep the nearest, sorted; of equally near ones the first. */
static void insert(struct peak *peaks, size_t *n, struct peak q)
{
    size_t k = *n < NEAREST ? (*n)++ : NEAREST;

    if (k == NEAREST && !(q.distance < peaks[--k].distance))
        return;
    for (; k > 0 && q.distance < peaks[k - 1].distance; k--)
        peaks[k] = peaks[k - 1];
    peaks[k] = q;
}

static size_t find_peaks(const struct view *v, double centre, struct peak *peaks)
{
    const ptrdiff_t rows = (ptrdiff_t)v->p->count[0], cols = (ptrdiff_t)v->p->count[1];
    size_t n = 0;

    for (ptrdiff_t i = -rows; i <= rows; i++)
        for (ptrdiff_t j = -cols; j <= cols; j++) {
            double x, y;
            place(v, (double)i, (double)j, &x, &y);
            if (hypot(x, y) > centre && at_lag(v, i, j) > 0.0 && is_top(v, i, j) &&
                is_largest(v, i, j, centre))
                insert(peaks, &n, refine(v, i, j));
        }
    return n;
}

/* --- turning ----------------------------------------------------------------------- */

struct sums {
    double w, a, b, aa, bb, ab;
};

static void add(struct sums *s, double w, double a, double b)
{
    s->w += w, s->a += w * a, s->b += w * b;
    s->aa += w * a * a, s->bb += w * b * b, s->ab += w * a * b;
}

static double correlation(const struct sums *s)
{
    const double aa = s->aa - s->a * s->a / s->w, bb = s->bb - s->b * s->b / s->w;
    return aa > 0.0 && bb > 0.0 ? (s->ab - s->a * s->b / s->w) / sqrt(aa * bb) : 0.0;
}

/* c(30), c(60), c(90) of the annulus, by circles of equal steps. */
static void turn(const struct view *v, double inner, double outer, double *rotated)
{
    const double step = 0.5 * v->bin;
    struct sums s[3] = {{0}};
    double circle[ANGLES];

    for (int k = (int)ceil(inner / step); k * step <= outer; k++) {
        for (int a = 0; a < ANGLES; a++)
            circle[a] = at_point(v, k * step * cos(PI * a / ANGLES),
                                 k * step * sin(PI * a / ANGLES));
        for (int t = 0; t < 3; t++)
            for (int a = 0; a < ANGLES; a++) {
                const double r = circle[(a + 30 * (t + 1)) % ANGLES];
                if (!isnan(circle[a]) && !isnan(r))
                    add(&s[t], k * step, circle[a], r);
            }
    }
    for (int t = 0; t < 3; t++)
        rotated[t] = correlation(&s[t]);
}

static void judge(const struct view *v, struct bn_gridscore *g)
{
    struct peak peaks[NEAREST];
    double re = 0.0, im = 0.0;

    const double centre = central_radius(v);
    const size_t n = centre > 0.0 ? find_peaks(v, centre, peaks) : 0;
    if (n == 0)
        return;
    for (size_t k = 0; k < n; k++) {
        const double angle = atan2(peaks[k].y, peaks[k].x);
        re += cos(6.0 * angle), im += sin(6.0 * angle);
    }
    const double sixth = atan2(im, re) / 6.0;
    *g = (struct bn_gridscore){
        .spacing = 0.5 * (peaks[(n - 1) / 2].distance + peaks[n / 2].distance),
        .orientation = sixth < 0.0 ? sixth + PI / 3.0 : sixth,
        .centre = centre,
        .peaks = n,
    };
    turn(v, 0.5 * g->spacing, 1.5 * g->spacing, g->rotated);
    g->score = g->rotated[1] - fmax(g->rotated[0], g->rotated[2]);
}

bn_status bn_gridscore(const struct bn_plane *p, struct bn_gridscore *g)
{
    double *r = bn_alloc((2 * p->count[0]) * (2 * p->count[1]), sizeof *r);
    struct view v;

    *g = (struct bn_gridscore){0};
    if (r == NULL)
        return BN_NOMEM;
    bn_status rc = bn_autocorrelogram(p, OVERLAP, r);
    if (rc == BN_OK)
        rc = view_make(&v, p, r);
    if (rc == BN_OK)
        judge(&v, g);
    free(r);
    return rc;
}
