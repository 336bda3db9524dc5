/* SPDX-License-Identifier: MIT
 * `basin cat` with any address: each line of the input is an argument, and F at its
 * start is a small file.                                                     */
#include "fuzz.h"

#include "../../tools/basin/basin.h"

#include <basin/h5.h>

static char path[64];

static void remove_file(void)
{
    unlink(path);
}

static void make_file(void)
{
    static const double x[24] = { 1, 2, 3 };
    static const char *const texts[] = { "one", "two", "three" };
    const struct bn_shape none = { .rank = 0 }, vector = bn_shape1(24),
                          matrix = bn_shape2(4, 6), cube = bn_shape3(2, 3, 4);
    bn_h5 *f;
    snprintf(path, sizeof path, "/tmp/fuzz-cat-%ld.h5", (long)getpid());
    MUST(bn_h5_create(&f, path) == BN_OK);
    MUST(bn_h5_write(f, "/n", BN_H5_F64, &none, x, false) == BN_OK);
    MUST(bn_h5_write(f, "/v", BN_H5_F64, &vector, x, false) == BN_OK);
    MUST(bn_h5_write(f, "/m", BN_H5_F64, &matrix, x, false) == BN_OK);
    MUST(bn_h5_write(f, "/g/c", BN_H5_F64, &cube, x, false) == BN_OK);
    MUST(bn_h5_write_texts(f, "/t", texts, 3) == BN_OK);
    MUST(bn_h5_axis(f, "/m", 0, "row") == BN_OK);
    MUST(bn_h5_close(f) == BN_OK);
    atexit(remove_file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { MOST = 8 };
    char *argv[MOST + 2] = { 0 }, cat[] = "cat", *rest = NULL;
    int argc = 0;
    static FILE *sink;
    if (sink == NULL) {
        make_file();
        sink = fopen("/dev/null", "w");
        MUST(sink != NULL && freopen("/dev/null", "w", stdout) != NULL);
    }
    char *text = as_text(data, size);
    argv[argc++] = cat;
    for (char *w = strtok_r(text, "\n", &rest); w && argc < MOST;
         w = strtok_r(NULL, "\n", &rest)) {
        const size_t room = strlen(w) + sizeof path;
        char *argument = malloc(room);
        MUST(argument != NULL);
        snprintf(argument, room, "%s%s", w[0] == 'F' ? path : "", w + (w[0] == 'F'));
        argv[argc++] = argument;
    }
    FILE *err = stderr;
    stderr = sink;
    const int status = cat_main(argc, argv);
    stderr = err;
    MUST(status >= 0 && status <= BN_NOMEM && status != 1);
    for (int i = 1; i < argc; i++)
        free(argv[i]);
    free(text);
    return 0;
}
