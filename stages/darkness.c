/* SPDX-License-Identifier: MIT
 * darkness - does a network know where it looks when the light is off?
 *
 * Light, darkness, light; constant and changing velocities; what a bump does that is let
 * alone.  For the two-compartment network of stage dendritic, and for a ring with J and
 * J', of which the light holds the state on the manifold.  docs/science/dendritic.md
 */
#include <basin/dendrite.h>
#include <basin/drive.h>
#include <basin/fourier.h>
#include <basin/manifold.h>
#include <basin/network.h>
#include <basin/stage.h>
#include <basin/summarise.h>
#include <basin/targets.h>

#include <math.h>
#include <string.h>

/* Points of a ring's bump; s of darkness before a velocity is measured. */
enum { POINTS = 120, DECODED_HARMONICS = 24 };
#define SETTLE 0.5

static const struct bn_input inputs[] = {
    { "dendritic", true, "a network that learned (or weights and tuning)" },
    { "weights", true, "recurrent weights J and velocity weights J'" },
    { "tuning", true, "target currents and rates of these weights" },
    { "recording", true, "recorded angular velocity, for velocity = recorded" },
};

static const struct bn_output outputs[] = {
    { "/time", "time", "s", "time of the saved states", 0, 0, false },
    { "/light", "time", "1", "1 in the light, 0 in the dark", 0, 0, false },
    { "/speed", "trial", "degree/s", "mean velocity; the last trial's changes", 1e-9, 0, false },
    { "/heading", "trial time", "rad", "where the animal looks", 1e-9, 0, false },
    { "/decoded", "trial time", "rad", "where the network says that it looks", 1e-6, 0, false },
    { "/error", "trial time", "rad", "decoded minus true heading", 1e-6, 0, false },
    { "/bump", "time bump_angle", "1", "the bump of the last trial: rates in Hz of the cells of "
      "each direction, or the overlap of a ring", 1e-6, 1e-6, false },
    { "/bump_angle", "bump_angle", "rad", "angles of /bump", 0, 0, false },
    { "/velocity", "velocity", "degree/s", "constant velocities given", 0, 0, false },
    { "/velocity_dark", "velocity", "degree/s", "velocity of the bump in the dark", 1e-4, 1e-4,
      false },
    { "/velocity_light", "velocity", "degree/s", "the same in the light", 1e-4, 1e-4, false },
    { "/width_dark", "velocity", "rad", "mean width of the bump at half height, in the dark", 1e-6,
      1e-6, false },
    { "/width_light", "velocity", "rad", "the same in the light", 1e-6, 1e-6, false },
    { "/peak_dark", "velocity", "1", "mean height of the bump in the dark, as /bump", 1e-6, 1e-6,
      false },
    { "/peak_light", "velocity", "1", "the same in the light", 1e-6, 1e-6, false },
    { "/location", "location", "rad", "where a bump is put by a strong light", 0, 0, false },
    { "/location_end", "location", "rad", "where it is after stable_dark", 1e-6, 0, false },
    { "/noise", "noise", "1", "standard deviations of noise", 0, 0, false },
    { "/diffusion", "noise", "degree2/s", "variance of the bump's turns in the dark / 2 time", 1e-6,
      1e-3, false },
    BN_SUMMARY_OUTPUTS,
};

