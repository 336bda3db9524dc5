/* SPDX-License-Identifier: MIT
 * End to end, through Make: copies of the tree in two folders, small networks.
 * The copies use the programs that are built already.                        */
#include "shell.h"

#define SMALL "ring.tuning.neurons=60 ring.tuning.angles=48 "                 \
              "ring.tuning.model_curves=100 ring.weights.form=dense "

static char root[512], make[2048], recorded[4096];  /* recorded: BASIN_DATA, absolute */

/* make with the programs of this build; results never in results/, which is for
 * release programs.                                                          */
static int setup(void **state)
{
    (void)state;
    static char dir[] = "/tmp/basin-test-XXXXXX";
    char here[512];
    if (getcwd(here, sizeof here) == NULL || mkdtemp(dir) == NULL)
        return -1;
    snprintf(root, sizeof root, "%s", dir);
    if (sh("cd \"${BASIN_DATA:-/nowhere}\" && pwd") == 0)
        sscanf(said, "%4095[^\n]", recorded);
    write_make(make, sizeof make, NULL);
    for (int k = 1; k <= 2; k++)
        if (sh("mkdir '%s/%d' && cd '%s' && cp -Rp Makefile lib stages tools tests params "
               "pipelines figures '%s/%d'", root, k, here, root, k) != 0)
            return -1;
    return chdir(root);
}

static int teardown(void **state)
{
    (void)state;
    return chdir("/") == 0 ? sh("rm -rf '%s'", root) : -1;
}

static int clean(void **state)
{
    (void)state;
    return sh("rm -rf 1/out 2/out");
}

static void two_trees_same_bytes(void **state)
{
    (void)state;
    for (int k = 1; k <= 2; k++) {
        assert_runs("%s -C %d -j%d out/ring/weights.circulant.h5 out/ring/weights.hebb.h5 "
                    "SET='" SMALL "'", make, k, k);
        assert_int_equal(count_said(" memory "), 4);
    }
    static const char *const names[] = { "tuning", "weights", "weights.circulant",
                                         "weights.hebb" };
    for (size_t i = 0; i < BN_LEN(names); i++)
        assert_runs("cmp 1/out/ring/%s.h5 2/out/ring/%s.h5", names[i], names[i]);
    assert_runs("cd 1/out/cache/objects && find . -name '*.h5' -exec cmp {} "
                "../../../../2/out/cache/objects/{} \\;");
    assert_true(said[0] == '\0');
}

static void up_to_date_and_back(void **state)
{
    (void)state;
    const char *target = "-C 1 out/ring/weights.h5";
    assert_runs("%s %s SET='" SMALL "'", make, target);
    assert_exits(0, "%s %s SET='" SMALL "' -q", make, target);
    assert_runs("%s %s SET='" SMALL "'", make, target);
    assert_says(said, "is up to date");
    assert_exits(1, "%s %s SET='" SMALL "ring.weights.lambda=1e-5' -q", make, target);
    assert_runs("%s %s SET='" SMALL "ring.weights.lambda=1e-5' -n", make, target);
    assert_int_equal(count_said("basin run"), 1);
    assert_exits(0, "%s %s SET='" SMALL "' -q", make, target);     /* a look costs nothing */
    assert_runs("%s %s SET='" SMALL "ring.weights.lambda=1e-5'", make, target);
    assert_int_equal(count_said(" memory "), 1);
    assert_runs("%s %s SET='" SMALL "'", make, target);
    assert_int_equal(count_said(" memory "), 0);
    assert_int_equal(count_said("cached"), 1);
    assert_exits(0, "%s %s SET='" SMALL "' -q", make, target);
    assert_runs("%s %s SET='" SMALL "' -B", make, target);
    assert_int_equal(count_said(" memory "), 2);
}

static void an_edit_is_noticed(void **state)
{
    (void)state;
    const char *target = "-C 1 out/ring/weights.h5 SET='" SMALL "'";
    assert_runs("%s %s", make, target);
    assert_runs("cp -p 1/params/ring.conf kept.conf; "
                "echo 'weights { lambda = 1e-4 }' >> 1/params/ring.conf");
    assert_runs("%s %s", make, target);
    assert_int_equal(count_said(" memory "), 1);
    assert_runs("mv kept.conf 1/params/ring.conf");
    assert_runs("%s %s", make, target);
    assert_int_equal(count_said("cached"), 1);
    assert_runs("rm 1/out/ring/tuning.h5");
    assert_runs("%s %s", make, target);
    assert_int_equal(count_said(" memory "), 0);
    assert_runs("test -L 1/out/ring/tuning.h5; "
                "rm -f 1/out/cache/objects/*/*.h5; %s %s", make, target);
    assert_int_equal(count_said(" memory "), 2);     /* dangling links count for nothing */
}

