/* SPDX-License-Identifier: MIT
 * betti: how many holes does a cloud of points have?  Floor 4.
 *
 * Bars are computed from landmarks.  A bar of dimension k counts if it is longer than
 *  - twice the cover, the largest distance from a point of the cloud to its landmark: then it
 *    belongs to the cloud, not to the choice of landmarks.  (With c the cover, the complex of
 *    the landmarks at t maps into that of the cloud at t, which maps into that of the
 *    landmarks at t + 2 c, each point to its landmark: a class that outlives 2 c is not
 *    lost on the way.)
 *  - the longest bar of dimension k in each of the surrogates, Gaussian clouds with the same
 *    covariance and as many points and landmarks, through the same metric: then it is more
 *    than covariance and chance.  With s surrogates, chance alone passes with probability
 *    1/(s + 1) per dimension.
 * One component is there always.                                             */
#ifndef BN_BETTI_H
#define BN_BETTI_H

#include <basin/cloud.h>
#include <basin/homology.h>

struct bn_betti_how {
    enum bn_metric metric;
    size_t neighbours;                   /* BN_GEODESIC */
    size_t landmarks;                    /* at most as many as there are points */
    int top;                             /* highest dimension */
    double radius;                       /* INFINITY: to the enclosing radius */
    size_t bytes;                        /* homology.h; for each of the clouds */
    size_t surrogates;
};

struct bn_betti {
    struct bn_homology bars;
    size_t landmarks, *index;            /* points */
    double cover;
    struct bn_mat longest;               /* [surrogates, top + 1] */
    double bound[BN_HOMOLOGY_TOP + 1];
    size_t betti[BN_HOMOLOGY_TOP + 1];
    double separation[BN_HOMOLOGY_TOP + 1];      /* shortest bar that counts over the bound;
                                            0 if none does */
};
/* Length of a bar; if it is alive at the last radius, until there. */
double bn_bar_length(const struct bn_bar *bar, double radius);

/* Points x [P, D] along principal components, whose variances the surrogates have. */
BN_MUST_USE bn_status bn_betti(const struct bn_mat *x, const struct bn_betti_how *how,
                               struct bn_rng rng, struct bn_betti *b);
void bn_betti_free(struct bn_betti *b);  /* accepts an empty one */

#endif