static const struct bn_param params[] = {
    BN_REAL("cue", "s", "4", 1e-3, 1e6, "light before the dark"),
    BN_REAL("dark", "s", "6", 1e-3, 1e6, "darkness"),
    BN_REAL("cue_after", "s", "2", 1e-3, 1e6, "light after it"),
    BN_REAL("interval", "s", "0.01", 1e-6, 1e3, "time between saved states"),
    BN_REALS("speeds", "degree/s", "0 90 180 360", -1e5, 1e5, "constant velocities of the trials"),
    BN_CHOICE("velocity", "ou", "none constant ou recorded", "velocity of the last trial"),
    BN_REAL("speed", "rad/s", "0.8", -100, 100, "its velocity, if constant"),
    BN_REAL("ou_sd", "rad/s", "225 degree/s", 0, 1e3, "its standard deviation, if "
            "Ornstein-Uhlenbeck"),
    BN_REAL("ou_tau", "s", "0.5", 1e-3, 1e3, "its correlation time, if Ornstein-Uhlenbeck"),
    BN_REAL("recorded_start", "s", "0", 0, 1e6, "where in the recording to begin"),
    BN_REAL("velocity_limit", "degree/s", "720", 1, 1e5, "velocities from minus to plus this"),
    BN_REAL("velocity_step", "degree/s", "5", 1e-3, 1e5, "in steps of this"),
    BN_REAL("gain_range", "degree/s", "500", 1, 1e5, "largest velocity of the line that is fitted"),
    BN_REAL("gain_cue", "s", "2", 1e-3, 1e6, "light before these velocities are measured"),
    BN_REAL("gain_time", "s", "5", 0.6, 1e6, "for how long; the first 0.5 s are left out"),
    BN_INTEGER("locations", "30", 1, 100000, "where bumps are put"),
    BN_REAL("stable_cue", "s", "2", 1e-3, 1e6, "light before they are left alone"),
    BN_REAL("stable_dark", "s", "3", 1e-3, 1e6, "for so long"),
    BN_REAL("stable_margin", "degree", "12", 0, 180, "a location is stable if the bump stays "
            "within this"),
    BN_REAL("stimulus", "1", "16", 0, 1e3, "height M of the light that puts bumps (dendritic)"),
    BN_REAL("stimulus_width", "1", "0.25", 1e-3, 10, "and its width (dendritic)"),
    BN_REALS("noises", "1", "", 0, 1e3, "standard deviations of noise: of each step (dendritic), "
             "in currents per sqrt(tau) (ring)"),
    BN_INTEGER("runs", "100", 2, 1e6, "runs for each of them, from random directions"),
    BN_REAL("runs_dark", "s", "8", 1e-3, 1e6, "darkness of a run, after stable_cue"),
    BN_REAL("tau", "s", "0.05", 1e-4, 10, "time constant (ring)"),
    BN_REAL("dt", "s", "0.005", 1e-6, 1, "Euler step (ring)"),
    BN_REAL("inhibition", "1", "0", 0, 1e6, "uniform inhibition c (ring)"),
    BN_REAL("target_rate", "1", "1", 0, 1e6, "mean rate r0 that the inhibition aims at (ring)"),
};

/* The network that is looked at: one of two kinds. */
struct subject {
    bool ring;
    double dt;                           /* s */
    size_t points;                       /* of its bump */
    struct bn_dendrite dendrite;
    struct bn_mat weights;
    const double *preferred;
    struct bn_targets targets;
    struct bn_network network;
    bn_decoder *decoder;
};

/* What T of its trials are given: light but for steps dark .. light - 1, from `start` at
 * `speed` rad/s; the last one as `drive` says, if that is not NULL.           */
struct course {
    const struct subject *subject;
    size_t trials, steps, every, dark, light;
    const double *start, *speed;
    const struct bn_drive *drive;
    double noise, cue, cue_width;        /* instead of the network's, if cue > 0 */
    struct bn_rng rng;
    struct bn_mat angle, width, peak;    /* [T, S]: what was seen */
    struct bn_mat bump;                  /* [S, points] of the last trial */
};

static size_t steps_of(const struct subject *s, const char *name)
{
    return (size_t)llround(fmax(1.0, bn_real(name) / s->dt));
}

static double heading(const struct course *c, size_t t, size_t k)
{
    const double turned = c->drive != NULL && t + 1 == c->trials
        ? c->drive->turned[k] : c->speed[t] * (double)k * c->subject->dt;
    return bn_ring_wrap(c->start[t] + turned);
}

