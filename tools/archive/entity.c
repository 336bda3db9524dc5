/* SPDX-License-Identifier: MIT */
#include "deposit.h"

#include <basin/mem.h>

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* --- entities ---------------------------------------------------------------- */

bool crate_has(const struct crate *c, const char *id)
{
    return json_object_get(c->ids, id) != NULL;
}

json_t *crate_entity(struct crate *c, const char *id, const char *types)
{
    json_t *e = json_object_get(c->ids, id);
    if (e != NULL)
        return e;
    e = json_object();
    json_t *list = json_array();
    for (const char *t = types; *t != '\0'; t += strspn(t, " ")) {
        const size_t n = strcspn(t, " ");
        json_array_append_new(list, json_stringn(t, n));
        t += n;
    }
    json_object_set_new(e, "@id", json_string(id));
    json_object_set(e, "@type", json_array_size(list) == 1 ? json_array_get(list, 0) : list);
    json_decref(list);
    json_array_append(c->graph, e);
    json_object_set_new(c->ids, id, e);
    return e;
}

void crate_text(json_t *entity, const char *key, const char *text)
{
    if (text != NULL && text[0] != '\0')
        json_object_set_new(entity, key, json_string(text));
}

void crate_format(json_t *entity, const char *key, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    json_object_set_new(entity, key, json_vsprintf(fmt, args));
    va_end(args);
}

void crate_refer(json_t *entity, const char *key, const char *id)
{
    json_t *old = json_object_get(entity, key), *ref = json_pack("{ss}", "@id", id);
    if (old == NULL) {
        json_object_set_new(entity, key, ref);
    } else if (json_is_array(old)) {
        json_array_append_new(old, ref);
    } else if (json_equal(old, ref)) {
        json_decref(ref);
    } else {
        json_t *both = json_array();
        json_array_append(both, old);
        json_array_append_new(both, ref);
        json_object_set_new(entity, key, both);
    }
}

char *crate_id(const char *fmt, ...)
{
    char *text = NULL, *id = NULL;
    size_t size;
    va_list args;
    va_start(args, fmt);
    json_t *plain = json_vsprintf(fmt, args);
    va_end(args);
    FILE *f = plain ? open_memstream(&text, &size) : NULL;
    const char *s = json_string_value(plain);
    for (size_t i = 0; f != NULL && s[i] != '\0'; i++) {
        const unsigned char b = (unsigned char)s[i];
        const bool first = i == 0 && b == '#';
        if (first || b >= 0x80 || isalnum(b) || strchr("-._~/=+,;@!$&'()*:", b) != NULL)
            fputc(b, f);
        else
            fprintf(f, "%%%02X", b);
    }
    if (f != NULL && fclose(f) == 0)
        id = text;
    else
        free(text);
    json_decref(plain);
    return id;
}

/* --- what they have in common -------------------------------------------------- */

const char *crate_media(const char *name)
{
    static const struct { const char *ending, *media; } known[] = {
        { ".h5", "application/x-hdf5" }, { ".nwb", "application/x-hdf5" },
        { ".pdf", "application/pdf" }, { ".svg", "image/svg+xml" }, { ".png", "image/png" },
        { ".json", "application/json" }, { ".tex", "application/x-tex" },
        { ".c", "text/x-csrc" }, { ".h", "text/x-chdr" }, { ".md", "text/markdown" },
        { ".cff", "application/yaml" }, { ".yml", "application/yaml" },
        { ".csv", "text/csv" }, { ".mat", "application/x-matlab-data" },
        { ".conf", "text/plain" }, { ".gp", "text/plain" }, { ".mk", "text/x-makefile" },
        { "Makefile", "text/x-makefile" },
    };
    const size_t n = strlen(name);
    for (size_t i = 0; i < BN_LEN(known); i++) {
        const size_t m = strlen(known[i].ending);
        if (n >= m && strcmp(name + n - m, known[i].ending) == 0)
            return known[i].media;
    }
    return "application/octet-stream";
}

void crate_size(json_t *entity, const struct item *item)
{
    const char *media = crate_media(item->name);
    char bytes[32];
    snprintf(bytes, sizeof bytes, "%zu", item->bytes);
    crate_text(entity, "contentSize", bytes);
    crate_text(entity, "sha256", item->sha256);
    crate_text(entity, "encodingFormat", media);
}

