/* SPDX-License-Identifier: MIT */
#include <basin/fit.h>
#include <basin/fourier.h>
#include <basin/gp.h>
#include <basin/manifold.h>
#include <basin/mem.h>
#include <basin/tile.h>
#include <basin/transfer.h>

#include <math.h>
#include <nlopt.h>
#include <stdlib.h>
#include <string.h>

/* Curves of one tile: their values stay in the second-level cache. */
enum { TILE_CURVES = 64, MAX_EVALUATIONS = 500 };

struct bn_fit {
    enum bn_fit_process process;
    size_t n_hat, angles, tiles;
    size_t h;                            /* harmonics drawn per curve */
    double widest;
    struct bn_mat draws;                 /* [tiles (2 h + 2), TILE_CURVES]: of each tile the
                                            cosine coefficients, n = 0 .. h, then the sine
                                            coefficients (n = 0: zero), a row each */
    struct bn_mat analysis[2];           /* [angles/2 + 1, n_hat] cosines, sines */
};

/* A curve x is kept as its values at theta_m and at -theta_m, m = 0 .. M/2: sum and
 * difference of its even and odd part.  That halves the products in both directions. */
static size_t half_of(const bn_fit *f)
{
    return f->angles / 2 + 1;
}

/* Harmonics with a standard deviation above 1e-12 of the largest: what is left out moves
 * the loss by 1e-12 or so, and makes a third of the work.                   */
static size_t harmonics(double sigma)
{
    return (size_t)fmin(ceil(2.0 * sigma * sqrt(12.0 * log(10.0))), 1e15);
}

/* Cosine or sine coefficients of curves from e = r(theta_m) + r(-theta_m), or the
 * difference; m = 0 and m = M/2 are there twice.                            */
static bn_status analysis_basis(bn_fit *f, int part)
{
    const double m = (double)f->angles;

    BN_TRY(bn_mat_alloc(&f->analysis[part], half_of(f), f->n_hat));
    for (size_t k = 0; k < half_of(f); k++)
        for (size_t n = 0; n < f->n_hat; n++) {
            const double a = BN_TWO_PI * (double)(k * n) / m;
            const double once = k == 0 || 2 * k == f->angles ? 0.5 : 1.0;
            *bn_mat_at(&f->analysis[part], k, n) = once * (part == 0 ? cos(a) : sin(a))
                * (n == 0 ? 1.0 : sqrt(2.0)) / m;
        }
    return BN_OK;
}

/* Curve i is that of bn_gp_sample: coefficient k of fourier.h from step k of unit i. */
static bn_status draw_curves(bn_fit *f, struct bn_rng rng)
{
    const size_t r = 2 * f->h + 1;
    double *z = bn_alloc(r, sizeof *z);

    bn_status rc = z != NULL ? BN_OK : BN_NOMEM;
    if (rc == BN_OK)
        rc = bn_mat_alloc(&f->draws, f->tiles * (r + 1), TILE_CURVES);
    if (rc == BN_OK)
        rc = analysis_basis(f, 0);
    if (rc == BN_OK)
        rc = analysis_basis(f, 1);
    for (size_t i = 0; rc == BN_OK && i < f->tiles * TILE_CURVES; i++) {
        const size_t first = i / TILE_CURVES * (r + 1), at = i % TILE_CURVES;
        bn_rng_normals(rng, i, 0, z, r);
        *bn_mat_at(&f->draws, first, at) = z[0];
        for (size_t n = 1; n <= f->h; n++) {
            *bn_mat_at(&f->draws, first + n, at) = z[2 * n - 1];
            *bn_mat_at(&f->draws, first + f->h + 1 + n, at) = z[2 * n];
        }
    }
    free(z);
    return rc;
}

bn_status bn_fit_new(bn_fit **out, enum bn_fit_process process, size_t n_hat, size_t angles,
                     size_t curves, double widest, struct bn_rng rng)
{
    const bool drawn = process == BN_FIT_NORMALISED;
    const size_t h = harmonics(widest);

    *out = NULL;
    if (n_hat < 2 || angles < 2 * n_hat || angles % 2 != 0)
        return bn_fail(BN_USAGE, "%zu coefficients of curves on %zu angles: at least 2 "
                       "coefficients and twice as many angles, an even number, are needed",
                       n_hat, angles);
    if (angles < 2 * h + 1)
        return bn_fail(BN_USAGE, "%zu angles cannot carry the harmonics up to %zu of curves "
                       "with sigma = %g: take %zu, or a smaller upper end for sigma", angles,
                       h, widest, 2 * h + 1);
    bn_fit *f = bn_alloc(1, sizeof *f);
    if (f == NULL)
        return BN_NOMEM;
    *f = (bn_fit){ .process = process, .n_hat = n_hat, .angles = angles, .h = h,
                   .tiles = drawn ? (curves + TILE_CURVES - 1) / TILE_CURVES : 0,
                   .widest = widest };
    const bn_status rc = drawn ? draw_curves(f, rng) : BN_OK;
    if (rc != BN_OK)
        bn_fit_free(f);
    else
        *out = f;
    return rc;
}