static double omega(const struct course *c, size_t t, size_t k)
{
    return c->drive != NULL && t + 1 == c->trials ? c->drive->omega.data[k] : c->speed[t];
}

/* --- subjects --------------------------------------------------------------------------- */

static void read_dendritic(struct subject *s)
{
    bn_h5 *f = bn_input("dendritic");
    struct bn_shape shape;
    size_t count;
    const struct bn_dendrite_constant *c = bn_dendrite_constants(&count);

    BN_CHECK(bn_h5_shape(f, "/weights", &shape));
    for (size_t k = 0; k < count; k++) {
        double *value = bn_dendrite_value(&s->dendrite, &c[k]);
        BN_CHECK(bn_h5_get_real(f, "/weights", c[k].name, value));
        *value *= c[k].scale;
    }
    BN_CHECK(bn_dendrite_check(&s->dendrite));
    const size_t n = bn_dendrite_neurons(&s->dendrite);
    if (shape.rank != 3 || shape.dim[0] == 0 || shape.dim[1] != n || shape.dim[2] != 2 * n)
        BN_REFUSE(BN_INPUT, "%s: /weights is no stack of %zu x %zu, although its attribute says "
                  "that there are %zu neurons", bn_h5_path(f), n, 2 * n, n);
    s->weights = bn_scratch(n, 2 * n);
    BN_CHECK(bn_h5_read_rows(f, "/weights", shape.dim[0] - 1, 1, s->weights.data));
    double *preferred = bn_scratch_vec(n);
    bn_dendrite_preferred(&s->dendrite, preferred);
    s->preferred = preferred;
    s->dt = 1e-3 * s->dendrite.dt;
    s->points = n / 2;
}

static void read_ring(struct subject *s)
{
    s->ring = true;
    s->targets = bn_targets_read("tuning");
    bn_targets_need_ring(&s->targets, "turning in the dark");
    const struct bn_recurrent j = bn_recurrent_read("weights", &s->targets);
    if (j.velocity.n == 0)
        BN_REFUSE(BN_INPUT, "%s: no velocity weights J', so the network cannot turn in the dark: "
                  "make them with velocity = yes", bn_h5_path(bn_input("weights")));
    s->network = (struct bn_network){ .weights = j.weights, .velocity = j.velocity,
        .transfer = s->targets.transfer, .tau = bn_real("tau"), .dt = bn_real("dt"),
        .inhibition = bn_real("inhibition"), .target = bn_real("target_rate"),
        .bias = j.bias };
    if (s->network.dt > s->network.tau)
        BN_REFUSE(BN_USAGE, "dt = %g s is longer than tau = %g s: Euler steps would be unstable",
                  s->network.dt, s->network.tau);
    BN_CHECK(bn_decoder_new(&s->decoder, &s->targets.x, &s->targets.phi, DECODED_HARMONICS));
    s->dt = s->network.dt;
    s->points = POINTS;
}

static struct subject read_subject(void)
{
    struct subject s = { .ring = false };
    const bool both = bn_has_input("weights") && bn_has_input("tuning");

    if (bn_has_input("dendritic") && !bn_has_input("weights") && !bn_has_input("tuning"))
        read_dendritic(&s);
    else if (!bn_has_input("dendritic") && both)
        read_ring(&s);
    else
        BN_REFUSE(BN_USAGE, "one network is looked at: give dendritic, or weights and tuning");
    return s;
}

/* --- what is seen of them --------------------------------------------------------------- */

static void see(struct course *c, size_t t, size_t save, const double *bump, double angle)
{
    double peak;
    *bn_mat_at(&c->width, t, save) = bn_ring_width(bump, c->subject->points, &peak);
    *bn_mat_at(&c->peak, t, save) = peak;
    *bn_mat_at(&c->angle, t, save) = angle;
    if (t + 1 == c->trials)
        memcpy(bn_mat_row(&c->bump, save), bump, c->subject->points * sizeof(double));
}

