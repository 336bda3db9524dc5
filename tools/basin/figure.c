/* SPDX-License-Identifier: MIT
 *
 * A figure is a node like any other: gnuplot makes the PDF from artifacts, and
 * pdftocairo makes SVG and PNG from the PDF, so that the three cannot differ. */
#include "basin.h"

#include <basin/mem.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* This file and the one that starts programs decide how a figure comes out, too. */
static bn_status own_code(const char *build, bn_digest *d)
{
    static const char *const sources[] = { "tools/basin/figure.c", "tools/basin/child.c" };
    bn_status rc = BN_OK;
    for (size_t i = 0; i < BN_LEN(sources) && rc == BN_OK; i++) {
        char hex[BN_HEX];
        rc = code_identity(build, sources[i], hex);
        if (rc == BN_OK)
            bn_digest_text(d, hex);
    }
    return rc;
}

/* The script, what draws it, and `basin cat`, which feeds it. */
bn_status figure_code(const char *results, const char *build, const char *script,
                      char hex[BN_HEX])
{
    bn_digest *d;
    char *version = NULL;
    BN_TRY(bn_digest_new(&d));
    bn_status rc = code_of_script(script, d);
    if (rc == BN_OK)
        rc = own_code(build, d);
    if (rc == BN_OK)
        rc = store_version(results, "gnuplot", "--version", &version);
    if (rc == BN_OK)
        rc = code_identity(build, "tools/basin/cat.c", hex);
    if (rc == BN_OK) {
        bn_digest_text(d, version);
        bn_digest_text(d, hex);
    }
    bn_digest_end(d, hex);
    free(version);
    return rc;
}

bn_status figure_converter_code(const char *results, const char *build, char hex[BN_HEX])
{
    bn_digest *d;
    char *version;
    BN_TRY(store_version(results, "pdftocairo", "-v", &version));
    bn_status rc = bn_digest_new(&d);
    if (rc == BN_OK) {
        rc = own_code(build, d);
        bn_digest_text(d, version);
        bn_digest_end(d, hex);
    }
    free(version);
    return rc;
}

/* Equal plots are equal files: the date in the PDF becomes zeros. */
static bn_status blank_date(const char *path)
{
    FILE *f = fopen(path, "r+b");
    char *text = NULL;
    size_t n = 0;
    bn_status rc = f ? file_read(path, &text, &n)
                     : bn_fail(BN_OUTPUT, "%s: gnuplot wrote no PDF", path);
    const char key[] = "/CreationDate (D:";
    for (size_t i = 0; rc == BN_OK && i + sizeof key < n; i++) {
        if (memcmp(text + i, key, sizeof key - 1) != 0)
            continue;
        size_t end = i + sizeof key - 1;
        fseek(f, (long)end, SEEK_SET);
        for (; end < n && isdigit((unsigned char)text[end]); end++)
            fputc('0', f);
    }
    if (f != NULL && fclose(f) != 0 && rc == BN_OK)
        rc = bn_fail(BN_OUTPUT, "%s: cannot be written", path);
    free(text);
    return rc;
}

/* out='...'; from='ring'; tuning='results/cache/...'; weights_circulant='...' */
static char *assignments(const json_t *node, const struct input *inputs, size_t n,
                         const char *out)
{
    char *s = bn_format("out='%s'; from='%s'", out,
                        text_of(json_object_get(node, "parameters"), "from"));
    for (size_t i = 0; i < n && s != NULL; i++) {
        char *more = bn_format("%s; %s='%s'", s, inputs[i].role, inputs[i].object.path);
        free(s);
        s = more;
    }
    return s;
}

static int finish(struct child *c, const char *what, bool warnings)
{
    const bn_status rc = child_run(c);
    if (rc != BN_OK)
        return (int)rc;
    const char *said = c->said ? c->said : "";
    const bool warned = warnings && (strstr(said, "warning:") || strstr(said, "Warning:"));
    fputs(said, stderr);
    const int status = child_status(c, what);
    if (status == 0 && warned)
        return (int)bn_fail(BN_INPUT, "%s: gnuplot warned (see above); a figure is only "
                            "kept when it was drawn without a warning", what);
    return status;
}

static int draw(const json_t *node, const struct input *inputs, size_t n,
                const char *build, const char *out, struct child *c)
{
    const char *script = text_of(node, "script");
    char *set = assignments(node, inputs, n, out);
    char *folder = build[0] == '/' ? bn_copy(build) : NULL, here[4096];
    if (folder == NULL && getcwd(here, sizeof here) != NULL)
        folder = bn_format("%s/%s", here, build);
    int status = (int)BN_NOMEM;
    if (set != NULL && folder != NULL) {
        char *argv[] = { (char[]){ "/usr/bin/env" }, (char[]){ "gnuplot" },
                         (char[]){ "-e" }, set, (char *)(uintptr_t)script, NULL };
        c->argv = argv;
        c->path = folder;
        c->capture = true;
        status = finish(c, script, true);
        c->argv = NULL;
    }
    struct stat st;
    if (status == 0 && (stat(out, &st) != 0 || st.st_size == 0))
        status = (int)bn_fail(BN_INPUT, "%s: ended well but wrote nothing to `out`; it must "
                              "`set output out` (figures/style.gp does)", script);
    if (status == 0)
        status = (int)blank_date(out);
    free(folder);
    free(set);
    return status;
}

static int convert(const char *name, const char *pdf, const char *out, struct child *c)
{
    const bool png = strcmp(strrchr(name, '.'), ".png") == 0;
    /* pdftocairo adds .png to the name of a single page itself */
    char *base = png ? bn_format("%.*s", (int)strlen(out) - 4, out) : bn_copy(out);
    if (base == NULL)
        return (int)BN_NOMEM;
    char env[] = "/usr/bin/env", tool[] = "pdftocairo", form[] = "-svg", r[] = "-r";
    char dpi[] = "300", single[] = "-singlefile", as_png[] = "-png";
    char *from = (char *)(uintptr_t)pdf;
    char *svg_argv[] = { env, tool, form, from, base, NULL };
    char *png_argv[] = { env, tool, as_png, r, dpi, single, from, base, NULL };
    c->argv = png ? png_argv : svg_argv;
    c->capture = true;
    const int status = finish(c, name, false);
    c->argv = NULL;
    free(base);
    return status;
}

int figure_make(const json_t *node, const char *name, const struct input *inputs,
                size_t n, const char *build, const char *out, struct child *c)
{
    if (strcmp(text_of(node, "stage"), "figure") == 0)
        return draw(node, inputs, n, build, out, c);
    return convert(name, inputs[0].object.path, out, c);
}
