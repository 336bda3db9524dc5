/* SPDX-License-Identifier: MIT
 * activity - rate dynamics from many starting states.
 *
 *   tau dx/dt = -x + J phi(x) + tau omega J' phi(x) + c (r0 - mean phi) 1 + noise
 *
 * Trajectories start on the manifold at evenly spread points, each disturbed by
 * every standard deviation of `disturbances`.  Saved are positions, distances and
 * projections at every `interval`, never all neurons unless asked.
 */
#include <basin/drive.h>
#include <basin/fourier.h>
#include <basin/grid.h>
#include <basin/manifold.h>
#include <basin/network.h>
#include <basin/rng.h>
#include <basin/stage.h>
#include <basin/targets.h>

#include <math.h>
#include <string.h>

/* Components shown; harmonics of the ring that are decoded; functions of other manifolds of
 * which components are made: the first ones, which carry all that smooth codes have.  */
enum { PCS = 3, DECODED_HARMONICS = 24, MIXED = 1000, MAPS = 2 };

static const struct bn_input inputs[] = {
    { "weights", false, "recurrent weights" },
    { "tuning", false, "target currents and rates: the manifold" },
    { "tuning.maps", true, "another map that the weights hold: overlap with it" },
    { "recording", true, "recorded angular velocity and counts, for velocity = recorded" },
};

static const struct bn_output outputs[] = {
    { "/time", "time", "s", "time of the saved states", 0, 0, false },
    { "/start_angle", "trajectory", "rad", "angle at which a trajectory starts", 0, 0, false },
    { "/start_noise", "trajectory", "1", "standard deviation of its disturbance per neuron", 0,
      0, false },
    { "/disturbance", "disturbance", "1", "standard deviations; trajectories come in as many "
      "blocks", 0, 0, false },
    { "/angle", "trajectory time", "rad", "decoded angle", 1e-6, 0, false },
    { "/start_point", "trajectory coordinate", "", "point at which a trajectory starts (not on the "
      "ring)", 1e-12, 0, false },
    { "/position", "trajectory time coordinate", "", "decoded point (not on the ring)", 1e-6, 0,
      false },
    { "/overlap_map", "trajectory grid", "1", "overlap at the end, all over the manifold (not on "
      "the ring)", 1e-6, 0, false },
    { "/point_pc", "grid component", "1", "the manifold in the projection of /pc (not on the "
      "ring)", 1e-9, 0, false },
    BN_GRID_OUTPUTS,
    { "/map_cosine", "trajectory time map", "1", "largest cosine of the rates with states of each "
      "map: tuning, tuning.maps", 1e-6, 0, false },
    { "/distance", "trajectory time", "1", "root-mean-square distance of currents to the "
      "manifold, per neuron", 1e-6, 1e-6, false },
    { "/peak", "trajectory time", "1", "largest overlap", 1e-6, 0, false },
    { "/pc", "trajectory time component", "1", "projection of rates on the manifold's principal "
      "components, per sqrt N", 1e-6, 0, false },
    { "/ring_pc", "ring_angle component", "1", "the manifold in the same projection", 1e-9, 0,
      false },
    { "/ring_angle", "ring_angle", "rad", "angles of /ring_pc", 0, 0, false },
    { "/pc_variance", "component", "1", "share of the manifold's variance", 1e-9, 0, false },
    { "/overlap", "time overlap_angle", "1", "overlap G(theta, t) of the first trajectory", 1e-6,
      0, false },
    { "/overlap_angle", "overlap_angle", "rad", "angles of /overlap", 0, 0, false },
    { "/omega", "time", "rad/s", "angular velocity given", 0, 0, false },
    { "/angle_true", "time", "rad", "integral of the angular velocity from the start", 1e-9, 0,
      false },
    { "/angle_error", "time", "rad", "decoded minus true angle, first trajectory", 1e-6, 0,
      false },
    { "/overlap_recorded", "time overlap_angle", "1", "overlap of the recorded counts with "
      "their own curves", 1e-9, 0, false },
    { "/states", "trajectory time neuron", "1", "all currents (states = yes)", 1e-6, 1e-6,
      false },
};

