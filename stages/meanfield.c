/* SPDX-License-Identifier: MIT
 * meanfield - the ring of very many neurons, by its order parameters.
 *
 *     tau dm/dt = -m + G,   tau dmhat/dt = -mhat + tau omega G,   G = F(Q, H)
 *
 * Bump and homogeneous state, their modes, the spectrum of J and how finite N splits it,
 * a map over (sigma, beta), and an angular velocity integrated beside a network.
 * Definitions: docs/science/meanfield.md.
 */
#include <basin/drive.h>
#include <basin/fourier.h>
#include <basin/gp.h>
#include <basin/manifold.h>
#include <basin/meanfield.h>
#include <basin/rng.h>
#include <basin/stage.h>
#include <basin/targets.h>
#include <basin/tile.h>

#include <math.h>
#include <string.h>

enum { DECODED_HARMONICS = 24 };         /* as many as activity takes */

static const struct bn_input inputs[] = {
    { "tuning", true, "whose sigma and beta to take; its rates must be erf" },
    { "activity", true, "a network with the same velocity, to compare with" },
    { "recording", true, "recorded angular velocity, for velocity = recorded" },
};

static const struct bn_output outputs[] = {
    { "/sigma", "", "1", "width of the current spectrum, Fourier indices", 1e-9, 0, false,
      .cite = "sigma" },
    { "/beta", "", "1", "gain of the rate function", 0, 0, false, .cite = "beta" },
    { "/mean_gain", "", "1", "alpha = E[phi'(x*)]", 1e-12, 0, false, .cite = "mean gain" },
    { "/theta", "theta", "rad", "angle from the bump's centre", 0, 0, false },
    { "/hat", "theta", "1", "mean-field Mexican hat, coefficients Ghat^x/(Ghat^phi + lambda)",
      1e-9, 1e-9, false },
    { "/harmonic", "harmonic", "1", "n; 0: singlet of J, n >= 1: doublets", 0, 0, false },
    { "/current_spectrum", "harmonic", "1", "Ghat^x_n", 1e-12, 0, false },
    { "/rate_spectrum", "harmonic", "1", "Ghat^phi_n", 1e-12, 0, false },
    { "/predicted", "harmonic", "1", "eigenvalue alpha Ghat^x_n/(Ghat^phi_n + lambda) of J",
      1e-9, 0, false },
    { "/doublet", "doublet", "1", "n of the doublets below", 0, 0, false },
    { "/doublet_split", "doublet", "1", "rms distance of the two eigenvalues of J times sqrt N",
      1e-6, 1e-6, false },
    { "/doublet_complex", "doublet", "1", "share of the doublets that are complex pairs", 1e-6,
      0, false },
    { "/found", "", "1", "1: there is a bump; 0: the guard has removed it", 0, 0, false },
    { "/bump", "theta", "1", "overlap G = m of the bump", 1e-10, 0, false },
    { "/bump_current", "theta", "1", "covariance H of its currents with the targets", 1e-10, 0,
      false },
    { "/gain", "theta", "1", "dG/dH at the bump = E[phi'(x*(theta)) phi'(x)]", 1e-10, 0,
      false },
    { "/residual", "", "1", "largest |G - m| at m = G^phi, which the guard leaves", 1e-12, 0,
      false, .cite = "residual" },
    { "/even_real", "even_mode", "1", "cosine modes of the bump: eigenvalues x tau", 1e-8, 0,
      false },
    { "/even_imag", "even_mode", "1", "imaginary part", 1e-8, 0, false },
    { "/odd", "odd_mode", "1", "sine modes of the bump (real)", 1e-8, 0, false },
    { "/tangent", "", "1", "eigenvalue of the translation x tau", 1e-9, 0, false,
      .cite = "tangent" },
    { "/gap", "", "1", "largest other real part x tau; < 0: the bump is stable", 1e-9, 0,
      false, .cite = "gap" },
    { "/homogeneous", "", "1", "overlap of the homogeneous state", 1e-12, 0, false,
      .cite = "homogeneous" },
    { "/homogeneous_mode", "harmonic", "1", "its eigenvalue x tau of each harmonic", 1e-9, 0,
      false },
    { "/homogeneous_max", "", "1", "the largest of these; > 0: it is unstable", 1e-9, 0,
      false, .cite = "homogeneous max" },
    { "/map_sigma", "map_sigma", "1", "sigma of the maps", 0, 0, false },
    { "/map_beta", "map_beta", "1", "beta of the maps", 0, 0, false },
    { "/map_found", "map_sigma map_beta", "1", "1: there is a bump", 0, 0, false },
    { "/map_gap", "map_sigma map_beta", "1", "gap of the bump x tau; 0 where there is none",
      1e-6, 0, false },
    { "/map_tangent", "map_sigma map_beta", "1", "its translation x tau: 0 but for the grid",
      1e-6, 0, false },
    { "/map_homogeneous", "map_sigma map_beta", "1", "largest eigenvalue x tau of the "
      "homogeneous state", 1e-6, 0, false },
    { "/map_homogeneous_harmonic", "map_sigma map_beta", "1", "the harmonic that it belongs to",
      0, 0, false },
    { "/map_spectral_gap", "map_sigma map_beta", "1", "eigenvalue of J for n = 1 minus the "
      "largest of the others", 1e-6, 0, false },
    { "/map_ridge_limit", "map_sigma map_beta", "1", "largest ridge lambda that leaves a bump",
      0, 1e-6, false },
    { "/map_phase", "map_sigma map_beta", "1", "stable are 0: neither, 1: the bump, 2: the "
      "homogeneous state, 3: both", 0, 0, false },
    { "/time", "time", "s", "time of the saved states", 0, 0, false },
    { "/omega", "time", "rad/s", "angular velocity given", 0, 0, false },
    { "/angle_true", "time", "rad", "integral of the angular velocity from the start", 1e-9, 0,
      false },
    { "/angle", "time", "rad", "angle of the overlap G", 1e-8, 0, false },
    { "/angle_error", "time", "rad", "angle of G minus true angle", 1e-8, 0, false },
    { "/lag", "time", "rad", "angle of G minus angle of m", 1e-8, 0, false },
    { "/lag_predicted", "time", "rad", "true angle minus its low-pass of tau: omega tau where "
      "omega is constant", 1e-9, 0, false },
    { "/overlap", "time overlap_angle", "1", "G(theta, t)", 1e-8, 0, false },
    { "/overlap_angle", "overlap_angle", "rad", "angles of /overlap", 0, 0, false },
    { "/network_angle", "time", "rad", "decoded angle of the network, first trajectory", 1e-6, 0,
      false },
    { "/network_difference", "time", "rad", "that minus the angle of G", 1e-6, 0, false },
    { "/network_difference_rms", "", "rad", "root mean square of it over time", 1e-6, 0,
      false, .cite = "network difference" },
    { "/network_overlap_rms", "time", "1", "root mean square over angles of the network's "
      "overlap minus G (with a tuning only)", 1e-6, 0, false },
};

