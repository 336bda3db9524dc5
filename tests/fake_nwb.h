/* SPDX-License-Identifier: MIT
 * Small NWB files for tests: a head that turns, and cells whose rates are known.  */
#ifndef FAKE_NWB_H
#define FAKE_NWB_H

#include "test.h"

#include <basin/h5.h>
#include <basin/mem.h>
#include <basin/rng.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BASIN_DATA_DEFAULT "../shared/data"
#define FAKE_TURN 6.283185307179586
#define FAKE_ANGLE "/processing/behavior/CompassDirection/head-direction"
#define FAKE_POSITION "/processing/behavior/Position/position"

enum { FAKE_UNITS = 5, FAKE_SAMPLES = 24000 };
static const double FAKE_STEP = 0.025, FAKE_BEGIN = 50.0;     /* 600 s at 40 Hz */

/* Unit 4 never fires; unit 3 is tuned to a cosine, the others to von Mises hills. */
static inline double fake_rate(size_t unit, double angle)
{
    if (unit == 4)
        return 0.0;
    if (unit == 3)
        return 12.0 * (1.0 + 0.6 * cos(angle - 5.0));
    return 20.0 * exp(3.0 * (cos(angle - 1.5 * (double)unit) - 1.0));
}

static inline void fake_type(bn_h5 *f, const char *group, const char *type)
{
    assert_ok(bn_h5_group(f, group));
    assert_ok(bn_h5_put_text(f, group, "neurodata_type", type));
}

static inline bn_h5 *fake_begin(const char *path, const char *version)
{
    static const char *const groups[] = { "/acquisition", "/intervals", "/processing",
                                          "/processing/behavior" };
    bn_h5 *f;
    assert_ok(bn_h5_create(&f, path));
    assert_ok(bn_h5_put_text(f, "/", "neurodata_type", "NWBFile"));
    assert_ok(bn_h5_put_text(f, "/", "nwb_version", version));
    for (size_t i = 0; i < BN_LEN(groups); i++)
        assert_ok(bn_h5_group(f, groups[i]));
    return f;
}

static inline void fake_series(bn_h5 *f, const char *path, const char *type,
                               const double *data, size_t rows, size_t width,
                               const char *unit)
{
    char name[256];
    const struct bn_shape shape = width == 0 ? bn_shape1(rows) : bn_shape2(rows, width);
    fake_type(f, path, type);
    snprintf(name, sizeof name, "%s/data", path);
    assert_ok(bn_h5_write(f, name, BN_H5_F64, &shape, data, false));
    assert_ok(bn_h5_put_text(f, name, "unit", unit));
}

static inline void fake_times(bn_h5 *f, const char *path, const double *time, size_t n)
{
    char name[256];
    const struct bn_shape shape = bn_shape1(n);
    snprintf(name, sizeof name, "%s/timestamps", path);
    assert_ok(bn_h5_write(f, name, BN_H5_F64, &shape, time, false));
}

static inline void fake_units(bn_h5 *f, const double *time, size_t spikes,
                              const int64_t *end, size_t units)
{
    const struct bn_shape many = bn_shape1(spikes), few = bn_shape1(units);
    fake_type(f, "/units", "Units");
    assert_ok(bn_h5_write(f, "/units/spike_times", BN_H5_F64, &many, time, false));
    assert_ok(bn_h5_write(f, "/units/spike_times_index", BN_H5_I64, &few, end, false));
}

/* Rows of `table`; ends NULL: flat tags, one per row. */
static inline void fake_intervals(bn_h5 *f, const char *table, const double *start,
                                  const double *stop, size_t rows,
                                  const char *const *tags, size_t n_tags,
                                  const int64_t *ends)
{
    char name[256];
    const struct bn_shape shape = bn_shape1(rows);
    fake_type(f, table, "TimeIntervals");
    snprintf(name, sizeof name, "%s/start_time", table);
    assert_ok(bn_h5_write(f, name, BN_H5_F64, &shape, start, false));
    snprintf(name, sizeof name, "%s/stop_time", table);
    assert_ok(bn_h5_write(f, name, BN_H5_F64, &shape, stop, false));
    snprintf(name, sizeof name, "%s/tags", table);
    if (n_tags > 0)
        assert_ok(bn_h5_write_texts(f, name, tags, n_tags));
    snprintf(name, sizeof name, "%s/tags_index", table);
    if (ends != NULL)
        assert_ok(bn_h5_write(f, name, BN_H5_I64, &shape, ends, false));
}