void bn_fit_free(bn_fit *f)
{
    if (f == NULL)
        return;
    bn_mat_free(&f->draws);
    bn_mat_free(&f->analysis[0]);
    bn_mat_free(&f->analysis[1]);
    free(f);
}

/* --- curves --------------------------------------------------------------------------- */

/* |fhat_n|^2 from the coefficients of fourier.h */
static double power_of(const double *c, size_t n)
{
    return n == 0 ? c[0] * c[0] : 0.5 * (c[2 * n - 1] * c[2 * n - 1] + c[2 * n] * c[2 * n]);
}

bn_status bn_fit_curves(const struct bn_mat *rate, size_t n_hat, double *hat,
                        struct bn_mat *spread)
{
    const size_t rows = rate->rows;
    struct bn_mat c, power = { 0 };

    if (rows < 2 || rate->cols < 2 * n_hat)
        return bn_fail(BN_INPUT, "%zu curves on %zu angles: %zu coefficients need 2 curves on "
                       "at least %zu angles", rows, rate->cols, n_hat, 2 * n_hat);
    BN_TRY(bn_mat_alloc(&c, rows, 2 * n_hat - 1));
    bn_status rc = bn_fourier(rate, &c);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&power, rows, n_hat);
    memset(hat, 0, n_hat * sizeof *hat);
    for (size_t i = 0; rc == BN_OK && i < rows; i++)
        for (size_t n = 0; n < n_hat; n++) {
            *bn_mat_at(&power, i, n) = power_of(bn_mat_row(&c, i), n);
            hat[n] += *bn_mat_at(&power, i, n) / (double)rows;
        }
    for (size_t i = 0; rc == BN_OK && i < rows; i++)
        for (size_t n = 0; n < n_hat; n++)
            *bn_mat_at(&power, i, n) -= hat[n];
    if (rc == BN_OK)
        rc = bn_gram(1.0 / ((double)rows * (double)(rows - 1)), &power, BN_TRANSPOSED, spread);
    bn_mat_free(&power);
    bn_mat_free(&c);
    return rc;
}

/* --- the model by draws ------------------------------------------------------------------- */

struct evaluation {
    const bn_fit *f;
    struct bn_transfer transfer;
    struct bn_mat synthesis[2];          /* [harmonics + 1, angles/2 + 1] cosines, sines,
                                            scaled by the spectrum's roots */
    struct bn_mat part;                  /* [tiles, n_hat] sums over the curves of a tile */
};

static bn_status synthesis_basis(const bn_fit *f, double sigma, int part, struct bn_mat *s)
{
    const size_t h = harmonics(sigma) < f->h ? harmonics(sigma) : f->h;

    BN_TRY(bn_mat_alloc(s, h + 1, half_of(f)));
    for (size_t n = 0; n <= h; n++) {
        const double sd = sqrt(bn_gp_spectrum(sigma, n)) * (n == 0 ? 1.0 : sqrt(2.0));
        for (size_t k = 0; k < s->cols; k++) {
            const double a = BN_TWO_PI * (double)(n * k) / (double)f->angles;
            *bn_mat_at(s, n, k) = sd * (part == 0 ? cos(a) : sin(a));
        }
    }
    return BN_OK;
}

/* (a, b) <- (a + b, a - b) */
static void butterfly(size_t n, double *restrict a, double *restrict b)
{
    for (size_t k = 0; k < n; k++) {
        const double sum = a[k] + b[k];
        b[k] = a[k] - b[k];
        a[k] = sum;
    }
}

/* Dividing a curve by its mean c_0 divides its power by c_0^2, so the division is made
 * once per curve.                                                           */