/* Both cells of a direction: their mean, in Hz. */
static bn_status see_cells(void *context, size_t first, size_t save, const struct bn_mat *rate)
{
    struct course *c = context;
    const size_t m = c->subject->points;
    struct bn_mat room;

    BN_TRY(bn_mat_alloc(&room, 1, rate->rows + m));
    double *angle = room.data, *bump = angle + rate->rows;
    bn_decode_vector(c->subject->preferred, rate, angle);
    for (size_t t = 0; t < rate->rows; t++) {
        for (size_t k = 0; k < m; k++)
            bump[k] = 500.0 * (*bn_mat_at(rate, t, 2 * k) + *bn_mat_at(rate, t, 2 * k + 1));
        see(c, first + t, save, bump, angle[t]);
    }
    bn_mat_free(&room);
    return BN_OK;
}

/* The nearest state of the manifold says where: the overlap has its top beside it where
 * rates are not equally strong in all directions.                            */
static bn_status see_overlap(void *context, size_t first, size_t save, const struct bn_mat *x,
                             const struct bn_mat *rate)
{
    struct course *c = context;
    struct bn_mat curve = { 0 }, room = { 0 };

    bn_status rc = bn_mat_alloc(&curve, rate->rows, c->subject->points);
    if (rc == BN_OK)
        rc = bn_mat_alloc(&room, 2, rate->rows);
    double *const angle = room.data, *const distance = room.data + room.cols;
    if (rc == BN_OK)
        rc = bn_decode_overlap(c->subject->decoder, rate, &curve, angle, NULL);
    if (rc == BN_OK)
        rc = bn_decode_distance(c->subject->decoder, x, distance, angle);
    for (size_t t = 0; rc == BN_OK && t < rate->rows; t++)
        see(c, first + t, save, bn_mat_row(&curve, t), angle[t]);
    bn_mat_free(&curve);
    bn_mat_free(&room);
    return rc;
}

/* --- running them ----------------------------------------------------------------------- */

static void cells_get(void *context, size_t t, size_t k, struct bn_dendrite_input *in)
{
    const struct course *c = context;
    *in = (struct bn_dendrite_input){ .heading = heading(c, t, k),
                                      .velocity = 360.0 / BN_TWO_PI * omega(c, t, k),
                                      .light = k < c->dark || k >= c->light };
}

static void run_cells(struct course *c)
{
    struct bn_dendrite d = c->subject->dendrite;
    const struct bn_dendrite_trials trials = { .network = &d, .weights = &c->subject->weights,
        .rng = c->rng, .every = c->every, .course = cells_get, .watch = see_cells, .context = c };
    struct bn_dendrite_state state;

    d.noise = c->noise;
    if (c->cue > 0.0) {
        d.cue = c->cue;
        d.cue_width = c->cue_width;
    }
    BN_CHECK(bn_dendrite_start(&state, &d, c->trials));
    const bn_status rc = bn_dendrite_run(&trials, &state, 0, c->steps);
    bn_dendrite_free(&state);
    BN_CHECK(rc);
}

/* The states of the manifold that all trials look at in step k. */
static void hold(const struct course *c, size_t k, struct bn_mat *x)
{
    const struct bn_targets *t = &c->subject->targets;
    struct bn_mat basis;

    BN_CHECK(bn_mat_alloc(&basis, c->trials, t->x.cols));
    for (size_t i = 0; i < c->trials; i++)
        bn_fourier_basis(heading(c, i, k), t->x.cols, 0, bn_mat_row(&basis, i));
    BN_CHECK(bn_gemm(1.0, &basis, BN_PLAIN, &t->x, BN_TRANSPOSED, 0.0, x));
    bn_mat_free(&basis);
}

