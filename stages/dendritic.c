/* SPDX-License-Identifier: MIT
 * dendritic - a ring of two-compartment neurons learns to integrate velocity.
 *
 * The network of Vafidis, Owald, D'Albis & Kempter (eLife 2022), in the light, under an
 * Ornstein-Uhlenbeck velocity: equations in basin/dendrite.h, what they lead to in
 * docs/science/dendritic.md.  What the weights do in the dark: stage darkness.
 */
#include <basin/dendrite.h>
#include <basin/manifold.h>
#include <basin/stage.h>
#include <basin/summarise.h>

#include <math.h>
#include <string.h>

static const struct bn_output outputs[] = {
    { "/snapshot", "snapshot", "s", "time trained", 0, 0, false },
    { "/weights", "snapshot neuron source", "1/kHz", "weights from all HR, then all HD cells onto "
      "the dendrites of HD cells; its attributes are the constants of the network", 1e-6, 1e-6,
      false },
    { "/preferred", "neuron", "rad", "direction of an HD cell and of the HR cell that it drives",
      0, 0, false },
    { "/wing", "neuron", "1", "1: a positive velocity excites this HR cell, -1: a negative one", 0,
      0, false },
    { "/error_time", "interval", "s", "end of the interval in which the error was averaged", 0, 0,
      false },
    { "/error", "interval", "Hz", "mean over HD cells and time of the absolute difference of a "
      "cell's rate and that which its dendrite predicts", 1e-6, 1e-6, false },
    { "/offset", "offset", "rad", "direction of a neuron minus that of the source", 0, 0, false },
    { "/profile_recurrent", "snapshot offset", "1/kHz", "mean weight of HD cells by offset", 1e-6,
      1e-6, false },
    { "/profile_positive", "snapshot offset", "1/kHz", "the same of HR cells that a positive "
      "velocity excites", 1e-6, 1e-6, false },
    { "/profile_negative", "snapshot offset", "1/kHz", "the same of the other HR cells", 1e-6,
      1e-6, false },
    BN_SUMMARY_OUTPUTS,
};

static const struct bn_param params[] = {
    BN_INTEGER("neurons", "60", 4, 10000, "HD cells, two for each direction; as many HR cells"),
    BN_REAL("dt", "s", "0.0005", 1e-6, 0.1, "Euler step"),
    BN_REAL("duration", "s", "80000", 1, 1e7, "time of training"),
    BN_INTEGER("snapshots", "24", 1, 1000, "how often the weights are saved, equally spaced in "
               "the logarithm of time"),
    BN_REAL("eta", "1/kHz^2", "0.05", 0, 1e3, "learning rate; 0: the weights stay as they are"),
    BN_REAL("initial", "1", "1", 0, 100, "standard deviation of the initial weights x sqrt(2 "
            "neurons), in 1/kHz"),
    BN_REAL("velocity_sd", "degree/s", "225", 0, 1e4, "standard deviation of the velocity"),
    BN_REAL("velocity_tau", "s", "0.5", 1e-3, 1e3, "its correlation time (Ornstein-Uhlenbeck)"),
    BN_REAL("velocity_mean", "degree/s", "0", -1e4, 1e4, "its mean"),
    BN_REAL("gain", "1", "1", -10, 10, "what is seen turns so many times as fast as what is felt"),
    BN_REAL("tau_synapse", "s", "0.065", 1e-5, 10, "synapses: currents and their traces"),
    BN_REAL("tau_dendrite", "s", "0.01", 1e-5, 10, "membrane of the dendrite"),
    BN_REAL("tau_plasticity", "s", "0.1", 0, 1e3, "eligibility of a weight; 0: none"),
    BN_REAL("tau_rotation", "s", "0.065", 1e-5, 10, "from HD to HR cells; the published code takes "
            "0.0325 at its dt"),
    BN_REAL("g_dendrite", "1/s", "2000", 0, 1e6, "coupling of soma and dendrite / capacitance"),
    BN_REAL("g_leak", "1/s", "1000", 1e-3, 1e6, "leak of the soma / capacitance"),
    BN_REAL("rate_max", "Hz", "150", 1e-3, 1e4, "largest rate f_max"),
    BN_REAL("slope", "1", "2.5", 1e-3, 1e3, "steepness b of the rate function"),
    BN_REAL("half", "1", "1", -1e3, 1e3, "potential x0 at half of the largest rate"),
    BN_REAL("inhibition", "1", "-1", -1e3, 1e3, "current into all dendrites"),
    BN_REAL("inhibition_hr", "1", "-1.5", -1e3, 1e3, "current into all HR cells"),
    BN_REAL("hr_weight", "1", "2", 0, 1e3, "current into an HR cell whose HD cell has its largest "
            "rate"),
    BN_REAL("hr_velocity", "1", "2", -1e3, 1e3, "current into an HR cell at 720 degrees/s"),
    BN_REAL("cue", "1", "4", 0, 1e3, "what is seen: its height M"),
    BN_REAL("cue_width", "1", "0.15", 1e-3, 10, "and its width s, in sin(angle/2)"),
    BN_REAL("noise", "1", "0", 0, 1e3, "standard deviation of the noise of every step"),
};