static void add_powers(const struct bn_mat *even, const struct bn_mat *odd, double *part)
{
    for (size_t i = 0; i < even->rows; i++) {
        const double *a = bn_mat_row(even, i), *b = bn_mat_row(odd, i);
        const double scale = 1.0 / (a[0] * a[0]);
        part[0] += scale * a[0] * a[0];
        for (size_t n = 1; n < even->cols; n++)
            part[n] += 0.5 * scale * (a[n] * a[n] + b[n] * b[n]);
    }
}

/* Curves of a tile, their rates and coefficients. */
static bn_status tile_power(void *context, size_t tile)
{
    const struct evaluation *e = context;
    const bn_fit *f = e->f;
    const size_t half = half_of(f), n = TILE_CURVES * half, rows = e->synthesis[0].rows;
    struct bn_mat x, c = { 0 };

    BN_TRY(bn_mat_alloc(&x, 2 * TILE_CURVES, half));
    bn_status rc = bn_mat_alloc(&c, 2 * TILE_CURVES, f->n_hat);
    for (size_t part = 0; rc == BN_OK && part < 2; part++) {
        const struct bn_mat z = { rows, TILE_CURVES,
            bn_mat_row(&f->draws, (2 * tile + part) * (f->h + 1)) };
        struct bn_mat to = { TILE_CURVES, half, x.data + part * n };
        rc = bn_gemm(1.0, &z, BN_TRANSPOSED, &e->synthesis[part], BN_PLAIN, 0.0, &to);
    }
    if (rc == BN_OK) {
        butterfly(n, x.data, x.data + n);
        bn_transfer_rate(&e->transfer, 2 * n, x.data, x.data);
        butterfly(n, x.data, x.data + n);
    }
    double *odd = rc == BN_OK ? c.data + TILE_CURVES * f->n_hat : NULL;
    struct bn_mat hat[2] = { { TILE_CURVES, f->n_hat, c.data }, { TILE_CURVES, f->n_hat, odd } };
    for (size_t part = 0; rc == BN_OK && part < 2; part++) {
        const struct bn_mat from = { TILE_CURVES, half, x.data + part * n };
        rc = bn_gemm(1.0, &from, BN_PLAIN, &f->analysis[part], BN_PLAIN, 0.0, &hat[part]);
    }
    if (rc == BN_OK)
        add_powers(&hat[0], &hat[1], bn_mat_row(&e->part, tile));
    bn_mat_free(&c);
    bn_mat_free(&x);
    return rc;
}

static bn_status by_draws(const bn_fit *f, const double p[BN_FIT_PARAMETERS], double share,
                       double *hat)
{
    const size_t some = (size_t)ceil(share * (double)f->tiles), tiles = some > 0 ? some : 1;
    struct evaluation e = { .f = f, .transfer = { BN_TRANSFER_SOFTPLUS, p[BN_FIT_BETA],
                                                  p[BN_FIT_THRESHOLD] } };

    if (p[BN_FIT_SIGMA] > f->widest)
        return bn_fail(BN_USAGE, "sigma = %g is above %g, for which curves were drawn",
                       p[BN_FIT_SIGMA], f->widest);
    bn_status rc = synthesis_basis(f, p[BN_FIT_SIGMA], 0, &e.synthesis[0]);
    if (rc == BN_OK)
        rc = synthesis_basis(f, p[BN_FIT_SIGMA], 1, &e.synthesis[1]);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&e.part, tiles, f->n_hat);
    if (rc == BN_OK)
        rc = bn_tiles(tiles, tile_power, &e);
    memset(hat, 0, f->n_hat * sizeof *hat);
    for (size_t t = 0; rc == BN_OK && t < tiles; t++)
        for (size_t n = 0; n < f->n_hat; n++)
            hat[n] += *bn_mat_at(&e.part, t, n) / (double)(tiles * TILE_CURVES);
    bn_mat_free(&e.part);
    bn_mat_free(&e.synthesis[0]);
    bn_mat_free(&e.synthesis[1]);
    return rc;
}

/* --- the model by its covariance ---------------------------------------------------------- */