static void see_held(struct course *c, size_t from, size_t to)
{
    const struct bn_targets *t = &c->subject->targets;
    struct bn_mat x, rate;

    BN_CHECK(bn_mat_alloc(&x, c->trials, t->x.rows));
    BN_CHECK(bn_mat_alloc(&rate, c->trials, t->x.rows));
    for (size_t k = from; k < to; k++)
        if (k % c->every == 0) {
            hold(c, k, &x);
            bn_transfer_rate(&t->transfer, x.rows * x.cols, x.data, rate.data);
            BN_CHECK(see_overlap(c, 0, k / c->every, &x, &rate));
        }
    bn_mat_free(&x);
    bn_mat_free(&rate);
}

static void run_ring(struct course *c)
{
    struct bn_network net = c->subject->network;
    struct bn_mat x, turn;

    net.noise = c->noise;
    see_held(c, 0, c->dark);
    see_held(c, c->light + 1, c->steps + 1);
    if (c->dark > c->steps)
        return;
    BN_CHECK(bn_mat_alloc(&x, c->trials, c->subject->targets.x.rows));
    BN_CHECK(bn_mat_alloc(&turn, c->light, c->trials));
    for (size_t k = c->dark; k < c->light; k++)
        for (size_t t = 0; t < c->trials; t++)
            *bn_mat_at(&turn, k, t) = omega(c, t, k);
    hold(c, c->dark, &x);
    BN_CHECK(bn_network_resume(&net, &x, c->dark, c->light, c->every, &turn, c->rng,
                               see_overlap, NULL, c));
    bn_mat_free(&x);
    bn_mat_free(&turn);
}

/* Seen states are those before steps 0, every, ... and, if it is one of them, the last. */
static size_t saves(const struct course *c)
{
    return c->steps / c->every + 1;
}

static void run_course(struct course *c)
{
    const size_t s = saves(c);

    c->angle = bn_scratch(c->trials, s);
    c->width = bn_scratch(c->trials, s);
    c->peak = bn_scratch(c->trials, s);
    c->bump = bn_scratch(s, c->subject->points);
    if (c->subject->ring)
        run_ring(c);
    else
        run_cells(c);
}

static struct course new_course(const struct subject *s, const char *purpose, size_t trials)
{
    struct course c = { .subject = s, .trials = trials, .rng = bn_rng_sub(bn_random(), purpose) };

    c.every = (size_t)llround(fmax(1.0, bn_real("interval") / s->dt));
    c.noise = s->ring ? 0.0 : s->dendrite.noise;
    c.start = bn_scratch_vec(trials);
    c.speed = bn_scratch_vec(trials);
    return c;
}

/* Radians that trial t turned between two saves. */
static double turned(const struct course *c, size_t t, size_t from, size_t to)
{
    const double *angle = bn_mat_row(&c->angle, t);
    double sum = 0.0;

    for (size_t k = from; k < to; k++)
        sum += bn_ring_difference(angle[k + 1], angle[k]);
    return sum;
}

static double mean(const double *x, size_t from, size_t to)
{
    double sum = 0.0;
    for (size_t k = from; k < to; k++)
        sum += x[k];
    return sum / (double)(to - from);
}

/* --- light, darkness, light ------------------------------------------------------------- */