/* cp -r and restores give every file the time of the copy. */
static void new_times_hide_nothing(void **state)
{
    (void)state;
    assert_runs("%s -C 1 out/ring/weights.h5 SET='" SMALL "'", make);
    assert_runs("cp -r 1/out 1/copy && rm -rf 1/out && mv 1/copy 1/out && "
                "find 1/out -type f -exec touch {} +");
    assert_runs("%s -C 1 out/ring/weights.h5 SET='" SMALL "ring.weights.lambda=1e-5'", make);
    assert_int_equal(count_said(" memory "), 1);
    assert_runs("%s/basin cat 1/out/ring/weights.h5:/lambda", programs());
    assert_string_equal(said, "1e-05\n");
}

static void wrong_parameter_runs_nothing(void **state)
{
    (void)state;
    assert_exits(2, "%s -C 1 out/ring/weights.h5 SET='ring.weights.lamda=1'", make);
    assert_says(said, "did you mean `lambda`");
    assert_exits(2, "%s -C 1 figure1 FROM=rign", make);
    assert_says(said, "did you mean `ring`");
    /* a copy of a pipeline that has others beside it, which a figure wants */
    assert_runs("sed 's/mouse/rat/g' 1/pipelines/mouse.mk >1/pipelines/rat.mk && "
                "cp 1/params/mouse.conf 1/params/rat.conf");
    assert_exits(2, "BASIN_DATA=/nowhere %s -C 1 figure4 FROM=rat", make);
    assert_int_equal(count_said("no pipeline rat-sizes"), 1);
    assert_says(said, "figures/figure4.rat.pdf needs rat-sizes/summary.sizes.h5, and there is no "
                "pipeline rat-sizes: copy mouse-sizes (sed 's/mouse/rat/g' "
                "pipelines/mouse-sizes.mk > pipelines/rat-sizes.mk; cp params/mouse-sizes.conf "
                "params/rat-sizes.conf)");
    assert_says(said, "no pipeline rat-stability: copy mouse-stability");
    assert_runs("cd 1 && for p in sizes stability; do sed 's/mouse/rat/g' pipelines/mouse-$p.mk "
                ">pipelines/rat-$p.mk && cp params/mouse-$p.conf params/rat-$p.conf; done");
    assert_exits(0, "BASIN_DATA=/nowhere %s -C 1 -n figure4 FROM=rat", make);
    assert_runs("rm 1/pipelines/rat* 1/params/rat*");
    assert_runs("cp -p 1/params/ring.conf kept.conf; "
                "printf '\\ntuning {\\n  sigm = 1\\n}\\n' >> 1/params/ring.conf; "
                "grep -n 'sigm =' 1/params/ring.conf | cut -d : -f 1 > line");
    assert_exits(2, "%s -C 1 out/ring/weights.h5", make);
    assert_says(said, "sigm");
    char kept[sizeof said];
    memcpy(kept, said, sizeof kept);
    assert_runs("mv kept.conf 1/params/ring.conf; printf params/ring.conf:; cat line");
    said[strcspn(said, "\n")] = '\0';
    assert_says(kept, said);
    assert_runs("! test -e 1/out/ring");
}

static void missing_recording(void **state)
{
    (void)state;
    assert_exits(2, "BASIN_DATA=/nowhere %s -C 1 out/mouse/tuning.h5", make);
    assert_says(said, "/nowhere/mouse28-140313.nwb");
    assert_int_equal(count_said("basin: "), 1);
    assert_runs("! test -e 1/out/mouse && test -z \"$(find 1/out/cache -type f "
                "-path '*/tmp/*')\"");
}

/* Two makes with different values take turns; both end well, and what the last one
 * left is what a fresh tree gives.                                          */