static const struct bn_param params[] = {
    BN_REAL("tau", "s", "0.05", 1e-4, 10, "time constant"),
    BN_REAL("dt", "s", "0.005", 1e-6, 1, "Euler step; tau/10 to tau/50 is usual"),
    BN_REAL("duration", "s", "2", 1e-3, 1e6, "simulated time"),
    BN_REAL("interval", "s", "0.02", 1e-6, 1e6, "time between saved states"),
    BN_INTEGER("starts", "34", 1, 100000, "starting points: equally spaced angles, or spread "
               "evenly over the manifold"),
    BN_REALS("disturbances", "1", "0.5", 0, 1e6, "standard deviations added to starting currents"),
    BN_REAL("noise", "1", "0", 0, 1e3, "private white noise, in currents per sqrt(tau)"),
    BN_REAL("inhibition", "1", "0", 0, 1e6, "uniform inhibition c (1 for softplus networks)"),
    BN_REAL("target_rate", "1", "1", 0, 1e6, "mean rate r0 that the inhibition aims at"),
    BN_CHOICE("velocity", "none", "none constant ou recorded", "angular velocity given"),
    BN_REAL("speed", "rad/s", "0.8", -100, 100, "angular velocity, if constant"),
    BN_REAL("ou_sd", "rad/s", "1", 0, 100, "its standard deviation, if Ornstein-Uhlenbeck"),
    BN_REAL("ou_tau", "s", "0.5", 1e-3, 1e3, "its correlation time, if Ornstein-Uhlenbeck"),
    BN_REAL("recorded_start", "s", "0", 0, 1e6, "where in the recording to begin"),
    BN_CHOICE("decoder", "overlap", "overlap vector cosine",
              "largest overlap; population vector of preferred angles (averaged weights); or "
              "largest cosine, for sparse cells (not on the ring)"),
    BN_INTEGER("overlap_angles", "120", 8, 10000, "angles of the overlap maps"),
    BN_INTEGER("map", "0", 0, 1, "where to start: 0: in tuning, 1: in tuning.maps"),
    BN_FLAG("states", "no", "save the currents of all neurons, too"),
};

struct saved {
    const bn_decoder *decoder;
    const double *preferred;             /* NULL: decode by overlap */
    struct bn_mat components;            /* [PCS, N] */
    struct bn_mat distance, peak;        /* [T, S] */
    double *position;                    /* [T, S, D]: on the ring, angles */
    double *pc, *states;                 /* [T, S, PCS], [T, S, N] or NULL */
    struct bn_mat overlap;               /* ring: [S, A], first trajectory */
    struct bn_mat map;                   /* elsewhere: [T, M], at the end */
    bn_decoder *maps[MAPS];              /* by cosine, or NULL */
    double *cosine;                      /* [T, S, MAPS] */
    size_t saves, n, steps, dims;
};

/* The ring in the projection, on angles of its own: `ring` [PCS, R] are its coefficients. */
static void show_ring(const struct bn_mat *ring)
{
    enum { M = 200 };
    struct bn_mat few = *ring, points = bn_scratch(M, PCS), curve = bn_scratch(PCS, M);

    if (ring->cols > M - 1) {
        few = bn_scratch(PCS, M - 1);
        for (size_t k = 0; k < PCS; k++)
            memcpy(bn_mat_row(&few, k), bn_mat_row(ring, k), (M - 1) * sizeof(double));
    }
    BN_CHECK(bn_fourier_inverse(&few, &curve));
    for (size_t k = 0; k < M; k++)
        for (size_t p = 0; p < PCS; p++)
            *bn_mat_at(&points, k, p) = *bn_mat_at(&curve, p, k);
    double *angle = bn_scratch_vec(M);
    bn_ring_grid(M, angle);
    bn_output_vec("/ring_angle", angle, M);
    bn_output_mat("/ring_pc", &points);
}

static void show_manifold(const struct bn_targets *t, const struct bn_mat *c)
{
    struct bn_mat curve = bn_scratch(PCS, t->angles), points = bn_scratch(t->angles, PCS);

    BN_CHECK(bn_harmonics_inverse(t->harmonics, c, &curve));
    for (size_t k = 0; k < t->angles; k++)
        for (size_t p = 0; p < PCS; p++)
            *bn_mat_at(&points, k, p) = *bn_mat_at(&curve, p, k);
    bn_output_mat("/point_pc", &points);
}

/* Principal components of the manifold in rates: eigenvectors of the covariance of
 * the coefficients, carried to the neurons; and the manifold seen in them.  */