static const struct bn_param params[] = {
    BN_REAL("sigma", "1", "1.4211", 0.05, 50, "width of the current spectrum (no tuning given)"),
    BN_REAL("beta", "1", "2.7659", 0.01, 100, "gain of the erf rates (no tuning given)"),
    BN_INTEGER("angles", "200", 8, 100000, "grid angles M"),
    BN_REAL("guard", "1", "1e-12", 0, 10, "added to the rate spectrum in the dynamics, against "
            "rounding; as large as lambda it is the ridge"),
    BN_REAL("lambda", "1", "1e-8", 0, 10, "ridge in hat and spectrum (as in weights)"),
    BN_INTEGER("splitting_curves", "20000", 100, 10000000,
               "curves drawn to predict the splitting of doublets"),
    BN_FLAG("map", "yes", "make the maps over (sigma, beta)"),
    BN_REALS("map_sigma", "1", "0.35 4", 0.05, 50, "lowest and highest sigma of the maps"),
    BN_REALS("map_beta", "1", "0.3 6", 0.01, 100, "lowest and highest beta of the maps"),
    BN_INTEGER("map_points", "40", 2, 1000, "points of each, equally spaced in the logarithm"),
    BN_INTEGER("map_angles", "512", 8, 100000, "grid angles of the maps: sharp rates need more"),
    BN_CHOICE("method", "euler", "euler rk4", "steps: as activity makes them, or Runge-Kutta"),
    BN_REAL("tau", "s", "0.05", 1e-4, 10, "time constant"),
    BN_REAL("dt", "s", "0.005", 1e-6, 1, "step"),
    BN_REAL("duration", "s", "2", 1e-3, 1e6, "integrated time (an activity brings its own)"),
    BN_REAL("interval", "s", "0.02", 1e-6, 1e6,
            "time between saved states (an activity brings its own)"),
    BN_CHOICE("velocity", "none", "none constant ou recorded", "angular velocity given; with "
              "stream = activity, ou is that of activity"),
    BN_REAL("speed", "rad/s", "0.8", -100, 100, "angular velocity, if constant"),
    BN_REAL("ou_sd", "rad/s", "1", 0, 100, "its standard deviation, if Ornstein-Uhlenbeck"),
    BN_REAL("ou_tau", "s", "0.5", 1e-3, 1e3, "its correlation time, if Ornstein-Uhlenbeck"),
    BN_REAL("recorded_start", "s", "0", 0, 1e6, "where in the recording to begin"),
    BN_INTEGER("overlap_angles", "120", 8, 10000,
               "angles of the overlap map (an activity brings its own)"),
};

