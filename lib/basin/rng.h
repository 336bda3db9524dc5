/* SPDX-License-Identifier: MIT
 * rng: counter-based random numbers, Philox4x64-10 of Random123 (Salmon, Moraes,
 * Dror & Shaw 2011).  Floor 2; the sole includer of Random123.
 *
 * A draw is a pure function of key (seed, stream) and counter (replicate, unit,
 * step): no hidden state, the same numbers for any number of threads and any
 * order of evaluation; adding a unit or a step does not change the others.  */
#ifndef BN_RNG_H
#define BN_RNG_H

#include <basin/err.h>

struct bn_rng {
    uint64_t seed;         /* root seed of the pipeline */
    uint64_t stream;       /* hash of the stream's name: bn_rng_stream() */
    uint64_t replicate;    /* which repetition of the whole computation */
};

/* 64-bit FNV-1a of the name: streams are told apart by name, not by number. */
uint64_t bn_rng_stream(const char *name);

/* A stream within a stream, for a stage that draws for several purposes. */
struct bn_rng bn_rng_sub(struct bn_rng r, const char *purpose);

/* out[i], i in [0, n): the uniforms in (0,1) or standard normals of `unit` at
 * steps first + i.  Element i depends on first + i alone, not on n.         */
void bn_rng_uniforms(struct bn_rng r, uint64_t unit, uint64_t first, double *out,
                     size_t n);
void bn_rng_normals(struct bn_rng r, uint64_t unit, uint64_t first, double *out,
                    size_t n);

/* Gamma with that shape > 0 and scale 1 of unit `unit` (Marsaglia & Tsang 2000); below a
 * shape of 1e-3 most are 0, below any number of this machine.                */
double bn_rng_gamma(struct bn_rng r, uint64_t unit, double shape);

/* A uniform permutation of 0 .. n-1 (Fisher-Yates, unbiased). */
void bn_rng_permutation(struct bn_rng r, uint64_t unit, size_t *p, size_t n);

/* The raw block, for known-answer tests. */
void bn_rng_block(const uint64_t counter[4], const uint64_t key[2], uint64_t out[4]);

#endif