static void two_makes_at_once(void **state)
{
    (void)state;
    assert_runs("for s in 1 2 1 2; do %s -C 1 out/ring/weights.circulant.h5 "
                "SET='" SMALL "ring.seed='$s & p=\"$p $!\"; done; "
                "for i in $p; do wait $i || exit; done", make);
    assert_int_equal(count_said(" memory "), 6);
    for (int seed = 1; seed <= 2; seed++) {
        assert_runs("%s -C 1 out/ring/weights.circulant.h5 SET='" SMALL "ring.seed=%d'",
                    make, seed);
        assert_int_equal(count_said(" memory "), 0);
        assert_runs("rm -rf 2/out; %s -C 2 out/ring/weights.circulant.h5 SET='" SMALL
                    "ring.seed=%d'", make, seed);
        assert_runs("cmp 1/out/ring/weights.circulant.h5 2/out/ring/weights.circulant.h5");
    }
}

/* A killed make leaves no lock, no half file and nothing wrong. */
static void killed_and_continued(void **state)
{
    (void)state;
    assert_runs("%s -C 2 out/ring/weights.h5 SET='" SMALL "'", make);
    for (int k = 0; k < 5; k++)
        assert_runs("setsid %s -C 1 out/ring/weights.h5 SET='" SMALL "ring.seed=%d' & "
                    "sleep 0.%d; kill -s KILL -- -$! 2>/dev/null; wait 2>/dev/null; true", make,
                    k, 1 + k % 3);
    assert_runs("%s -C 1 out/ring/weights.h5 SET='" SMALL "'", make);
    assert_runs("cmp 1/out/ring/weights.h5 2/out/ring/weights.h5");
}

static void own_weights(void **state)
{
    (void)state;
    assert_runs("%s -C 1 out/ring/weights.h5 SET='" SMALL "'", make);
    assert_runs("cd 1/out/ring && cp -L weights.h5 own.h5 && rm weights.h5 && "
                "mv own.h5 weights.h5 && ls -i weights.h5 > ../own");
    assert_runs("%s -C 1 out/ring/weights.circulant.h5 SET='" SMALL
                "ring.weights.lambda=1e-5'", make);
    assert_exits(0, "%s -C 1 out/ring/weights.circulant.h5 SET='" SMALL
                 "ring.weights.lambda=1e-5' -q", make);
    assert_runs("cd 1/out/ring && ls -i weights.h5 | cmp - ../own");
}

static void figures_are_equal_files(void **state)
{
    (void)state;
    if (sh("test -e 1/figures/figure1.gp && command -v gnuplot && command -v pdftocairo")) {
        print_message("skipped: no figure script, gnuplot or pdftocairo\n");
        return;
    }
    for (int k = 1; k <= 2; k++) {
        assert_runs("sleep %d; BASIN_DATA=/nowhere %s -C %d figure1 SET='" SMALL "'", k - 1,
                    make, k);
        assert_runs("cd %d/out/figures && test -s figure1.pdf && test -s figure1.svg && "
                    "test -s figure1.png", k);
    }
    assert_runs("for f in pdf svg png; do "
                "cmp 1/out/figures/figure1.$f 2/out/figures/figure1.$f || exit; done");
    assert_exits(0, "BASIN_DATA=/nowhere %s -C 1 figure1 SET='" SMALL "' -q", make);
    assert_runs("sed -i 's/^set multiplot/plot nonsense(/' 1/figures/figure1.gp");
    assert_true(sh("BASIN_DATA=/nowhere %s -C 1 figure1 SET='" SMALL "'", make) != 0);
    assert_runs("cp -p 2/figures/figure1.gp 1/figures; "
                "! test -e 1/out/figures/figure1.pdf && ! test -e 1/out/figures/figure1.png");
}

#define FEW_TURNS "dendritic.dendritic.neurons=8 dendritic.dendritic.duration=3 "             \
                  "dendritic.darkness.learned.velocity_step=360 "                             \
                  "dendritic.darkness.learned.noises={}"