static void principal(const struct bn_targets *t, struct bn_mat *components)
{
    const bool ring = t->manifold.kind == BN_RING;
    const size_t n = t->phi.rows, all = t->phi.cols - 1, r = ring || all < MIXED ? all : MIXED;
    struct bn_mat c = bn_scratch(n, r), gram = bn_scratch(r, r), basis = bn_scratch(PCS, r);
    double *w = bn_scratch_vec(r), *share = bn_scratch_vec(PCS), total = 0.0;

    if (r < PCS || n < PCS)
        BN_REFUSE(BN_INPUT, "%s: rates of %zu neurons with %zu functions of the place: %d are "
                  "needed of each", bn_h5_path(bn_input("tuning")), n, r, PCS);
    for (size_t i = 0; i < n; i++)
        memcpy(bn_mat_row(&c, i), bn_mat_row(&t->phi, i) + 1, r * sizeof(double));
    BN_CHECK(bn_gram(1.0 / (double)n, &c, BN_TRANSPOSED, &gram));
    BN_CHECK(bn_eig_symmetric(&gram, w));
    for (size_t k = 0; k < r; k++)
        total += w[k];
    for (size_t k = 0; k < PCS; k++) {
        const double *u = bn_mat_row(&gram, r - 1 - k);
        share[k] = w[r - 1 - k] / total;
        for (size_t j = 0; j < r; j++)
            *bn_mat_at(&basis, k, j) = u[j] / sqrt((double)n * w[r - 1 - k]);
    }
    BN_CHECK(bn_gemm(1.0, &basis, BN_PLAIN, &c, BN_TRANSPOSED, 0.0, components));
    /* Coefficients of the projected manifold, with the mean rate as its harmonic 0. */
    struct bn_mat seen = bn_scratch(PCS, t->phi.cols);
    BN_CHECK(bn_gemm(1.0 / sqrt((double)n), components, BN_PLAIN, &t->phi, BN_PLAIN, 0.0,
                     &seen));
    if (ring)
        show_ring(&seen);
    else
        show_manifold(t, &seen);
    bn_output_vec("/pc_variance", share, PCS);
}

/* The whole overlap: of the first trajectory on the ring, of all at the end elsewhere. */
static bn_status watch_overlap(struct saved *s, size_t first, size_t save,
                               const struct bn_mat *rate, double *point, double *peak)
{
    if (s->map.rows > 0 && save + 1 == s->saves) {
        struct bn_mat rows = { rate->rows, s->map.cols, bn_mat_row(&s->map, first) };
        return bn_decode_position(s->decoder, rate, &rows, point, peak);
    }
    if (s->map.rows == 0 && first == 0) {
        struct bn_mat one = { 1, s->n, rate->data };
        struct bn_mat row = { 1, s->overlap.cols, bn_mat_row(&s->overlap, save) };
        return bn_decode_position(s->decoder, &one, &row, point, peak);
    }
    return BN_OK;
}

/* How much of each map there is in the rates; point, cosine: room for as many. */
static bn_status watch_maps(const struct saved *s, size_t first, size_t save,
                            const struct bn_mat *rate, double *point, double *cosine)
{
    for (size_t k = 0; k < MAPS && s->maps[k] != NULL; k++) {
        BN_TRY(bn_decode_position(s->maps[k], rate, NULL, point, cosine));
        for (size_t t = 0; t < rate->rows; t++)
            s->cosine[((first + t) * s->saves + save) * MAPS + k] = cosine[t];
    }
    return BN_OK;
}

static bn_status watch(void *context, size_t first, size_t save, const struct bn_mat *x,
                       const struct bn_mat *rate)
{
    struct saved *s = context;
    struct bn_mat scratch;
    const size_t rows = x->rows, dims = s->dims;

    BN_TRY(bn_mat_alloc(&scratch, rows, 2 * dims + 3 + PCS));
    double *point = scratch.data, *peak = point + rows * dims, *distance = peak + rows;
    double *again = distance + rows + rows * PCS, *unused = again + rows * dims;
    struct bn_mat pc = { rows, PCS, distance + rows };
    bn_status rc = bn_decode_position(s->decoder, rate, NULL, point, peak);
    if (s->preferred != NULL)
        bn_decode_vector(s->preferred, rate, point);
    if (rc == BN_OK)
        rc = bn_decode_nearest(s->decoder, x, distance, NULL);
    if (rc == BN_OK)
        rc = bn_gemm(1.0 / sqrt((double)s->n), rate, BN_PLAIN, &s->components, BN_TRANSPOSED,
                     0.0, &pc);
    for (size_t t = 0; rc == BN_OK && t < rows; t++) {
        const size_t at = (first + t) * s->saves + save;
        memcpy(s->position + at * dims, point + t * dims, dims * sizeof *point);
        s->peak.data[at] = peak[t];
        s->distance.data[at] = distance[t];
        memcpy(s->pc + at * PCS, bn_mat_row(&pc, t), PCS * sizeof(double));
        if (s->states != NULL)
            memcpy(s->states + at * s->n, bn_mat_row(x, t), s->n * sizeof(double));
    }
    if (rc == BN_OK)
        rc = watch_overlap(s, first, save, rate, again, unused);
    if (rc == BN_OK)
        rc = watch_maps(s, first, save, rate, again, unused);
    bn_mat_free(&scratch);
    return rc;
}

