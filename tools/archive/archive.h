/* SPDX-License-Identifier: MIT
 * archive: what the commands of basin-archive share.                         */
#ifndef BASIN_ARCHIVE_H
#define BASIN_ARCHIVE_H

#include "../basin/basin.h"

int verify_main(int argc, char **argv);

#endif
