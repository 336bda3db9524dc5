/* SPDX-License-Identifier: MIT
 * A LaTeX document from anywhere, and the names, units and numbers that are written for
 * one.  The first byte says which.                                           */
#include "fuzz.h"

#include <basin/latex.h>

#include <math.h>

#include "../../tools/basin/document.h"

static void read_document(const uint8_t *data, size_t size)
{
    const struct memory m = memory_open(data, size);
    struct document d;
    const bn_status rc = document_read(&d, m.path, "/nowhere");
    must_explain(rc);
    const char *name;
    json_t *place;
    json_object_foreach(d.figures, name, place)
        free(document_figure(&d, name, "/nowhere"));
    json_object_foreach(d.macros, name, place)
        MUST(strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
             strlen(name));
    document_free(&d);
    memory_close(&m);
}

static void write_unit(const char *text)
{
    char *latex, *declared;
    const bn_status rc = bn_latex_unit(text, &latex, &declared);
    must_explain(rc);
    if (rc != BN_OK)
        return;
    for (const char *c = latex; *c != '\0'; c++)     /* no way out of the argument */
        MUST(strchr("\\{}0123456789", *c) != NULL || (*c >= 'a' && *c <= 'z') ||
             (*c >= 'A' && *c <= 'Z'));
    free(latex);
    free(declared);
}

static void write_number(const uint8_t *data, size_t size)
{
    double x[2] = { 0.0, 0.0 };
    char buf[BN_LATEX_NUMBER];
    memcpy(x, data, size < sizeof x ? size : sizeof x);
    if (isfinite(x[0]) && isfinite(x[1])) {
        bn_latex_number(x[0], x[1], buf);
        MUST(strlen(buf) > 0 && strlen(buf) < 40);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    char *text = as_text(data + 1, size - 1);
    switch (data[0] % 4) {
    case 0:
        read_document(data + 1, size - 1);
        break;
    case 1:
        write_unit(text);
        break;
    case 2:
        write_number(data + 1, size - 1);
        break;
    default: {
        char *name = bn_latex_name(text);
        MUST(name != NULL && strlen(name) <= 5 * strlen(text));
        free(name);
    }
    }
    free(text);
    return 0;
}
