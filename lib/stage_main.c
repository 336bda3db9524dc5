/* SPDX-License-Identifier: MIT
 * The main() of every program in stages/. */
#include <basin/stage.h>

int main(int argc, char **argv)
{
    return bn_stage_run(&bn_stage, argc, argv);
}