static bn_status by_covariance(const bn_fit *f, const double *p, double *hat)
{
    const enum bn_transfer_kind kind = f->process == BN_FIT_ERF ? BN_TRANSFER_ERF
                                                                : BN_TRANSFER_SOFTPLUS;
    const struct bn_transfer t = { kind, p[BN_FIT_BETA], p[BN_FIT_THRESHOLD] };
    const size_t m = f->angles, half = m / 2 + 1;
    struct bn_mat c;

    BN_TRY(bn_mat_alloc(&c, 2, m));
    double *g = bn_mat_row(&c, 0), *rate = bn_mat_row(&c, 1);
    bn_gp_covariance(p[BN_FIT_SIGMA], m, g);
    bn_status rc = bn_transfer_covariance(&t, g[0], g, half, rate);
    for (size_t k = half; k < m; k++)
        rate[k] = rate[m - k];
    if (rc == BN_OK)
        rc = bn_fourier_even(rate, m, hat, f->n_hat);
    bn_mat_free(&c);
    return rc;
}

bn_status bn_fit_model(const bn_fit *f, const double p[BN_FIT_PARAMETERS], double share,
                       double *hat)
{
    BN_TRY(f->process == BN_FIT_NORMALISED ? by_draws(f, p, share, hat)
                                           : by_covariance(f, p, hat));
    for (size_t n = 0; n < f->n_hat; n++)
        if (!isfinite(hat[n]))
            return bn_fail(BN_NUMERIC, "at sigma = %g, beta = %g, threshold = %g a drawn curve "
                           "has no rate at all: search a smaller range of beta and threshold",
                           p[0], p[1], p[2]);
    return BN_OK;
}

double bn_fit_distance(const double *data, const double *model, size_t n_hat)
{
    double d = (data[0] - model[0]) * (data[0] - model[0]), norm = 0.0;

    for (size_t n = 1; n < n_hat; n++) {
        d += (data[n] - model[n]) * (data[n] - model[n]);
        norm += data[n] * data[n];
    }
    return sqrt(d / norm);
}

static bn_status loss_at(const bn_fit *f, const double *data, const double *p, double share,
                         double *loss)
{
    double *hat = bn_alloc(f->n_hat, sizeof *hat);

    if (hat == NULL)
        return BN_NOMEM;
    const bn_status rc = bn_fit_model(f, p, share, hat);
    if (rc == BN_OK)
        *loss = bn_fit_distance(data, hat, f->n_hat);
    free(hat);
    return rc;
}

/* --- search ------------------------------------------------------------------------------- */

struct search {
    const bn_fit *f;
    const double *data;
    const struct bn_fit_box *box;
    double share;
    nlopt_opt opt;
    bn_status status;
};

/* Free parameters run over [0, 1]; beta by its logarithm, since rates change less and
 * less as it grows.                                                         */
static double to_unit(const struct bn_fit_box *b, int k, double p)
{
    return k == BN_FIT_BETA ? log(p / b->low[k]) / log(b->high[k] / b->low[k])
                            : (p - b->low[k]) / (b->high[k] - b->low[k]);
}

static double from_unit(const struct bn_fit_box *b, int k, double u)
{
    const double p = k == BN_FIT_BETA ? b->low[k] * pow(b->high[k] / b->low[k], u)
                                      : b->low[k] + u * (b->high[k] - b->low[k]);
    return fmin(fmax(p, b->low[k]), b->high[k]);
}

static bool held(const struct bn_fit_box *b, int k)
{
    return !(b->low[k] < b->high[k]);
}

static void point_of(const struct bn_fit_box *b, const double *u, double *p)
{
    for (int k = 0, i = 0; k < BN_FIT_PARAMETERS; k++)
        p[k] = held(b, k) ? b->low[k] : from_unit(b, k, u[i++]);
}

/* The square of the loss: smooth where the loss is zero, which BOBYQA's quadratic
 * models want.                                                              */
static double objective(unsigned n, const double *u, double *gradient, void *context)
{
    struct search *s = context;
    double p[BN_FIT_PARAMETERS], loss = HUGE_VAL;

    (void)n, (void)gradient;
    if (s->status == BN_OK) {
        point_of(s->box, u, p);
        s->status = loss_at(s->f, s->data, p, s->share, &loss);
    }
    if (s->status != BN_OK)
        nlopt_force_stop(s->opt);
    return loss * loss;
}