/* Where the animal looks and how fast it turns, at every step of a second. */
struct course {
    double now[2];                       /* heading rad, velocity degree/s: kept */
    double decay, kick, sd, mean, gain;
    double dt;                           /* s */
    struct bn_rng rng;
    double *z;
    struct bn_dendrite_input *in;
};

static struct course make_course(double dt, size_t steps)
{
    struct course c = { .now = { BN_TWO_PI / 2.0, 0.0 }, .sd = bn_real("velocity_sd"),
                        .mean = bn_real("velocity_mean"), .gain = bn_real("gain"), .dt = dt,
                        .decay = exp(-dt / bn_real("velocity_tau")) };

    c.kick = c.sd * sqrt(1.0 - c.decay * c.decay);
    c.rng = bn_rng_sub(bn_random(), "velocity");
    c.z = bn_scratch_vec(steps);
    c.in = (struct bn_dendrite_input *)(void *)bn_scratch(steps, 3).data;
    return c;
}

/* The exact update of the Ornstein-Uhlenbeck process, from its stationary state on. */
static void next_second(struct course *c, uint64_t first, size_t steps)
{
    bn_rng_normals(c->rng, 0, first, c->z, steps);
    for (size_t k = 0; k < steps; k++) {
        c->now[1] = first + k == 0 ? c->sd * c->z[k] : c->decay * c->now[1] + c->kick * c->z[k];
        const double velocity = c->mean + c->now[1];
        c->in[k] = (struct bn_dendrite_input){ c->now[0], velocity, true };
        c->now[0] = bn_ring_wrap(c->now[0] + BN_TWO_PI / 360.0 * c->gain * velocity * c->dt);
    }
}

/* Seconds after which weights are saved: 0, and then equally spaced in their logarithm. */
static size_t *schedule(size_t snapshots, size_t seconds)
{
    size_t *at = (size_t *)(void *)bn_scratch_vec(snapshots + 1);

    if (snapshots > seconds)
        BN_REFUSE(BN_USAGE, "snapshots = %zu, but only %zu s are trained: one a second is the most",
                  snapshots, seconds);
    for (size_t s = 1; s <= snapshots; s++) {
        const double want = pow((double)seconds, (double)s / (double)snapshots);
        at[s] = (size_t)llround(want);
        if (at[s] <= at[s - 1])
            at[s] = at[s - 1] + 1;
    }
    at[snapshots] = seconds;
    return at;
}

static struct bn_dendrite constants(void)
{
    struct bn_dendrite d = { 0 };
    size_t count;
    const struct bn_dendrite_constant *c = bn_dendrite_constants(&count);

    for (size_t k = 0; k < count; k++)
        *bn_dendrite_value(&d, &c[k]) = c[k].scale * (strcmp(c[k].name, "neurons") == 0
            ? (double)bn_count(c[k].name) : bn_real(c[k].name));
    BN_CHECK(bn_dendrite_check(&d));
    return d;
}

/* Beside the weights, for those who run the network. */
static void write_constants(struct bn_dendrite d)
{
    size_t count;
    const struct bn_dendrite_constant *c = bn_dendrite_constants(&count);

    for (size_t k = 0; k < count; k++)
        bn_output_attribute_real("/weights", c[k].name, *bn_dendrite_value(&d, &c[k])
                                 / c[k].scale);
}

static struct bn_mat initial_weights(size_t n)
{
    struct bn_mat w = bn_scratch(n, 2 * n);
    const double sd = bn_real("initial") / sqrt(2.0 * (double)n);

    for (size_t i = 0; i < n; i++) {
        bn_rng_normals(bn_rng_sub(bn_random(), "weights"), i, 0, bn_mat_row(&w, i), 2 * n);
        for (size_t j = 0; j < 2 * n; j++)
            *bn_mat_at(&w, i, j) *= sd;
    }
    return w;
}

/* Means over pairs by the difference of their directions, -pi first; `from` is the first
 * source, of which every `each`th counts.                                    */
static void profile(const char *name, const double *weights, size_t snapshots, size_t n,
                    size_t from, size_t each)
{
    const size_t m = n / 2;
    struct bn_mat mean = bn_scratch(snapshots, m);

    for (size_t s = 0; s < snapshots; s++)
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j += each) {
                const size_t offset = (i / 2 + m - (j + from % n) / 2 + m / 2) % m;
                *bn_mat_at(&mean, s, offset) += weights[(s * n + i) * 2 * n + from + j]
                                                * (double)each / (double)(2 * n);
            }
    bn_output_mat(name, &mean);
}

