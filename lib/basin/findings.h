/* SPDX-License-Identifier: MIT
 * findings: the groups of numbers that the stage `diagnosis` writes.  Floor 9.
 *
 * Each function computes one group, writes its datasets and its rows of /summary.  They
 * read parameters of the running stage; definitions: docs/science/diagnostics.md.  */
#ifndef BN_FINDINGS_H
#define BN_FINDINGS_H

#include <basin/diagnose.h>
#include <basin/stage.h>

/* The largest transverse real part at a number of angles, and at every second of them. */
struct bn_gap {
    double all, half;                    /* 1/tau */
};

/* Residual, drift, fixed points, diffusion, persistence, path integration, on
 * `drift_angles` angles.  velocity.n = 0: there is no J'.  Returns what the transverse
 * modes nearest to 0 say about the gap.                                      */
struct bn_gap bn_findings_flow(const struct bn_ring_network *net,
                               const struct bn_operator *velocity);

#define BN_FLOW_OUTPUTS                                                               \
    { "/residual", "", "1", "|x* - F| / |x*| over the manifold", 1e-9, 1e-4, false }, \
    { "/residual_centred", "", "1", "the same over |x* - mean x*|", 1e-9, 1e-4, false }, \
    { "/residual_max", "", "1", "largest |eps| / |x*| at one angle", 1e-9, 1e-4, false }, \
    { "/drift_angle", "drift_angle", "rad", "angles of the drift", 0, 0, false },         \
    { "/drift", "drift_angle", "rad", "drift along the ring per tau, by the adjoint mode", \
      1e-8, 1e-3, false },                                                           \
    { "/drift_projected", "drift_angle", "rad", "the cruder -x'.eps/|x'|^2", 1e-8, 1e-3, \
      false },                                                                       \
    { "/drift_rms", "", "rad", "root-mean-square drift per tau", 1e-8, 1e-3, false }, \
    { "/drift_max", "", "rad", "largest drift per tau", 1e-8, 1e-3, false },              \
    { "/fixed_angle", "fixed_point", "rad", "zeros of the drift", 1e-3, 0, false }, \
    { "/fixed_sign", "fixed_point", "1", "-1: stable, +1: unstable along the ring", 0, 0, \
      false },                                                                       \
    { "/fixed_slope", "fixed_point", "1", "slope of the drift there x tau", 1e-6, 1e-2, \
      false },                                                                       \
    { "/drift_tangent", "drift_angle", "1", "eigenvalue of the tangent mode x tau", 1e-6, 0, \
      false },                                                                       \
    { "/drift_transverse", "drift_angle", "1",                                         \
      "transverse eigenvalue nearest to 0 x tau, real part", 1e-6, 0, false },         \
    { "/diffusion", "drift_angle", "rad2", "diffusion of the angle per tau and sigma^2", \
      1e-9, 1e-4, false },                                                           \
    { "/diffusion_bound", "drift_angle", "rad2", "its lower bound 1/(2 |x'|^2)", 1e-12, \
      1e-6, false },                                                                 \
    { "/relaxation_shift", "drift_angle", "rad",                                       \
      "how far relaxing from x* moves the decoded angle", 1e-9, 1e-3, false },         \
    { "/velocity_gain", "drift_angle", "1", "speed along the ring per omega given", 1e-6, \
      1e-4, false },                                                                 \
    { "/speed_given", "speed", "rad", "angular velocities given, per tau", 0, 0, false }, \
    { "/speed", "speed", "rad", "mean speed over a turn per tau, by the theory", 1e-8, 1e-4, \
      false }

#define BN_FLOW_PARAMS                                                                \
    BN_INTEGER("drift_angles", "256", 16, 100000, "angles of the drift"),                 \
    BN_REAL("persistence_angle", "rad", "0.174532925199433", 1e-6, 3.2,                  \
            "angle whose loss ends a memory (10 degrees)"),                               \
    BN_REALS("speeds", "rad", "0.001 0.002 0.005 0.01 0.02 0.05 0.1 0.2 0.5", 1e-12, 100, \
             "angular velocities of the path integration, per tau; both signs")

/* On any manifold but the ring the same functions write these instead, at `drift_points`
 * points spread over the inside; units of coordinates are those of the tuning's /point.  */
