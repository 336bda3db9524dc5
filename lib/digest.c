/* SPDX-License-Identifier: MIT */
#include <basin/digest.h>

#include <basin/mem.h>

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct bn_digest {
    EVP_MD_CTX *context;
};

bn_status bn_digest_new(bn_digest **d)
{
    *d = NULL;
    bn_digest *made = bn_alloc(1, sizeof *made);
    if (made == NULL)
        return BN_NOMEM;
    made->context = EVP_MD_CTX_new();
    if (made->context == NULL ||
        EVP_DigestInit_ex(made->context, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(made->context);
        free(made);
        return bn_fail(BN_NOMEM, "libcrypto cannot start a SHA-256 digest; check the "
                       "installation of libssl3");
    }
    *d = made;
    return BN_OK;
}

/* Neither update nor final can fail once SHA-256 has begun; if a future
 * libcrypto disagrees, stopping beats a wrong digest.                       */
void bn_digest_add(bn_digest *d, const void *bytes, size_t n)
{
    if (EVP_DigestUpdate(d->context, bytes, n) != 1)
        abort();
}

void bn_digest_text(bn_digest *d, const char *text)
{
    bn_digest_add(d, text, strlen(text) + 1);
}

void bn_digest_end(bn_digest *d, char hex[BN_HEX])
{
    static const char digit[] = "0123456789abcdef";
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    if (EVP_DigestFinal_ex(d->context, sum, &n) != 1 || 2 * n + 1 != BN_HEX)
        abort();
    for (unsigned i = 0; i < n; i++) {
        hex[2 * i] = digit[sum[i] >> 4];
        hex[2 * i + 1] = digit[sum[i] & 15];
    }
    hex[BN_HEX - 1] = '\0';
    EVP_MD_CTX_free(d->context);
    free(d);
}

/* A named pipe would block for ever and a directory cannot be read. */
static bn_status open_regular(const char *path, int *fd)
{
    struct stat st;

    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0)
        return bn_fail(BN_INPUT, "%s: cannot open: %s", path, strerror(errno));
    if (fstat(*fd, &st) == 0 && S_ISREG(st.st_mode))
        return BN_OK;
    close(*fd);
    return bn_fail(BN_INPUT, "%s: not a regular file", path);
}

static bn_status add_file(bn_digest *d, int fd, const char *path)
{
    enum { CHUNK = 1 << 20 };
    unsigned char *buf = bn_alloc(CHUNK, 1);
    if (buf == NULL)
        return BN_NOMEM;

    bn_status rc = BN_OK;
    for (;;) {
        const ssize_t n = read(fd, buf, CHUNK);
        if (n == 0)
            break;
        if (n > 0) {
            bn_digest_add(d, buf, (size_t)n);
        } else if (errno != EINTR) {
            rc = bn_fail(BN_INPUT, "%s: cannot read: %s", path, strerror(errno));
            break;
        }
    }
    free(buf);
    return rc;
}

bn_status bn_digest_file(const char *path, char hex[BN_HEX])
{
    bn_digest *d;
    int fd;

    BN_TRY(open_regular(path, &fd));
    bn_status rc = bn_digest_new(&d);
    if (rc == BN_OK) {
        rc = add_file(d, fd, path);
        char sum[BN_HEX];
        bn_digest_end(d, sum);
        if (rc == BN_OK)
            memcpy(hex, sum, BN_HEX);
    }
    close(fd);
    return rc;
}
