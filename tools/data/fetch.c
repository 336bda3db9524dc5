/* SPDX-License-Identifier: MIT
 *
 * One file over libcurl, into <name>.part.  An attempt that got further is followed by
 * another one at once counted from the beginning; five in a row that got nowhere are
 * the end.                                                                   */
#include "data.h"

#include <basin/mem.h>
#include <basin/text.h>

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { ATTEMPTS = 5, LONGEST_PAUSE = 60 };

enum outcome {
    COMPLETE,                            /* all bytes are there */
    AGAIN,                               /* the connection: go on where it ended */
    AFRESH,                              /* what is there does not fit: from the start */
    REFUSED,                             /* this file cannot be had */
    HOPELESS,                            /* nor can any other */
    STOPPED,                             /* by a signal */
};

struct transfer {
    const struct source *source;
    const struct item *item;
    CURL *curl;
    char *url, *part;
    int fd;
    uint64_t have;                       /* bytes in .part */
    double start;                        /* seconds, when this file began */
    uint64_t started;                    /* with so many */
    bool locked;                         /* .part is this program's */
    bool came;                           /* another program has fetched it */
    bn_status status;                    /* of the program, if it ends badly */
    /* of one answer */
    int64_t length, total, offset;       /* -1: it does not say */
    bool html, looked;
    bool alive;                          /* it answered, if only with an error */
    long wait;                           /* Retry-After */
    enum outcome verdict;                /* of the callback that ended it */
    char said[CURL_ERROR_SIZE];
};

static volatile sig_atomic_t signal_came;

static void on_signal(int n)
{
    signal_came = n;
}

void fetch_catch_signals(void)
{
    const int signals[] = { SIGINT, SIGTERM, SIGHUP };
    struct sigaction a = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND }, old;
    sigemptyset(&a.sa_mask);
    for (size_t i = 0; i < BN_LEN(signals); i++)     /* nohup: what is ignored stays so */
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(signals[i], &a, NULL);
}

int fetch_signal(void)
{
    return signal_came;
}

/* --- what the server says -------------------------------------------------- */

static bool header_is(const char *line, size_t n, const char *name, const char **value)
{
    const size_t m = strlen(name);
    if (n <= m || strncasecmp(line, name, m) != 0 || line[m] != ':')
        return false;
    *value = line + m + 1 + strspn(line + m + 1, " \t");
    return true;
}

static size_t on_header(char *line, size_t one, size_t n, void *data)
{
    struct transfer *t = data;
    char text[256];
    const char *value;
    snprintf(text, sizeof text, "%.*s", (int)(n < 255 ? n : 255), line);
    if (strncasecmp(text, "HTTP/", 5) == 0) {    /* after a redirect: another answer */
        t->length = t->total = t->offset = -1;
        t->html = false;
        t->wait = 0;
    } else if (header_is(text, n, "Content-Length", &value)) {
        t->length = strtoll(value, NULL, 10);
    } else if (header_is(text, n, "Content-Type", &value)) {
        t->html = strncasecmp(value, "text/html", 9) == 0;
    } else if (header_is(text, n, "Retry-After", &value)) {
        t->wait = strtol(value, NULL, 10);
    } else if (header_is(text, n, "Content-Range", &value)) {
        long long from, to, total;
        if (sscanf(value, "bytes %lld-%lld/%lld", &from, &to, &total) == 3) {
            t->offset = from;
            t->total = total;
        } else if (sscanf(value, "bytes %lld-%lld/*", &from, &to) == 2) {
            t->offset = from;
        }
    }
    return one * n;
}

static enum outcome wrong_size(const struct transfer *t, int64_t size)
{
    bn_fail(BN_INPUT, "%s: the server has %lld bytes%s, the table says %llu", t->url,
            (long long)size, t->html ? " (a web page)" : "",
            (unsigned long long)t->item->bytes);
    return REFUSED;
}

static bool start_over(struct transfer *t)
{
    t->have = t->started = 0;
    t->start = now();
    return ftruncate(t->fd, 0) == 0;
}

static enum outcome disk_fails(struct transfer *t)
{
    const bool full = errno == ENOSPC || errno == EDQUOT;
    bn_fail(BN_OUTPUT, "%s: cannot be written (%s)%s", t->part, strerror(errno),
            full ? "; free some space and call this again: it goes on from here" : "");
    t->status = BN_OUTPUT;
    return HOPELESS;
}