static void write_trials(const struct course *c)
{
    const size_t s = saves(c);
    struct bn_mat truth = bn_scratch(c->trials, s), error = bn_scratch(c->trials, s);
    double *time = bn_scratch_vec(s), *light = bn_scratch_vec(s), *mean_speed, *angle, sum = 0.0;
    const size_t last = c->trials - 1, end = c->light / c->every;

    mean_speed = bn_scratch_vec(c->trials);
    angle = bn_scratch_vec(c->subject->points);
    for (size_t k = 0; k < s; k++) {
        time[k] = (double)(k * c->every) * c->subject->dt;
        light[k] = k * c->every < c->dark || k * c->every >= c->light;
        for (size_t t = 0; t < c->trials; t++) {
            *bn_mat_at(&truth, t, k) = heading(c, t, k * c->every);
            *bn_mat_at(&error, t, k) = bn_ring_difference(*bn_mat_at(&c->angle, t, k),
                                                          *bn_mat_at(&truth, t, k));
        }
    }
    for (size_t t = 0; t < c->trials; t++)
        mean_speed[t] = 360.0 / BN_TWO_PI * (t < last ? c->speed[t]
            : c->drive->turned[c->steps] / ((double)c->steps * c->subject->dt));
    bn_ring_grid(c->subject->points, angle);
    bn_output_vec("/time", time, s);
    bn_output_vec("/light", light, s);
    bn_output_vec("/speed", mean_speed, c->trials);
    bn_output_mat("/heading", &truth);
    bn_output_mat("/decoded", &c->angle);
    bn_output_mat("/error", &error);
    bn_output_vec("/bump_angle", angle, c->subject->points);
    bn_output_mat("/bump", &c->bump);
    const size_t first = (c->dark + c->every - 1) / c->every;
    for (size_t k = first; k <= end; k++)
        sum += pow(*bn_mat_at(&error, last, k), 2.0);
    bn_summarise("dark_error_rms", sqrt(sum / (double)(end + 1 - first)), "rad", 0.0);
    bn_summarise("dark_error_end", fabs(*bn_mat_at(&error, last, end)), "rad", 0.0);
    bn_summarise("light_error_end", fabs(*bn_mat_at(&error, last, s - 1)), "rad", 0.0);
}

static void light_dark_light(const struct subject *s)
{
    size_t speeds;
    const double *given = bn_reals("speeds", &speeds);
    struct course c = new_course(s, "trials", speeds + 1);

    c.dark = steps_of(s, "cue");
    c.light = c.dark + steps_of(s, "dark");
    c.steps = c.light + steps_of(s, "cue_after");
    struct bn_drive drive = bn_drive_read(c.steps, s->dt);
    if (drive.omega.rows == 0) {         /* velocity = none */
        drive.omega = bn_scratch(c.steps, 1);
        drive.turned = bn_scratch_vec(c.steps + 1);
    }
    double *start = bn_scratch_vec(c.trials), *speed = bn_scratch_vec(c.trials);
    for (size_t t = 0; t < c.trials; t++)
        start[t] = drive.recorded ? drive.start : BN_TWO_PI / 2.0;
    for (size_t t = 0; t < speeds; t++)
        speed[t] = BN_TWO_PI / 360.0 * given[t];
    c.start = start;
    c.speed = speed;
    c.drive = &drive;
    run_course(&c);
    write_trials(&c);
}

/* --- gain ------------------------------------------------------------------------------- */

/* What is measured of all velocities in the dark or in the light. */
struct measured {
    double *velocity, *width, *peak;
};

static struct measured measure(const struct course *c)
{
    struct measured m = { bn_scratch_vec(c->trials), bn_scratch_vec(c->trials),
                          bn_scratch_vec(c->trials) };
    const size_t settle = (size_t)llround(SETTLE / c->subject->dt);
    const size_t begin = c->dark <= c->steps ? c->dark : steps_of(c->subject, "gain_cue");
    const size_t from = (begin + settle + c->every - 1) / c->every, to = c->steps / c->every;
    const double time = (double)((to - from) * c->every) * c->subject->dt;

    for (size_t t = 0; t < c->trials; t++) {
        m.velocity[t] = 360.0 / BN_TWO_PI * turned(c, t, from, to) / time;
        m.width[t] = mean(bn_mat_row(&c->width, t), from, to);
        m.peak[t] = mean(bn_mat_row(&c->peak, t), from, to);
    }
    return m;
}

/* The line through 0 over velocities up to gain_range, and where it ends: the smallest
 * velocity at which the bump has at least half of what the line says, and the largest at
 * which it has at least 90 %, as means of both directions.                   */
