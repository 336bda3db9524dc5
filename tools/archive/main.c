/* SPDX-License-Identifier: MIT
 * basin-archive: what `basin archive` and `basin verify` run.  A program of its own, so
 * that the driver, which is started for every node, need not load libarchive.  */
#include "archive.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "C.UTF-8");      /* names in archives are UTF-8 */
    if (argc > 1 && strcmp(argv[0], "verify") != 0 && strcmp(argv[0], "archive") != 0) {
        argc--;                          /* called as basin-archive verify ... */
        argv++;
    }
    if (strcmp(argv[0], "verify") == 0)
        return verify_main(argc, argv);
    fprintf(stderr, "basin-archive: call it as `basin verify`\n");
    return BN_USAGE;
}
