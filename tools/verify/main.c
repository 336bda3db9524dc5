/* SPDX-License-Identifier: MIT */
#include "../basin/basin.h"

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    return 0;
}
