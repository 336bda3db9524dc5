/* SPDX-License-Identifier: MIT */
#include <basin/tile.h>
#include <basin/mem.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

static unsigned wanted;

struct job {
    bn_tile_work *work;
    void *context;
    size_t count;
    atomic_size_t next;
    pthread_mutex_t lock;                /* guards the three below */
    size_t failed;                       /* lowest tile that failed, or count */
    bn_status status;
    char *message;
};

void bn_threads_set(unsigned n)
{
    wanted = n;
}

unsigned bn_threads(void)
{
    if (wanted != 0)
        return wanted;
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores > 0 ? (unsigned)cores : 1;
}

static void record(struct job *j, size_t k, bn_status status)
{
    pthread_mutex_lock(&j->lock);
    if (k < j->failed) {
        free(j->message);
        j->message = bn_copy(bn_error());
        j->failed = k;
        j->status = status;
    }
    pthread_mutex_unlock(&j->lock);
}

static void *worker(void *arg)
{
    struct job *j = arg;

    for (size_t k; (k = atomic_fetch_add(&j->next, 1)) < j->count;) {
        const bn_status rc = j->work(j->context, k);
        if (rc != BN_OK)
            record(j, k, rc);
    }
    return NULL;
}

bn_status bn_tiles(size_t count, bn_tile_work *work, void *context)
{
    enum { MAX_THREADS = 256 };
    struct job j = { .work = work, .context = context, .count = count,
                     .failed = count };
    pthread_t thread[MAX_THREADS];
    size_t n = bn_threads();

    if (n > count)
        n = count;
    if (n > MAX_THREADS)
        n = MAX_THREADS;
    pthread_mutex_init(&j.lock, NULL);
    atomic_init(&j.next, 0);
    size_t started = 0;                  /* this thread works, too */
    while (started + 1 < n
           && pthread_create(&thread[started], NULL, worker, &j) == 0)
        started++;
    worker(&j);
    for (size_t i = 0; i < started; i++)
        pthread_join(thread[i], NULL);
    pthread_mutex_destroy(&j.lock);
    if (j.status != BN_OK)
        (void)bn_fail(j.status, "%s", j.message != NULL ? j.message : "out of memory");
    free(j.message);
    return j.status;
}
