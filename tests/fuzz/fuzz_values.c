/* SPDX-License-Identifier: MIT
 * Values and quantities: the first byte picks a parameter, the rest is its text.
 * What a value prints as must read back as the same value: it is in the key.  */
#include "fuzz.h"

#include <basin/param.h>
#include <basin/quantity.h>
#include <basin/text.h>

static const struct bn_param params[] = {
    BN_REAL("pure", "1", "0", -1e300, 1e300, "a number"),
    BN_REAL("time", "s", "0", -1e300, 1e300, "a time"),
    BN_REAL("angle", "rad", "0", -1e300, 1e300, "an angle"),
    BN_REAL("rate", "Hz", "0", -1e300, 1e300, "a rate"),
    BN_INTEGER("count", "0", -9007199254740992.0, 9007199254740992.0, "a whole number"),
    BN_FLAG("flag", "no", "a switch"),
    BN_CHOICE("choice", "one", "one two three", "a choice"),
    BN_TEXT("text", "", "a text"),
    BN_FILE("file", "", "a file"),
    BN_REALS("reals", "ms", "1", -1e300, 1e300, "a list"),
    BN_INTEGERS("integers", "1", -1e15, 1e15, "a list"),
    BN_FILES("files", "", "a list"),
};

static void stays(bn_values *v, size_t i)
{
    const enum bn_type type = params[i].type;
    if (type == BN_TYPE_TEXT || type == BN_TYPE_FILE || type == BN_TYPE_FILES)
        return;                          /* as they are */
    char *once = strdup(bn_values_canonical(v, i));
    MUST(once != NULL);
    MUST(bn_values_set_text(v, "fuzz", params[i].name, once, "again") == BN_OK);
    if (strcmp(once, bn_values_canonical(v, i)) != 0) {
        fprintf(stderr, "`%s` became `%s`\n", once, bn_values_canonical(v, i));
        abort();
    }
    free(once);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return -1;
    const size_t i = data[0] % BN_LEN(params);
    char *text = as_text(data + 1, size - 1);
    bn_values *v;
    double x;
    int64_t n;
    MUST(bn_values_new(&v, params, BN_LEN(params)) == BN_OK);
    const bn_status rc = bn_values_set_text(v, "fuzz", params[i].name, text, "--set");
    must_explain(rc);
    if (rc == BN_OK)
        stays(v, i);
    must_explain(bn_values_set_text(v, "fuzz", text, "1", "--set"));
    bn_values_free(v);
    must_explain(bn_parse_real(text, &x));
    must_explain(bn_parse_integer(text, &n));
    if (bn_quantity(text, "s", &x) == BN_OK)
        MUST(x - x == 0.0);              /* finite */
    /* the unit, too, may come from a file */
    char *unit = strchr(text, '|');
    if (unit != NULL) {
        *unit++ = '\0';
        must_explain(bn_quantity(text, unit, &x));
    }
    free(text);
    return 0;
}
