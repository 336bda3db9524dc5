/* SPDX-License-Identifier: MIT
 * trials: the simulations of the stage `diagnosis`.  Floor 10.
 *
 * Computes, writes datasets and rows of /summary like findings.h, if the parameter
 * `simulate` says so; definitions: docs/science/diagnostics.md.              */
#ifndef BN_TRIALS_H
#define BN_TRIALS_H

#include <basin/diagnose.h>
#include <basin/stage.h>

/* velocity.n = 0: there is no J', and path integration is left out. */
void bn_trials_run(const struct bn_ring_network *net, const struct bn_operator *velocity);

#define BN_TRIAL_OUTPUTS                                                              \
    { "/simulated_angle", "simulated_angle", "rad", "angles of the simulated drift", 1e-6, \
      0, false },                                                                     \
    { "/simulated_drift", "simulated_angle", "rad", "simulated drift per tau", 1e-8, 1e-3, \
      false },                                                                       \
    { "/simulated_adjoint", "simulated_angle", "rad", "drift by the adjoint mode there", 1e-8, \
      1e-3, false },                                                                 \
    { "/memory_time", "memory_time", "1", "times of the memory error / tau", 0, 0, false }, \
    { "/memory_mean", "memory_time", "rad", "mean memory error over the angles", 1e-6, 1e-3, \
      false },                                                                       \
    { "/memory_max", "memory_time", "rad", "largest memory error", 1e-6, 1e-3, false }, \
    { "/end_angle", "end_state", "rad", "angles after the last of these times", 1e-3, 0, \
      false },                                                                       \
    { "/newton_angle", "newton_point", "rad", "angles of fixed points found by Newton", 1e-6, \
      0, false },                                                                    \
    { "/newton_eigenvalue", "newton_point", "1", "largest real part of A there x tau", 1e-6, \
      1e-4, false },                                                                 \
    { "/newton_positive", "newton_point", "1", "eigenvalues of positive real part there (at " \
      "most 5 are counted)", 0, 0, false }, \
    { "/newton_distance", "newton_point", "1", "root-mean-square distance from the manifold " \
      "per neuron", 1e-6, 1e-4, false },                                              \
    { "/slow_angle", "slow_point", "rad", "angles of minima of q = |F|^2/2", 1e-3, 0, false }, \
    { "/slow_q", "slow_point", "1", "q there", 1e-12, 1e-2, false },                     \
    { "/exponent_angle", "exponent_angle", "rad", "where exponents start", 0, 0, false }, \
    { "/exponent", "exponent_angle exponent_rank", "1", "two leading Lyapunov exponents x tau", \
      1e-5, 1e-2, false },                                                            \
    { "/speed_simulated", "speed", "rad", "simulated mean speed per tau", 1e-6, 1e-3, false }, \
    { "/far_sd", "far_start", "1", "standard deviation of far starts", 0, 0, false }, \
    { "/far_angle", "far_start", "rad", "angles where they end", 1e-3, 0, false }, \
    { "/far_distance", "far_start", "1", "root-mean-square distance per neuron of their ends " \
      "from the manifold", 1e-6, 1e-3, false }

/* On any manifold but the ring these instead; the starts are `trial_angles` points spread over
 * its inside, near is sigma_c/2.                                              */