/* --- the process ------------------------------------------------------------------- */

/* Of a generated population: Ghat^x_1/Ghat^x_0 = exp(-1/(2 sigma^2)). */
static double sigma_of(const double *covariance, size_t m)
{
    const char *path = bn_h5_path(bn_input("tuning"));
    double hat[2], *want = bn_scratch_vec(m), worst = 0.0;

    BN_CHECK(bn_fourier_even(covariance, m, hat, 2));
    const double sigma = sqrt(-0.5 / log(hat[1] / hat[0]));
    if (!(sigma > 0.05) || !(sigma < 1e3))
        BN_REFUSE(BN_INPUT, "%s: /covariance_current has harmonics %g and %g, which no Gaussian "
                  "spectrum has: leave the tuning out and give sigma", path, hat[0], hat[1]);
    bn_gp_covariance(sigma, m, want);
    for (size_t k = 0; k < m; k++)
        worst = fmax(worst, fabs(want[k] - covariance[k]));
    if (!(worst < 1e-6))
        BN_REFUSE(BN_INPUT, "%s: /covariance_current is off by %g from the Gaussian spectrum of "
                  "sigma = %g: the theory knows generated erf curves only; leave the tuning out",
                  path, worst, sigma);
    return sigma;
}

static struct bn_meanfield read_process(void)
{
    struct bn_transfer t = { BN_TRANSFER_ERF, 0.0, 0.0 };
    struct bn_meanfield mf;
    double sigma;

    if (bn_has_input("tuning")) {
        size_t m;
        t = bn_targets_transfer("tuning");
        if (t.kind != BN_TRANSFER_ERF || t.threshold != 0.0)
            BN_REFUSE(BN_INPUT, "%s: %s rates with threshold %g, but the mean-field equations "
                      "are closed only for erf rates with threshold 0: leave the tuning out and "
                      "give sigma and beta, or take tuning.process = erf",
                      bn_h5_path(bn_input("tuning")), bn_transfer_name(t.kind), t.threshold);
        const double *covariance = bn_input_vec("tuning", "/covariance_current", &m);
        sigma = sigma_of(covariance, m);
    } else {
        t.beta = bn_real("beta");
        sigma = bn_real("sigma");
    }
    BN_CHECK(bn_meanfield_new(&mf, &t, sigma, bn_count("angles"), bn_real("guard")));
    bn_output_number("/sigma", sigma);
    bn_output_number("/beta", t.beta);
    bn_output_number("/mean_gain", mf.gain);
    return mf;
}

/* --- spectrum, steady states -------------------------------------------------------- */

