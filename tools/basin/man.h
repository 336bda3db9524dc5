/* SPDX-License-Identifier: MIT
 * man: FOLDER/man1/basin.1 and a page for each command and each stage.        */
#ifndef BASIN_MAN_H
#define BASIN_MAN_H

#include "basin.h"

BN_MUST_USE bn_status man_write(const char *folder, const char *build,
                                const struct list *stages);

#endif