/* Before the first byte: is this what was asked for? */
static enum outcome check_answer(struct transfer *t)
{
    long code = 0;
    const int64_t bytes = (int64_t)t->item->bytes;
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code);
    if (code == 206) {
        if (t->total >= 0 && t->total != bytes)
            return wrong_size(t, t->total);
        return t->offset == (int64_t)t->have ? COMPLETE : AFRESH;
    }
    if (code != 0 && code != 200) {
        bn_fail(BN_INPUT, "%s: an answer with status %ld, which is no file", t->url, code);
        return REFUSED;
    }
    if (code == 200 && t->length >= 0 && t->length != bytes)
        return wrong_size(t, t->length);
    /* All of it, although only the rest was asked for. */
    if (code == 200 && t->have > 0 && !start_over(t))
        return disk_fails(t);
    return COMPLETE;
}

static size_t on_data(char *bytes, size_t one, size_t n, void *data)
{
    struct transfer *t = data;
    n *= one;
    if (!t->looked) {
        t->looked = true;
        t->verdict = check_answer(t);
    }
    if (t->verdict == COMPLETE && n > t->item->bytes - t->have) {
        bn_fail(BN_INPUT, "%s: the server sends more than the %llu bytes that the table says",
                t->url, (unsigned long long)t->item->bytes);
        t->verdict = start_over(t) ? REFUSED : disk_fails(t);
    }
    for (size_t done = 0; done < n && t->verdict == COMPLETE;) {
        const ssize_t m = pwrite(t->fd, bytes + done, n - done, (off_t)t->have);
        if (m > 0) {
            done += (size_t)m;
            t->have += (uint64_t)m;
        } else if (m == 0 || errno != EINTR) {
            t->verdict = disk_fails(t);
        }
    }
    return t->verdict == COMPLETE ? n : 0;
}

static int on_progress(void *data, curl_off_t total, curl_off_t so_far, curl_off_t a,
                       curl_off_t b)
{
    struct transfer *t = data;
    (void)total, (void)so_far, (void)a, (void)b;
    progress_show(t->item->path, (double)t->started, (double)t->have,
                  (double)t->item->bytes, now() - t->start);
    return signal_came != 0;
}

/* --- one attempt ----------------------------------------------------------- */

/* `http` only where a mirror was named with it: sums are checked, but what is fetched is
 * nobody else's business.                                                   */
static void allow(CURL *curl, const char *url)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    const char *all = strncmp(url, "file:", 5) == 0   ? "file"
                      : strncmp(url, "http:", 5) == 0 ? "http,https" : "https";
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, all);
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, all);
#else
    const long all = strncmp(url, "file:", 5) == 0 ? CURLPROTO_FILE
                     : strncmp(url, "http:", 5) == 0 ? CURLPROTO_HTTP | CURLPROTO_HTTPS
                                                     : CURLPROTO_HTTPS;
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS, all);
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS, all);
#endif
}

static void prepare(struct transfer *t)
{
    CURL *curl = t->curl;
    curl_easy_reset(curl);               /* which keeps the connection */
    allow(curl, t->url);
    curl_easy_setopt(curl, CURLOPT_URL, t->url);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "basin/" BASIN_VERSION);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, t->said);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 10L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, t->source->stall);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, t->source->stall);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
}

static enum outcome judge_status(struct transfer *t, long code)
{
    t->alive = true;
    if (code == 416 && t->have > 0)
        return AFRESH;
    bn_fail(BN_INPUT, "%s: the server says %ld%s", t->url, code,
            code == 404   ? ": it has no such file"
            : code == 401 || code == 403 ? ": it does not give this file away" : "");
    return code == 408 || code == 425 || code == 429 || code >= 500 ? AGAIN : REFUSED;
}

static enum outcome judge(struct transfer *t, CURLcode rc)
{
    long code = 0;
    if (signal_came)
        return STOPPED;
    if (t->verdict != COMPLETE)          /* a callback ended it, and said why */
        return t->verdict;
    switch (rc) {
    case CURLE_OK:
        if (t->have == t->item->bytes)
            return COMPLETE;
        bn_fail(BN_INPUT, "%s: it ended after %llu of %llu bytes", t->url,
                (unsigned long long)t->have, (unsigned long long)t->item->bytes);
        return strncmp(t->url, "file:", 5) == 0 ? REFUSED : AGAIN;
    case CURLE_HTTP_RETURNED_ERROR:
        curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code);
        return judge_status(t, code);
    case CURLE_RANGE_ERROR:
    case CURLE_BAD_DOWNLOAD_RESUME:
        return AFRESH;
    case CURLE_FILE_COULDNT_READ_FILE:
        bn_fail(BN_INPUT, "%s: there is no such file", t->url);
        return REFUSED;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        bn_fail(BN_INPUT, "%s: %s", t->url, t->said[0] ? t->said : curl_easy_strerror(rc));
        return REFUSED;
    default:
        bn_fail(BN_INPUT, "%s: %s", t->url, t->said[0] ? t->said : curl_easy_strerror(rc));
        return AGAIN;
    }
}