static void spectrum(const struct bn_meanfield *mf)
{
    const size_t m = mf->angles, h = mf->harmonics;
    const double lambda = bn_real("lambda");
    double *theta = bn_scratch_vec(m), *hat = bn_scratch_vec(m);
    double *harmonic = bn_scratch_vec(h + 1), *predicted = bn_scratch_vec(h + 1);

    for (size_t n = 0; n <= h; n++) {
        const double c = mf->phi[n] + lambda > 0.0 ? mf->x[n] / (mf->phi[n] + lambda) : 0.0;
        harmonic[n] = (double)n;
        predicted[n] = mf->gain * c;
        for (size_t k = 0; k < m; k++)
            hat[k] += c * (n == 0 ? 1.0 : sqrt(2.0) * *bn_mat_at(&mf->basis, k, 2 * n - 1));
    }
    bn_ring_grid(m, theta);
    bn_output_vec("/theta", theta, m);
    bn_output_vec("/hat", hat, m);
    bn_output_vec("/harmonic", harmonic, h + 1);
    bn_output_vec("/current_spectrum", mf->x, h + 1);
    bn_output_vec("/rate_spectrum", mf->phi, h + 1);
    bn_output_vec("/predicted", predicted, h + 1);
}

/* Theory does not depend on the seed of a run: the draws are always the same. */
static void splitting(const struct bn_meanfield *mf)
{
    const struct bn_rng rng = { .seed = 0, .stream = bn_rng_stream("meanfield/splitting") };
    const size_t d = mf->harmonics < 6 ? mf->harmonics : 6;
    double *n = bn_scratch_vec(d), *stretch = bn_scratch_vec(d), *turn = bn_scratch_vec(d);

    if (d == 0)
        return;
    BN_CHECK(bn_meanfield_splitting(mf, bn_real("lambda"), rng, bn_count("splitting_curves"), d,
                                    stretch, turn));
    for (size_t k = 0; k < d; k++) {
        const double split = bn_meanfield_split(stretch[k], turn[k]);
        turn[k] = bn_meanfield_complex(stretch[k], turn[k]);
        stretch[k] = split;
        n[k] = (double)(k + 1);
    }
    bn_output_vec("/doublet", n, d);
    bn_output_vec("/doublet_split", stretch, d);
    bn_output_vec("/doublet_complex", turn, d);
}

/* true if there is a bump. */
static bool bump(const struct bn_meanfield *mf)
{
    const size_t m = mf->angles, h = mf->harmonics;
    double *s = bn_scratch_vec(h + 1), *g = bn_scratch_vec(m), *drive = bn_scratch_vec(m);
    double *gain = bn_scratch_vec(m), q, worst = 0.0;
    struct bn_meanfield_modes modes;
    bool found;

    BN_CHECK(bn_meanfield_overlap(mf, mf->rate, NULL, g));
    for (size_t k = 0; k < m; k++)
        worst = fmax(worst, fabs(g[k] - mf->rate[k]));
    bn_output_number("/residual", worst);
    BN_CHECK(bn_meanfield_bump(mf, s, &found));
    bn_output_number("/found", found ? 1.0 : 0.0);
    if (!found)
        return false;
    bn_meanfield_state(mf, s, g, drive, &q);
    bn_meanfield_rate(mf, q, drive, NULL, gain, NULL);
    bn_output_vec("/bump", g, m);
    bn_output_vec("/bump_current", drive, m);
    bn_output_vec("/gain", gain, m);
    BN_CHECK(bn_meanfield_modes(mf, s, &modes));
    bn_output_vec("/even_real", modes.even_re, h + 1);
    bn_output_vec("/even_imag", modes.even_im, h + 1);
    bn_output_vec("/odd", modes.odd, h);
    bn_output_number("/tangent", modes.tangent);
    bn_output_number("/gap", modes.gap);
    bn_meanfield_modes_free(&modes);
    return true;
}

/* Largest eigenvalue of the homogeneous state and its harmonic. */
static double homogeneous_max(const struct bn_meanfield *mf, double *level, double *mode,
                              size_t *harmonic)
{
    bn_meanfield_homogeneous(mf, level);
    bn_meanfield_homogeneous_modes(mf, *level, mode);
    *harmonic = 0;
    for (size_t n = 1; n <= mf->harmonics; n++)
        if (mode[n] > mode[*harmonic])
            *harmonic = n;
    return mode[*harmonic];
}

