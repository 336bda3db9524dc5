/* SPDX-License-Identifier: MIT
 * session: one recorded file of any format, as track, spikes and epoch, or as
 * finished tuning curves.  Floor 6.
 *
 * nwb      NWB 2.x: head direction or position, units, intervals
 * mat      MATLAB v5 to v7.3: variables named by the caller
 * csv      finished curves: a column theta and one column per cell, or without a
 *          header one row per cell
 * curves   finished curves in an HDF5 file: [cell, angle] or [cell, 2, angle]   */
#ifndef BN_SESSION_H
#define BN_SESSION_H

#include <basin/spikes.h>
#include <basin/trail.h>

struct bn_source {
    const char *path;
    const char *format;                  /* auto, nwb, mat, csv, curves */
    const char *series, *position;       /* NWB series; "": the only one */
    const char *angle_unit;              /* auto, radians, degrees */
    const char *column, *value;          /* units to take; "": all */
    const char *epoch;                   /* tag; "": everything; auto: wake_square or all */
    const char *curves;                  /* dataset, or MATLAB variable [angle, cell] */
    const char *mat_time, *mat_angle, *mat_spikes;
    size_t layer;                        /* of [angle, cell, layer]; 0: the last */
    bool speed;                          /* the track's speed is wanted */
    bool place;                          /* positions are wanted, not a head direction */
};

struct bn_session {
    struct bn_track track;               /* place: its angle is 0, or NaN where lost */
    struct bn_trail trail;               /* place only: n > 0 */
    struct bn_trains trains;
    struct bn_spans spans;               /* merged, within the track */
    double *curves;                      /* [cell, angle] Hz, or NULL */
    size_t cells, angles;
    char notes[2048];                    /* what a person should know, a sentence a line */
};
void bn_session_free(struct bn_session *s);

/* BN_INPUT or BN_USAGE (a parameter's fault) with the file's name. */
BN_MUST_USE bn_status bn_session_read(const struct bn_source *source, struct bn_session *s);

#endif
