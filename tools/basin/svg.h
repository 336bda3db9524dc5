/* SPDX-License-Identifier: MIT
 * svg: a picture from a file as a part of an HTML page. */
#ifndef BASIN_SVG_H
#define BASIN_SVG_H

#include "basin.h"

struct svg_place {
    const char *prefix;                  /* of its ids, which others might have, too */
    const char *label;                   /* what it shows, for those who do not see it */
    double scale;                        /* CSS pixels per point */
    bool titles;                         /* keep <title>: browsers show it as a hint */
};
/* Write the SVG `text` to `f` as one <svg role="img">.  False, and `f` may then hold a part
 * of it: this is not what gnuplot, pdftocairo and dot write: not well-formed, or with
 * elements or references that may do more in a page than draw.                */
bool svg_inline(FILE *f, const char *text, const struct svg_place *place);

#endif