static void homogeneous(const struct bn_meanfield *mf)
{
    double *mode = bn_scratch_vec(mf->harmonics + 1), level;
    size_t harmonic;
    const double top = homogeneous_max(mf, &level, mode, &harmonic);

    bn_output_number("/homogeneous", level);
    bn_output_vec("/homogeneous_mode", mode, mf->harmonics + 1);
    bn_output_number("/homogeneous_max", top);
}

/* --- maps over (sigma, beta) ----------------------------------------------------------- */

enum { FOUND, GAP, TANGENT, HOMOGENEOUS, HARMONIC, SPECTRAL, RIDGE, PHASE, MAPS };

struct map {
    const double *sigma, *beta;
    size_t points, angles;
    double guard, lambda;
    struct bn_mat value[MAPS];           /* [sigma, beta] */
};

static double spectral_gap(const struct bn_meanfield *mf, double lambda)
{
    double other = bn_meanfield_eigenvalue(mf, 0, lambda);

    for (size_t n = 2; n <= mf->harmonics; n++)
        other = fmax(other, bn_meanfield_eigenvalue(mf, n, lambda));
    return bn_meanfield_eigenvalue(mf, 1, lambda) - other;
}

static bn_status map_point(const struct map *map, size_t i, size_t j)
{
    const struct bn_transfer t = { BN_TRANSFER_ERF, map->beta[j], 0.0 };
    const size_t at = i * map->points + j;
    struct bn_meanfield mf;
    struct bn_meanfield_modes modes = { 0 };
    struct bn_mat room = { 0 };
    double level, limit = 0.0;
    size_t harmonic = 0;
    bool found = false;

    BN_TRY(bn_meanfield_new(&mf, &t, map->sigma[i], map->angles, map->guard));
    bn_status rc = bn_mat_alloc(&room, 2, mf.harmonics + 1);
    if (rc == BN_OK)
        rc = bn_meanfield_bump(&mf, room.data, &found);
    if (rc == BN_OK && found)
        rc = bn_meanfield_modes(&mf, room.data, &modes);
    if (rc == BN_OK)
        rc = bn_meanfield_ridge_limit(&mf, &limit);
    if (rc == BN_OK) {
        const double top = homogeneous_max(&mf, &level, bn_mat_row(&room, 1), &harmonic);
        const int stable = (found && modes.gap < 0.0 ? 1 : 0) + (top < 0.0 ? 2 : 0);
        map->value[FOUND].data[at] = found ? 1.0 : 0.0;
        map->value[GAP].data[at] = found ? modes.gap : 0.0;
        map->value[TANGENT].data[at] = found ? modes.tangent : 0.0;
        map->value[HOMOGENEOUS].data[at] = top;
        map->value[HARMONIC].data[at] = (double)harmonic;
        map->value[SPECTRAL].data[at] = spectral_gap(&mf, map->lambda);
        map->value[RIDGE].data[at] = limit;
        map->value[PHASE].data[at] = stable;
    }
    bn_meanfield_modes_free(&modes);
    bn_mat_free(&room);
    bn_meanfield_free(&mf);
    return rc;
}

static bn_status map_row(void *context, size_t i)
{
    const struct map *map = context;

    for (size_t j = 0; j < map->points; j++)
        BN_TRY(map_point(map, i, j));
    return BN_OK;
}

static const double *axis(const char *name, size_t points)
{
    double *value = bn_scratch_vec(points);
    size_t n;
    const double *ends = bn_reals(name, &n);

    if (n != 2 || !(ends[0] < ends[1]))
        BN_REFUSE(BN_USAGE, "%s: give two numbers, the lowest and a higher one", name);
    for (size_t k = 0; k < points; k++)
        value[k] = ends[0] * pow(ends[1] / ends[0], (double)k / (double)(points - 1));
    return value;
}

