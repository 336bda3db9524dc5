/* SPDX-License-Identifier: MIT
 * enrol: the learner that the parameters of a stage ask for.  Floor 10.
 *
 * Like the readers of stage.h these end the program with a message if something does not go
 * together; memory belongs to the frame, but for the learner and the average.   */
#ifndef BN_ENROL_H
#define BN_ENROL_H

#include <basin/averaged.h>
#include <basin/course.h>
#include <basin/learner.h>
#include <basin/targets.h>

struct bn_enrolled {
    struct bn_mat x, phi;                /* coefficients of the targets, of equal shape */
    struct bn_learner_spec spec;
    struct bn_mat initial, initial_velocity;       /* [N, N], or empty: 0 */
    struct bn_operator first;            /* J to begin with; n = 0: 0 */
    double trace;                        /* tr C */
    double harmonic;                     /* its eigenvalue of the first harmonic, in the mean
                                            field: N (both mean squares)/2 */
    bool span;                           /* it need not hold N x N */
    bn_learner *learner;
};

/* dense: it must stay exact when the network leaves the ring later on.        */
void bn_enrol(const struct bn_targets *t, bool dense, struct bn_enrolled *e);

/* The mean of what it will learn on this course, if weights change slowly beside it; NULL
 * where no closed form is known: rules that are not linear, other clamps, recorded courses,
 * velocity weights beside a mean velocity or lagging synapses.  bn_averaged_free() it. */
bn_averaged *bn_enrol_average(const struct bn_enrolled *e, const struct bn_course *course);

#define BN_ENROL_PARAMS                                                               \
    BN_TEXT("rule", "delta", "name of a rule (docs/science/plasticity.md), or terms such as " \
            "\"y*p - lambda*1*1*J\""),                                                \
    BN_CHOICE("post", "auto", "auto current rate", "signal of the postsynaptic neuron; auto: " \
              "the rule's own"),                                                      \
    BN_REAL("eta", "1", "0", 0, 1e6, "learning rate per presentation; 0: by eta_scale"),     \
    BN_REAL("eta_scale", "1", "0.2", 1e-12, 1e6, "learning rate as a share of 1/tr C, C the " \
            "covariance of the rates (of 1, if the rule divides by |p|^2 itself)"),    \
    BN_REAL("decay", "1", "0", 0, 1e9, "lambda: decay of the weights over learning rate, N " \
            "times lambda of `weights`; 0: by decay_scale"),                           \
    BN_REAL("decay_scale", "1", "0", 0, 1e6, "lambda as a share of the eigenvalue of C that " \
            "the first harmonic has in the mean field"),                              \
    BN_FLAG("velocity", "no", "learn velocity weights J', too"),                        \
    BN_REAL("eta_velocity", "1", "1", 1e-12, 1e6, "their learning rate, relative to eta"),    \
    BN_CHOICE("initial", "zero", "zero gaussian artifact", "weights to begin with"),       \
    BN_REAL("gain", "1", "0.5", 0, 1e3, "sd of gaussian initial weights x sqrt N"),         \
    BN_CHOICE("clamp", "full", "full soft nudged", "how the network is held in x*"),       \
    BN_REAL("clamp_gain", "1", "1", 0, 1e6, "of a soft clamp or of nudging (share at most 1)"), \
    BN_REAL("tau", "s", "0.05", 1e-4, 10, "time constant of the neurons"),                \
    BN_REAL("tau_mean", "s", "5", 1e-6, 1e9, "time constant of running averages"),          \
    BN_REAL("tau_trace", "s", "0.05", 1e-6, 1e9, "time constant of traces"),              \
    BN_REAL("tau_synapse", "s", "0", 0, 1e6, "low-pass of presynaptic rates; 0: none"),     \
    BN_REAL("y0", "1", "0", 0, 1e6, "rate or current that BCM aims at; 0: 1"),              \
    BN_REAL("noise", "1", "0", 0, 1e3, "private white noise in currents, per sqrt(tau); not " \
            "under a full clamp"),                                                    \
    BN_REAL("noise_rate", "1", "0", 0, 1e3, "sd added to presynaptic rates"),             \
    BN_REAL("homeostasis", "1", "0", 0, 1, "row gain per presentation and rate: J_ij *= 1 + " \
            "beta (r0 - mean rate)"),                                                 \
    BN_REAL("homeostasis_target", "1", "0", 0, 1e6, "r0; 0: each neuron's own mean"),       \
    BN_REAL("homeostasis_tau", "s", "5", 1e-6, 1e9, "time constant of the mean rate"),      \
    BN_CHOICE("dale", "none", "none projected multiplicative", "neurons excite or inhibit"), \
    BN_REAL("excitatory", "1", "0.8", 0, 1, "share of excitatory neurons under Dale's law"), \
    BN_REAL("bound", "1", "0", 0, 1e9, "soft bound on |J|; 0: none"),                     \
    BN_REAL("bound_power", "1", "1", 0, 16, "updates x (1 - |J|/bound)^power"),            \
    BN_REAL("weight_noise", "1", "0", 0, 1e6, "sd of each weight's random walk per square "  \
            "root of a presentation"),                                                \
    BN_REAL("density", "1", "1", 0, 1, "share of synapses that exist"),                  \
    BN_REAL("turnover", "1", "0", 0, 1, "probability per presentation that a synapse is "    \
            "replaced by one of weight 0"),                                           \
    BN_CHOICE("engine", "auto", "auto dense span", "how J is held; auto: the cheapest exact")

#endif