static void summarise_gain(const double *v, const double *dark, size_t n)
{
    const double range = bn_real("gain_range");
    double vv = 0.0, vm = 0.0, sum = 0.0, rest = 0.0, square = 0.0, pinned = 0.0, most = 0.0;
    size_t used = 0;

    for (size_t k = 0; k < n; k++)
        if (fabs(v[k]) <= range) {
            vv += v[k] * v[k];
            vm += v[k] * dark[k];
            sum += dark[k];
            used++;
        }
    const double gain = vm / vv, average = sum / (double)used;
    for (size_t k = 0; k < n; k++)
        if (fabs(v[k]) <= range) {
            rest += pow(dark[k] - gain * v[k], 2.0);
            square += pow(dark[k] - average, 2.0);
        }
    for (size_t k = n; k-- > n / 2 + 1; ) {
        const double both = 0.5 * (dark[k] - dark[n - 1 - k]);
        if (both >= 0.5 * gain * v[k])
            pinned = v[k];
        if (both >= 0.9 * gain * v[k] && most == 0.0)
            most = v[k];
    }
    bn_summarise("velocity_gain", gain, "1", sqrt(rest / vv / fmax(1.0, (double)used - 1.0)));
    bn_summarise("velocity_r2", square > 0.0 ? 1.0 - rest / square : 0.0, "1", 0.0);
    bn_summarise("velocity_bias", average, "degree/s", 0.0);
    bn_summarise("velocity_least", pinned, "degree/s", 0.0);
    bn_summarise("velocity_most", most, "degree/s", 0.0);
}

static void gain(const struct subject *s)
{
    const double limit = bn_real("velocity_limit"), step = bn_real("velocity_step");
    const size_t half = (size_t)floor(limit / step + 1e-9), n = 2 * half + 1;
    struct course c = new_course(s, "gain", n);
    double *v = bn_scratch_vec(n), *start = bn_scratch_vec(n), *speed = bn_scratch_vec(n);

    if (half == 0)
        BN_REFUSE(BN_USAGE, "velocity_step = %g degrees/s is more than velocity_limit = %g: there "
                  "is no velocity to measure", step, limit);
    if (bn_real("gain_range") < step)
        BN_REFUSE(BN_USAGE, "gain_range = %g degrees/s is less than velocity_step = %g: there is "
                  "no line to fit", bn_real("gain_range"), step);
    for (size_t k = 0; k < n; k++) {
        v[k] = step * ((double)k - (double)half);
        speed[k] = BN_TWO_PI / 360.0 * v[k];
        start[k] = BN_TWO_PI / 2.0;
    }
    c.start = start;
    c.speed = speed;
    c.dark = steps_of(s, "gain_cue");
    c.steps = c.light = c.dark + steps_of(s, "gain_time");
    run_course(&c);
    const struct measured dark = measure(&c);
    c.dark = c.light = c.steps + 1;
    run_course(&c);
    const struct measured light = measure(&c);
    bn_output_vec("/velocity", v, n);
    bn_output_vec("/velocity_dark", dark.velocity, n);
    bn_output_vec("/velocity_light", light.velocity, n);
    bn_output_vec("/width_dark", dark.width, n);
    bn_output_vec("/width_light", light.width, n);
    bn_output_vec("/peak_dark", dark.peak, n);
    bn_output_vec("/peak_light", light.peak, n);
    summarise_gain(v, dark.velocity, n);
    bn_summarise("drift_at_rest", dark.velocity[half], "degree/s", 0.0);
    bn_summarise("width_dark", dark.width[half], "rad", 0.0);
    bn_summarise("width_light", light.width[half], "rad", 0.0);
    bn_summarise("peak_dark", dark.peak[half], s->ring ? "1" : "Hz", 0.0);
    bn_summarise("peak_light", light.peak[half], s->ring ? "1" : "Hz", 0.0);
}