#define BN_SURFACE_OUTPUTS                                                            \
    { "/sigma_c", "", "", "correlation length of the targets themselves", 1e-9, 1e-6, false }, \
    { "/drift_point", "place coordinate", "", "where: coordinates", 1e-12, 0, false },    \
    { "/drift_vector", "place dimension", "", "drift per tau by the adjoint modes, along " \
      "the tangent directions", 1e-8, 1e-3, false }, \
    { "/drift_vector_projected", "place dimension", "", "the cruder orthogonal projection", \
      1e-8, 1e-3, false }, \
    { "/drift_vector_window", "place dimension", "", "drift per tau between drift_from and " \
      "drift_until by linear response", 1e-8, 1e-3, false }, \
    { "/point_residual", "place", "1", "|eps| / |x* - mean x*|", 1e-9, 1e-4, false },     \
    { "/point_residual_active", "place", "1", "eps of the cells above threshold alone, " \
      "over the same", 1e-9, 1e-4, false }, \
    { "/point_active", "place", "1", "cells above threshold", 0, 0, false },            \
    { "/point_tangent", "place dimension", "1", "eigenvalues of the tangent modes x tau", \
      1e-6, 0, false }, \
    { "/point_tangent_imag", "place dimension", "1", "imaginary part", 1e-6, 0, false }, \
    { "/point_divergence", "place", "1", "divergence of the drift x tau", 1e-6, 0, false }, \
    { "/point_overlap", "place", "1", "cosine of the largest angle between the tangent " \
      "plane and the modes", 1e-4, 0, false }, \
    { "/point_transverse", "place", "1",                                               \
      "transverse eigenvalue nearest to 0 x tau, real part", 1e-6, 0, false }, \
    { "/point_diffusion", "place entry", "", "diffusion matrix per tau and sigma^2, row " \
      "by row", 1e-9, 1e-4, false }, \
    { "/potential", "place", "", "one dimension: U = -int v dx, v of the window, per tau", \
      1e-8, 1e-3, false }, \
    { "/rest_position", "rest", "", "one dimension: zeros of the drift, and walls that hold", \
      1e-3, 0, false }, \
    { "/rest_sign", "rest", "1", "-1: stable, +1: unstable", 0, 0, false }, \
    { "/rest_slope", "rest", "1", "slope of the drift there x tau; 0 at a wall", 1e-6, 1e-2, \
      false }, \
    { "/rest_barrier", "rest", "", "rise of U from a stable one to the next unstable one, the " \
      "lower side, per tau", 1e-8, 1e-2, false }, \
    { "/wall_from", "wall_bin", "1", "distance to the nearest wall / sigma_c from which on", 0, \
      0, false }, \
    { "/wall_points", "wall_bin", "1", "drift points there", 0, 0, false }, \
    { "/wall_residual", "wall_bin", "1", "rms of /point_residual there", 1e-9, 1e-4, false }, \
    { "/wall_drift", "wall_bin", "", "rms drift per tau there", 1e-8, 1e-3, false }, \
    { "/wall_inward", "wall_bin", "1", "mean sign of the drift away from that wall", 1e-6, 0, \
      false }, \
    { "/jacobian_point", "jacobian_angle coordinate", "", "points of the Jacobians", 1e-12, 0, \
      false }

#define BN_SURFACE_PARAMS                                                             \
    BN_INTEGER("drift_points", "256", 4, 1000000, "points of the drift where it is no ring"), \
    BN_REAL("drift_from", "1", "5", 0, 1e6, "drift over a window of time: from, in tau"), \
    BN_REAL("drift_until", "1", "25", 1e-3, 1e6, "until, in tau")

/* /sigma_c; net->harmonics must be there. */
double bn_findings_length(const struct bn_ring_network *net);

/* Jacobians on `jacobian_angles` angles, and with them the gap; near: from
 * bn_findings_flow().                                                       */
void bn_findings_jacobians(const struct bn_ring_network *net, struct bn_gap near);

#define BN_JACOBIAN_OUTPUTS                                                           \
    { "/jacobian_angle", "jacobian_angle", "rad", "angles of the Jacobians", 0, 0, false }, \
    { "/jacobian_real", "jacobian_angle mode", "1", "leading eigenvalues x tau, real part", \
      1e-6, 0, false },                                                              \
    { "/jacobian_imag", "jacobian_angle mode", "1", "imaginary part", 1e-6, 0, false }, \
    { "/tangent", "jacobian_angle", "1", "eigenvalue of the tangent mode x tau", 1e-6, 0, \
      false },                                                                       \
    { "/tangent_overlap", "jacobian_angle", "1", "overlap of its eigenvector with x*'", \
      1e-4, 0, false },                                                              \
    { "/transverse", "jacobian_angle", "1", "largest other eigenvalue x tau", 1e-6, 0, \
      false },                                                                       \
    { "/gap_ring", "", "1", "the gap of the whole ring, or manifold: largest transverse real " \
      "part x tau at any of the drift and Jacobian points; < 0 is stable", 1e-6, 0, false }, \
    { "/gap", "", "1", "the same at the few Jacobian points alone, which may miss the worst", \
      1e-6, 0, false }

