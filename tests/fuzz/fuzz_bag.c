/* SPDX-License-Identifier: MIT
 * Any bytes as an archive to `basin verify`: all that it does without running anything and
 * without HDF5 (whose reading is a process of its own).                      */
#include "fuzz.h"

#include "../../tools/verify/verify.h"

#include <locale.h>

static void must_be_known(bn_status rc)
{
    MUST(rc == BAG_REFUSED || rc <= BN_NOMEM);
    MUST(rc == BN_OK || bn_error()[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct memory m = memory_open(data, size);
    struct bag b;
    struct goals g = { .json = NULL };
    setlocale(LC_CTYPE, "C.UTF-8");
    bn_status rc = bag_open(&b, m.path, 0.05);
    must_be_known(rc);
    if (rc == BN_OK)
        must_be_known(rc = bagit_check(&b));
    if (rc == BN_OK)
        must_be_known(goals_check(&b, &g));
    for (size_t i = 0; i < b.n; i++)     /* what got in has a name that may be unpacked */
        MUST(name_fault(b.at[i].name, strlen(b.at[i].name)) == NULL);
    for (size_t i = 0; i < g.goals.n; i++)
        MUST(g.goals.at[i][0] != '-' && strpbrk(g.goals.at[i], "$ =;`'\"") == NULL);
    goals_free(&g);
    bag_close(&b);
    memory_close(&m);
    return 0;
}