static void maps(double guard)
{
    static const char *const name[MAPS] = { "/map_found", "/map_gap", "/map_tangent",
        "/map_homogeneous", "/map_homogeneous_harmonic", "/map_spectral_gap",
        "/map_ridge_limit", "/map_phase" };
    struct map map = { .points = bn_count("map_points"), .angles = bn_count("map_angles"),
                       .guard = guard, .lambda = bn_real("lambda") };

    map.sigma = axis("map_sigma", map.points);
    map.beta = axis("map_beta", map.points);
    for (size_t k = 0; k < MAPS; k++)
        map.value[k] = bn_scratch(map.points, map.points);
    BN_CHECK(bn_tiles(map.points, map_row, &map));
    bn_output_vec("/map_sigma", map.sigma, map.points);
    bn_output_vec("/map_beta", map.beta, map.points);
    for (size_t k = 0; k < MAPS; k++)
        bn_output_mat(name[k], &map.value[k]);
}

/* --- velocity ------------------------------------------------------------------------- */

struct saved {
    struct bn_mat overlap;               /* [S, A] */
    struct bn_mat curve, coefficient, few;         /* one row each: M, decoded, for the map */
    double *g, *m;                       /* [S] angles of G and m */
    struct bn_mat grid;                  /* [1, angles] to find the peak from */
};

static bn_status peak(struct saved *s, const double *curve, double *angle)
{
    double value;

    memcpy(s->curve.data, curve, s->curve.cols * sizeof *curve);
    BN_TRY(bn_fourier(&s->curve, &s->coefficient));
    BN_TRY(bn_fourier_inverse(&s->coefficient, &s->grid));
    *angle = bn_fourier_extremum(s->coefficient.data, s->coefficient.cols, s->grid.data,
                                 s->grid.cols, 1, &value);
    return BN_OK;
}

static bn_status watch(void *context, size_t save, const double *m, const double *g)
{
    struct saved *s = context;
    struct bn_mat row = { 1, s->overlap.cols, bn_mat_row(&s->overlap, save) };

    BN_TRY(peak(s, m, &s->m[save]));
    BN_TRY(peak(s, g, &s->g[save]));
    memcpy(s->few.data, s->coefficient.data, s->few.cols * sizeof(double));
    return bn_fourier_inverse(&s->few, &row);
}

static size_t map_angles(void)
{
    struct bn_shape shape;

    if (!bn_has_input("activity"))
        return bn_count("overlap_angles");
    BN_CHECK(bn_h5_shape(bn_input("activity"), "/overlap", &shape));
    if (shape.rank != 2 || shape.dim[1] < 8)
        BN_REFUSE(BN_INPUT, "%s: /overlap is no map of times and angles",
                  bn_h5_path(bn_input("activity")));
    return shape.dim[1];
}

static struct saved make_room(const struct bn_meanfield *mf, size_t saves)
{
    const size_t a = map_angles(), m = mf->angles;
    const size_t odd = m - (m % 2 == 0), most = 2 * DECODED_HARMONICS + 1;
    const size_t r = odd < most ? odd : most, coarse = a - (a % 2 == 0);
    struct saved s = { .overlap = bn_scratch(saves, a), .curve = bn_scratch(1, m),
                       .coefficient = bn_scratch(1, r), .grid = bn_scratch(1, 4 * r),
                       .few = bn_scratch(1, coarse < r ? coarse : r) };

    s.g = bn_scratch_vec(saves);
    s.m = bn_scratch_vec(saves);
    return s;
}

/* The bump at `start`, by its own harmonics on the grid. */
static double *bump_at(const struct bn_meanfield *mf, double start)
{
    const size_t m = mf->angles, r = m - (m % 2 == 0);
    struct bn_mat row = { 1, m, mf->rate }, c = bn_scratch(1, r), out = bn_scratch(1, m);

    BN_CHECK(bn_fourier(&row, &c));
    for (size_t n = 1; 2 * n < r; n++) { /* even about 0: sines come in by the turn */
        const double a = c.data[2 * n - 1];
        c.data[2 * n - 1] = a * cos((double)n * start);
        c.data[2 * n] = a * sin((double)n * start);
    }
    BN_CHECK(bn_fourier_inverse(&c, &out));
    return out.data;
}