static enum outcome attempt(struct transfer *t)
{
    char range[32];
    prepare(t);
    t->length = t->total = t->offset = -1;
    t->html = t->looked = t->alive = false;
    t->wait = 0;
    t->verdict = COMPLETE;
    t->said[0] = '\0';
    if (t->have > 0) {
        snprintf(range, sizeof range, "%llu-", (unsigned long long)t->have);
        curl_easy_setopt(t->curl, CURLOPT_RANGE, range);
    }
    const enum outcome o = judge(t, curl_easy_perform(t->curl));
    progress_hide();
    return o;
}

static void pause_for(double seconds)
{
    const struct timespec t = { (time_t)seconds,
                                (long)(1e9 * (seconds - (double)(time_t)seconds)) };
    if (!signal_came)
        nanosleep(&t, NULL);
}

/* After an attempt that ended early: HOPELESS when too many in a row got no further. */
static enum outcome wait_for_next(const struct transfer *t, int tries, double *pause)
{
    if (tries == ATTEMPTS)
        return t->alive ? REFUSED : HOPELESS;
    const double asked = (double)(t->wait < LONGEST_PAUSE ? t->wait : LONGEST_PAUSE);
    fprintf(stderr, "%s; trying again\n", bn_error());
    pause_for(asked > *pause ? asked : *pause);
    *pause = 2.0 * *pause < LONGEST_PAUSE ? 2.0 * *pause : LONGEST_PAUSE;
    return AGAIN;
}

/* Attempts until all bytes are there. */
static enum outcome get_bytes(struct transfer *t)
{
    bool afresh = false;
    uint64_t most = t->have;
    double pause = t->source->pause;
    for (int tries = 0; t->have < t->item->bytes;) {
        enum outcome o = attempt(t);
        if (o == AFRESH) {
            if (afresh) {
                bn_fail(BN_INPUT, "%s: the server does not send what it is asked for", t->url);
                return REFUSED;
            }
            afresh = true;
            most = 0;
            if (!start_over(t))
                return disk_fails(t);
        } else if (o == AGAIN) {
            if (t->have > most) {
                tries = 0;
                pause = t->source->pause;
                most = t->have;
            }
            o = wait_for_next(t, ++tries, &pause);
        }
        if (o != AFRESH && o != AGAIN && o != COMPLETE)
            return o;
    }
    return signal_came ? STOPPED : COMPLETE;
}

/* --- the file --------------------------------------------------------------- */

/* The only one that writes to <name>.part.  While it waited for its turn, another one may
 * have given the file its name: then this descriptor leads to that, and is not used.  */
/* Where locks do not work (some network disks) two programs may write the same bytes at the
 * same places, and each checks the whole at its end.                         */
