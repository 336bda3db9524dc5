/* SPDX-License-Identifier: MIT
 * nwb: find and read series, units and intervals of an NWB 2.x file.  Floor 4.
 *
 * Objects are found by their attribute neurodata_type, never by name, in
 * /acquisition, /processing, /analysis and /scratch; /specifications (hundreds of
 * kilobytes of JSON) is never opened.  Times are seconds of the file's own clock.
 * Every message names the file, the object and, where something is missing, what
 * there is instead.                                                             */
#ifndef BN_NWB_H
#define BN_NWB_H

#include <basin/h5.h>
#include <basin/spikes.h>

/* BN_INPUT: no HDF5 file, not NWB, or nwb_version below 2. */
BN_MUST_USE bn_status bn_nwb_open(bn_h5 **f, const char *path);
/* Is this open HDF5 file an NWB file, of whatever version? */
bool bn_nwb_is(bn_h5 *f);

/* --- series --------------------------------------------------------------- */
struct bn_nwb_series {
    size_t n, width;                     /* samples, numbers per sample: (T) and (T,1) are 1 */
    double *time;                        /* timestamps, or starting_time + k / rate */
    double *data;                        /* data * conversion + offset */
    double conversion;
    char *unit;                          /* as the file spells it */
};
void bn_nwb_series_free(struct bn_nwb_series *s);
BN_MUST_USE bn_status bn_nwb_series_read(bn_h5 *f, const char *path,
                                         struct bn_nwb_series *s);

/* Path (free it) of the head direction: `name` is a path or the last part of one, or
 * "" for the only SpatialSeries in a CompassDirection; if there is none, the only
 * SpatialSeries of one number per sample.  BN_INPUT lists the series there are.     */
BN_MUST_USE bn_status bn_nwb_find_angle(bn_h5 *f, const char *name, char **path);
/* The same for the only SpatialSeries of two or three numbers, one in a Position
 * preferred; if there is none, of one number in a Position.                          */
BN_MUST_USE bn_status bn_nwb_find_position(bn_h5 *f, const char *name, char **path);

/* Factor from the values of a position series to cm.  BN_INPUT for units that are no
 * length (pixels).  A conversion of 0.01 with the unit centimeters is the conversion
 * of stored centimetres to metres, not to hundredths of a centimetre.              */
BN_MUST_USE bn_status bn_nwb_centimetres(const struct bn_nwb_series *s, double *factor);
/* The same without a change of unit: the factor is 1, or 100 for stored centimetres read as
 * such, and `unit` (static, or s->unit) is m, cm, mm, px or what the file says.       */
const char *bn_nwb_length(const struct bn_nwb_series *s, double *factor);

/* --- units ---------------------------------------------------------------- */
/* Spike times of the units whose `column` equals `value`: a number (true and false
 * for flags) or a text, upper and lower case alike; column "" takes all.  BN_INPUT
 * lists the columns, or the values that the column has.                            */
BN_MUST_USE bn_status bn_nwb_units(bn_h5 *f, const char *column, const char *value,
                                   struct bn_trains *trains);

/* --- intervals ------------------------------------------------------------ */
/* Intervals of /intervals tagged `tag` (ragged or flat tags), or all rows of the table
 * named `tag`.  BN_INPUT lists tags and tables.                                      */
BN_MUST_USE bn_status bn_nwb_spans(bn_h5 *f, const char *tag, struct bn_spans *spans);
/* Is there such a tag or table? */
BN_MUST_USE bn_status bn_nwb_has_epoch(bn_h5 *f, const char *tag, bool *found);

#endif
