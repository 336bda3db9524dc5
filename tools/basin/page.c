/* SPDX-License-Identifier: MIT */
#include "page.h"

#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every pair of a text and its ground has a contrast of 4.5 or more, in both schemes. */
static const char *const style[] = {
    ":root{color-scheme:light dark;--ground:#f6f7f8;--card:#fff;--ink:#1b1f23;--muted:#57606a;"
    "--line:#d8dde2;--link:#0b57a4;--good:#17663a;--good-g:#e3f3e8;--note:#0b4f86;"
    "--note-g:#e1effb;--warn:#7a4600;--warn-g:#fdf0d5;--bad:#a11d17;--bad-g:#fde8e6}",
    "@media(prefers-color-scheme:dark){:root{--ground:#12161a;--card:#1b2026;--ink:#e6e9ec;"
    "--muted:#a7b0b9;--line:#39414a;--link:#86bdf5;--good:#86d6a4;--good-g:#173324;"
    "--note:#93c7f7;--note-g:#15304a;--warn:#f2c871;--warn-g:#3b2d10;--bad:#ffaba3;"
    "--bad-g:#471c19}}",
    "*{box-sizing:border-box}main:focus{outline:none}html{scroll-padding-top:5rem}",
    "body{margin:0;background:var(--ground);color:var(--ink);font:1rem/1.5 system-ui,"
    "-apple-system,\"Segoe UI\",Roboto,\"Liberation Sans\",Arial,sans-serif;"
    "-webkit-text-size-adjust:100%;overflow-wrap:break-word}",
    "main,footer{max-width:68rem;margin:0 auto;padding:1.5rem 1.25rem}",
    "footer{color:var(--muted);font-size:.875rem;border-top:1px solid var(--line);"
    "margin-top:2rem}",
    "h1{font-size:1.875rem;line-height:1.2;margin:.5rem 0 .25rem;letter-spacing:-.01em}"
    "h2{font-size:1.375rem;line-height:1.25;margin:2.75rem 0 .75rem}"
    "h3{font-size:1.125rem;line-height:1.35;margin:0}"
    "h4{font-size:1rem;margin:1rem 0 .25rem}p{margin:.5rem 0;max-width:44rem}",
    ".lead{font-size:1.0625rem;color:var(--muted)}.muted{color:var(--muted)}",
    "a{color:var(--link);text-underline-offset:.15em}",
    ":focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:.2rem}",
    ".skip{position:absolute;left:-99rem;top:.5rem;z-index:9;background:var(--card);"
    "padding:.5rem 1rem;border-radius:.375rem}.skip:focus{left:.5rem}",
    ".out{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);"
    "white-space:nowrap}[hidden]{display:none!important}",
    "code,kbd,.key{font-family:ui-monospace,\"DejaVu Sans Mono\",\"Liberation Mono\",Menlo,"
    "monospace;font-size:.875em}.key{overflow-wrap:anywhere}",
    "kbd{border:1px solid var(--line);border-bottom-width:2px;border-radius:.25rem;"
    "padding:0 .375rem}pre{overflow-x:auto}",
    ".card{background:var(--card);border:1px solid var(--line);border-radius:.625rem;"
    "padding:1rem 1.125rem;margin:0 0 1rem}",
    ".tag{display:inline-block;font-size:.8125rem;font-weight:600;line-height:1.4;"
    "padding:.0625rem .5rem;border-radius:.75rem;white-space:nowrap;color:var(--muted);"
    "background:var(--ground)}.good{color:var(--good);background:var(--good-g)}"
    ".note{color:var(--note);background:var(--note-g)}"
    ".warn{color:var(--warn);background:var(--warn-g)}"
    ".bad{color:var(--bad);background:var(--bad-g)}",
    ".wide{overflow-x:auto;margin:.5rem 0}.card>.wide:only-child{margin:-.25rem 0 -.375rem}"
    "td code,th code{white-space:nowrap}",
    "table{border-collapse:collapse;width:100%;font-size:.9375rem;"
    "font-variant-numeric:tabular-nums}caption{text-align:left;font-weight:600;"
    "padding:.25rem 0}",
    "th,td{text-align:left;vertical-align:top;padding:.375rem 1rem .375rem 0;"
    "border-bottom:1px solid var(--line)}th{font-weight:600}"
    "thead th{font-size:.8125rem;color:var(--muted);white-space:nowrap}",
    "tbody tr:last-child>*{border-bottom:0}.num{text-align:right;white-space:nowrap}"
    "tr>:last-child{padding-right:0}",
    ".facts{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.25rem 1.25rem;"
    "margin:.5rem 0;font-size:.9375rem}.facts dt{color:var(--muted)}.facts dd{margin:0}",
    ".date{white-space:nowrap}summary{cursor:pointer;padding:.375rem 0}.small{font-size:.875rem}"
    ".count{font-size:.8125em;font-weight:400;color:var(--muted)}",
    ".bar{position:sticky;top:0;z-index:5;padding:.625rem 0;background:var(--ground)}"
    ".bar input{width:100%;font:inherit;color:inherit;background:var(--card);"
    "border:1px solid var(--muted);border-radius:.5rem;padding:.5rem .75rem}"
    ".bar input::placeholder{color:var(--muted);opacity:1}.bar kbd,.bar output{"
    "position:absolute;right:2.25rem;top:1.1875rem;color:var(--muted);font-size:.875rem}"
    ".bar kbd{right:.875rem}.bar:focus-within kbd,.bar output:not(:empty)~kbd{display:none}",
    ".chips{list-style:none;display:flex;flex-wrap:wrap;gap:.375rem;padding:0;"
    "margin:.25rem 0}.chips a{display:block;padding:.125rem .625rem;border-radius:1rem;"
    "border:1px solid var(--line);background:var(--card);text-decoration:none;"
    "font-size:.875rem}",
    "figure{margin:.75rem 0}figcaption{margin-top:.5rem}"
    ".figure h3{margin-bottom:.375rem}.figure .name{color:var(--muted);margin-right:.25rem}",
    ".paper{background:#fff;color:#000;border-radius:.375rem;padding:1rem;"
    "border:1px solid var(--line)}.paper>svg,.paper>img{display:block;max-width:100%;"
    "height:auto;margin:0 auto}.graph{overflow-x:auto}"
    ".graph>svg{max-width:none}",
    ".artifact+.artifact{border-top:1px solid var(--line)}"
    ".artifact>summary code{font-size:.9375rem}",
    "@media(max-width:40rem){td code,th code{white-space:normal}.bar kbd{display:none}"
    "thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}"
    "tbody tr{display:block;padding:.5rem 0;border-bottom:1px solid var(--line)}"
    "tbody tr:last-child{border-bottom:0}tbody tr>*{display:inline-block;border:0;"
    "max-width:100%;padding:0 1rem 0 0;text-align:left}tbody .line{display:block}"
    "[data-h]:not(:empty)::before{content:attr(data-h)\" \";color:var(--muted);"
    "font-weight:400}}",
    "@media(max-width:40rem){main,footer{padding:1rem .875rem}h1{font-size:1.5rem}"
    "h2{margin-top:2rem}.card{padding:.875rem}.facts{display:block}"
    ".facts dd{margin:0 0 .5rem}}",
    "@media print{:root{color-scheme:light;--ground:#fff;--card:#fff;--ink:#000;"
    "--muted:#444;--line:#bbb;--link:#000}html{font-size:80%}main,footer{max-width:none;"
    "padding:0}figure,tr,dt{break-inside:avoid}h2,h3{break-after:avoid}"
    ".bar,.chips,.skip{display:none}}",
};