/* --- bumps that are left alone ---------------------------------------------------------- */

static void locations(const struct subject *s)
{
    const size_t n = bn_count("locations");
    const double margin = BN_TWO_PI / 360.0 * bn_real("stable_margin");
    struct course c = new_course(s, "locations", n);
    double *start = bn_scratch_vec(n), *end = bn_scratch_vec(n), square = 0.0;
    size_t stable = 0;

    bn_ring_grid(n, start);
    c.start = start;
    c.dark = steps_of(s, "stable_cue");
    c.steps = c.light = c.dark + steps_of(s, "stable_dark");
    if (!s->ring) {
        c.cue = bn_real("stimulus");
        c.cue_width = bn_real("stimulus_width");
    }
    run_course(&c);
    for (size_t t = 0; t < n; t++) {
        end[t] = *bn_mat_at(&c.angle, t, saves(&c) - 1);
        const double moved = fabs(bn_ring_difference(end[t], start[t]));
        stable += moved <= margin;
        square += moved * moved;
    }
    bn_output_vec("/location", start, n);
    bn_output_vec("/location_end", end, n);
    bn_summarise("locations", (double)n, "1", 0.0);
    bn_summarise("stable_locations", (double)stable, "1", 0.0);
    bn_summarise("location_error", sqrt(square / (double)n), "rad", 0.0);
}

/* Var/2t of how far bumps turn, from random directions. */
static double diffusion_at(const struct subject *s, double noise)
{
    const size_t n = bn_count("runs");
    struct course c = new_course(s, "diffusion", n);
    double *start = bn_scratch_vec(n), sum = 0.0, square = 0.0;

    bn_rng_uniforms(bn_rng_sub(bn_random(), "directions"), 0, 0, start, n);
    for (size_t t = 0; t < n; t++)
        start[t] *= BN_TWO_PI;
    c.start = start;
    c.noise = noise;
    c.dark = steps_of(s, "stable_cue");
    c.steps = c.light = c.dark + steps_of(s, "runs_dark");
    run_course(&c);
    const size_t from = (c.dark + c.every - 1) / c.every, to = c.steps / c.every;
    for (size_t t = 0; t < n; t++) {
        const double moved = 360.0 / BN_TWO_PI * turned(&c, t, from, to);
        sum += moved;
        square += moved * moved;
    }
    const double variance = (square - sum * sum / (double)n) / (double)(n - 1);
    return variance / (2.0 * (double)((to - from) * c.every) * s->dt);
}

static void diffusion(const struct subject *s)
{
    size_t n;
    const double *noise = bn_reals("noises", &n);
    double *d = bn_scratch_vec(n + 1);

    for (size_t k = 0; k < n; k++) {
        d[k] = diffusion_at(s, noise[k]);
        bn_progress((double)(k + 1) / (double)n);
    }
    bn_output_vec("/noise", noise, n);
    bn_output_vec("/diffusion", d, n);
}

static void run(void)
{
    const struct subject s = read_subject();

    light_dark_light(&s);
    gain(&s);
    locations(&s);
    diffusion(&s);
    bn_summary_write();
    bn_decoder_free(s.decoder);
}

const struct bn_stage bn_stage = {
    .name = "darkness",
    .summary = "does a network know where it looks when the light is off?",
    .details = "Trials with light, darkness, light at constant and changing velocities; the "
               "velocity of the bump against the one given; which bumps stay where they are put; "
               "how fast they diffuse. In the light a network of `dendritic` sees its cue, and a "
               "ring is held on its manifold; in the dark both have their velocity alone.",
    .inputs = inputs, .n_inputs = BN_LEN(inputs),
    .outputs = outputs, .n_outputs = BN_LEN(outputs),
    .params = params, .n_params = BN_LEN(params),
    .random = true,
    .run = run,
};