#define FEW_LESSONS                                                            \
    "ring-learning.tuning.neurons=50 ring-learning.tuning.angles=48 "          \
    "ring-learning.learning.presentations=60 "                                 \
    "ring-learning.learning.delta.presentations=60 "                           \
    "ring-learning.diagnosis.drift_angles=16 "                                 \
    "ring-learning.diagnosis.jacobian_angles=1 "                               \
    "ring-learning.activity.starts=3 "                                         \
    "ring-learning.activity.duration=1 "                                       \
    "ring-rules.sweep.tuning.replicate={1} "                                   \
    "ring-rules.tuning.neurons=60 ring-rules.tuning.angles=48 "                \
    "ring-rules.learning.presentations=60 "                                    \
    "ring-rules.learning.delta.presentations=60 "                              \
    "ring-rules.learning.nlms.presentations=60 "                               \
    "ring-rules.learning.dendritic.presentations=60 "                          \
    "ring-rules.learning.rls.presentations=60 "                                \
    "ring-rules.diagnosis.drift_angles=16 "                                    \
    "ring-rules.diagnosis.jacobian_angles=1 "                                  \
    "ring-rules.diagnosis.trial_angles=8 "                                     \
    "ring-rules.diagnosis.simulate=no "                                        \
    "ring-plasticity.sweep.tuning.replicate={1} "                              \
    "ring-plasticity.sweep.learning.decay.decay_scale={1e-2,1e-1} "            \
    "ring-plasticity.sweep.learning.rate.eta_scale={0.2,0.6} "                 \
    "ring-plasticity.sweep.learning.noise.noise_rate={0.1,0.3} "               \
    "ring-plasticity.sweep.tuning.size.neurons={50,60} "                       \
    "ring-plasticity.tuning.neurons=30 "                                       \
    "ring-plasticity.tuning.angles=48 "                                        \
    "ring-plasticity.learning.presentations=60 "                               \
    "ring-plasticity.learning.dale.presentations=60 "                          \
    "ring-plasticity.diagnosis.drift_angles=16 "                               \
    "ring-plasticity.diagnosis.jacobian_angles=1"

/* Figure 9 with few cells: no bar counts, some lists are empty. */
#define FEW_CELLS                                                              \
    "headdirection.tuning.neurons=40 headdirection.topology.surrogates=0 "     \
    "headdirection.topology.landmarks=20 headdirection.activity.starts=12 "    \
    "gridcells.tuning.neurons=8 gridcells.sweep.tuning.eta={0,1}"

#define FEW_FIELDS                                                             \
    "place.tuning.tunnel.neurons=30 place.tuning.arena.neurons=20 "            \
    "place.tuning.arena.points={30,30} place.tuning.room.neurons=12 "          \
    "place.tuning.room.points={24,20,12} place.tuning.recruited.neurons=40 "   \
    "place-universal.sweep.tuning.threshold={0.5,1.1} "                        \
    "place-universal.tuning.neurons=4 place-universal.tuning.size={300} "      \
    "place-universal.tuning.points={1200} "

/* Figure 8 shows each of 16 starts. */
#define FEW_BATS                                                               \
    "tunnel.tuning.neurons=60 tunnel.diagnosis.drift_points=32 "               \
    "tunnel.diagnosis.trial_angles=8 tunnel.diagnosis.memory_times={1,10} "    \
    "tunnel.activity.duration=1 tunnel-sizes.sweep.tuning.neurons={50,60} "    \
    "tunnel-sizes.sweep.tuning.replicate={1} "                                 \
    "tunnel-sizes.diagnosis.trial_angles=8 "                                   \
    "tunnel-lengths.sweep.tuning.sigma={1.6,3.2} "                             \
    "tunnel-lengths.sweep.tuning.replicate={1} "                               \
    "tunnel-lengths.tuning.neurons=60 tunnel-lengths.tuning.angles=200 "       \
    "tunnel-lengths.diagnosis.trial_angles=8 "