#define BN_ROAM_OUTPUTS                                                               \
    { "/simulated_point", "simulated_place coordinate", "", "points of the simulated drift", \
      1e-6, 0, false }, \
    { "/simulated_vector", "simulated_place dimension", "", "simulated drift per tau between " \
      "drift_from and drift_until", 1e-8, 1e-3, false }, \
    { "/simulated_vector_response", "simulated_place dimension", "", \
      "the same by linear response", 1e-8, 1e-3, false },                               \
    { "/persistence_time", "persistence_time", "1", "times T of the persistence / tau", 0, 0, \
      false }, \
    { "/persistence", "persistence_time", "1", "share S(T) of starts that moved less than " \
      "sigma_c/2", 1e-2, 0, false }, \
    { "/persistence_median", "persistence_time", "", "median distance moved", 1e-4, 1e-2, \
      false }, \
    { "/start_point", "start coordinate", "", "where the starts are", 1e-12, 0, false }, \
    { "/start_end", "start coordinate", "", "where they are after the last T", 1e-3, 0, \
      false }, \
    { "/start_moved", "start persistence_time", "", "distance moved by each", 1e-3, 1e-2, \
      false }, \
    { "/start_group", "start", "1", "end state that each comes to", 0, 0, false }, \
    { "/end_point", "end_state coordinate", "", "end states: where the first that came is", \
      1e-3, 0, false }, \
    { "/end_share", "end_state", "1", "share of the starts that came to it", 1e-2, 0, false }, \
    { "/capture_noise", "capture_noise", "1", "noise of far starts / spread of the targets", \
      0, 0, false }, \
    { "/captured", "capture_noise", "1", "share that is within sigma_c of its start later", \
      1e-2, 0, false }, \
    { "/capture_left", "capture_noise", "1", "distance from the manifold then over that at " \
      "the start, mean", 1e-4, 1e-2, false }, \
    { "/wall_start_from", "wall_start_bin", "1", "distance of starts to the nearest wall / " \
      "sigma_c from which on", 0, 0, false }, \
    { "/wall_persistence", "wall_start_bin persistence_time", "1", "S(T) of these starts", \
      1e-2, 0, false }

#define BN_ROAM_PARAMS                                                                \
    BN_REALS("capture_noises", "1", "0.1 0.2 0.5 1", 1e-6, 1e3, \
             "lengths of the noise of far starts, in spreads of the targets"), \
    BN_REAL("capture_time", "1", "20", 1e-2, 1e6, "time that they have to come back, in tau")

#define BN_TRIAL_PARAMS                                                               \
    BN_FLAG("simulate", "no", "measure drift, memory, diffusion ... by simulations, too"), \
    BN_REAL("trial_dt", "1", "0.1", 1e-4, 1, "Euler step of the simulations, in tau"), \
    BN_INTEGER("trial_angles", "128", 8, 100000,                                             \
               "starting angles, or points, of drift and memory"), \
    BN_REAL("relax_time", "1", "10", 0, 1e6, "relaxation before a measurement, in tau"), \
    BN_REAL("drift_time", "1", "2", 1e-3, 1e6, "time over which the drift is measured"), \
    BN_REALS("memory_times", "1", "1 10 100 1000", 1e-3, 1e7, "times of the memory error"), \
    BN_INTEGER("diffusion_angles", "32", 1, 100000, "starting angles of the diffusion"), \
    BN_INTEGER("diffusion_runs", "32", 2, 1000000, "noisy runs from each"), \
    BN_REAL("diffusion_time", "1", "20", 1e-2, 1e6, "length of a noisy run, in tau"), \
    BN_REAL("diffusion_noise", "1", "0.01", 1e-12, 1e3, "sigma of private white noise"), \
    BN_INTEGER("exponent_angles", "8", 1, 10000, "angles of the Lyapunov exponents"), \
    BN_REAL("exponent_time", "1", "60", 1, 1e6, "time of each, in tau"), \
    BN_REAL("integration_time", "1", "500", 1, 1e7, "time of path integration, in tau"), \
    BN_INTEGER("newton_steps", "60", 1, 10000, "steps of a search for a fixed point"), \
    BN_REAL("merge", "1", "1e-3", 1e-12, 1, "states nearer than this times |x| are one"), \
    BN_INTEGER("slow_starts", "16", 1, 100000, "searches for slow points"), \
    BN_REALS("far_sds", "1", "1 10 100 1000", 0, 1e9, "standard deviations of far starts"), \
    BN_INTEGER("far_starts", "8", 1, 100000, "starts of each"), \
    BN_REAL("far_time", "1", "400", 1, 1e7, "time that they have to come back, in tau"), \
    BN_REAL("far_distance", "1", "0.1", 1e-9, 10, "farther from the ring than this times " \
            "its spread is not back")

#endif