static void write_motion(const struct saved *s, const struct bn_drive *drive, size_t every,
                         double tau)
{
    const size_t saves = s->overlap.rows, a = s->overlap.cols, steps = drive->omega.rows;
    double *time = bn_scratch_vec(saves), *omega = bn_scratch_vec(saves);
    double *truth = bn_scratch_vec(saves), *error = bn_scratch_vec(saves);
    double *lag = bn_scratch_vec(saves), *predicted = bn_scratch_vec(saves);
    double *grid = bn_scratch_vec(a), behind = 0.0;

    for (size_t k = 0; k < saves; k++) {
        const size_t at = k * every;
        time[k] = (double)at * drive->dt;
        omega[k] = drive->omega.data[at < steps ? at : steps - 1];
        truth[k] = bn_ring_wrap(drive->start + drive->turned[at]);
        error[k] = bn_ring_difference(s->g[k], truth[k]);
        lag[k] = bn_ring_difference(s->g[k], s->m[k]);
        predicted[k] = behind;
        for (size_t i = at; i < at + every && i < steps; i++)
            behind += drive->dt * (drive->omega.data[i] - behind / tau);
    }
    bn_ring_grid(a, grid);
    bn_output_vec("/time", time, saves);
    bn_output_vec("/omega", omega, saves);
    bn_output_vec("/angle_true", truth, saves);
    bn_output_vec("/angle", s->g, saves);
    bn_output_vec("/angle_error", error, saves);
    bn_output_vec("/lag", lag, saves);
    bn_output_vec("/lag_predicted", predicted, saves);
    bn_output_vec("/overlap_angle", grid, a);
    bn_output_mat("/overlap", &s->overlap);
}

/* When the states are saved: by the parameters, or as the network did. */
static void set_times(struct bn_meanfield_clock *clock)
{
    if (!bn_has_input("activity")) {
        clock->steps = (size_t)llround(bn_real("duration") / clock->dt);
        clock->every = (size_t)fmax(1.0, round(bn_real("interval") / clock->dt));
        if (clock->steps == 0)
            BN_REFUSE(BN_USAGE, "duration is shorter than one step of %g s", clock->dt);
        return;
    }
    const char *path = bn_h5_path(bn_input("activity"));
    size_t n;
    const double *time = bn_input_vec("activity", "/time", &n);
    if (n < 2)
        BN_REFUSE(BN_INPUT, "%s: %zu saved states: two at least are needed", path, n);
    const double interval = time[1] - time[0], every = round(interval / clock->dt);
    if (!(every >= 1.0) || !(fabs(every * clock->dt - interval) <= 1e-9 * interval))
        BN_REFUSE(BN_INPUT, "%s: its states are %g s apart, which is no whole number of steps of "
                  "%g s: give both stages the same dt", path, interval, clock->dt);
    clock->every = (size_t)every;
    clock->steps = (n - 1) * clock->every;
}

/* The network must have been given the same velocity. */
static void check_velocity(const struct bn_drive *drive, size_t saves, size_t every)
{
    const char *path = bn_h5_path(bn_input("activity"));
    size_t n;

    if (bn_h5_kind(bn_input("activity"), "/omega") != BN_H5_DATASET)
        BN_REFUSE(BN_INPUT, "%s: no /omega: a network without velocity has nothing to compare",
                  path);
    const double *omega = bn_input_vec("activity", "/omega", &n);
    if (n != saves)
        BN_REFUSE(BN_INPUT, "%s: /time has %zu states and /omega %zu", path, saves, n);
    /* At the last state one of the two may have no further step to look at. */
    for (size_t k = 0; k + 1 < saves; k++)
        if (!(fabs(omega[k] - drive->omega.data[k * every]) <= 1e-9))
            BN_REFUSE(BN_INPUT, "%s: %g rad/s at %g s, but %g rad/s here: give both stages the "
                      "same velocity and dt, and this one stream = activity", path, omega[k],
                      (double)(k * every) * drive->dt, drive->omega.data[k * every]);
}