static bn_status open_and_lock(struct transfer *t)
{
    t->fd = open(t->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    if (t->fd < 0 && errno == ELOOP)
        return bn_fail(BN_OUTPUT, "%s: is a link; move it away", t->part);
    if (t->fd < 0)
        return bn_fail(BN_OUTPUT, "%s: cannot be written (%s); BASIN_DATA=folder names another "
                       "place", t->part, strerror(errno));
    if (flock(t->fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return BN_OK;
    fprintf(stderr, "%s: somebody else is fetching it; waiting for that\n", t->part);
    while (flock(t->fd, LOCK_EX) != 0 && errno == EINTR && !fetch_signal())
        ;
    return fetch_signal() ? bn_fail(BN_OUTPUT, "%s: stopped", t->part) : BN_OK;
}

/* Somebody else fetched it meanwhile. */
static bn_status other_came(struct transfer *t, const char *path)
{
    char hex[BN_HEX];
    BN_TRY(bn_digest_file(path, hex));
    if (strcmp(hex, t->item->sha256) != 0)
        return bn_fail(BN_OUTPUT, "%s: somebody else has just put another file there", path);
    t->came = true;
    return BN_OK;
}

static bn_status open_part(struct transfer *t, const char *path)
{
    struct stat st, there;
    BN_TRY(open_and_lock(t));
    while (fstat(t->fd, &st) != 0 || lstat(t->part, &there) != 0 || st.st_ino != there.st_ino ||
           st.st_dev != there.st_dev) {
        /* renamed or removed by who had it */
        close(t->fd);
        t->fd = -1;
        if (file_exists(path))
            return other_came(t, path);
        BN_TRY(open_and_lock(t));
    }
    if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
        return bn_fail(BN_OUTPUT, "%s: is not a file of its own; move it away", t->part);
    t->locked = true;
    t->have = t->started = (uint64_t)st.st_size;
    if (file_exists(path))
        return other_came(t, path);
    if (t->have > t->item->bytes && !start_over(t)) {
        disk_fails(t);
        return BN_OUTPUT;
    }
    return BN_OK;
}

/* Are the bytes on the disk those of the table? */
static bn_status check_part(const struct transfer *t)
{
    char hex[BN_HEX];
    progress_note("checking what came");
    const bn_status rc = bn_digest_file(t->part, hex);
    progress_hide();
    BN_TRY(rc);
    return strcmp(hex, t->item->sha256) == 0 ? BN_OK
        : bn_fail(BN_INPUT, "%s: what came is not the file of the table: its sha256 is %.12s..., "
                  "and should be %.12s...", t->url, hex, t->item->sha256);
}

/* The name, unless something has it by now.  Where there are no hard links, as on a USB
 * stick, a look comes before the rename.                                    */
static bn_status give_name(const struct transfer *t, const char *path)
{
    bool named = fsync(t->fd) == 0 && link(t->part, path) == 0;
    if (named) {
        unlink(t->part);
    } else if (errno == EPERM || errno == ENOTSUP || errno == EOPNOTSUPP || errno == ENOSYS) {
        errno = EEXIST;
        named = !file_exists(path) && !file_is_link(path) && rename(t->part, path) == 0;
    }
    const mode_t mask = umask(0);
    umask(mask);
    if (named && fchmod(t->fd, 0444 & ~mask) != 0)
        named = errno == EPERM;          /* a disk without permissions */
    if (!named)
        return bn_fail(BN_OUTPUT, "%s: cannot get its name (%s); its bytes are in %s", path,
                       strerror(errno), t->part);
    return file_sync_folder(path);
}

/* Bytes of an earlier run, or damaged on the way, get one second chance. */
static int get_and_check(struct transfer *t, const char *path, bool *hopeless)
{
    for (int chance = 0; chance < 2; chance++) {
        const enum outcome o = get_bytes(t);
        *hopeless = o == HOPELESS;
        if (o == STOPPED)
            return FETCH_STOPPED;
        if (o != COMPLETE)
            return (int)t->status;
        if (check_part(t) == BN_OK)
            return (int)give_name(t, path);
        if (chance == 0)
            fprintf(stderr, "%s; fetching it from the start\n", bn_error());
        if (!start_over(t))
            disk_fails(t);
    }
    return (int)t->status;
}

/* A URL below a mirror, with what is special in a path escaped. */
static char *address(CURL *curl, const struct source *s, const char *dandiset,
                     const struct item *item)
{
    if (s->mirror == NULL)
        return bn_copy(item->url);
    const size_t n = strlen(s->mirror);
    char *url = bn_format("%s%s%s", s->mirror, n > 0 && s->mirror[n - 1] == '/' ? "" : "/",
                          dandiset);
    for (const char *p = item->path; url != NULL && *p != '\0';) {
        const size_t length = strcspn(p, "/");
        char *part = curl_easy_escape(curl, p, (int)length);
        char *longer = part ? bn_format("%s/%s", url, part) : NULL;
        curl_free(part);
        free(url);
        url = longer;
        p += length + (p[length] == '/');
    }
    return url;
}

int fetch(const struct source *s, const char *dandiset, const struct item *item,
          const char *path, bool *hopeless)
{
    static CURL *curl;                   /* one connection for all files */
    if (curl == NULL && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
        curl = curl_easy_init();
    struct transfer t = { .source = s, .item = item, .curl = curl, .fd = -1, .start = now(),
                          .status = BN_INPUT, .url = address(curl, s, dandiset, item),
                          .part = bn_format("%s.part", path) };
    int status = curl && t.url && t.part ? 0 : BN_NOMEM;
    if (status == 0 && file_make_folders(path) != BN_OK)
        status = (int)bn_fail(BN_OUTPUT, "%s: its folder cannot be made (%s); BASIN_DATA=folder "
                              "names another place", path, strerror(errno));
    *hopeless = status != 0;
    if (status == 0)
        status = (int)open_part(&t, path);
    if (status != 0 && fetch_signal())
        status = FETCH_STOPPED;
    if (status == 0 && !t.came)
        status = get_and_check(&t, path, hopeless);
    /* Nothing that a later run could go on with. */
    if ((status != 0 || t.came) && t.locked && t.have == 0)
        unlink(t.part);
    if (t.fd >= 0)
        close(t.fd);
    free(t.url);
    free(t.part);
    return status;
}
