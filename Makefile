# SPDX-License-Identifier: MIT
#
# The front door: `make help` says what there is.  Three parts: the build, the
# checks, and the artifacts.  Artifacts are planned by the driver (`basin resolve`)
# while Make reads this file, ordered by Make, and made by the driver (`basin run`).

# -L: the time of a link counts, since results are links into a cache of old files.
# Built-in rules would be searched for every artifact: 20 times slower.
letters := $(filter-out --%,$(firstword -$(MAKEFLAGS)))
MAKEFLAGS += -LrR --warn-undefined-variables
.DELETE_ON_ERROR:

V       ?= release#     release | debug | asan | cov | fuzz: builds that never mix
BUILD   ?= build
RESULTS ?= results
FROM    ?= ring#        pipeline that figures draw
SET     ?=#             parameters for this run, "ring.weights.lambda=1e-6 ..."
VERBOSE ?=#             1: show whole compiler commands
THESIS  ?= examples/thesis/thesis.tex
T       ?=#             target that `make why` and `make dag` look at
WHY     ?=#             why a changed code gives the same result, for accept
GC      ?=#             what to delete, "objects --older 30 --delete"
DANDISET ?=#            what `make data` fetches, 000939; or lists, if there is none
FILES   ?=#             some of its files, "sub-A18* ..."
MIRROR  ?=#             where from, if not where the tables say
DATA    ?=#             further options, --list, --check or --yes
QUIET   ?=#             1: say nothing but errors while making artifacts
RUN     ?=#             slurm: run stages on a cluster, docs/cluster.md
SECONDS ?= 20#          of each fuzzer, in `make fuzz`
FIGURES ?=#             what `make archive` takes, "figure1 figure2", if not all of them
ARCHIVE ?=#             name of the archive, instead of one from its content
LIMIT   ?= 100#         MB: recordings above it are not put in, only named
export BASIN_DATA ?= ../shared/data

V := $(strip $V)
B := $(BUILD)/$V
R := $(RESULTS)
P := $(strip $(FROM))
S := $(patsubst %,.%,$(filter-out ring,$P))

ifneq ($(words $(CURDIR)),1)
  $(error The path "$(CURDIR)" has a blank, which Make cannot handle: move the project)
endif
ifneq ($(words $R),1)
  $(error RESULTS="$R": it names one folder, without blanks)
endif
ifneq ($(findstring t,$(letters)),)
  $(error `make -t` would call results up to date that are not: leave -t out)
endif
ifeq ($(filter $V,release debug asan cov fuzz),)
  $(error V=$V: there is release, debug, asan, cov and fuzz)
endif

ifeq ($(filter slurm,$(RUN)),$(if $(strip $(RUN)),,x))
  $(error RUN=$(RUN): there is RUN=slurm; without RUN everything runs here)
endif

goals   := $(or $(MAKECMDGOALS),help)
install := $(filter deps deps-all,$(goals))
rest    := $(filter-out deps deps-all,$(goals))
drawn   := $(filter figures figure% numbers results archive $R/%,$(goals))
built   := $(filter programs why status dag report gc force accept data thesis check check-% \
             fuzz fuzz-% cov bench lint docs man $(BUILD)/%,$(goals))

# -k goes on after a failure: what failed is named at the end, so the work is done by
# a make of its own.  -n and -q fail nowhere.
BASIN_FAILED ?=
look := $(or $(findstring n,$(letters)),$(findstring q,$(letters)))
kept := $(if $(and $(drawn),$(findstring k,$(letters))),$(if $(look)$(BASIN_FAILED),,yes))

.PHONY: help deps deps-all clean programs why status dag report gc force accept data thesis \
        check check-slow archive fuzz fuzz-run cov bench lint docs man figures numbers results \
        FORCE

# --- for every machine: no compiler, no library, no valid parameter is needed -----
help: ; @tools/help
clean: ; rm -rf $(BUILD)

