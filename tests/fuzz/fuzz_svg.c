/* SPDX-License-Identifier: MIT
 * A picture from anywhere as a part of a page, and a text in it.  What is let in does
 * nothing but draw, and is let in again.                                     */
#include "fuzz.h"

#include "../../tools/basin/page.h"
#include "../../tools/basin/svg.h"

static char *text_in_page(const char *text)
{
    char *out = NULL;
    size_t n;
    FILE *f = open_memstream(&out, &n);
    MUST(f != NULL);
    page_text(f, text);
    fclose(f);
    return out;
}

/* NULL: not let in. */
static char *picture_in_page(const char *text)
{
    const struct svg_place place = { .prefix = "f1-", .label = "a \"label\"", .scale = 1.0 };
    char *out = NULL;
    size_t n;
    FILE *f = open_memstream(&out, &n);
    MUST(f != NULL);
    const bool good = svg_inline(f, text, &place);
    fclose(f);
    if (!good) {
        free(out);
        out = NULL;
    }
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    MUST(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    char *words = text_in_page(text);
    MUST(strpbrk(words, "<>\"'") == NULL);
    char *picture = picture_in_page(text);
    if (picture != NULL) {
        static const char *const acting[] = { "<script", "<style", "<foreign", "<set", "<!",
                                              "<?" };
        MUST(strncmp(picture, "<svg role=\"img\" ", 16) == 0);
        for (size_t i = 0; i < BN_LEN(acting); i++)
            MUST(strstr(picture, acting[i]) == NULL);
        char *again = picture_in_page(picture);
        MUST(again != NULL);
        free(again);
    }
    free(picture);
    free(words);
    free(text);
    return 0;
}
