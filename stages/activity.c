/* SPDX-License-Identifier: MIT
 * activity - rate dynamics from many starting states.
 *
 *   tau dx/dt = -x + J phi(x) + tau omega J' phi(x) + c (r0 - mean phi) 1 + noise
 *
 * Trajectories start on the manifold at equally spaced angles, each disturbed by
 * every standard deviation of `disturbances`.  Saved are angles, distances and
 * projections at every `interval`, never all neurons unless asked.
 */
#include <basin/drive.h>
#include <basin/fourier.h>
#include <basin/manifold.h>
#include <basin/network.h>
#include <basin/rng.h>
#include <basin/stage.h>
#include <basin/targets.h>

#include <math.h>
#include <string.h>

enum { PCS = 3, DECODED_HARMONICS = 24 };

static const struct bn_input inputs[] = {
    { "weights", false, "recurrent weights" },
    { "tuning", false, "target currents and rates: the manifold" },
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
    BN_INTEGER("starts", "34", 1, 100000, "starting angles, equally spaced"),
    BN_REALS("disturbances", "1", "0.5", 0, 1e6, "standard deviations added to starting currents"),
    BN_REAL("noise", "1", "0", 0, 1e3, "private white noise, in currents per sqrt(tau)"),
    BN_REAL("inhibition", "1", "0", 0, 1e6, "uniform inhibition c (1 for softplus networks)"),
    BN_REAL("target_rate", "1", "1", 0, 1e6, "mean rate r0 that the inhibition aims at"),
    BN_CHOICE("velocity", "none", "none constant ou recorded", "angular velocity given"),
    BN_REAL("speed", "rad/s", "0.8", -100, 100, "angular velocity, if constant"),
    BN_REAL("ou_sd", "rad/s", "1", 0, 100, "its standard deviation, if Ornstein-Uhlenbeck"),
    BN_REAL("ou_tau", "s", "0.5", 1e-3, 1e3, "its correlation time, if Ornstein-Uhlenbeck"),
    BN_REAL("recorded_start", "s", "0", 0, 1e6, "where in the recording to begin"),
    BN_CHOICE("decoder", "overlap", "overlap vector",
              "largest overlap, or population vector of preferred angles (averaged weights)"),
    BN_INTEGER("overlap_angles", "120", 8, 10000, "angles of the overlap maps"),
    BN_FLAG("states", "no", "save the currents of all neurons, too"),
};

struct saved {
    const bn_decoder *decoder;
    const double *preferred;             /* NULL: decode by overlap */
    struct bn_mat components;            /* [PCS, N] */
    struct bn_mat angle, distance, peak; /* [T, S] */
    double *pc, *states;                 /* [T, S, PCS], [T, S, N] or NULL */
    struct bn_mat overlap;               /* [S, A], first trajectory */
    size_t saves, n, steps;
};

/* Principal components of the manifold in rates: eigenvectors of the covariance of
 * the coefficients, carried to the neurons; and the ring seen in them.      */
static void principal(const struct bn_targets *t, struct bn_mat *components)
{
    const size_t n = t->phi.rows, r = t->phi.cols - 1, m = 200;
    struct bn_mat c = bn_scratch(n, r), gram = bn_scratch(r, r), basis = bn_scratch(PCS, r);
    double *w = bn_scratch_vec(r), *share = bn_scratch_vec(PCS), total = 0.0;

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
    /* Coefficients of the projected ring, with the mean rate as its harmonic 0. */
    struct bn_mat ring = bn_scratch(PCS, r + 1), curve = bn_scratch(PCS, m);
    BN_CHECK(bn_gemm(1.0 / sqrt((double)n), components, BN_PLAIN, &t->phi, BN_PLAIN, 0.0,
                     &ring));
    struct bn_mat few = ring, points = bn_scratch(m, PCS);
    if (ring.cols > m - 1) {
        few = bn_scratch(PCS, m - 1);
        for (size_t k = 0; k < PCS; k++)
            memcpy(bn_mat_row(&few, k), bn_mat_row(&ring, k), (m - 1) * sizeof(double));
    }
    BN_CHECK(bn_fourier_inverse(&few, &curve));
    for (size_t k = 0; k < m; k++)
        for (size_t p = 0; p < PCS; p++)
            *bn_mat_at(&points, k, p) = *bn_mat_at(&curve, p, k);
    double *angle = bn_scratch_vec(m);
    bn_ring_grid(m, angle);
    bn_output_vec("/ring_angle", angle, m);
    bn_output_mat("/ring_pc", &points);
    bn_output_vec("/pc_variance", share, PCS);
}