ifneq ($(install),)
# Install first; then one make, which sees the new programs, makes the rest.
$(install): ; +@tools/$@$(if $(rest), && $(MAKE) --no-print-directory $(rest))
$(if $(word 2,$(install)),$(error deps-all includes deps: ask for one of them))
$(sort $(filter-out help clean,$(rest))): $(install) ; @:
else ifneq ($(kept),)
.PHONY: keep-going
keep-going: ; +@tools/keep-going $(MAKE) --no-print-directory $(goals)
$(sort $(filter-out help clean,$(goals))): keep-going ; @:
else ifneq ($(drawn)$(built),)

# --- build ------------------------------------------------------------------------
CC     := gcc
AR     := ar
PKGS   := hdf5 lapacke openblas fftw3 libconfuse udunits jansson libcrypto matio arpack \
          sleef nlopt gsl
CFLAGS := -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Wpedantic -Wshadow \
          -Wconversion -Wmissing-prototypes -Wstrict-prototypes -Wvla -Werror \
          -Wno-missing-field-initializers -ffp-contract=off
flags-release := -O2
flags-debug   := -Og -g
flags-asan    := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
                 -fno-sanitize-recover=all
flags-cov     := -O0 -g --coverage
flags-fuzz    := -O1 -g -fsanitize=address,undefined,fuzzer-no-link \
                 -fno-sanitize-recover=all
CFLAGS += $(flags-$V) -Ilib \
          $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(PKGS)))
LDLIBS := -Wl,--as-needed $(shell pkg-config --libs $(PKGS)) -lhdf5_hl -lpthread -lm

# A new file in one of these folders is built; nothing is registered anywhere.
objects = $(patsubst %.c,$B/%.o,$(wildcard $1))
lib     := $(call objects,lib/*.c)
stages  := $(patsubst stages/%.c,$B/stages/%,$(wildcard stages/*.c))
schemas := $(stages:$B/stages/%=$B/schema/%.json)
tests   := $(patsubst tests/%.c,$B/tests/%,$(wildcard tests/test_*.c))
benches := $(patsubst bench/%.c,$B/bench/%,$(wildcard bench/bench_*.c))
fuzzers := $(patsubst tests/%.c,$B/tests/%,$(wildcard tests/fuzz/fuzz_*.c))
# tools/<name>/ is basin-<name>, which `basin <name>` becomes: a program of its own for a
# command whose libraries would slow every start of the driver.  No artifact needs them.
beside  := $(filter-out $B/basin-basin,$(patsubst tools/%/main.c,$B/basin-%,$(wildcard tools/*/main.c)))
programs: $B/programs.mk $(beside)

# Everything is made beside its place and moved there: two makes at once may build.
tmp = $(@D)/.$$$$.$(@F)
move = mv $(tmp) $@
say = $(if $(VERBOSE),,@echo "  $1" && )