struct fake {
    double *time, *angle, *spikes;
    size_t n_spikes;
    int64_t end[FAKE_UNITS];
};

static inline struct fake fake_make(void)
{
    static const struct bn_rng rng = { .seed = 3, .stream = 11 };
    struct fake k = { .time = bn_alloc(FAKE_SAMPLES, 8),
                      .angle = bn_alloc(FAKE_SAMPLES, 8),
                      .spikes = bn_alloc(FAKE_UNITS * FAKE_SAMPLES, 8) };
    double *u = bn_alloc(2 * FAKE_SAMPLES, sizeof *u), at = 0.0;

    assert_true(k.time != NULL && k.angle != NULL && k.spikes != NULL && u != NULL);
    bn_rng_normals(rng, 0, 0, u, FAKE_SAMPLES);
    for (size_t i = 0; i < FAKE_SAMPLES; i++) {
        k.time[i] = FAKE_BEGIN + (double)i * FAKE_STEP;
        k.angle[i] = at = fmod(at + 0.02 + 0.08 * u[i] + FAKE_TURN, FAKE_TURN);
    }
    for (size_t i = 0; i < FAKE_UNITS; i++) {
        bn_rng_uniforms(rng, i + 1, 0, u, 2 * FAKE_SAMPLES);
        for (size_t j = 0; j < FAKE_SAMPLES; j++)
            if (u[2 * j] < fake_rate(i, k.angle[j]) * FAKE_STEP)
                k.spikes[k.n_spikes++] = k.time[j] + u[2 * j + 1] * FAKE_STEP;
        k.end[i] = (int64_t)k.n_spikes;
    }
    free(u);
    return k;
}

static inline void fake_free(struct fake *k)
{
    free(k->time), free(k->angle), free(k->spikes);
}

/* A whole file.  `factor` scales the angles, `unit` is what the file says. */
static inline void fake_file(const char *path, const struct fake *k, double factor,
                             const char *unit)
{
    static const char *const tags[] = { "wake", "wake_square", "sleep" };
    static const int64_t ends[] = { 2, 3 };
    static const char *const area[] = { "ADn", "ADn", "PoSub", "ADn", "PoSub" };
    static const uint8_t hd[] = { 1, 1, 1, 1, 0 };
    const double start[] = { 100.0, 550.0 }, stop[] = { 500.0, 600.0 };
    const struct bn_shape units = bn_shape1(FAKE_UNITS);
    double *scaled = bn_alloc(2 * FAKE_SAMPLES, sizeof *scaled);
    bn_h5 *f = fake_begin(path, "2.4.0");

    assert_non_null(scaled);
    for (size_t i = 0; i < FAKE_SAMPLES; i++)
        scaled[i] = factor * k->angle[i];
    fake_type(f, "/processing/behavior/CompassDirection", "CompassDirection");
    fake_series(f, FAKE_ANGLE, "SpatialSeries", scaled, FAKE_SAMPLES, 0, unit);
    fake_times(f, FAKE_ANGLE, k->time, FAKE_SAMPLES);
    for (size_t i = 0; i < FAKE_SAMPLES; i++)       /* rests for the last quarter */
        scaled[2 * i] = i < FAKE_SAMPLES / 4 * 3 ? 10.0 * k->time[i] : 0.0,
                   scaled[2 * i + 1] = 0;
    fake_type(f, "/processing/behavior/Position", "Position");
    fake_series(f, FAKE_POSITION, "SpatialSeries", scaled, FAKE_SAMPLES, 2,
                "centimeters");
    fake_times(f, FAKE_POSITION, k->time, FAKE_SAMPLES);
    fake_units(f, k->spikes, k->n_spikes, k->end, FAKE_UNITS);
    assert_ok(bn_h5_write_texts(f, "/units/location", area, FAKE_UNITS));
    assert_ok(bn_h5_write(f, "/units/is_head_direction", BN_H5_U8, &units, hd, false));
    fake_intervals(f, "/intervals/epochs", start, stop, 2, tags, 3, ends);
    assert_ok(bn_h5_close(f));
    free(scaled);
}

/* The folder of recordings, or NULL with the word that the tests owe. */
static inline const char *recordings(void)
{
    const char *data = getenv("BASIN_DATA");
    char file[1024];
    if (data == NULL || data[0] == '\0')
        data = BASIN_DATA_DEFAULT;
    snprintf(file, sizeof file, "%s/mouse28-140313.nwb", data);
    if (access(file, R_OK) == 0)
        return data;
    printf("skipped: no recordings in %s\n", data);
    return NULL;
}

#endif
