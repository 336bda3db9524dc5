/* SPDX-License-Identifier: MIT
 * What a disk, a kill and a careless hand can do: every write that may fail does,
 * objects rot, makes are killed.  Nothing wrong is ever served, nothing half is ever
 * seen, and the next make goes on.  BASIN_SLOW=1 tries every write, 200 bits and 100
 * kills.                                                                     */
#include "shell.h"
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define SMALL "ring.tuning.neurons=24 ring.tuning.angles=48 "                 \
              "ring.tuning.model_curves=100 ring.weights.form=dense "

static const char *bin;
static char make[2048], plan[80], root[512], preload[1200];
static struct faults *faults;
static uint64_t state64 = 20250311;

static uint64_t below(uint64_t n)        /* splitmix64; a small bias does not matter */
{
    uint64_t z = state64 += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % n;
}

static int often(int quick, int slow)
{
    const char *s = getenv("BASIN_SLOW");
    return s != NULL && strcmp(s, "1") == 0 ? slow : quick;
}

/* --- a project ----------------------------------------------------------- */

/* Without asan, whose run-time must be loaded first. */
static void map_faults(void)
{
    char path[1100];
    if (sh("cp -p '%s/tests/faults.so' '%s'", bin, root) != 0)
        return;
    snprintf(path, sizeof path, "%s/faults.so.plan", root);
    const int fd = open(path, O_RDWR | O_CREAT, 0666);
    if (fd < 0 || ftruncate(fd, sizeof *faults) != 0)
        fail_msg("%s: cannot be made", path);
    void *at = mmap(NULL, sizeof *faults, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    faults = at == MAP_FAILED ? NULL : at;
    if (faults == NULL)
        return;
    faults->at = -1;
    snprintf(faults->under, sizeof faults->under, "out/");
    snprintf(preload, sizeof preload, "LD_PRELOAD='%s/faults.so'", root);
}

static int setup(void **state)
{
    (void)state;
    static char dir[] = "/tmp/basin-test-XXXXXX";
    char here[512];
    bin = programs();
    if (getcwd(here, sizeof here) == NULL || mkdtemp(dir) == NULL)
        return -1;
    snprintf(root, sizeof root, "%s", dir);
    write_make(make, sizeof make, NULL);
    if (sh("cd '%s' && cp -Rp Makefile lib stages tools tests figures '%s' && cd '%s' && "
           "mkdir pipelines params && printf '$R/ring/%%s\\n' tuning.h5: "
           "'weights.h5: $R/ring/tuning.h5' 'weights.hebb.h5: $R/ring/tuning.h5' "
           "'weights.circulant.h5: $R/ring/weights.h5 $R/ring/tuning.h5' "
           "> pipelines/ring.mk && printf 'weights.%%s { kind = %%s }\\n' circulant circulant "
           "hebb hebb > params/ring.conf", here, root, root) != 0 || chdir(root) != 0)
        return -1;
    map_faults();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return chdir("/") == 0 ? sh("chmod -R u+w '%s'; rm -rf '%s'", root, root) : -1;
}

static int clean(void **state)
{
    (void)state;
    if (faults != NULL) {
        faults->at = -1;
        faults->inode = 0;
    }
    return sh("chmod -R u+w out ref 2>/dev/null; rm -rf out ref");
}

/* Exit status; with a message in `said`, as make would print it. */
static int resolve(const char *with, const char *set)
{
    char hex[80] = "";
    const int status = sh("%s %s/basin resolve --results out --set '" SMALL "%s'", with, bin,
                          set);
    const char *name = strstr(said, "out/.basin/plans/");
    if (status == 0 && name != NULL && sscanf(name, "out/.basin/plans/%64[0-9a-f]", hex)) {
        memcpy(plan, hex, sizeof hex);
        return 0;
    }
    const char *message = strstr(said, "error:");
    char path[512] = "";
    if (message != NULL && sscanf(message, "error:%511s", path) == 1)
        sh("cat '%s'", path);
    return status != 0 ? status : 1;
}

static int run(const char *with, const char *target)
{
    return sh("%s %s/basin run --results out --plan %s out/%s", with, bin, plan, target);
}

static void assert_made(const char *target, const char *set)
{
    if (resolve("", set) != 0 || run("", target) != 0)
        fail_msg("%s: %s", target, said);
}

/* Out of the way: out/ becomes what others are compared with. */
static void keep_as_reference(void)
{
    assert_runs("rm -rf ref; mv out ref; rm -rf out");
}

#define NO_DEBRIS                                                             \
    "! { find out/cache/tmp out/cache/lock out/cache/damaged out/cache/checkpoints "     \
    "out/.basin/makes -type f -not -name '.*' 2>/dev/null; "                  \
    "find out -name '*.tmp.*'; } | grep ."

/* --- writes that fail ---------------------------------------------------- */

/* Every object that claims to be one is that of the undisturbed run. */
static void assert_nothing_half(const char *what)
{
    if (sh("cd out/cache/objects 2>/dev/null || exit 0; for m in */*.json; do "
           "test -e \"$m\" || continue; o=${m%%.json}.h5; test -e \"$o\" || continue; "
           "cmp \"$o\" \"../../../ref/cache/objects/$o\" || exit 1; done; "
           "cd ../../ring 2>/dev/null || exit 0; for l in *.h5; do test -L \"$l\" || continue; "
           "cmp \"$l\" \"../../ref/ring/$l\" || exit 1; done") != 0)
        fail_msg("%s: %s", what, said);
}

/* One sentence; lines about what was made before do not count. */
static void assert_one_message(const char *what)
{
    int lines = 0;
    for (const char *p = said; *p != '\0';) {
        const size_t n = strcspn(p, "\n");
        char line[4096];
        snprintf(line, sizeof line, "%.*s", (int)n, p);
        lines += n > 0 && strstr(line, " memory ") == NULL;
        p += n + (p[n] == '\n');
    }
    if (lines != 1)
        fail_msg("%s: %d messages: %s", what, lines, said);
}

static void fail_at(long n, int error, bool for_good, int *failed)
{
    char what[80];
    snprintf(what, sizeof what, "write %ld fails with %s", n, strerror(error));
    assert_runs("rm -rf out; mkdir out");
    faults->count = 0;
    faults->error = error;
    faults->for_good = for_good;
    faults->at = n;
    int status = resolve(preload, "");
    if (status == 0)
        status = run(preload, "ring/weights.h5");
    faults->at = -1;
    if (status >= 128)
        fail_msg("%s: exit status %d: %s", what, status, said);
    if (status != 0) {
        assert_one_message(what);
        if (strstr(said, strerror(error)) == NULL)
            fail_msg("%s: does not say so: %s", what, said);
    }
    *failed += status != 0;
    assert_nothing_half(what);
    assert_made("ring/weights.h5", "");
    assert_nothing_half(what);
    assert_runs("test -L out/ring/weights.h5 && test -L out/ring/tuning.h5");
    assert_runs("%s/basin gc objects temporaries damaged --results out --delete", bin);
    if (sh("cd out/cache/objects && find . -name '*.h5' | sort > ../../../a && "
           "cd ../../../ref/cache/objects && find . -name '*.h5' | sort | cmp - ../../../a "
           "&& cd ../../.. && " NO_DEBRIS) != 0)
        fail_msg("%s: debris: %s", what, said);
}

static void every_write_may_fail(void **state)
{
    (void)state;
    if (faults == NULL) {
        print_message("skipped: faults.so is only built for release and debug\n");
        return;
    }
    assert_made("ring/weights.h5", "");
    keep_as_reference();
    assert_runs("mkdir out");
    faults->count = 0;
    assert_int_equal(resolve(preload, ""), 0);
    assert_int_equal(run(preload, "ring/weights.h5"), 0);
    const long n = (long)faults->count, step = often((int)(n / 24) + 1, 1);
    assert_true(n > 100);
    static const int errors[] = { ENOSPC, EIO, EROFS };
    int tried = 0, failed = 0;
    for (long i = 0; i < n; i += step) {
        const int error = i == 0 ? EROFS : errors[tried % 2];
        fail_at(i, error, error != EIO, &failed);
        if (step == 1 && error == ENOSPC)
            fail_at(i, EIO, false, &failed);
        else if (step == 1)
            fail_at(i, ENOSPC, true, &failed);
        tried++;
    }
    print_message("%ld writes, tried %d, %d runs failed\n", n, tried, failed);
    assert_true(failed > tried / 2);
}

/* --- objects that rot ---------------------------------------------------- */

static const char *const artifacts[] = { "tuning", "weights" };

static off_t size_of(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        fail_msg("%s: %s", path, strerror(errno));
    return st.st_size;
}

static void flip(const char *path, off_t at, int mask)
{
    const struct timespec old[2] = { { 946684800, 0 }, { 946684800, 0 } };
    unsigned char byte = 0;
    if (chmod(path, 0644) != 0)
        fail_msg("%s: %s", path, strerror(errno));
    const int fd = open(path, O_RDWR);
    assert_true(fd >= 0 && pread(fd, &byte, 1, at) == 1);
    byte ^= (unsigned char)mask;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    assert_int_equal(futimens(fd, old), 0);
    close(fd);
    assert_int_equal(chmod(path, 0444), 0);
}

/* Path of the object (or of its manifest) that a link leads to. */
static void object_of(const char *artifact, const char *ending, char path[600])
{
    assert_runs("cd out/ring && readlink -f %s.h5", artifact);
    said[strcspn(said, "\n")] = '\0';
    said[strlen(said) - 3] = '\0';
    snprintf(path, 600, "%.500s%s", said, ending);
}

static void bits_that_flip(void **state)
{
    (void)state;
    const int n = often(40, 200);
    assert_made("ring/weights.circulant.h5", "");
    assert_runs("cp -RLp out/ring kept; chmod -R u+w kept");
    int manifests = 0, silent = 0;
    for (int i = 0; i < n; i++) {
        const char *artifact = artifacts[below(2)];
        const bool manifest = below(5) == 0;
        const bool rot = !manifest && faults != NULL && below(2) == 0;
        char path[600], what[700];
        struct stat st;
        object_of("weights.circulant", "", path);
        assert_runs("rm -f '%s.h5' '%s.json' out/ring/weights.circulant.h5", path, path);
        object_of(artifact, manifest ? ".json" : ".h5", path);
        const off_t at = (off_t)below((uint64_t)size_of(path));
        const int mask = 1 << below(8);
        snprintf(what, sizeof what, "%s: byte %ld, bit %02x%s", path, (long)at,
                 (unsigned)mask, rot ? ", unseen by stat" : "");
        if (rot) {
            assert_int_equal(stat(path, &st), 0);
            faults->offset = at;
            faults->mask = mask;
            faults->inode = st.st_ino;
        } else {
            flip(path, at, mask);
        }
        const char *with = rot ? preload : "";
        if (resolve(with, "") != 0 || run(with, "ring/weights.circulant.h5") != 0)
            fail_msg("%s: %s", what, said);
        if (rot && count_said("was moved to") != 1)
            fail_msg("%s: not said once: %s", what, said);
        if (faults != NULL)
            faults->inode = 0;
        if (sh("test \"$(find out/cache/damaged -name '*.json' | wc -l)\" = 1 && "
               "for a in tuning weights weights.circulant; do "
               "cmp out/ring/$a.h5 kept/$a.h5 || exit 1; done; rm -rf out/cache/damaged; "
               NO_DEBRIS) != 0)
            fail_msg("%s: not found, or not made again as it was: %s", what, said);
        manifests += manifest;
        silent += rot;
    }
    print_message("%d bits: %d of manifests, %d that stat does not show\n", n, manifests,
                  silent);
    assert_runs("rm -rf kept");
}

static void cat_reads_nothing_damaged(void **state)
{
    (void)state;
    char path[600];
    assert_made("ring/weights.h5", "");
    object_of("weights", ".h5", path);
    flip(path, size_of(path) / 2, 1);
    assert_exits(BN_INPUT, "%s/basin cat out/ring/weights.h5:/J > numbers", bin);
    assert_says(said, "was moved to");
    assert_runs("! test -s numbers && ! test -e out/ring/weights.h5 && "
                "ls out/cache/damaged/*.h5 out/cache/damaged/*.json");
    assert_made("ring/weights.h5", "");
    assert_runs("%s/basin cat out/ring/weights.h5:/J > numbers && test -s numbers", bin);
    assert_runs("cp -L out/ring/weights.h5 own.h5; chmod u+w own.h5; "
                "%s/basin cat own.h5:/J > numbers && test -s numbers; rm own.h5 numbers", bin);
}

/* While one figure is drawn, `basin cat` need not hash what `basin run` has hashed, and
 * trusts nothing else: rot that stat does not show tells the two apart.     */
static void only_what_is_vouched_for_is_not_hashed(void **state)
{
    (void)state;
    char path[600], vouched[400];
    struct stat st;
    if (faults == NULL)
        return;
    assert_made("ring/weights.h5", "");
    object_of("weights", ".h5", path);
    assert_int_equal(stat(path, &st), 0);
    snprintf(vouched, sizeof vouched, "%.64s:%llu:%llu:%lld:%lld.%ld:%lld.%ld",
             strrchr(path, '/') + 1, (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino, (long long)st.st_size,
             (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, (long long)st.st_ctim.tv_sec,
             st.st_ctim.tv_nsec);
    faults->offset = st.st_size - 9;
    faults->mask = 4;
    faults->inode = st.st_ino;
    sh("%s BASIN_VERIFIED='x %s ' %s/basin cat out/ring/weights.h5:/J > numbers", preload,
       vouched, bin);
    assert_int_equal(count_said("was moved to"), 0);
    assert_runs("test ! -e out/cache/damaged");
    assert_exits(BN_INPUT, "%s BASIN_VERIFIED='x %s0 ' %s/basin cat out/ring/weights.h5:/J",
                 preload, vouched, bin);
    assert_says(said, "was moved to");
    faults->inode = 0;
    assert_made("ring/weights.h5", "");
    assert_runs("rm numbers");
}

/* Memos are for speed only: damaged ones, and those of other files, count for nothing. */
static void memos_that_lie(void **state)
{
    (void)state;
    static const char *const spoil[] = {
        ": > $m", "echo x > $m", "sed -i 's/^./x/' $m", "cp one x; cat x > $m", "rm -f $m",
    };
    assert_made("ring/weights.h5", "");
    assert_runs("cat $(ls out/cache/memo/*/* | head -n 1) > one");
    for (size_t i = 0; i < BN_LEN(spoil); i++) {
        assert_runs("for m in out/cache/memo/*/*; do %s; done", spoil[i]);
        assert_made("ring/weights.h5", "");
        if (strcmp(said, "") != 0 && (count_said(" memory ") != 0 || count_said("\n") != 1))
            fail_msg("%s: %s", spoil[i], said);
        assert_runs("test ! -e out/cache/damaged");
    }
    assert_runs("rm -f one x");
}

static void manifests_that_are_cut(void **state)
{
    (void)state;
    static const char *const spoil[] = {
        ": > $m", "head -c 100 $m > x; cat x > $m",
        "sed -i 's/\"lambda\": \"[^\"]*\"/\"lambda\": \"1e-4\"/' $m",
        "sed -i 's/\"content\": \"./\"content\": \"x/' $m", "rm -f $m",
        "cp out/ring/tuning.h5 x; cat x > ${m%.json}.h5",
    };
    assert_made("ring/weights.h5", "");
    assert_runs("cp -Lp out/ring/weights.h5 kept.h5");
    for (size_t i = 0; i < BN_LEN(spoil); i++) {
        char path[600];
        object_of("weights", ".json", path);
        assert_runs("m='%s'; chmod -R u+w out; %s", path, spoil[i]);
        /* an edited manifest does not pass for the result of other parameters */
        assert_made("ring/weights.h5", "ring.weights.lambda=1e-4");
        assert_int_equal(count_said(" memory "), i == 0 ? 1 : 0);
        assert_made("ring/weights.h5", "");
        if (count_said(" memory ") != 1)
            fail_msg("%s: %s", spoil[i], said);
        assert_runs("cmp out/ring/weights.h5 kept.h5");
    }
    assert_runs("rm -f kept.h5 x");
}

/* --- kills --------------------------------------------------------------- */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#define TARGETS "out/ring/weights.circulant.h5 out/ring/weights.hebb.h5"

/* All of it, only make, or only what make runs. */
static void kill_some(pid_t group, int which)
{
    assert_true(group > 1);              /* -1 would be everybody */
    if (which == 0)
        kill(-group, SIGKILL);
    else if (which == 1)
        kill(group, SIGKILL);
    else
        sh("ps -o pid=,pgid=,comm= -e | awk -v g=%d '$2 == g && $3 == \"%s\" { print $1 }' | "
           "xargs -r kill -9", (int)group, which == 2 ? "basin" : "weights");
}

/* The process group of the make, which may have members left. */
static pid_t kill_after(double seconds, int which)
{
    const struct timespec wait = { (time_t)seconds,
                                   (long)(1e9 * (seconds - (double)(time_t)seconds)) };
    char command[3000];
    snprintf(command, sizeof command, "exec %s -j2 " TARGETS " SET='" SMALL "' > log 2>&1",
             make);
    const pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    assert_true(pid > 1);                /* kill(-1) would end everything */
    setpgid(pid, pid);
    nanosleep(&wait, NULL);
    kill_some(pid, which);
    int status;
    waitpid(pid, &status, 0);
    return pid;
}

/* What a killed make or driver left running ends by itself: gc spares the living. */
static void wait_for(pid_t group)
{
    const struct timespec pause = { 0, 20000000 };
    assert_true(group > 1);
    for (int i = 0; i < 1500 && kill(-group, 0) == 0; i++)
        nanosleep(&pause, NULL);
    assert_true(kill(-group, 0) != 0);
}

static void killed_and_continued(void **state)
{
    (void)state;
    const int n = often(10, 100);
    assert_runs("%s out/.basin/x 2>/dev/null; rm -rf out", make);
    const double start = now();
    assert_runs("%s -j2 " TARGETS " SET='" SMALL "'", make);
    const double duration = now() - start;
    keep_as_reference();
    for (int i = 0; i < n; i++) {
        if (below(3) > 0)
            assert_runs("rm -rf out");
        else
            assert_runs("rm -f out/ring/weights.h5 out/ring/weights.hebb.h5; "
                        "find out/cache/objects -name '*.h5' | head -n 2 | xargs rm -f");
        pid_t killed[2];
        const size_t kills = 1 + (size_t)below(2);
        for (size_t k = 0; k < kills; k++)
            killed[k] = kill_after(1e-3 * (double)below((uint64_t)(1e3 * duration) + 1),
                                   (int)below(4));
        if (sh("%s -j2 " TARGETS " SET='" SMALL "'", make) != 0)
            fail_msg("kill %d: %s", i, said);
        if (count_said("was moved to") != 0 ||
            sh("cd ref/ring && for f in *.h5; do cmp $f ../../out/ring/$f || exit 1; done") != 0)
            fail_msg("kill %d: %s", i, said);
        for (size_t k = 0; k < kills; k++)
            wait_for(killed[k]);
        assert_runs("%s/basin gc objects temporaries plans damaged --results out --delete",
                    bin);
        if (sh(NO_DEBRIS " && { test \"$(find out/cache/objects -type f | wc -l)\" = 8 || "
               "{ ls out/cache/objects/*; exit 1; }; }") != 0)
            fail_msg("kill %d left something: %s", i, said);
        assert_exits(0, "%s -q " TARGETS " SET='" SMALL "'", make);
    }
}

/* --- gc ------------------------------------------------------------------ */

static int count_objects(void)
{
    int n = -1;
    assert_runs("find out/cache/objects -name '*.h5' | wc -l");
    sscanf(said, "%d", &n);
    return n;
}

static void gc_keeps_what_lives(void **state)
{
    (void)state;
    assert_made("ring/weights.circulant.h5", "ring.weights.lambda=1e-4");
    assert_made("ring/weights.circulant.h5", "ring.weights.lambda=1e-5");
    assert_made("ring/weights.circulant.h5", "");
    assert_int_equal(count_objects(), 7);
    assert_runs("rm out/ring/weights.h5");           /* still an input of the circulant */
    assert_runs("%s/basin gc --results out objects", bin);
    assert_says(said, "add --delete");
    assert_int_equal(count_said("objects "), 4);
    assert_int_equal(count_objects(), 7);
    assert_runs("%s/basin gc --results out objects --older 1", bin);
    assert_says(said, "nothing to delete");
    assert_runs("%s/basin gc --results out objects --keep-last 3", bin);
    assert_says(said, "nothing to delete");
    assert_runs("%s/basin gc --results out objects --keep-last 2", bin);
    assert_int_equal(count_said("objects "), 2);
    assert_runs("%s/basin gc --results out --delete", bin);      /* no objects unless named */
    assert_int_equal(count_objects(), 7);
    assert_runs("%s/basin gc --results out objects --delete", bin);
    assert_int_equal(count_objects(), 3);
    assert_made("ring/weights.circulant.h5", "");
    assert_int_equal(count_said(" memory "), 0);
    assert_made("ring/weights.h5", "");
    assert_int_equal(count_said(" memory "), 0);
    assert_made("ring/weights.h5", "ring.weights.lambda=1e-4");
    assert_int_equal(count_said(" memory "), 1);
    assert_exits(BN_USAGE, "%s/basin gc objekts", bin);
    assert_says(said, "did you mean `objects`");
}

static void gc_sweeps_the_dead_only(void **state)
{
    (void)state;
    assert_made("ring/tuning.h5", "");
    assert_runs("sh -c 'echo $$' > dead; d=$(cat dead); l=$PPID; touch out/cache/tmp/$d.h5 "
                "out/cache/tmp/$$.h5 out/cache/lock/abc out/cache/lock/held "
                "out/ring/mine.tmp.txt out/ring/mine.h5 "
                "out/cache/objects/00.json.tmp.$d; ln -s x out/ring/a.h5.tmp.$d; "
                "mkdir -p out/.basin/makes out/cache/objects/ab; echo 1 x > "
                "out/.basin/makes/$d; touch out/cache/objects/ab/ab%062d.h5; "
                "flock -s out/cache/lock/held -c '%s/basin gc --results out'", 0, bin);
    assert_says(said, "6 files");
    assert_runs("flock -s out/cache/lock/held -c '%s/basin gc --results out --delete'; "
                "test -e out/cache/lock/held && test -e out/ring/mine.tmp.txt && "
                "test -e out/ring/mine.h5 && ! test -e out/cache/lock/abc && "
                "test -z \"$(find out -name '*.tmp.[0-9]*')\" && "
                "! test -e out/cache/objects/ab/ab%062d.h5; rm -f dead", bin, 0);
    assert_made("ring/tuning.h5", "");
    assert_int_equal(count_said(" memory "), 0);
}

static void gc_waits_for_makes(void **state)
{
    (void)state;
    assert_made("ring/tuning.h5", "");
    const double start = now();
    assert_runs("flock -s out/cache/in-use sleep 1 & sleep 0.2; "
                "%s/basin gc --results out --delete", bin);
    assert_says(said, "waiting for it to end");
    assert_true(now() - start > 0.9);
}

/* Two checkouts, one cache: neither knows what the other links to. */
static void gc_asks_who_shares(void **state)
{
    (void)state;
    assert_made("ring/weights.h5", "");
    assert_runs("mkdir ref; mv out/cache common; ln -s ../common out/cache; "
                "ln -s ../common ref/cache; mkdir ref/ring; mv out/ring/*.h5 ref/ring");
    assert_exits(BN_USAGE, "%s/basin gc objects --results out --delete", bin);
    assert_says(said, "--also");
    assert_runs("%s/basin gc objects --results out --also ref --delete", bin);
    assert_says(said, "nothing to delete");
    assert_runs("rm ref/ring/weights.h5; %s/basin gc objects --results out --also ref "
                "--delete && test -e ref/ring/tuning.h5; rm -rf common", bin);
    assert_says(said, "1 file deleted");
}

/* --- force and accept ----------------------------------------------------- */

static void force_runs_this_node_only(void **state)
{
    (void)state;
    assert_made("ring/weights.circulant.h5", "");
    assert_runs("%s/basin force ring/weights --results out --set '" SMALL "'", bin);
    assert_says(said, "out/ring/weights.h5");
    assert_made("ring/weights.circulant.h5", "");
    assert_int_equal(count_said(" memory "), 1);
    assert_says(said, "ring/weights.h5 ");
    assert_made("ring/weights.circulant.h5", "");
    assert_int_equal(count_said(" memory "), 0);
    assert_exits(BN_USAGE, "%s/basin force ring/wieghts --results out", bin);
}

/* A stage that gives something else the second time. */
static void what_is_not_deterministic_is_said(void **state)
{
    (void)state;
    assert_made("ring/weights.h5", "");
    assert_runs("rm -rf moody; cp -Rp '%s' moody; mv moody/stages/weights moody/stages/real; "
                "printf '#!/bin/sh\\nexec \"${0%%%%/*}/real\" \"$@\" --set lambda=0.1\\n' > "
                "moody/stages/weights; chmod +x moody/stages/weights", bin);
    const char *before = bin;
    static char moody[600];
    snprintf(moody, sizeof moody, "%s/moody", root);
    assert_runs("%s/basin force ring/weights --results out --set '" SMALL "'", bin);
    bin = moody;
    assert_made("ring/weights.h5", "");
    bin = before;
    assert_says(said, "is not deterministic");
    assert_runs("ls out/cache/damaged/*.nondeterministic.h5 "
                "out/cache/damaged/*.nondeterministic.json && rm -rf moody");
    assert_made("ring/weights.h5", "");
    assert_int_equal(count_said(" memory "), 0);
}

static void accept_keeps_a_result(void **state)
{
    (void)state;
    const char *accept = "basin accept ring/weights --results out --set", *built = bin;
    char copy[600];
    snprintf(copy, sizeof copy, "%s/built", root);
    assert_runs("cp -Rp '%s' built", bin);
    bin = copy;
    assert_made("ring/weights.circulant.h5", "");
    assert_runs("cp -Lp out/ring/weights.h5 kept.h5");
    assert_exits(BN_USAGE, "%s/%s '" SMALL "'", bin, accept);
    assert_says(said, "--why");
    assert_exits(1, "%s/%s '" SMALL "' --why 'no reason'", bin, accept);
    assert_says(said, "has not changed");
    assert_runs("cp -p stages/weights.c kept.c; echo 'struct harmless;' >> stages/weights.c");
    assert_int_equal(compiled_as_is(bin, "stages/weights.c"), 0);
    assert_exits(1, "%s/%s '" SMALL "ring.weights.lambda=1e-3' --why 'only a name'", bin,
                 accept);
    assert_says(said, "lambda was");
    assert_exits(1, "%s/%s '" SMALL "ring.seed=9' --why 'only a name'", bin, accept);
    assert_says(said, "not up to date");
    assert_runs("%s/%s '" SMALL "' --why 'only a name'", bin, accept);
    assert_runs("cmp out/ring/weights.h5 kept.h5 && cp -RLp out/ring shown && "
                "m=$(readlink -f out/ring/weights.h5); grep -A 6 accepted ${m%%.h5}.json");
    assert_says(said, "only a name");
    assert_says(said, "old_code");
    assert_says(said, "@");
    assert_made("ring/weights.h5", "");
    assert_int_equal(count_said(" memory "), 0);
    assert_runs("%s/basin accept ring/weights.circulant --results out --set '" SMALL
                "' --why 'only a name'", bin);
    assert_made("ring/weights.circulant.h5", "");    /* the stage was not even built again */
    assert_int_equal(count_said(" memory "), 0);
    assert_runs("mv kept.c stages/weights.c");
    assert_int_equal(compiled_as_is(bin, "stages/weights.c"), 0);
    assert_made("ring/weights.h5", "");              /* and back */
    assert_int_equal(count_said(" memory "), 0);
    assert_runs("rm -rf kept.h5 shown built");
    bin = built;
}

#define TEST(f) cmocka_unit_test_setup(f, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_write_may_fail), TEST(bits_that_flip), TEST(cat_reads_nothing_damaged),
        TEST(only_what_is_vouched_for_is_not_hashed), TEST(memos_that_lie),
        TEST(manifests_that_are_cut), TEST(killed_and_continued), TEST(gc_keeps_what_lives),
        TEST(gc_sweeps_the_dead_only), TEST(gc_waits_for_makes), TEST(gc_asks_who_shares),
        TEST(force_runs_this_node_only), TEST(what_is_not_deterministic_is_said),
        TEST(accept_keeps_a_result),
    };
    return cmocka_run_group_tests_name("safety", tests, setup, teardown);
}