/* Units of the tables as terms of QUDT; what is not there has its text alone. */
void crate_unit(json_t *value, const char *unit)
{
    static const struct { const char *unit, *code; } known[] = {
        { "1", "UNITLESS" }, { "s", "SEC" }, { "ms", "MilliSEC" }, { "rad", "RAD" },
        { "degree", "DEG" }, { "Hz", "HZ" }, { "1/s", "PER-SEC" },
        { "rad/s", "RAD-PER-SEC" }, { "degree/s", "DEG-PER-SEC" },
        { "cm/s", "CentiM-PER-SEC" }, { "m/s", "M-PER-SEC" }, { "m", "M" },
        { "cm", "CentiM" }, { "MB", "MegaBYTE" }, { "byte", "BYTE" },
    };
    crate_text(value, "unitText", unit);
    for (size_t i = 0; i < BN_LEN(known); i++)
        if (strcmp(known[i].unit, unit) == 0)
            crate_format(value, "unitCode", "https://qudt.org/vocab/unit/%s", known[i].code);
}

void crate_license(struct crate *c, json_t *entity, const char *spdx)
{
    static const struct { const char *id, *name; } known[] = {
        { "MIT", "MIT License" }, { "BSD-2-Clause", "BSD 2-Clause License" },
        { "BSD-3-Clause", "BSD 3-Clause License" }, { "Apache-2.0", "Apache License 2.0" },
        { "GPL-2.0-or-later", "GNU General Public License, version 2 or later" },
        { "GPL-3.0-only", "GNU General Public License, version 3" },
        { "GPL-3.0-or-later", "GNU General Public License, version 3 or later" },
        { "CC-BY-4.0", "Creative Commons Attribution 4.0 International" },
        { "CC-BY-SA-4.0", "Creative Commons Attribution-ShareAlike 4.0 International" },
        { "CC0-1.0", "Creative Commons Zero 1.0 Universal" },
    };
    char *id = crate_id("https://spdx.org/licenses/%s", spdx);
    if (id == NULL)
        return;
    json_t *e = crate_entity(c, id, "CreativeWork");
    crate_text(e, "name", spdx);
    for (size_t i = 0; i < BN_LEN(known); i++)
        if (strcmp(known[i].id, spdx) == 0)
            crate_text(e, "name", known[i].name);
    crate_format(e, "description", "The license with the SPDX identifier %s", spdx);
    crate_refer(entity, "license", id);
    free(id);
}

const char *crate_address(const char *name, char buf[256])
{
    static const struct { const char *name, *url; } known[] = {
        { "make", "https://www.gnu.org/software/make/" }, { "gcc", "https://gcc.gnu.org/" },
        { "clang", "https://clang.llvm.org/" }, { "gnuplot", "http://www.gnuplot.info/" },
        { "pdftocairo", "https://poppler.freedesktop.org/" },
        { "hdf5", "https://www.hdfgroup.org/solutions/hdf5/" },
        { "lapacke", "https://netlib.org/lapack/lapacke.html" },
        { "openblas", "https://www.openblas.net/" }, { "fftw3", "https://www.fftw.org/" },
        { "libconfuse", "https://github.com/libconfuse/libconfuse" },
        { "udunits", "https://www.unidata.ucar.edu/software/udunits/" },
        { "jansson", "https://github.com/akheron/jansson" },
        { "libcrypto", "https://www.openssl.org/" },
        { "matio", "https://github.com/tbeu/matio" },
        { "arpack", "https://github.com/opencollab/arpack-ng" },
        { "sleef", "https://sleef.org/" },
        { "nlopt", "https://nlopt.readthedocs.io/" },
        { "gsl", "https://www.gnu.org/software/gsl/" },
    };
    for (size_t i = 0; i < BN_LEN(known); i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].url;
    snprintf(buf, 256, "https://packages.debian.org/search?keywords=%.200s", name);
    return buf;
}

void crate_software(struct crate *c, const char *id, const char *types, const char *name,
                    const char *version)
{
    char buf[256];
    if (crate_has(c, id))
        return;
    json_t *e = crate_entity(c, id, types);
    crate_text(e, "name", name);
    crate_text(e, "url", strncmp(id, "http", 4) == 0 ? id : crate_address(name, buf));
    crate_text(e, "version", version[0] ? version : "not recorded");
}
