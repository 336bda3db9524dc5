/* SPDX-License-Identifier: MIT */
#include <basin/drive.h>
#include <basin/curves.h>
#include <basin/fourier.h>
#include <basin/rng.h>

#include <math.h>

/* Exact update of the Ornstein-Uhlenbeck process, started in its stationary state. */
static void ornstein_uhlenbeck(struct bn_mat *omega, double dt)
{
    const double sd = bn_real("ou_sd"), decay = exp(-dt / bn_real("ou_tau"));
    const double kick = sd * sqrt(1.0 - decay * decay);
    double *z = omega->data;

    bn_rng_normals(bn_rng_sub(bn_random(), "velocity"), 0, 0, z, omega->rows);
    z[0] *= sd;
    for (size_t k = 1; k < omega->rows; k++)
        z[k] = decay * z[k - 1] + kick * z[k];
}

/* The first sample at or after time `at`; the bins are equally spaced. */
static size_t sample_at(const double *time, size_t n, double at)
{
    const double bin = (time[n - 1] - time[0]) / (double)(n - 1);
    const double k = (at - time[0]) / bin;
    return k <= 0.0 ? 0 : k >= (double)n ? n - 1 : (size_t)floor(k + 0.5);
}

/* What an animal did, sample by sample. */
struct behaviour {
    const double *time, *angle, *velocity;
    size_t n;
};

/* asked: the parameter, with its value, that wants a recording. */
static struct behaviour recorded(const char *asked)
{
    struct behaviour b;
    size_t angles, velocities;

    if (!bn_has_input("recording"))
        BN_REFUSE(BN_USAGE, "%s needs a recording: give --in recording=FILE, or add the "
                  "prerequisite to the pipeline", asked);
    b.time = bn_input_vec("recording", "/time", &b.n);
    b.angle = bn_input_vec("recording", "/angle", &angles);
    b.velocity = bn_input_vec("recording", "/angular_velocity", &velocities);
    if (b.n < 2 || angles != b.n || velocities != b.n)
        BN_REFUSE(BN_INPUT, "%s: /time has %zu samples, /angle %zu and /angular_velocity %zu",
                  bn_h5_path(bn_input("recording")), b.n, angles, velocities);
    return b;
}

static void from_recording(struct bn_drive *d)
{
    const struct behaviour b = recorded("velocity = recorded");
    const double length = b.time[b.n - 1] - b.time[0];

    d->begin = bn_real("recorded_start");
    const double end = d->begin + (double)d->omega.rows * d->dt;
    if (end > length)
        BN_REFUSE(BN_USAGE, "recorded_start + duration = %g s, but the recording has %g s of "
                  "behaviour", end, length);
    for (size_t k = 0; k < d->omega.rows; k++)
        d->omega.data[k] = b.velocity[sample_at(b.time, b.n, b.time[0] + d->begin
                                                             + (double)k * d->dt)];
    d->start = b.angle[sample_at(b.time, b.n, b.time[0] + d->begin)];
    d->recorded = true;
}

struct bn_drive bn_drive_read(size_t steps, double dt)
{
    struct bn_drive d = { .dt = dt };

    if (bn_is("velocity", "none"))
        return d;
    d.omega = bn_scratch(steps, 1);
    d.turned = bn_scratch_vec(steps + 1);
    if (bn_is("velocity", "constant")) {
        const double speed = bn_real("speed");
        for (size_t k = 0; k < steps; k++)
            d.omega.data[k] = speed;
    } else if (bn_is("velocity", "ou")) {
        ornstein_uhlenbeck(&d.omega, dt);
    } else {
        from_recording(&d);
    }
    for (size_t k = 0; k < steps; k++)
        d.turned[k + 1] = d.turned[k] + dt * d.omega.data[k];
    return d;
}

static void course_from_recording(struct bn_course *c)
{
    const struct behaviour b = recorded("order = recorded");
    const double length = b.time[b.n - 1] - b.time[0];

    c->angle = b.angle;
    c->velocity = b.velocity;
    c->samples = b.n;
    c->begin = bn_real("recorded_start");
    c->bin = length / (double)(b.n - 1);
    if (bn_course_period(c) == 0)
        BN_REFUSE(BN_USAGE, "recorded_start = %g s, but the recording has %g s of behaviour",
                  c->begin, length);
}

struct bn_course bn_drive_course(size_t angles, bool velocity)
{
    static const char *const names[] = { "iid", "shuffled", "sweep", "diffusion", "ou",
                                         "recorded" };
    struct bn_course c = { .angles = angles, .dt = bn_real("interval"),
                           .rng = bn_rng_sub(bn_random(), "course") };
    size_t k = 0;

    while (!bn_is("order", names[k]))
        k++;
    c.order = (enum bn_order)k;
    const bool jumps = c.order == BN_ORDER_IID || c.order == BN_ORDER_SHUFFLED;
    if (c.order == BN_ORDER_OU || (jumps && velocity))
        c.sd = bn_real("velocity_sd");
    if (c.order == BN_ORDER_OU || c.order == BN_ORDER_DIFFUSION || (jumps && velocity))
        c.bias = bn_real("velocity_bias");
    if (c.order == BN_ORDER_OU)
        c.tau = bn_real("velocity_tau");
    if (c.order == BN_ORDER_DIFFUSION)
        c.diffusion = bn_real("diffusion");
    if (c.order == BN_ORDER_RECORDED)
        course_from_recording(&c);
    return c;
}

struct bn_mat bn_drive_recorded_overlap(const struct bn_drive *d, size_t saves, size_t every,
                                        size_t angles)
{
    struct bn_mat rate = bn_input_mat("recording", "/rate");
    const struct bn_mat counts = bn_input_mat("recording", "/counts");
    struct bn_mat row = bn_scratch(saves, counts.cols), map = bn_scratch(saves, angles);
    double *mean = bn_scratch_vec(counts.cols);
    size_t n;
    const double *time = bn_input_vec("recording", "/time", &n);

    if (counts.rows != n || counts.cols > rate.rows)
        BN_REFUSE(BN_INPUT, "%s: /counts is %zu x %zu for %zu times and %zu curves",
                  bn_h5_path(bn_input("recording")), counts.rows, counts.cols, n, rate.rows);
    BN_CHECK(bn_curves_unit_mean(&rate));
    for (size_t t = 0; t < n; t++)
        for (size_t i = 0; i < counts.cols; i++)
            mean[i] += *bn_mat_at(&counts, t, i) / (double)n;
    for (size_t k = 0; k < saves; k++) {
        const double at = time[0] + d->begin + (double)(k * every) * d->dt;
        const double *c = bn_mat_row(&counts, sample_at(time, n, at));
        for (size_t i = 0; i < counts.cols; i++)
            *bn_mat_at(&row, k, i) = mean[i] > 0.0 ? c[i] / mean[i] : 0.0;
    }
    const struct bn_mat first = { counts.cols, rate.cols, rate.data };
    const size_t fine = angles > first.cols ? angles : first.cols;
    struct bn_mat curves = bn_scratch(first.rows, fine), all = bn_scratch(saves, fine);
    BN_CHECK(bn_fourier_resample(&first, &curves));
    BN_CHECK(bn_gemm(1.0 / (double)first.rows, &row, BN_PLAIN, &curves, BN_PLAIN, 0.0, &all));
    for (size_t k = 0; k < saves; k++)
        for (size_t a = 0; a < angles; a++)
            *bn_mat_at(&map, k, a) = *bn_mat_at(&all, k, a * fine / angles);
    return map;
}