static bn_status rest(void *context, size_t step)
{
    const struct saved *s = context;

    bn_checkpoint(step);
    bn_progress((double)step / (double)s->steps);
    return BN_OK;
}

/* x* at the starting points [T, D] plus noise; trajectory = noise level x point. */
static struct bn_mat starting_states(const struct bn_targets *t, const double *point,
                                     const double *sd, size_t trajectories)
{
    const size_t n = t->x.rows, r = t->x.cols;
    struct bn_mat x = bn_scratch(trajectories, n), basis = bn_scratch(trajectories, r);
    double *z = bn_scratch_vec(n);
    const struct bn_rng rng = bn_rng_sub(bn_random(), "start");

    for (size_t k = 0; k < trajectories; k++)
        bn_harmonics_at(t->harmonics, point + k * t->manifold.dimensions, r,
                        bn_mat_row(&basis, k));
    BN_CHECK(bn_gemm(1.0, &basis, BN_PLAIN, &t->x, BN_TRANSPOSED, 0.0, &x));
    for (size_t k = 0; k < trajectories; k++) {
        if (sd[k] == 0.0)
            continue;
        bn_rng_normals(rng, k, 0, z, n);
        for (size_t i = 0; i < n; i++)
            *bn_mat_at(&x, k, i) += sd[k] * z[i];
    }
    return x;
}

static struct saved make_room(const struct bn_targets *t, const bn_decoder *decoder,
                              size_t trajectories, size_t saves)
{
    const size_t n = t->x.rows, dims = t->manifold.dimensions;
    struct saved s = { .decoder = decoder, .saves = saves, .n = n, .dims = dims };

    s.components = bn_scratch(PCS, n);
    s.position = bn_scratch_vec(trajectories * saves * dims);
    s.distance = bn_scratch(trajectories, saves);
    s.peak = bn_scratch(trajectories, saves);
    s.pc = bn_scratch(trajectories * saves, PCS).data;
    if (t->manifold.kind == BN_RING)
        s.overlap = bn_scratch(saves, bn_count("overlap_angles"));
    else
        s.map = bn_scratch(trajectories, t->angles);
    s.states = bn_flag("states") ? bn_scratch(trajectories * saves, n).data : NULL;
    return s;
}

/* Everything that changes from step to step, for checkpoints. */
static void keep(const struct saved *s, const struct bn_mat *x)
{
    const size_t values = s->peak.rows * s->saves;

    bn_keep("currents", x->data, x->rows * x->cols);
    bn_keep("position", s->position, values * s->dims);
    bn_keep("distance", s->distance.data, values);
    bn_keep("peak", s->peak.data, values);
    bn_keep("pc", s->pc, values * PCS);
    if (s->map.rows == 0)
        bn_keep("overlap", s->overlap.data, s->saves * s->overlap.cols);
    if (s->maps[0] != NULL)
        bn_keep("cosine", s->cosine, values * MAPS);
    if (s->states != NULL)
        bn_keep("states", s->states, values * s->n);
}

/* The ring has names of its own for what are points elsewhere. */
static void write_starts(const struct saved *s, const struct bn_targets *t, double *start,
                         const char *unit)
{
    const struct bn_mat from = { s->peak.rows, s->dims, start };

    if (t->manifold.kind == BN_RING) {
        bn_output_vec("/start_angle", start, from.rows);
        return;
    }
    bn_manifold_write(&t->manifold, unit);
    bn_output_mat("/start_point", &from);
    bn_output_attribute("/start_point", "units", unit);
}

