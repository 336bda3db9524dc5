/* SPDX-License-Identifier: MIT
 * stub */
#include "look.h"
int status_main(int argc, char **argv) { (void)argc; (void)argv; return 0; }
int dag_main(int argc, char **argv) { (void)argc; (void)argv; return 0; }
int diff_main(int argc, char **argv) { (void)argc; (void)argv; return 0; }