static void write(const struct bn_dendrite *d, const double *weights, const double *error,
                  const size_t *at, size_t snapshots)
{
    const size_t n = bn_dendrite_neurons(d), m = n / 2, s = snapshots + 1;
    const double second = 1e-3 * d->dt * (double)llround(1e3 / d->dt);
    double *time = bn_scratch_vec(s), *preferred = bn_scratch_vec(n), *wing = bn_scratch_vec(n);
    double *offset = bn_scratch_vec(m);

    for (size_t k = 0; k < s; k++)
        time[k] = second * (double)at[k];
    for (size_t i = 0; i < n; i++)
        wing[i] = i % 2 == 0 ? 1.0 : -1.0;
    for (size_t k = 0; k < m; k++)
        offset[k] = BN_TWO_PI * ((double)k - (double)(m / 2)) / (double)m;
    bn_dendrite_preferred(d, preferred);
    bn_output_vec("/snapshot", time, s);
    bn_output_vec("/preferred", preferred, n);
    bn_output_vec("/wing", wing, n);
    bn_output_array("/weights", weights, bn_shape3(s, n, 2 * n));
    write_constants(*d);
    bn_output_vec("/error_time", time + 1, snapshots);
    bn_output_vec("/error", error, snapshots);
    bn_output_vec("/offset", offset, m);
    profile("/profile_recurrent", weights, s, n, n, 1);
    profile("/profile_positive", weights, s, n, 0, 2);
    profile("/profile_negative", weights, s, n, 1, 2);
    bn_summarise("neurons", (double)n, "1", 0.0);
    bn_summarise("training_time", time[snapshots], "s", 0.0);
    bn_summarise("learning_error_first", error[0], "Hz", 0.0);
    bn_summarise("learning_error", error[snapshots - 1], "Hz", 0.0);
    bn_summary_write();
}

struct training {
    struct bn_dendrite_memory memory;
    struct bn_dendrite_state state;
    struct course course;
    double *weights, *error;             /* [snapshots + 1, n, 2n], [snapshots] Hz */
    double sum[1];                       /* of the interval so far, kHz */
};

static void keep(struct training *t, size_t snapshots)
{
    const size_t n = t->memory.neurons;

    bn_keep("weight", t->memory.weight, t->memory.values);
    bn_keep("trace", t->memory.trace, t->memory.values);
    bn_keep("received", t->memory.received, 2 * n);
    bn_keep("potential", t->memory.potential, 2 * n);
    bn_keep("rate", t->state.rate.data, 2 * n);
    bn_keep("current", t->state.current.data, n);
    bn_keep("dendrite", t->state.dendrite.data, n);
    bn_keep("soma", t->state.soma.data, n);
    bn_keep("seen", t->state.seen.data, n);
    bn_keep("course", t->course.now, 2);
    bn_keep("weights", t->weights, (snapshots + 1) * n * 2 * n);
    bn_keep("error", t->error, snapshots);
    bn_keep("sum", t->sum, 1);
}

static void run(void)
{
    const struct bn_dendrite d = constants();
    const size_t n = bn_dendrite_neurons(&d), second = (size_t)llround(1e3 / d.dt);
    const size_t seconds = (size_t)fmax(1.0, round(bn_real("duration") / (1e-3 * d.dt)
                                                   / (double)second));
    const size_t snapshots = bn_count("snapshots"), *at = schedule(snapshots, seconds);
    const struct bn_rng noise = bn_rng_sub(bn_random(), "noise");
    struct bn_mat w = initial_weights(n);
    struct training t = { .course = make_course(1e-3 * d.dt, second),
                          .weights = bn_scratch((snapshots + 1) * n, 2 * n).data,
                          .error = bn_scratch_vec(snapshots) };
    size_t next = 1;

    BN_CHECK(bn_dendrite_memory(&t.memory, &d, &w));
    BN_CHECK(bn_dendrite_start(&t.state, &d, 1));
    memcpy(t.weights, w.data, n * 2 * n * sizeof(double));
    keep(&t, snapshots);
    const uint64_t from = bn_resume();
    while (at[next] <= from && next < snapshots)
        next++;
    for (uint64_t k = from; k < seconds; k++) {
        next_second(&t.course, k * second, second);
        BN_CHECK(bn_dendrite_learn(&d, &t.memory, &t.state, k * second, second, t.course.in,
                                   noise, t.sum));
        if (k + 1 == at[next]) {
            struct bn_mat to = { n, 2 * n, t.weights + next * n * 2 * n };
            bn_dendrite_weights(&t.memory, &to);
            t.error[next - 1] = 1e3 * t.sum[0] / (double)n / (double)second
                                / (double)(at[next] - at[next - 1]);
            t.sum[0] = 0.0;
            next += next < snapshots;
        }
        bn_checkpoint(k + 1);
        bn_progress((double)(k + 1) / (double)seconds);
    }
    write(&d, t.weights, t.error, at, snapshots);
    bn_dendrite_forget(&t.memory);
    bn_dendrite_free(&t.state);
}

const struct bn_stage bn_stage = {
    .name = "dendritic",
    .summary = "a ring of two-compartment neurons learns to integrate velocity",
    .details = "HD cells see where the animal looks with their somata; their dendrites hear HD and "
               "HR cells through weights that learn to predict the somata (Vafidis, Owald, D'Albis "
               "& Kempter 2022). Defaults are the published ones. /weights after each of "
               "`snapshots` times, the error of the prediction, and the mean weights by the "
               "difference of directions.",
    .outputs = outputs, .n_outputs = BN_LEN(outputs),
    .params = params, .n_params = BN_LEN(params),
    .random = true,
    .run = run,
};