static void write_positions(const struct saved *s, const struct bn_targets *t,
                            const char *unit)
{
    const struct bn_mat angle = { s->peak.rows, s->saves, s->position };

    if (t->manifold.kind == BN_RING) {
        bn_output_mat("/angle", &angle);
        return;
    }
    bn_output_array("/position", s->position, bn_shape3(angle.rows, s->saves, s->dims));
    bn_output_attribute("/position", "units", unit);
}

static void write_overlap(const struct saved *s, const struct bn_targets *t)
{
    double *grid = bn_scratch_vec(s->overlap.cols);

    if (t->manifold.kind != BN_RING) {
        bn_output_mat("/overlap_map", &s->map);
        return;
    }
    bn_ring_grid(s->overlap.cols, grid);
    bn_output_vec("/overlap_angle", grid, s->overlap.cols);
    bn_output_mat("/overlap", &s->overlap);
}

static void write(const struct saved *s, const struct bn_targets *t, double step, double *start,
                  const double *sd)
{
    const size_t trajectories = s->peak.rows;
    const char *unit = bn_manifold_unit("tuning");
    double *time = bn_scratch_vec(s->saves);

    for (size_t k = 0; k < s->saves; k++)
        time[k] = (double)k * step;
    bn_output_vec("/time", time, s->saves);
    write_starts(s, t, start, unit);
    bn_output_vec("/start_noise", sd, trajectories);
    write_positions(s, t, unit);
    bn_output_mat("/distance", &s->distance);
    bn_output_mat("/peak", &s->peak);
    bn_output_array("/pc", s->pc, bn_shape3(trajectories, s->saves, PCS));
    write_overlap(s, t);
    if (s->maps[0] != NULL)
        bn_output_array("/map_cosine", s->cosine, bn_shape3(trajectories, s->saves, MAPS));
    if (s->states != NULL)
        bn_output_array("/states", s->states, bn_shape3(trajectories, s->saves, s->n));
}

static void write_velocity(const struct saved *s, const struct bn_drive *drive, size_t every,
                           double start)
{
    double *omega = bn_scratch_vec(s->saves), *truth = bn_scratch_vec(s->saves);
    double *error = bn_scratch_vec(s->saves);

    for (size_t k = 0; k < s->saves; k++) {
        omega[k] = drive->omega.data[k * every < drive->omega.rows ? k * every
                                                                    : drive->omega.rows - 1];
        truth[k] = bn_ring_wrap(start + drive->turned[k * every]);
        error[k] = bn_ring_difference(s->position[k], truth[k]);
    }
    bn_output_vec("/omega", omega, s->saves);
    bn_output_vec("/angle_true", truth, s->saves);
    bn_output_vec("/angle_error", error, s->saves);
    if (drive->recorded) {
        struct bn_mat map = bn_drive_recorded_overlap(drive, s->saves, every,
                                                      s->overlap.cols);
        bn_output_mat("/overlap_recorded", &map);
    }
}

/* Points [T, D], the same for each level; on the ring equally spaced from where a recorded
 * animal begins.                                                            */
static double *starting_points(const struct bn_targets *t, size_t starts, size_t trajectories,
                               double from)
{
    const size_t dims = t->manifold.dimensions;
    double *point = bn_scratch_vec(trajectories * dims);

    if (t->manifold.kind == BN_RING) {
        for (size_t k = 0; k < trajectories; k++)
            point[k] = bn_ring_wrap(from + BN_TWO_PI * (double)(k % starts) / (double)starts);
        return point;
    }
    bn_manifold_spread(&t->manifold, starts, point);
    for (size_t k = starts; k < trajectories; k++)
        memcpy(point + k * dims, point + (k - starts) * dims, dims * sizeof *point);
    return point;
}

static bn_decoder *new_decoder(const struct bn_targets *t)
{
    bn_decoder *decoder;

    if (!bn_is("velocity", "none"))
        bn_targets_need_ring(t, "an angular velocity");
    if (bn_is("decoder", "vector"))
        bn_targets_need_ring(t, "decoder = vector");
    BN_CHECK(bn_decoder_on(&decoder, t->harmonics, &t->x, &t->phi,
                           bn_is("decoder", "cosine") ? BN_COSINE : BN_OVERLAP,
                           DECODED_HARMONICS));
    return decoder;
}