static bn_status descend(struct search *s, unsigned dims, double *u)
{
    double value;

    s->opt = nlopt_create(NLOPT_LN_BOBYQA, dims);
    if (s->opt == NULL)
        return bn_fail(BN_NOMEM, "out of memory: minimiser of %u parameters", dims);
    nlopt_set_min_objective(s->opt, objective, s);
    nlopt_set_lower_bounds1(s->opt, 0.0);
    nlopt_set_upper_bounds1(s->opt, 1.0);
    nlopt_set_initial_step1(s->opt, 0.1);
    nlopt_set_xtol_abs1(s->opt, 1e-6);
    nlopt_set_maxeval(s->opt, MAX_EVALUATIONS);
    const nlopt_result result = nlopt_optimize(s->opt, u, &value);
    nlopt_destroy(s->opt);
    if (s->status != BN_OK)
        return s->status;
    /* Rounding stops it where nothing is left to gain. */
    return result > 0 || result == NLOPT_ROUNDOFF_LIMITED ? BN_OK
        : bn_fail(BN_NUMERIC, "the minimiser gave up (%s)", nlopt_result_to_string(result));
}

static bn_status check_box(const bn_fit *f, const struct bn_fit_box *b, const double *start)
{
    static const char *const name[] = { "sigma", "beta", "threshold" };

    for (int k = 0; k < BN_FIT_PARAMETERS; k++)
        if (!(b->low[k] <= start[k] && start[k] <= b->high[k]))
            return bn_fail(BN_USAGE, "%s = %g, from which the search starts, is outside of its "
                           "range %g to %g", name[k], start[k], b->low[k], b->high[k]);
    if (!(b->low[BN_FIT_SIGMA] > 0.0 && b->low[BN_FIT_BETA] > 0.0)
        || b->high[BN_FIT_SIGMA] > f->widest)
        return bn_fail(BN_USAGE, "sigma in %g to %g, beta in %g to %g: both must be positive, "
                       "sigma at most %g", b->low[0], b->high[0], b->low[1], b->high[1],
                       f->widest);
    return BN_OK;
}

/* Start k in the unit cube: the given one, else uniform. */
static unsigned start_at(const struct bn_fit_box *b, const double *start, size_t k,
                         struct bn_rng rng, double *u)
{
    unsigned dims = 0;

    bn_rng_uniforms(rng, k, 0, u, BN_FIT_PARAMETERS);
    for (int i = 0; i < BN_FIT_PARAMETERS; i++)
        if (!held(b, i)) {
            if (k == 0)
                u[dims] = to_unit(b, i, start[i]);
            dims++;
        }
    return dims;
}

bn_status bn_fit_search(const bn_fit *f, const double *data, const struct bn_fit_box *box,
                        const double *start, size_t starts, struct bn_rng rng, double *best,
                        double *loss, struct bn_mat *ends)
{
    struct search s = { f, data, box, 0.125, NULL, BN_OK };
    double u[BN_FIT_PARAMETERS], least[BN_FIT_PARAMETERS] = { 0 }, p[BN_FIT_PARAMETERS], value;
    unsigned dims = 0;

    BN_TRY(check_box(f, box, start));
    *loss = HUGE_VAL;
    for (size_t k = 0; k < starts; k++) {
        dims = start_at(box, start, k, rng, u);
        if (dims > 0)
            BN_TRY(descend(&s, dims, u));
        point_of(box, u, p);
        BN_TRY(loss_at(f, data, p, 1.0, &value));
        if (ends != NULL) {
            memcpy(bn_mat_row(ends, k), p, sizeof p);
            bn_mat_row(ends, k)[BN_FIT_PARAMETERS] = value;
        }
        if (value < *loss) {
            *loss = value;
            memcpy(least, u, sizeof least);
        }
    }
    s.share = 1.0;
    if (dims > 0)
        BN_TRY(descend(&s, dims, least));
    point_of(box, least, best);
    return loss_at(f, data, best, 1.0, loss);
}

/* --- errors ------------------------------------------------------------------------------- */

/* dC/dp by central differences: rows are the free parameters. */
static bn_status slopes(const bn_fit *f, const int *which, size_t dims, const double *p,
                        struct bn_mat *j)
{
    struct bn_mat c;

    BN_TRY(bn_mat_alloc(&c, 2, f->n_hat));
    bn_status rc = BN_OK;
    for (size_t i = 0; rc == BN_OK && i < dims; i++) {
        double q[BN_FIT_PARAMETERS], step = 1e-4 * fmax(1.0, fabs(p[which[i]]));
        for (int side = 0; rc == BN_OK && side < 2; side++) {
            memcpy(q, p, sizeof q);
            q[which[i]] += side == 0 ? -step : step;
            if (which[i] == BN_FIT_SIGMA && q[0] > f->widest)
                q[0] = f->widest;
            rc = bn_fit_model(f, q, 1.0, bn_mat_row(&c, (size_t)side));
        }
        if (which[i] == BN_FIT_SIGMA && p[0] + step > f->widest)
            step = 0.5 * (f->widest - p[0] + step);
        for (size_t n = 0; rc == BN_OK && n < f->n_hat; n++)
            *bn_mat_at(j, i, n) = (*bn_mat_at(&c, 1, n) - *bn_mat_at(&c, 0, n)) / (2.0 * step);
    }
    bn_mat_free(&c);
    return rc;
}