/* --- text ------------------------------------------------------------------ */

/* Bytes of the UTF-8 character at `s`; 0 if it is none that may stand in a page. */
static size_t character(const unsigned char *s)
{
    static const struct { unsigned char mask, lead; uint32_t least; } forms[] = {
        { 0x80, 0x00, 0x20 }, { 0xe0, 0xc0, 0xa0 }, { 0xf0, 0xe0, 0x800 },
        { 0xf8, 0xf0, 0x10000 },
    };
    if (*s == '\n' || *s == '\t')
        return 1;
    for (size_t n = 0; n < BN_LEN(forms); n++) {
        if ((*s & forms[n].mask) != forms[n].lead)
            continue;
        uint32_t c = *s & (unsigned char)~forms[n].mask;
        for (size_t i = 1; i <= n; i++) {
            if ((s[i] & 0xc0) != 0x80)
                return 0;
            c = c << 6 | (s[i] & 0x3f);
        }
        const bool surrogate = c >= 0xd800 && c < 0xe000;
        return c < forms[n].least || c == 0x7f || c > 0x10ffff || surrogate ? 0 : n + 1;
    }
    return 0;
}

void page_text(FILE *f, const char *text)
{
    static const struct { char c; const char *entity; } special[] = {
        { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" },
        { '\'', "&#39;" },
    };
    while (*text != '\0') {
        const size_t n = character((const unsigned char *)text);
        const char *entity = n == 0 ? "\xef\xbf\xbd" : NULL;
        for (size_t i = 0; i < BN_LEN(special); i++)
            if (*text == special[i].c)
                entity = special[i].entity;
        if (entity != NULL)
            fputs(entity, f);
        else
            fwrite(text, 1, n, f);
        text += n > 0 ? n : 1;
    }
}

void page_print(FILE *f, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    for (; *fmt != '\0'; fmt++) {
        if (fmt[0] == '%' && fmt[1] == 's') {
            page_text(f, va_arg(args, const char *));
            fmt++;
        } else if (fmt[0] == '%' && fmt[1] == 'z' && fmt[2] == 'u') {
            fprintf(f, "%zu", va_arg(args, size_t));
            fmt += 2;
        } else {
            fputc(*fmt, f);
            fmt += fmt[0] == '%' && fmt[1] == '%';
        }
    }
    va_end(args);
}

void page_base64(FILE *f, const void *bytes, size_t n)
{
    const unsigned char *from = bytes;
    for (size_t i = 0; i < n; i += 3 * 256) {
        unsigned char text[4 * 256 + 1];
        EVP_EncodeBlock(text, from + i, n - i < 3 * 256 ? (int)(n - i) : 3 * 256);
        fputs((const char *)text, f);
    }
}

void page_table(FILE *f, const char *caption, bool quiet, const char *const *heads, size_t n)
{
    fputs("<div class=\"wide\"><table><caption", f);
    fputs(quiet ? " class=\"out\"" : "", f);
    page_print(f, ">%s</caption>\n<thead><tr>", caption);
    for (size_t i = 0; i < n; i++) {
        const bool number = heads[i][0] == '!';
        fprintf(f, "<th scope=\"col\"%s>", number ? " class=\"num\"" : "");
        page_print(f, "%s</th>", heads[i] + number);
    }
    fputs("</tr></thead>\n<tbody>\n", f);
}

void page_table_end(FILE *f)
{
    fputs("</tbody></table></div>\n", f);
}

/* --- the frame ------------------------------------------------------------- */

/* 'sha256-...', under which a browser runs this script and no other. */
static void print_digest(FILE *f, const char *script)
{
    unsigned char bytes[(BN_HEX - 1) / 2];
    char hex[BN_HEX];
    bn_digest *d;
    if (script == NULL || bn_digest_new(&d) != BN_OK) {
        fputs("'none'", f);
        return;
    }
    bn_digest_add(d, script, strlen(script));
    bn_digest_end(d, hex);
    for (size_t i = 0; i < sizeof bytes; i++) {
        const char pair[3] = { hex[2 * i], hex[2 * i + 1], '\0' };
        bytes[i] = (unsigned char)strtoul(pair, NULL, 16);
    }
    fputs("'sha256-", f);
    page_base64(f, bytes, sizeof bytes);
    fputc('\'', f);
}

void page_begin(FILE *f, const char *title, const char *script)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
          "img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
          "script-src ", f);
    print_digest(f, script);
    page_print(f, "\">\n<meta name=\"viewport\" content=\"width=device-width, "
               "initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n"
               "<link rel=\"icon\" href=\"data:,\">\n<title>%s</title>\n<style>\n", title);
    for (size_t i = 0; i < BN_LEN(style); i++)
        fprintf(f, "%s\n", style[i]);
    fputs("</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the "
          "contents</a>\n<main id=\"main\" tabindex=\"-1\">\n", f);
}

void page_end(FILE *f, const char *script)
{
    fprintf(f, "</main>\n<footer>Written by basin %s; complete in this one file.</footer>\n",
            BASIN_VERSION);
    if (script != NULL)
        fprintf(f, "<script>%s</script>\n", script);
    fputs("</body>\n</html>\n", f);
}