# -B means stages and figures: programs are built without it, and here are no rules for them.
ifneq ($(and $(drawn),$(findstring B,$(letters)),$(if $(built),,yes)),)
ifneq ($(shell MAKEFLAGS='-- $(subst ','\'',$(MAKEOVERRIDES))' $(MAKE) \
         --no-print-directory programs >&2 || echo no),)
  $(error the programs cannot be built)
endif
else

# Changed flags or library versions are a changed prerequisite: no `make clean`.
flags := $(CC) $(CFLAGS) $(LDLIBS) \
         cc=$(shell $(CC) -dumpfullversion 2>/dev/null || $(CC) -dumpversion) \
         $(join $(PKGS:==),$(shell pkg-config --modversion $(PKGS)))
$B/flags: FORCE
	+@mkdir -p $(@D); echo '$(flags)' | cmp -s - $@ || echo '$(flags)' > $@
$B/%.o: %.c $B/flags
	@mkdir -p $(@D)
	$(call say,cc $<)tools/compile $@ $(tmp) \
	  $(CC) $(CFLAGS) -MMD -MP -MT '$$B/$*.o' -MF $(tmp).d -c $< -o $(tmp)
$B/libbasin.a: $(lib)
	$(call say,ar $@)$(AR) rcs $(tmp) $^ && $(move)
$(stages): $B/stages/%: $B/stages/%.o $B/libbasin.a
$B/tests/test_panels: $B/tools/basin/panels.o $B/tools/basin/files.o
$(tests): $B/tests/%: $B/tests/%.o $B/libbasin.a
$(benches): $B/bench/%: $B/bench/%.o $B/libbasin.a
# A disk that fails, for test_safety to preload; sanitizers do not take it.
ifneq ($(filter release debug,$V),)
$B/tests/test_safety: | $B/tests/faults.so
$B/tests/faults.so: tests/faults.c tests/faults.h $B/flags
	@mkdir -p $(@D)
	$(call say,ld $@)$(CC) $(CFLAGS) -fPIC -shared $< -ldl -o $(tmp) && $(move)
endif
$B/basin: $(call objects,tools/basin/*.c) $B/libbasin.a
$(tests): private LDLIBS += -lcmocka
# The driver without its main() for those that fuzz parts of it.
driver := $(filter-out %/main.o,$(call objects,tools/basin/*.c))
$(fuzzers) $B/tests/fuzz/make_seeds: $B/%: $B/%.o $(driver) $B/libbasin.a
$(fuzzers): private LDLIBS += -fsanitize=fuzzer
$B/tests/fuzz/fuzz_stage: private LDLIBS += -Wl,--wrap=exit
$B/tests/fuzz/fuzz_bag: $(filter-out %/main.o,$(call objects,tools/verify/*.c))
$B/tests/fuzz/fuzz_bag: private LDLIBS += -larchive -lunistring
$B/tests/fuzz/make_seeds: private LDLIBS += -lcmocka
# The shared libhdf5 loads curl, Kerberos and 30 more, 6 ms at every start; Make and
# figures start the driver often, so it takes the static one.
$B/basin $(beside): private LDLIBS := -Wl,--as-needed $(filter -L%,$(LDLIBS)) -l:libhdf5_hl.a \
          -l:libhdf5.a -lconfuse -ludunits2 -ljansson -lcrypto -lsz -lz -ldl -lpthread -lm
$(foreach p,$(beside),$(eval $p: $(call objects,tools/$(p:$B/basin-%=%)/*.c)))
$(beside): $(driver) $B/libbasin.a
$B/basin-archive: private LDLIBS += -larchive -lyaml -lunistring
$B/basin-verify: private LDLIBS += -larchive -lunistring
$B/basin-data: private LDLIBS += -lcurl
$B/basin $(beside) $(stages) $(tests) $(benches) $(fuzzers) $B/tests/fuzz/make_seeds:
	$(call say,ld $@)$(CC) $(CFLAGS) $^ $(LDLIBS) -o $(tmp) && $(move)
$(schemas): $B/schema/%.json: $B/stages/%
	@mkdir -p $(@D)
	@$< --schema > $(tmp) && $(move)
# Empty; its time says that every program is fresh.  Short names for the hand.
$B/programs.mk: $B/basin $(stages) $(schemas)
	@touch $@; $(if $(filter release,$V),for l in stages basin; do \
	  [ -L $(BUILD)/$$l ] || rm -rf $(BUILD)/$$l; ln -sfn $V/$$l $(BUILD)/$$l; done)
-include $(wildcard $(foreach d,lib stages tests tests/fuzz tools/* bench,$B/$d/*.d))
endif

# --- check ------------------------------------------------------------------------
export OPENBLAS_NUM_THREADS ?= 1
export LSAN_OPTIONS := suppressions=$(CURDIR)/tests/lsan.supp:print_suppressions=0
# Each program writes a log, and the last line counts what cmocka counted.  The longest
# first, so that none is left over for one core at the end.
longest := $(filter $(addprefix %/test_,pipeline safety look makes slurm cluster darkness flips \
             learning checkpoint trials probe_r0),$(tests))
logs := $(addsuffix .log,$(longest) $(filter-out $(longest),$(tests)))
check: $(logs) ; @tools/tally $^
$(logs): $B/tests/%.log: $B/tests/% $B/programs.mk $(beside) FORCE
	@BIN=$(abspath $B) tools/test $< $@
cov:
	@$(MAKE) --no-print-directory check V=cov
	@tools/coverage $(BUILD)/cov
# The same with hundreds of random steps in place of twenty, where a test has some.
check-slow: export BASIN_SLOW := 1
check-slow: check
# Each harness for SECONDS with what clang has for it; docs/fuzzing.md.
fuzz: ; @$(MAKE) --no-print-directory fuzz-run V=fuzz CC=clang
fuzz-run: $(fuzzers) $B/tests/fuzz/make_seeds ; @tools/fuzz $B $(SECONDS)
bench: programs $(benches) ; @bench/run $B
docs: programs ; $B/basin docs
# For MANPATH, or man -M build/man basin-weights.
man: programs ; @$B/basin docs --man $(BUILD)/man && echo "$(BUILD)/man"
# They look and run nothing.  `basin why` ends with 1 if something would run.
why status dag report: programs
	@$B/basin $@ --results '$R' --from '$P' --set '$(subst ','\'',$(SET))' $T || \
	  [ $@$$? = why1 ]
# Of the cache.  `make gc` lists what could go; GC="objects --delete" deletes that.
gc: programs ; @$B/basin gc --results '$R' $(GC)
force: programs
	@$B/basin force --results '$R' --from '$P' --set '$(subst ','\'',$(SET))' $T
accept: programs
	@$B/basin accept --results '$R' --from '$P' --set '$(subst ','\'',$(SET))' $T \
	  --why '$(subst ','\'',$(WHY))'
# Of the DANDI archive, into BASIN_DATA if that was set, or ~/recordings; -n only lists.
data: $B/basin $(beside)
	+@$(if $(filter file,$(origin BASIN_DATA)),env -u BASIN_DATA )$B/basin data \
	  $(if $(look),--list) $(DATA) $(DANDISET) --files '$(subst ','\'',$(FILES))' \
	  --mirror '$(subst ','\'',$(MIRROR))'
lint: programs ; tools/lint $B
# After whatever is asked for with it: `make numbers figure1 thesis`.  It makes no result.
thesis: programs | $(filter figures figure% numbers results $R/%,$(goals))
	@tools/thesis $B/basin '$R' '$(subst ','\'',$(SET))' \
	  '$(subst ','\'',$(THESIS))'

# --- artifacts --------------------------------------------------------------------
ifneq ($(drawn),)
ifeq ($(filter-out release,$V):$R,$V:results)
  $(error results/ is made by release programs; give V=$V another folder: RESULTS=folder)
endif

# Make remakes what it includes and starts again, so programs are fresh before a
# plan counts.
include $B/programs.mk

# The plan is named by its content: recipes of this make read no other values than
# these, whatever is edited meanwhile.  -n and -q look and do not wait their turn.
RECORDED :=
PLAN := $(shell test -x $B/basin && BASIN_DATA='$(BASIN_DATA)' exec $B/basin resolve \
          --results '$R' --from '$P' --set '$(subst ','\'',$(SET))' \
          $(if $(RUN),--slurm) $(if $(look),,--make $$PPID) || echo error:)
plan := $(basename $(notdir $(PLAN)))
ifeq ($(filter error:%,$(PLAN)),)
include $(PLAN)
# First of all that they need: what cannot be made says so before its inputs are.
.PHONY: $(UNABLE:=.unable)
$(UNABLE): %: %.unable
$(UNABLE:=.unable): %.unable: ; @$B/basin run --results $R --plan $(plan) $*
# pipelines/*.mk, but for those in which a node gathers a sweep: the plan has their lines.
include $(FRAGMENTS)
pictures := $(PLOTS:.pdf=.svg) $(PLOTS:.pdf=.png)
export BASIN_GOALS := $(goals)#        for the line that says what is left

options := $(if $(QUIET),--quiet) $(if $(RUN),--slurm) --results $R --plan $(plan)
$(NODES): $R/%.h5: $R/.basin/nodes/%.node
$(POINTS): $R/.basin/nodes/points
$(PLOTS): $R/%.pdf: $R/.basin/nodes/%.node
$(NUMBERS): $R/%.tex: $R/.basin/nodes/%.node
$(filter %.svg,$(pictures)): %.svg: %.pdf
$(filter %.png,$(pictures)): %.png: %.pdf
$(NODES) $(POINTS) $(PLOTS) $(NUMBERS) $(pictures):
	@$B/basin run $(options) $@

names := $(PICTURES)
.PHONY: $(names)
$(names): %: $R/figures/%$S.pdf $R/figures/%$S.svg $R/figures/%$S.png
# What takes half an hour and 16 GB, or 3 GB, is made when it is asked for by name.
small = $(filter-out %-million $R/million/% $R/grid/%,$1)
# What this pipeline lacks an input of says why when it is asked for by name.
lacking := $(patsubst $R/figures/%$S.pdf,%,$(filter %.pdf,$(UNABLE)))
figures: $(filter-out $(lacking),$(call small,$(names)))
	$(if $(lacking),@echo "figures: without $(lacking): $P has no inputs for them")
results: figures $(call small,$(NODES)) $(POINTS)
# Figures with all that they were made from, in one file: docs/archive.md.
packed := $(or $(strip $(FIGURES)),$(filter-out $(lacking),$(call small,$(names))) \
            $(if $(filter-out $(UNABLE),$(filter $R/numbers$S.tex,$(NUMBERS))),numbers))
# ring/tuning, as commands of the driver call it, is results/ring/tuning.h5 here.
packed := $(foreach g,$(packed),$(or $(firstword $(filter $R/$g $R/$g.h5, \
            $(NODES) $(POINTS) $(PLOTS) $(NUMBERS) $(pictures))),$g))
archive: $(packed) $B/basin-archive
	@$B/basin archive --results '$R' --from '$P' --set '$(subst ','\'',$(SET))' \
	  --limit '$(LIMIT)' --name '$(ARCHIVE)' $(packed:numbers=numbers$S.tex)
ifneq ($(if $(look),,$(RUN)),)
# Before all else the cluster makes what the goals need; recipes find it in the cache.
export BASIN_MAKE := $(shell date +%s.%N)
words := $(drawn) $(if $(filter archive,$(drawn)),$(packed)) \
         $(if $(filter figures results,$(drawn)),$(filter-out $(lacking),$(call small,$(names))))
asked := $(filter $R/%,$(words)) $(if $(filter numbers,$(words)),$(NUMBERS)) \
         $(patsubst %,$R/figures/%$S.pdf,$(filter $(names),$(words))) \
         $(if $(filter results,$(words)),points $(call small,$(NODES)))
.PHONY: submit
submit: ; @$B/basin submit $(options:--slurm=) $(asked)
$(NODES) $(POINTS) $(PLOTS) $(NUMBERS) $(pictures): | submit
endif
# No such figure or artifact: `why` knows what was meant.
numbers: $R/numbers$S.tex
unknown := $(filter-out $(names) figures numbers results archive $(NODES) $(POINTS) $(PLOTS) \
             $(NUMBERS) $(pictures),$(drawn) $(if $(filter archive,$(drawn)),$(packed)))
.PHONY: $(unknown)
$(unknown): ; +@$B/basin why --results '$R' --from '$P' $(@:$R/%=%); exit 2
else
# A wrong parameter: nothing runs, and the message stands alone.
message := $(PLAN:error:%=%)
.PHONY: bad-parameters
bad-parameters: ; +@cat $(or $(firstword $(message)),/dev/null) >&2; exit 2
$(sort $(drawn)): bad-parameters ; @:
endif
endif
endif