/* All figures, also where there are few neurons, starts or disturbances. */
static void every_figure_is_drawn(void **state)
{
    (void)state;
    if (sh("command -v gnuplot && command -v pdftocairo")) {
        print_message("skipped: no gnuplot or pdftocairo\n");
        return;
    }
    if (strstr(make, "V=asan") != NULL) {        /* stages have tests of their own */
        print_message("skipped: figures are drawn by release builds\n");
        return;
    }
    assert_runs("BASIN_DATA=/nowhere %s -C 1 figures SET='ring.tuning.neurons=5 "
                "ring.tuning.angles=48 ring.activity.starts=3 ring.activity.disturbances={1} "
                "ring.diagnosis.drift_angles=16 ring.activity.constant.duration=1 "
                "ring.activity.velocity.duration=1 ring.weights.lambda=1e-2 "
                "ring-sizes.sweep.tuning.neurons={60,120} ring-sizes.sweep.tuning.replicate={1} "
                "ring-stability.sweep.weights.lambda={1e-4,1e-2} "
                "ring-stability.sweep.tuning.replicate={1} ring-stability.tuning.neurons=60 "
                "reservoir.tuning.neurons=30 reservoir.tuning.settle=50 "
                "reservoir.activity.reservoir.starts=3 ring.diagnosis.far.far_time=20 "
                "ring.activity.far.duration=2 " FEW_TURNS " ring.darkness.velocity_step=360 "
                FEW_FIELDS FEW_BATS FEW_LESSONS " " FEW_CELLS "'", make);
    assert_runs("for k in 1 2 3 4 5 6 7 8 9 S1 S2 S3 S4; do "
                "test -s 1/out/figures/figure$k.png || exit; done");
    /* at true size: 15 cm are 425.2 points; with every font in the file */
    assert_runs("for f in 1/out/figures/*.pdf; do pdfinfo $f | awk -v f=$f '/^Page size/ { "
                "w = $3 } END { if (w < 424 || w > 426) { print f \": \" w; exit 1 } }' && "
                "pdffonts $f | awk -v f=$f 'NR > 2 { n++; if ($(NF - 4) != \"yes\") { "
                "print f \": \" $0; exit 1 } } END { exit n == 0 }' || exit; done");
    if (sh("test -e '%s/mouse28-140313.nwb'", recorded) != 0) {
        print_message("skipped: no recordings in %s\n", recorded);
        return;
    }
    assert_runs("BASIN_DATA='%s' %s -C 1 figures FROM=mouse SET='mouse.recording.copies=2 "
                "mouse.tuning.angles=100 mouse.tuning.model_curves=100 "
                "mouse.activity.starts=3 mouse.diagnosis.drift_angles=16 "
                "mouse.activity.constant.duration=1 mouse.activity.velocity.duration=1 "
                "mouse-sizes.sweep.recording.copies={2,4} "
                "mouse-sizes.sweep.recording.replicate={1} "
                "mouse-stability.sweep.weights.lambda={1e-6,1e-4} "
                "mouse-stability.sweep.tuning.smoothing={0,2} "
                "mouse.activity.far.duration=2 mouse.diagnosis.far.far_time=20 "
                "reservoir.tuning.neurons=30 reservoir.tuning.settle=50 " FEW_TURNS
                " " FEW_FIELDS FEW_BATS "mouse.darkness.velocity_step=90 " FEW_CELLS "'",
                recorded, make);
    assert_says(said, "without figure5 figure6 figureS5 figureS6: mouse has no inputs for them");
    assert_runs("for k in 1 2 3 4 S1 S2 S3 S4; do "
                "test -s 1/out/figures/figure$k.mouse.png || exit; done");
    assert_runs("BASIN_DATA='%s' %s -C 1 figureS5 FROM=track SET=track.recording.shuffles=99",
                recorded, make);
    assert_runs("BASIN_DATA='%s' %s -C 1 figureS6 FROM=track SET='place-decoding.tuning.neurons=9 "
                "place-decoding.tuning.few.neurons=6 place-decoding.decoding.samples=200 "
                "place-decoding.decoding.orders=2'", recorded, make);
    assert_runs("test -s 1/out/figures/figureS5.track.png -a -s 1/out/figures/figureS6.track.png");
}

/* A file with an old time that is not what was compiled is compiled again. */
static void an_old_time_hides_nothing(void **state)
{
    (void)state;
    const char *target = "-C 1 BUILD=b out/ring/tuning.h5 SET='" SMALL "'";
    assert_runs("cp -Rp '%s' 1/built && mkdir 1/b && mv 1/built \"1/b/$(basename '%s')\"",
                programs(), programs());
    assert_runs("%s %s", make, target);
    assert_runs("1/b/*/basin cat '1/out/ring/tuning.h5:/covariance_current[0]' > first");
    assert_runs("cp -p 1/lib/gp.c kept.c && sed -i 's/return exp(-0.5/return 2.0 * exp(-0.5/' "
                "1/lib/gp.c && ! cmp -s kept.c 1/lib/gp.c && touch -d 2001-01-01 1/lib/gp.c");
    assert_runs("%s %s || %s %s", make, target, make, target);
    assert_runs("1/b/*/basin cat '1/out/ring/tuning.h5:/covariance_current[0]' > second; "
                "awk '{ x[NR] = $1 } END { exit !(x[2] == 2 * x[1]) }' first second");
    assert_runs("mv kept.c 1/lib/gp.c; rm -rf 1/b");
}