/* Rates of both maps as the network has them, to tell one from the other. */
static void watch_both(struct saved *s)
{
    static const char *const roles[MAPS] = { "tuning", "tuning.maps" };

    for (size_t k = 0; k < MAPS; k++) {
        struct bn_targets t = bn_targets_read(roles[k]);
        if (t.manifold.kind == BN_RING)
            BN_REFUSE(BN_USAGE, "%s: several maps are told apart on other manifolds than the ring",
                      bn_h5_path(bn_input(roles[k])));
        if (t.x.rows != s->n)
            BN_REFUSE(BN_INPUT, "%s has %zu neurons, the other map %zu: all maps must be of one "
                      "population", bn_h5_path(bn_input(roles[k])), t.x.rows, s->n);
        bn_targets_settle(&t, "weights", k);
        BN_CHECK(bn_decoder_on(&s->maps[k], t.harmonics, &t.x, &t.phi, BN_COSINE,
                               DECODED_HARMONICS));
    }
    s->cosine = bn_scratch_vec(s->peak.rows * s->saves * MAPS);
}

static void run(void)
{
    const size_t map = bn_has_input("tuning.maps") ? bn_count("map") : 0;
    struct bn_targets t = bn_targets_read(map == 0 ? "tuning" : "tuning.maps");
    const struct bn_recurrent j = bn_recurrent_read("weights", &t);
    bn_targets_settle(&t, "weights", map);
    const struct bn_network net = { .weights = j.weights, .velocity = j.velocity,
        .transfer = t.transfer, .tau = bn_real("tau"), .dt = bn_real("dt"),
        .inhibition = bn_real("inhibition"), .target = bn_real("target_rate"),
        .bias = j.bias, .noise = bn_real("noise") };
    if (net.dt > net.tau)
        BN_REFUSE(BN_USAGE, "dt = %g s is longer than tau = %g s: Euler steps would be unstable",
                  net.dt, net.tau);
    const size_t steps = (size_t)llround(bn_real("duration") / net.dt);
    const size_t every = (size_t)fmax(1.0, round(bn_real("interval") / net.dt));
    if (steps == 0)
        BN_REFUSE(BN_USAGE, "duration is shorter than one step of %g s", net.dt);
    size_t levels;
    const double *sds = bn_reals("disturbances", &levels);
    if (levels == 0)
        BN_REFUSE(BN_USAGE, "disturbances is empty: give at least one standard deviation, {0} for "
                  "undisturbed starts");
    const size_t starts = bn_count("starts"), trajectories = starts * levels;
    double *sd = bn_scratch_vec(trajectories);
    bn_decoder *decoder = new_decoder(&t);
    struct bn_drive drive = bn_drive_read(steps, net.dt);
    double *start = starting_points(&t, starts, trajectories, drive.start);

    for (size_t k = 0; k < trajectories; k++)
        sd[k] = sds[k / starts];
    bn_output_vec("/disturbance", sds, levels);
    struct saved s = make_room(&t, decoder, trajectories, steps / every + 1);
    if (bn_has_input("tuning.maps"))
        watch_both(&s);
    s.preferred = bn_is("decoder", "vector") ? t.preferred : NULL;
    principal(&t, &s.components);
    struct bn_mat x = starting_states(&t, start, sd, trajectories);
    s.steps = steps;
    keep(&s, &x);
    const size_t from = bn_resume();
    BN_CHECK(bn_network_resume(&net, &x, from, steps, every,
                               drive.omega.rows > 0 ? &drive.omega : NULL,
                               bn_rng_sub(bn_random(), "noise"), watch, rest, &s));
    bn_decoder_free(decoder);
    for (size_t k = 0; k < MAPS; k++)
        bn_decoder_free(s.maps[k]);
    write(&s, &t, (double)every * net.dt, start, sd);
    if (drive.omega.rows > 0)
        write_velocity(&s, &drive, every, start[0]);
}

const struct bn_stage bn_stage = {
    .name = "activity",
    .summary = "rate dynamics from many starting states",
    .details = "Trajectories start at equally spaced angles of the ring, or at points spread "
               "evenly over any other manifold, disturbed by noise of each standard deviation in "
               "`disturbances`, and run freely or (on the ring) under a constant, an "
               "Ornstein-Uhlenbeck or the recorded angular velocity. The position is decoded by "
               "the largest overlap (1/N) sum phi*(theta) phi. The ring has /start_angle, /angle "
               "and /overlap, other manifolds /start_point, /position and /overlap_map.",
    .inputs = inputs, .n_inputs = BN_LEN(inputs),
    .outputs = outputs, .n_outputs = BN_LEN(outputs),
    .params = params, .n_params = BN_LEN(params),
    .random = true,
    .run = run,
    .resources = { .hours = 2, .memory = 4 },
};
