/* SPDX-License-Identifier: MIT
 * Every reading function of h5.h, and the content digest, on any bytes.      */
#include "fuzz.h"

#include <basin/h5.h>
#include <basin/h5digest.h>

static void attributes(bn_h5 *f, const char *object)
{
    char **names;
    size_t n;
    bn_status rc = bn_h5_attributes(f, object, &names, &n);
    must_explain(rc);
    for (size_t i = 0; i < n && rc == BN_OK; i++) {
        char *text;
        double x;
        if (bn_h5_get_text(f, object, names[i], &text) == BN_OK)
            free(text);
        must_explain(bn_h5_get_real(f, object, names[i], &x));
    }
    if (rc == BN_OK)
        free(names);
}

static void dataset(bn_h5 *f, const char *name)
{
    struct bn_shape s = { 0 };
    const bn_status rc = bn_h5_shape(f, name, &s);
    must_explain(rc);
    (void)bn_h5_is_integer(f, name);
    if (bn_h5_is_text(f, name)) {
        char **texts;
        size_t n;
        const bn_status read = bn_h5_read_texts(f, name, &texts, &n);
        must_explain(read);
        for (size_t i = 0; i < n && read == BN_OK; i++)
            MUST(strlen(texts[i]) < (size_t)1 << 40);
        if (read == BN_OK)
            free(texts);
    }
    double *x, sum = 0.0;
    int64_t *k;
    size_t n;
    struct bn_mat m;
    if (bn_h5_read(f, name, &x, &n) == BN_OK) {
        for (size_t i = 0; i < n; i++)
            sum += x[i];
        free(x);
    }
    if (bn_h5_read_integers(f, name, &k, &n) == BN_OK)
        free(k);
    if (bn_h5_read_mat(f, name, &m) == BN_OK)
        bn_mat_free(&m);
    char *scale = NULL;
    for (int axis = 0; axis < s.rank && rc == BN_OK; axis++)
        if (bn_h5_axis_name(f, name, axis, &scale) == BN_OK)
            free(scale);
    double row[64];
    if (rc == BN_OK && s.rank > 0 && s.dim[0] > 0 && bn_shape_count(&s) / s.dim[0] <= 64)
        must_explain(bn_h5_read_rows(f, name, 0, 1, row));
    (void)sum;
}

static void walk(bn_h5 *f, const char *group, int depth)
{
    char **names, path[512];
    size_t n;
    attributes(f, group);
    const bn_status rc = bn_h5_members(f, group, &names, &n);
    must_explain(rc);
    for (size_t i = 0; i < n && i < 50 && rc == BN_OK; i++) {
        snprintf(path, sizeof path, "%s/%s", depth > 0 ? group : "", names[i]);
        const enum bn_h5_kind kind = bn_h5_kind(f, path);
        if (kind == BN_H5_GROUP && depth < 4)
            walk(f, path, depth + 1);
        if (kind == BN_H5_DATASET) {
            dataset(f, path);
            attributes(f, path);
            (void)bn_h5_same(f, path, "/a");
        }
    }
    if (rc == BN_OK)
        free(names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char hex[BN_HEX], again[BN_HEX];
    bn_h5 *f;
    const struct memory m = memory_open(data, size);
    const bn_status rc = bn_h5_digest(m.path, hex);
    must_explain(rc);
    if (rc == BN_OK) {
        MUST(bn_h5_digest(m.path, again) == BN_OK);
        MUST(strcmp(hex, again) == 0);
    }
    const bn_status opened = bn_h5_open(&f, m.path);
    must_explain(opened);
    if (opened == BN_OK) {
        walk(f, "/", 0);
        must_explain(bn_h5_close(f));
    }
    memory_close(&m);
    return 0;
}