#define BN_JACOBIAN_PARAMS                                                            \
    BN_INTEGER("jacobian_angles", "8", 1, 10000, "angles, or points, of the Jacobians"), \
    BN_INTEGER("jacobian_modes", "6", 2, 200, "leading eigenvalues of each")

/* Eigenvalues and singular values of J; its doublets (elsewhere: multiplets by shells of equal
 * eigenvalue of the Laplacian) beside their prediction; dimensions of the manifold.  phi:
 * coefficients of the rates; angles: grid points of the tuning.                */
void bn_findings_spectrum(const struct bn_ring_network *net, const struct bn_mat *phi,
                          size_t angles, double lambda);

#define BN_SPECTRUM_OUTPUTS                                                           \
    { "/eigenvalue_real", "eigenvalue", "1", "eigenvalues of J, largest modulus first", \
      1e-6, 0, false },                                                              \
    { "/eigenvalue_imag", "eigenvalue", "1", "imaginary part", 1e-6, 0, false },           \
    { "/singular", "singular_value", "1", "singular values of J", 1e-9, 1e-6, false }, \
    { "/predicted", "harmonic", "1", "predicted eigenvalue of each harmonic", 1e-9, 0, \
      false },                                                                       \
    { "/harmonic", "harmonic", "1", "0: singlet; n >= 1: doublet", 0, 0, false },          \
    { "/doublet_harmonic", "doublet", "1", "harmonics whose eigenvalues were found", 0, 0, \
      false },                                                                       \
    { "/doublet_real", "doublet member", "1",                                          \
      "eigenvalues of J by the harmonic of their vectors; the singlet twice", 1e-6, 0, false }, \
    { "/doublet_imag", "doublet member", "1", "imaginary part", 1e-6, 0, false },          \
    { "/doublet_overlap", "doublet", "1", "overlap of their vectors with the harmonic", 1e-4, \
      0, false },                                                                    \
    { "/shell_laplacian", "shell", "", "elsewhere: eigenvalue of minus the Laplacian", 1e-9, 0, \
      false },                                                                       \
    { "/shell_size", "shell", "1", "functions that share it: the multiplicity", 0, 0, false }, \
    { "/shell_predicted", "shell", "1", "predicted eigenvalue of J", 1e-9, 1e-6, false }, \
    { "/shell_found", "shell", "1", "eigenvalues of J whose vectors belong there", 0, 0, \
      false },                                                                       \
    { "/shell_mean", "shell", "1", "mean of their real parts; 0 if there are none", 1e-6, 0, \
      false },                                                                       \
    { "/multiplet_real", "multiplet", "1", "eigenvalues of J, largest modulus first", 1e-6, 0, \
      false },                                                                       \
    { "/multiplet_imag", "multiplet", "1", "imaginary part", 1e-6, 0, false },             \
    { "/multiplet_shell", "multiplet", "1", "shell of each; -1: of none", 0, 0, false }, \
    { "/multiplet_overlap", "multiplet", "1", "length of its vector's projection on it", 1e-4, \
      0, false },                                                                    \
    { "/kernel", "kernel_rank", "1", "eigenvalues of the rates' kernel Phi^T Phi/(N M)", \
      1e-12, 1e-6, false }

#define BN_SPECTRUM_PARAMS                                                            \
    BN_CHOICE("spectrum", "auto", "auto full leading",                                  \
              "eigenvalues of J: all, or the leading ones; auto: all up to 1200 neurons"), \
    BN_INTEGER("eigenvalues", "60", 4, 1000, "how many, if leading")

/* The mean profile of J on the ring; a sample of J as neurons come and by `order`.
 * preferred may be NULL off the ring.                                       */
void bn_findings_profile(const struct bn_ring_network *net, const struct bn_mat *phi,
                         size_t angles, const double *preferred, const size_t *order,
                         double lambda);

#define BN_PROFILE_OUTPUTS                                                            \
    { "/profile_angle", "profile_angle", "rad", "difference of preferred angles", 0, 0, false }, \
    { "/profile", "profile_angle", "1", "N J averaged over pairs", 1e-9, 1e-6, false }, \
    { "/profile_predicted", "profile_angle", "1", "Jbar from the aligned means", 1e-9, 1e-6, \
      false }, \
    { "/hat", "profile_angle", "1", "mean-field profile: the Mexican hat", 1e-9, 1e-6, false }, \
    { "/sample_unsorted", "row column", "1", "N J of up to 400 neurons, arbitrary order", 1e-9, \
      1e-6, false }, \
    { "/sample_sorted", "row column", "1", "the same, sorted by preferred angle", 1e-9, 1e-6, \
      false }

#endif
