/* SPDX-License-Identifier: MIT
 * Fragments of a pipeline: the edges, their variables and names.             */
#include "fuzz.h"

#include "../../tools/basin/basin.h"

static char folder[64], file[80];

static void clean(void)
{
    unlink(file);
    rmdir(folder);
}

static void look(const char *word, const struct variables *v)
{
    char *name, *pipeline, *stage, *variant;
    const bn_status rc = graph_expand(word, v, "x.mk:1", &name);
    must_explain(rc);
    if (rc != BN_OK)
        return;
    const bn_status split = graph_split(name, &pipeline, &stage, &variant);
    must_explain(split);
    if (split == BN_OK) {
        char joined[2048];
        snprintf(joined, sizeof joined, "%s/%s%s%s.h5", pipeline, stage,
                 variant[0] ? "." : "", variant);
        MUST(strcmp(joined, name) == 0 || strlen(name) >= sizeof joined);
        free(pipeline);
    }
    free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct variables v = { "mouse", ".mouse", "mouse/recording.h5" };
    if (folder[0] == '\0') {
        strcpy(folder, "/tmp/fuzz-graph-XXXXXX");
        MUST(mkdtemp(folder) != NULL);
        snprintf(file, sizeof file, "%s/x.mk", folder);
        atexit(clean);
    }
    FILE *f = fopen(file, "w");
    MUST(f != NULL && fwrite(data, 1, size, f) == size && fclose(f) == 0);
    struct graph g = { 0 };
    const bn_status rc = graph_load(&g, folder);
    must_explain(rc);
    for (size_t i = 0; i < g.n && rc == BN_OK; i++) {
        look(g.rules[i].target, &v);
        for (size_t k = 0; k < g.rules[i].inputs.n; k++)
            look(g.rules[i].inputs.at[k], &v);
    }
    graph_free(&g);
    return 0;
}