/* a <- (J J^T)^-1 J for J [free, n_hat]; by eigenvectors, to see what J cannot tell. */
static bn_status pseudo_inverse(const struct bn_mat *j, struct bn_mat *a)
{
    struct bn_mat g, part = { 0 };
    double w[BN_FIT_PARAMETERS];

    BN_TRY(bn_mat_alloc(&g, j->rows, j->rows));
    bn_status rc = bn_gram(1.0, j, BN_PLAIN, &g);
    if (rc == BN_OK)
        rc = bn_eig_symmetric(&g, w);
    if (rc == BN_OK && !(w[0] > 1e-14 * w[j->rows - 1]))
        rc = bn_fail(BN_NUMERIC, "the covariance does not tell the fitted parameters apart "
                     "(eigenvalues %g and %g): hold one of them by a range of no width", w[0],
                     w[j->rows - 1]);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&part, j->rows, j->cols);
    if (rc == BN_OK)
        rc = bn_gemm(1.0, &g, BN_PLAIN, j, BN_PLAIN, 0.0, &part);
    for (size_t k = 0; rc == BN_OK && k < j->rows; k++)
        for (size_t n = 0; n < j->cols; n++)
            *bn_mat_at(&part, k, n) /= w[k];
    if (rc == BN_OK)
        rc = bn_gemm(1.0, &g, BN_TRANSPOSED, &part, BN_PLAIN, 0.0, a);
    bn_mat_free(&part);
    bn_mat_free(&g);
    return rc;
}

bn_status bn_fit_errors(const bn_fit *f, const struct bn_fit_box *box, const double *p,
                        const struct bn_mat *spread, size_t rows, struct bn_mat *covariance)
{
    const double draws = (double)(f->tiles * TILE_CURVES);
    const double both = f->process == BN_FIT_NORMALISED ? 1.0 + (double)rows / draws : 1.0;
    struct bn_mat j = { 0 }, a = { 0 }, as = { 0 }, v = { 0 };
    int which[BN_FIT_PARAMETERS];
    size_t dims = 0;

    memset(covariance->data, 0, covariance->rows * covariance->cols * sizeof(double));
    for (int k = 0; k < BN_FIT_PARAMETERS; k++)
        if (!held(box, k))
            which[dims++] = k;
    if (dims == 0)
        return BN_OK;
    bn_status rc = bn_mat_alloc(&j, dims, f->n_hat);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&a, dims, f->n_hat);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&as, dims, f->n_hat);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&v, dims, dims);
    if (rc == BN_OK)
        rc = slopes(f, which, dims, p, &j);
    if (rc == BN_OK)
        rc = pseudo_inverse(&j, &a);
    if (rc == BN_OK)
        rc = bn_gemm(both, &a, BN_PLAIN, spread, BN_PLAIN, 0.0, &as);
    if (rc == BN_OK)
        rc = bn_gemm(1.0, &as, BN_PLAIN, &a, BN_TRANSPOSED, 0.0, &v);
    for (size_t i = 0; rc == BN_OK && i < dims; i++)
        for (size_t k = 0; k < dims; k++)
            *bn_mat_at(covariance, (size_t)which[i], (size_t)which[k]) = *bn_mat_at(&v, i, k);
    bn_mat_free(&v), bn_mat_free(&as), bn_mat_free(&a), bn_mat_free(&j);
    return rc;
}

bn_status bn_fit_landscape(const bn_fit *f, const double *data, const double *p, int a,
                           const double *axis_a, int b, const double *axis_b,
                           struct bn_mat *loss)
{
    double q[BN_FIT_PARAMETERS];

    memcpy(q, p, sizeof q);
    for (size_t i = 0; i < loss->rows; i++)
        for (size_t k = 0; k < loss->cols; k++) {
            q[a] = axis_a[i];
            q[b] = axis_b[k];
            BN_TRY(loss_at(f, data, q, 1.0, bn_mat_at(loss, i, k)));
        }
    return BN_OK;
}