/* What a script loads, anywhere in a line, and the data that it names. */
static void what_a_script_names_counts(void **state)
{
    (void)state;
    const char *target = "BASIN_DATA=/nowhere";
    if (sh("command -v gnuplot && command -v pdftocairo")) {
        print_message("skipped: no gnuplot or pdftocairo\n");
        return;
    }
    assert_runs("cp -p 1/figures/figure1.gp kept.gp && echo 'x = 1' > 1/figures/extra.gp && "
                "sed -i 's/^load .*/&; load \"figures\\/extra.gp\"/' 1/figures/figure1.gp && "
                "grep -q extra 1/figures/figure1.gp");
    assert_runs("%s %s -C 1 out/figures/figure1.pdf SET='" SMALL "'", target, make);
    assert_runs("echo 'x = 2' > 1/figures/extra.gp");
    assert_runs("%s %s -C 1 out/figures/figure1.pdf SET='" SMALL "'", target, make);
    assert_says(said, "figure1.pdf");
    assert_int_equal(count_said(" memory "), 1);
    assert_runs("mv kept.gp 1/figures/figure1.gp; rm 1/figures/extra.gp");
}

/* make -n for other parameters, beside a make, does not make its old links look new. */
static void a_look_does_not_disturb(void **state)
{
    (void)state;
    assert_runs("%s -C 1 out/ring/diagnosis.h5 SET='" SMALL "'", make);
    assert_runs("%s -C 1 out/ring/weights.h5 out/ring/diagnosis.h5 SET='" SMALL
                "ring.seed=2 ring.weights.lambda=1e-4' & m=$!; "
                "while kill -0 $m 2>/dev/null; do "
                "%s -C 1 -n out/ring/diagnosis.h5 SET='" SMALL "' > looked; done; wait $m",
                make, make);
    assert_runs("%s/basin cat 1/out/ring/weights.h5:/lambda", programs());
    assert_string_equal(said, "0.0001\n");
    assert_exits(0, "%s -C 1 -q out/ring/diagnosis.h5 SET='" SMALL
                 "ring.seed=2 ring.weights.lambda=1e-4'", make);
    /* A look that came before the diagnosis was published has aged the others only. */
    assert_runs("cd 1/out/ring && touch -h -d '2000-01-01 UTC' tuning.h5 weights.h5");
    assert_exits(0, "%s -C 1 -q out/ring/diagnosis.h5 SET='" SMALL
                 "ring.seed=2 ring.weights.lambda=1e-4'", make);
}

static void refused(void **state)
{
    (void)state;
    assert_exits(2, "%s -C 1 -t out/ring/tuning.h5", make);
    assert_says(said, "make -t");
    assert_exits(2, "env -u MAKEFLAGS -u MAKELEVEL make -C 1 V=asan out/ring/tuning.h5 "
                 "RESULTS=results results/ring/tuning.h5");
    assert_says(said, "RESULTS=");
    assert_exits(2, "mkdir -p 'a b' && cp 1/Makefile 'a b' && "
                 "env -u MAKEFLAGS -u MAKELEVEL make -C 'a b' figures");
    assert_says(said, "blank");
    assert_exits(2, "%s -C 1 figure33", make);
    assert_says(said, "did you mean `figure3`");
    assert_exits(2, "%s -C 1 out/ring/wieghts.h5", make);
    assert_says(said, "did you mean `ring/weights");
}

/* help, clean and deps need neither compiler nor pkg-config nor valid parameters. */
static void bare_machine(void **state)
{
    (void)state;
    assert_runs("mkdir -p bare && for p in sh rm cat sed head basename env; do "
                "ln -sf \"$(command -v $p)\" bare; done; ln -sf \"$(command -v make)\" bare");
    assert_runs("cp -p 1/params/ring.conf kept.conf; echo '{' >> 1/params/ring.conf");
    assert_runs("env -i PATH=\"$PWD/bare\" make -C 1 help");
    assert_says(said, "make figure");
    assert_runs("env -i PATH=\"$PWD/bare\" make -C 1 clean; "
                "mv kept.conf 1/params/ring.conf");
}

#define TEST(f) cmocka_unit_test_setup(f, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(two_trees_same_bytes), TEST(up_to_date_and_back), TEST(an_edit_is_noticed),
        TEST(new_times_hide_nothing),
        TEST(wrong_parameter_runs_nothing), TEST(missing_recording),
        TEST(two_makes_at_once), TEST(killed_and_continued), TEST(own_weights),
        TEST(figures_are_equal_files), TEST(every_figure_is_drawn),
        TEST(an_old_time_hides_nothing), TEST(what_a_script_names_counts),
        TEST(a_look_does_not_disturb), TEST(refused), TEST(bare_machine),
    };
    return cmocka_run_group_tests_name("pipeline", tests, setup, teardown);
}
