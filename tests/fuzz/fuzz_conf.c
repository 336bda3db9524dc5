/* SPDX-License-Identifier: MIT
 * Parameter files: bn_conf_load() into typed values.                         */
#include "fuzz.h"

#include <basin/conf.h>

static const struct bn_param root[] = {
    BN_INTEGER("seed", "1", 0, 1e15, "root seed"),
};
static const struct bn_param params[] = {
    BN_REAL("lambda", "1", "1e-8", 0, 1e3, "ridge"),
    BN_REAL("window", "s", "0.05", 0, 10, "time"),
    BN_INTEGER("neurons", "100", 1, 1e6, "how many"),
    BN_FLAG("noise", "no", "switch"),
    BN_CHOICE("kind", "ring", "ring line box", "which"),
    BN_TEXT("stream", "weights", "name"),
    BN_FILE("file", "", "data"),
    BN_REALS("gains", "1", "1 2", -10, 10, "list"),
    BN_INTEGERS("sizes", "1 2", -10, 10, "list"),
    BN_FILES("files", "", "list"),
};

static bn_status assign(void *context, const struct bn_assignment *a)
{
    bn_values *const *v = context;
    MUST(a->origin != NULL && a->section != NULL && a->key != NULL);
    for (size_t i = 0; i < a->count; i++)
        MUST(a->texts[i] != NULL);
    return bn_values_set(*a->section == '\0' ? v[0] : v[1], a->section, a->key, a->texts,
                         a->count, a->origin);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bn_section sections[] = {
        { "", root, BN_LEN(root) },
        { "weights", params, BN_LEN(params) },
        { "weights.circulant", params, BN_LEN(params) },
        { "*", NULL, 0 },
    };
    char *text = as_text(data, size);
    /* include() opens what it is told, and some devices never end */
    const bool safe = strstr(text, "dev") == NULL && strstr(text, "proc") == NULL;
    free(text);
    if (!safe)
        return -1;
    bn_values *v[2];
    MUST(bn_values_new(&v[0], root, BN_LEN(root)) == BN_OK);
    MUST(bn_values_new(&v[1], params, BN_LEN(params)) == BN_OK);
    const struct memory m = memory_open(data, size);
    must_explain(bn_conf_load(m.path, sections, BN_LEN(sections), assign, v));
    must_explain(bn_conf_load(m.path, sections, BN_LEN(sections) - 1, assign, v));
    memory_close(&m);
    bn_values_free(v[0]);
    bn_values_free(v[1]);
    return 0;
}
