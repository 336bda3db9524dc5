/* SPDX-License-Identifier: MIT
 * dendritic - a ring of two-compartment neurons learns to integrate velocity.
 *
 * The network of Vafidis, Owald, D'Albis & Kempter (eLife 2022), in the light, under an
 * Ornstein-Uhlenbeck velocity: equations in basin/dendrite.h, what they lead to in
 * docs/science/dendritic.md.  What the weights do in the dark: stage darkness.
 */
#include <basin/course.h>
#include <basin/dendrite.h>
#include <basin/manifold.h>
#include <basin/milestones.h>
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
    BN_INTEGER("snapshots", "24", 2, 1000, "how often the weights are saved, at the start and "
               "then equally spaced in the logarithm of time"),
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
    BN_REAL("tau_rotation", "s", "0.0325", 1e-5, 10, "from HD to HR cells, as published figures "
            "were made: docs/science/dendritic.md"),
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
struct eyes {
    struct bn_course course;             /* of what is seen */
    struct bn_course_state now;
    double felt;                         /* degree/s felt for a rad/s seen */
    double *theta, *omega;
    struct bn_dendrite_input *in;
};

static struct eyes open_eyes(double dt, size_t steps)
{
    const double gain = bn_real("gain"), seen = gain * BN_TWO_PI / 360.0;
    struct eyes e = { .course = { .order = BN_ORDER_OU, .dt = dt, .start = BN_TWO_PI / 2.0,
                                  .bias = seen * bn_real("velocity_mean"),
                                  .sd = fabs(seen) * bn_real("velocity_sd"),
                                  .tau = bn_real("velocity_tau") }, .felt = 1.0 / seen };

    if (gain == 0.0)
        BN_REFUSE(BN_USAGE, "gain = 0: what is seen would never turn; give another gain");
    e.course.rng = bn_rng_sub(bn_random(), "velocity");
    e.now = bn_course_begin(&e.course);
    e.theta = bn_scratch_vec(steps);
    e.omega = bn_scratch_vec(steps);
    e.in = (struct bn_dendrite_input *)(void *)bn_scratch(steps, 3).data;
    return e;
}

static void next_second(struct eyes *e, uint64_t first, size_t steps)
{
    BN_CHECK(bn_course_walk(&e->course, &e->now, first, steps, e->theta, e->omega));
    for (size_t k = 0; k < steps; k++)
        e->in[k] = (struct bn_dendrite_input){ e->theta[k], e->felt * e->omega[k], true };
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
                  const double *at, size_t snapshots)
{
    const size_t n = bn_dendrite_neurons(d), m = n / 2, intervals = snapshots - 1;
    const double second = 1e-3 * d->dt * (double)llround(1e3 / d->dt);
    double *time = bn_scratch_vec(snapshots), *preferred = bn_scratch_vec(n);
    double *offset = bn_scratch_vec(m), *wing = bn_scratch_vec(n);

    for (size_t k = 0; k < snapshots; k++)
        time[k] = second * at[k];
    for (size_t i = 0; i < n; i++)
        wing[i] = i % 2 == 0 ? 1.0 : -1.0;
    for (size_t k = 0; k < m; k++)
        offset[k] = BN_TWO_PI * ((double)k - (double)(m / 2)) / (double)m;
    bn_dendrite_preferred(d, preferred);
    bn_output_vec("/snapshot", time, snapshots);
    bn_output_vec("/preferred", preferred, n);
    bn_output_vec("/wing", wing, n);
    bn_output_array("/weights", weights, bn_shape3(snapshots, n, 2 * n));
    write_constants(*d);
    bn_output_vec("/error_time", time + 1, intervals);
    bn_output_vec("/error", error, intervals);
    bn_output_vec("/offset", offset, m);
    profile("/profile_recurrent", weights, snapshots, n, n, 1);
    profile("/profile_positive", weights, snapshots, n, 0, 2);
    profile("/profile_negative", weights, snapshots, n, 1, 2);
    bn_summarise("neurons", (double)n, "1", 0.0);
    bn_summarise("training_time", time[intervals], "s", 0.0);
    bn_summarise("learning_error_first", error[0], "Hz", 0.0);
    bn_summarise("learning_error", error[intervals - 1], "Hz", 0.0);
    bn_summary_write();
}

struct training {
    struct bn_dendrite network;
    struct bn_dendrite_memory memory;
    struct bn_dendrite_state state;
    struct eyes eyes;
    double *at;                          /* [snapshots] s: from 0 to all */
    double *weights, *error;             /* [snapshots, n, 2n], [snapshots - 1] Hz */
    double sum[1];                       /* of the interval so far, kHz */
    size_t snapshots, second;            /* steps of one */
};

static void keep(struct training *t)
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
    bn_keep("theta", &t->eyes.now.theta, 1);
    bn_keep("velocity", &t->eyes.now.velocity, 1);
    bn_keep("weights", t->weights, t->snapshots * n * 2 * n);
    bn_keep("error", t->error, t->snapshots);
    bn_keep("sum", t->sum, 1);
}

/* Second k is over: is it one after which the weights are saved? */
static void save(struct training *t, uint64_t seconds)
{
    const size_t n = t->memory.neurons;

    for (size_t s = 1; s < t->snapshots; s++) {
        if ((double)seconds != t->at[s])
            continue;
        struct bn_mat to = { n, 2 * n, t->weights + s * n * 2 * n };
        bn_dendrite_weights(&t->memory, &to);
        t->error[s - 1] = 1e3 * t->sum[0]
                        / ((double)(n * t->second) * (t->at[s] - t->at[s - 1]));
        t->sum[0] = 0.0;
    }
}

static void run(void)
{
    struct training t = { .network = constants() };
    const size_t n = bn_dendrite_neurons(&t.network);
    const struct bn_rng noise = bn_rng_sub(bn_random(), "noise");
    struct bn_mat w = initial_weights(n);

    t.second = (size_t)llround(fmax(1.0, 1e3 / t.network.dt));
    t.eyes = open_eyes(1e-3 * t.network.dt, t.second);
    const uint64_t seconds = (uint64_t)llround(bn_real("duration") * 1e3
                                               / ((double)t.second * t.network.dt));
    t.at = bn_scratch_vec(bn_count("snapshots"));
    t.snapshots = bn_milestones_at(seconds, bn_count("snapshots"), t.at);
    t.weights = bn_scratch(t.snapshots * n, 2 * n).data;
    t.error = bn_scratch_vec(t.snapshots);
    BN_CHECK(bn_dendrite_memory(&t.memory, &t.network, &w));
    BN_CHECK(bn_dendrite_start(&t.state, &t.network, 1));
    memcpy(t.weights, w.data, n * 2 * n * sizeof(double));
    keep(&t);
    for (uint64_t k = bn_resume(); k < seconds; k++) {
        next_second(&t.eyes, k * t.second, t.second);
        BN_CHECK(bn_dendrite_learn(&t.network, &t.memory, &t.state, k * t.second, t.second,
                                   t.eyes.in, noise, t.sum));
        save(&t, k + 1);
        bn_checkpoint(k + 1);
        bn_progress((double)(k + 1) / (double)seconds);
    }
    write(&t.network, t.weights, t.error, t.at, t.snapshots);
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