static bn_status watch(void *context, size_t first, size_t save, const struct bn_mat *x,
                       const struct bn_mat *rate)
{
    struct saved *s = context;
    struct bn_mat scratch;
    const size_t rows = x->rows;

    BN_TRY(bn_mat_alloc(&scratch, rows, 3 + PCS));
    double *angle = scratch.data, *peak = angle + rows, *distance = peak + rows;
    struct bn_mat pc = { rows, PCS, distance + rows };
    bn_status rc = bn_decode_overlap(s->decoder, rate, NULL, angle, peak);
    if (s->preferred != NULL)
        bn_decode_vector(s->preferred, rate, angle);
    if (rc == BN_OK)
        rc = bn_decode_distance(s->decoder, x, distance, NULL);
    if (rc == BN_OK)
        rc = bn_gemm(1.0 / sqrt((double)s->n), rate, BN_PLAIN, &s->components, BN_TRANSPOSED,
                     0.0, &pc);
    for (size_t t = 0; rc == BN_OK && t < rows; t++) {
        const size_t at = (first + t) * s->saves + save;
        s->angle.data[at] = angle[t];
        s->peak.data[at] = peak[t];
        s->distance.data[at] = distance[t];
        memcpy(s->pc + at * PCS, bn_mat_row(&pc, t), PCS * sizeof(double));
        if (s->states != NULL)
            memcpy(s->states + at * s->n, bn_mat_row(x, t), s->n * sizeof(double));
    }
    if (rc == BN_OK && first == 0) {
        struct bn_mat one = { 1, s->n, rate->data };
        struct bn_mat row = { 1, s->overlap.cols, bn_mat_row(&s->overlap, save) };
        rc = bn_decode_overlap(s->decoder, &one, &row, peak, NULL);
    }
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

/* x*(theta) at the starting angles plus noise; trajectory = noise level x angle. */
static struct bn_mat starting_states(const struct bn_targets *t, const double *angle,
                                     const double *sd, size_t trajectories)
{
    const size_t n = t->x.rows, r = t->x.cols;
    struct bn_mat x = bn_scratch(trajectories, n), basis = bn_scratch(trajectories, r);
    double *z = bn_scratch_vec(n);
    const struct bn_rng rng = bn_rng_sub(bn_random(), "start");

    for (size_t k = 0; k < trajectories; k++)
        bn_fourier_basis(angle[k], r, 0, bn_mat_row(&basis, k));
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

static struct saved make_room(const bn_decoder *decoder, size_t trajectories, size_t saves,
                              size_t n)
{
    struct saved s = { .decoder = decoder, .saves = saves, .n = n };

    s.components = bn_scratch(PCS, n);
    s.angle = bn_scratch(trajectories, saves);
    s.distance = bn_scratch(trajectories, saves);
    s.peak = bn_scratch(trajectories, saves);
    s.pc = bn_scratch(trajectories * saves, PCS).data;
    s.overlap = bn_scratch(saves, bn_count("overlap_angles"));
    s.states = bn_flag("states") ? bn_scratch(trajectories * saves, n).data : NULL;
    return s;
}

/* Everything that changes from step to step, for checkpoints. */
static void keep(const struct saved *s, const struct bn_mat *x)
{
    const size_t values = s->angle.rows * s->saves;

    bn_keep("currents", x->data, x->rows * x->cols);
    bn_keep("angle", s->angle.data, values);
    bn_keep("distance", s->distance.data, values);
    bn_keep("peak", s->peak.data, values);
    bn_keep("pc", s->pc, values * PCS);
    bn_keep("overlap", s->overlap.data, s->saves * s->overlap.cols);
    if (s->states != NULL)
        bn_keep("states", s->states, values * s->n);
}

static void write(const struct saved *s, double step, const double *angle, const double *sd)
{
    const size_t trajectories = s->angle.rows, a = s->overlap.cols;
    double *time = bn_scratch_vec(s->saves), *grid = bn_scratch_vec(a);

    for (size_t k = 0; k < s->saves; k++)
        time[k] = (double)k * step;
    bn_ring_grid(a, grid);
    bn_output_vec("/time", time, s->saves);
    bn_output_vec("/start_angle", angle, trajectories);
    bn_output_vec("/start_noise", sd, trajectories);
    bn_output_mat("/angle", &s->angle);
    bn_output_mat("/distance", &s->distance);
    bn_output_mat("/peak", &s->peak);
    bn_output_array("/pc", s->pc, bn_shape3(trajectories, s->saves, PCS));
    bn_output_vec("/overlap_angle", grid, a);
    bn_output_mat("/overlap", &s->overlap);
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
        error[k] = bn_ring_difference(s->angle.data[k], truth[k]);
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

static void run(void)
{
    struct bn_targets t = bn_targets_read("tuning");
    bn_targets_settle(&t, "weights", 0);
    const struct bn_recurrent j = bn_recurrent_read("weights", &t);
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
    double *angle = bn_scratch_vec(trajectories), *sd = bn_scratch_vec(trajectories);
    struct bn_drive drive = bn_drive_read(steps, net.dt);

    for (size_t k = 0; k < trajectories; k++) {
        angle[k] = bn_ring_wrap(drive.start + BN_TWO_PI * (double)(k % starts) / (double)starts);
        sd[k] = sds[k / starts];
    }
    bn_output_vec("/disturbance", sds, levels);
    bn_decoder *decoder;
    BN_CHECK(bn_decoder_new(&decoder, &t.x, &t.phi, DECODED_HARMONICS));
    struct saved s = make_room(decoder, trajectories, steps / every + 1, t.x.rows);
    s.preferred = bn_is("decoder", "vector") ? t.preferred : NULL;
    principal(&t, &s.components);
    struct bn_mat x = starting_states(&t, angle, sd, trajectories);
    s.steps = steps;
    keep(&s, &x);
    const size_t from = bn_resume();
    BN_CHECK(bn_network_resume(&net, &x, from, steps, every,
                               drive.omega.rows > 0 ? &drive.omega : NULL,
                               bn_rng_sub(bn_random(), "noise"), watch, rest, &s));
    bn_decoder_free(decoder);
    write(&s, (double)every * net.dt, angle, sd);
    if (drive.omega.rows > 0)
        write_velocity(&s, &drive, every, angle[0]);
}

const struct bn_stage bn_stage = {
    .name = "activity",
    .summary = "rate dynamics from many starting states",
    .details = "Trajectories start at equally spaced angles of the manifold, disturbed by noise "
               "of each standard deviation in `disturbances`, and run freely or under a "
               "constant, an Ornstein-Uhlenbeck or the recorded angular velocity. The angle is "
               "decoded by the largest overlap (1/N) sum phi*(theta) phi.",
    .inputs = inputs, .n_inputs = BN_LEN(inputs),
    .outputs = outputs, .n_outputs = BN_LEN(outputs),
    .params = params, .n_params = BN_LEN(params),
    .random = true,
    .run = run,
};