static void beside_network(const struct saved *s)
{
    const size_t saves = s->overlap.rows, a = s->overlap.cols;
    const struct bn_mat angle = bn_input_mat("activity", "/angle");     /* [T, S] */
    double *difference = bn_scratch_vec(saves), *rms = bn_scratch_vec(saves), sum = 0.0;

    if (angle.rows == 0 || angle.cols != saves)
        BN_REFUSE(BN_INPUT, "%s: /time has %zu states and /angle %zu",
                  bn_h5_path(bn_input("activity")), saves, angle.cols);
    for (size_t k = 0; k < saves; k++) {
        difference[k] = bn_ring_difference(angle.data[k], s->g[k]);
        sum += difference[k] * difference[k] / (double)saves;
    }
    bn_output_vec("/network_angle", angle.data, saves);
    bn_output_vec("/network_difference", difference, saves);
    bn_output_number("/network_difference_rms", sqrt(sum));
    if (!bn_has_input("tuning"))
        return;                          /* another process: another overlap */
    const struct bn_mat overlap = bn_input_mat("activity", "/overlap");
    if (overlap.rows != saves)
        BN_REFUSE(BN_INPUT, "%s: /time has %zu states and /overlap %zu",
                  bn_h5_path(bn_input("activity")), saves, overlap.rows);
    for (size_t k = 0; k < saves; k++) {
        for (size_t i = 0; i < a; i++) {
            const double d = *bn_mat_at(&overlap, k, i) - *bn_mat_at(&s->overlap, k, i);
            rms[k] += d * d / (double)a;
        }
        rms[k] = sqrt(rms[k]);
    }
    bn_output_vec("/network_overlap_rms", rms, saves);
}

static void motion(const struct bn_meanfield *mf)
{
    struct bn_meanfield_clock clock = { .tau = bn_real("tau"), .dt = bn_real("dt"),
        .method = bn_is("method", "rk4") ? BN_MEANFIELD_RK4 : BN_MEANFIELD_EULER };

    if (clock.dt > clock.tau)
        BN_REFUSE(BN_USAGE, "dt = %g s is longer than tau = %g s: the steps would be unstable",
                  clock.dt, clock.tau);
    set_times(&clock);
    const struct bn_drive drive = bn_drive_read(clock.steps, clock.dt);
    const size_t saves = clock.steps / clock.every + 1;
    if (bn_has_input("activity"))
        check_velocity(&drive, saves, clock.every);
    struct saved s = make_room(mf, saves);
    double *m = bump_at(mf, drive.start), *mhat = bn_scratch_vec(mf->angles);
    BN_CHECK(bn_meanfield_run(mf, &clock, drive.omega.data, m, mhat, watch, &s));
    write_motion(&s, &drive, clock.every, clock.tau);
    if (bn_has_input("activity"))
        beside_network(&s);
}

static void run(void)
{
    const bool moves = !bn_is("velocity", "none");
    struct bn_meanfield mf = read_process();

    spectrum(&mf);
    splitting(&mf);
    const bool found = bump(&mf);
    homogeneous(&mf);
    bn_progress(0.3);
    if (bn_flag("map"))
        maps(mf.guard);
    bn_progress(0.7);
    if (moves && !found)
        BN_REFUSE(BN_NUMERIC, "there is no bump to turn at guard = %g: guard = 1e-12 only keeps "
                  "rounding out", mf.guard);
    if (moves)
        motion(&mf);
    else if (bn_has_input("activity"))
        BN_REFUSE(BN_USAGE, "an activity is given, but velocity = none: say which velocity it "
                  "had, or leave it out");
    bn_meanfield_free(&mf);
}

const struct bn_stage bn_stage = {
    .name = "meanfield",
    .summary = "the ring of very many neurons, by its order parameters",
    .details = "The theory for N to infinity of networks with erf rates and offline weights: the "
               "bump, the homogeneous state, their modes, the spectrum of J with the splitting "
               "that finite N brings, and maps over (sigma, beta). With a velocity, the order "
               "parameters integrate it from the bump, beside a network if one is given.",
    .inputs = inputs, .n_inputs = BN_LEN(inputs),
    .outputs = outputs, .n_outputs = BN_LEN(outputs),
    .params = params, .n_params = BN_LEN(params),
    .random = true,
    .run = run,
};
