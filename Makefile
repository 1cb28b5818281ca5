# make help lists the targets. Variables: CC=gcc|clang, REAL=float|double, SAN=address,undefined,
# OPENMP=0 (one core), ARCH=native|x86-64-v3|..., WERROR=1, OPT=-O3, COVERAGE=1 (gcov), LEARNING=0
# (without the tests that learn for minutes, and reach no line that others don't), V=1 (whole commands).

CC      := $(if $(filter default,$(origin CC)),gcc,$(CC))
REAL    ?= float
$(if $(filter float double,$(REAL)),,$(error REAL is float or double, not $(REAL)))
OPT     ?= -O3
ARCH    ?= native
SAN     ?=
OPENMP  ?= 1
WERROR  ?=
BUILD   := build/$(subst $(eval) ,-,$(notdir $(CC)))-$(REAL)$(if $(findstring fuzzer,$(SAN)),-fuzzed,$(if $(SAN),-sanitized))$(if $(filter 0,$(OPENMP)),-serial)$(if $(filter-out native,$(ARCH)),-$(ARCH))$(if $(filter-out -O3,$(OPT)),$(OPT))$(if $(COVERAGE),-coverage)

# --- compiler -------------------------------------------------------------------------------------
# Products and sums are never fused or reordered by the compiler (-ffp-contract=off, no
# -ffast-math), so that every compiler gives the same bits; lib/gemm.c alone lets it, on purpose,
# and the exponential asks for it by name.
WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
           -Wwrite-strings -Wvla -Wno-missing-field-initializers $(if $(filter 0,$(OPENMP)),-Wno-unknown-pragmas) $(if $(WERROR),-Werror)
# gcc 12's SLP vectoriser loses a rounding in (double)(float)x, so it is off: loops still vectorise.
MATH    := -ffp-contract=off -fno-math-errno -fno-trapping-math -fno-tree-slp-vectorize
ARCHOPT := $(shell echo 'int x;' | $(CC) -march=$(ARCH) -x c -c -o /dev/null - 2>/dev/null && echo -march=$(ARCH))
$(if $(ARCHOPT)$(filter native,$(ARCH)),,$(error $(CC) knows no ARCH=$(ARCH): try native, x86-64-v3 or x86-64-v4))
OMPOPT  := $(if $(filter 0,$(OPENMP)),,$(shell printf '\043include <omp.h>\nint main(void){return omp_get_max_threads()<1;}\n' | \
           $(CC) -fopenmp -x c -o /dev/null - 2>/dev/null && echo -fopenmp))
SANOPT  := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer -Wno-pass-failed)
PKG     := $(shell pkg-config --cflags libcjson 2>/dev/null | sed 's,-I\([^ ]*\)/cjson,-I\1,g')
COVEROPT := $(if $(COVERAGE),--coverage -include tests/coverage.h)
CFLAGS  += -std=c11 -D_GNU_SOURCE -g $(OPT) $(ARCHOPT) $(MATH) $(WARN) $(OMPOPT) $(SANOPT) $(COVEROPT) \
           -DREAL=$(REAL) -Ilib $(addprefix -I,$(FOLDERS)) $(PKG)
LDLIBS  += $(or $(shell pkg-config --libs libcjson 2>/dev/null),-lcjson) -lm -lpthread
CHECK   := $(or $(shell pkg-config --libs check 2>/dev/null),-lcheck -lsubunit -lrt -lpthread)

# a line for each file that is compiled or linked, unless V=1 wants the command, or -s nothing
quietly  := $(findstring s,$(filter-out --%,$(firstword $(MAKEFLAGS))))
cc        = $(if $(V),,@$(if $(quietly),,echo '  $(CC) $(patsubst $(BUILD)/%,%,$(or $(filter %.c,$<),$@))' &&) )$(CC)

# --- what there is --------------------------------------------------------------------------------
FOLDERS  := $(sort $(wildcard chapters/*_*))
NUMBERS  := $(foreach c,$(patsubst %/main.c,%,$(sort $(wildcard chapters/*_*/main.c))),$(firstword $(subst _, ,$(notdir $c))))
# the longest first, so that none of them is left alone at the end; LEARNING=0 leaves out what takes
# long and no compiler changes, and a sanitizer leaves no room for faults: see below
LONGEST  := test_faults test_studies test_reward test_chapter2
SKIPPED  := $(if $(filter 0,$(LEARNING)),test_learning_% test_faults) $(if $(SAN),test_faults)
TESTS    := $(filter-out $(SKIPPED),$(LONGEST) $(filter-out $(LONGEST),$(patsubst tests/%.c,%,$(sort $(wildcard tests/test_*.c)))))
TOOLS    := $(patsubst tools/%.c,%,$(sort $(wildcard tools/*.c)))
BENCHES  := $(patsubst bench/%.c,%,$(sort $(wildcard bench/*.c)))
folder    = $(filter chapters/$1_%,$(FOLDERS))
objects   = $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard $1/*.c)))

LIB      := $(BUILD)/lib.a
ideas     = $(filter-out %/main.o,$(call objects,$(call folder,$1)))
# a chapter links its own floor and the floors below, never one above
floors    = $(foreach n,$(NUMBERS),$(if $(filter $1,$n $(wordlist $n,99,$(NUMBERS))),$(call ideas,$n)))
IDEAS    := $(filter-out %/main.o,$(foreach c,$(FOLDERS),$(call objects,$c)))

QUICK   ?=
TEXT    ?=

.PHONY: all help test check built bench bench-keep plots overtake same-bits book book-check book-html clean tales $(addprefix chapter,$(NUMBERS))
.DELETE_ON_ERROR:
.SECONDARY:

all: $(addprefix chapter,$(NUMBERS)) ## build every chapter

help: ## list the targets
	@echo 'make chapterN    build ./chapterN (N = $(NUMBERS))'
	@echo 'make exerciseN   chapter N as exercises (0: the library), in work/chapterN'
	@echo 'make gradeN      grade work/chapterN, or E=3.2 of it alone'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1 \2/p' $(MAKEFILE_LIST) | while read t d; do printf 'make %-11s %s\n' "$$t" "$$d"; done
	@echo 'variables: CC=gcc|clang  REAL=float|double  SAN=address,undefined  OPENMP=0  ARCH=native  WERROR=1  LEARNING=0  V=1'

# --- programs -------------------------------------------------------------------------------------
define chapter
chapter$1: $(BUILD)/$(if $(WORK),own/)chapter$1
	@cp -f $$< $$@
$(BUILD)/chapter$1: $(BUILD)/$(call folder,$1)/main.o $(call floors,$1) $(LIB)
	$$(cc) $$(CFLAGS) $$(LDFLAGS) $$^ $$(LDLIBS) -o $$@
endef
$(foreach n,$(NUMBERS),$(eval $(call chapter,$n)))

$(LIB): $(call objects,lib)
	@rm -f $@
	@$(AR) rcs $@ $^

$(BUILD)/tools/book: $(BUILD)/tools/book.o $(call objects,tools/markers) $(LIB)
	$(cc) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

$(BUILD)/tools/%: $(BUILD)/tools/%.o $(IDEAS) $(LIB)
	$(cc) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

$(BUILD)/bench/%: $(BUILD)/bench/%.o $(call objects,bench/measure) $(IDEAS) $(LIB)
	$(cc) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -ldl -o $@

# the kernel: always optimised, its multiply-adds always fused (see lib/gemm.c); so its yardsticks.
# gcc would leave some of them in two where it tunes for AMD's Zen, if it weren't told not to.
taken     = $(shell echo 'int x;' | $(CC) -Werror $1 -x c -c -o /dev/null - 2>/dev/null && echo '$1')
FUSED    := -ffp-contract=fast $(call taken,--param avoid-fma-max-bits=0)
$(BUILD)/lib/gemm.o $(call objects,bench/measure): CFLAGS += -O2 $(FUSED)
# a sanitizer that watched its tiles would keep them out of registers: the end of a function looks
# after what is on its stack, and all that is in the heap is watched
$(BUILD)/lib/gemm.o: CFLAGS += $(if $(findstring address,$(SAN)),-fstack-protector-all $(call taken,--param asan-stack=0))
$(BUILD)/bench/floor.o: CFLAGS += $(FUSED)

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(cc) $(CFLAGS) -MMD -MP -c $< -o $@

include exercises/exercises.mk

tales: $(BUILD)/tools/tales ## print a few tales and their exact probabilities
	@$<

# --- figures ---------------------------------------------------------------------------------------
plots: all ## run every chapter with five seeds and refresh the figures of the book
	@TEXT="$(TEXT)" sh plots/figures.sh

overtake: chapter1 chapter2 ## TEXT=FILE: when does a transformer beat counting?
	@sh plots/overtake.sh "$(TEXT)"

# --- speed ----------------------------------------------------------------------------------------
bench: $(addprefix $(BUILD)/bench/,$(BENCHES)) $(addprefix $(BUILD)/chapter,$(NUMBERS)) ## how fast, beside the machine's peak and others; QUICK=1, TEXT=FILE
	@BUILD=$(BUILD) QUICK='$(QUICK)' TEXT='$(TEXT)' sh bench/run.sh

bench-keep: $(BUILD)/tools/book all ## put the last bench's table into README.md
	@test -e out/bench.txt || { echo 'there is no bench to keep: make bench first'; exit 2; }
	cp out/bench.txt bench/table.txt
	@$< refresh README.md

# --- tests ----------------------------------------------------------------------------------------
# their own code has little to compute, and compiles in half the time
$(BUILD)/tests/%.o: CFLAGS += $(if $(filter -O3,$(OPT)),-O1)

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(IDEAS) $(LIB)
	$(cc) $(CFLAGS) $(LDFLAGS) $(filter %.o,$^) $(LIB) $(LDLIBS) $(CHECK) -o $@

built: $(addprefix $(BUILD)/tests/,$(TESTS)) $(addprefix $(BUILD)/chapter,$(NUMBERS)) \
       $(if $(filter float,$(REAL)),$(addprefix $(BUILD)/bench/,$(BENCHES))) $(BUILD)/tools/book

check: built
	@BUILD=$(BUILD) sh tests/run.sh $(addprefix $(BUILD)/tests/,$(TESTS))

# what does not depend on the width of a number (most of it compiles to the same code) is tested in
# one, and the programs, and that something is learnt, in the one that they use
ONCE     := $(addprefix test_,faults extremes text tales tales_grammar settings settings_row run files \
            curves book fuzz chapter1 chapter2 lesson studies) $(filter test_learning_%,$(TESTS))

# the tests in double, the exercises and the book wait for one another's processes now and then: at once
AT_ONCE  := REAL=double TESTS="$(filter-out $(ONCE),$(TESTS))"
test: ## run every test, in float and in double
	@$(MAKE) --no-print-directory check REAL=float; float=$$?; \
	$(MAKE) --no-print-directory built exercises-built $(AT_ONCE) || exit; \
	$(MAKE) --no-print-directory check $(AT_ONCE) JOBS=1 & double=$$!; \
	$(MAKE) --no-print-directory exercises-check REAL=double & exercises=$$!; \
	$(MAKE) --no-print-directory book-check REAL=float; book=$$?; \
	wait $$double; double=$$?; wait $$exercises; exit $$((float + double + $$? + book))

# what the bench makes of its rows, and the product that is its yardstick
$(BUILD)/tests/test_bench: $(call objects,bench/measure)
$(BUILD)/tests/test_bench.o: CFLAGS += -Ibench

# faults that test_faults injects; a sanitizer stands in front of the C library itself, so that the
# test is left out there, and what counts coverage needs memory to the end
FAULTS   := $(if $(SAN)$(COVERAGE),,$(if $(filter Linux,$(shell uname -s)),$(BUILD)/tests/faults.so))
$(BUILD)/tests/test_faults: | $(FAULTS)

$(BUILD)/tests/faults.so: tests/faults.c Makefile
	@mkdir -p $(@D)
	$(cc) $(filter-out -fopenmp -march=%,$(CFLAGS)) -fPIC -shared $< -o $@ -ldl

# every target also stands in test_fuzz, which replays its files; the slowest reader comes first
FUZZED   := text $(filter-out text,$(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/*.c))))
FUZZTOOL := $(addprefix $(BUILD)/tools/,classroom/catalogue.o markers/items.o markers/page.o)
$(BUILD)/tests/test_fuzz: $(FUZZED:%=$(BUILD)/tests/fuzz/%.o) $(FUZZTOOL)
$(BUILD)/tests/fuzz/catalogue: $(FUZZTOOL)

$(FUZZED:%=$(BUILD)/tests/fuzz/alone_%.o): $(BUILD)/tests/fuzz/alone_%.o: tests/fuzz/%.c Makefile
	@mkdir -p $(@D)
	$(cc) $(CFLAGS) -DFUZZ_ALONE -MMD -MP -c $< -o $@

$(FUZZED:%=$(BUILD)/tests/fuzz/%): $(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/alone_%.o $(IDEAS) $(LIB)
	$(cc) $(CFLAGS) $(LDFLAGS) -fsanitize=fuzzer $(filter %.o,$^) $(LIB) $(LDLIBS) -o $@

.PHONY: fuzz fuzz-programs
fuzz-programs: $(FUZZED:%=$(BUILD)/tests/fuzz/%)

fuzz: ## feed every reader with arbitrary bytes, 10 minutes each (clang; TIME=seconds or RUNS=inputs)
	@$(MAKE) --no-print-directory fuzz-programs CC=clang OPT=-O1 SAN=fuzzer-no-link,address,undefined
	@PROGRAMS=build/clang-float-fuzzed-O1/tests/fuzz READERS="$(or $(READERS),$(FUZZED))" sh tests/fuzz.sh

coverage: ## count the lines and branches of lib/ and chapters/ that the tests reach (gcc)
	@$(MAKE) --no-print-directory counted-check CC=gcc OPT=-O0 COVERAGE=1 SKIPPED=test_learning_%

.PHONY: coverage counted-check
counted-check:
	@mkdir -p build && find build -path '$(BUILD)/*.gcda' -delete
	@$(MAKE) --no-print-directory check
	@BUILD=$(BUILD) sh tests/coverage.sh

.PHONY: mutants
mutants: ## would the tests notice a mistake? N=300 changes of one operator each, SEED=1, FILE=lib/x.c
	@N=$(N) SEED=$(SEED) FILE='$(FILE)' JOBS=$(JOBS) sh tests/mutants.sh

# --- the book -------------------------------------------------------------------------------------
PAGES := $(wildcard README.md TUTORIAL.md)

book: $(BUILD)/tools/book all ## bring listings, outputs and numbers of README.md and TUTORIAL.md up to date
	@$(if $(PAGES),$< refresh $(PAGES))

book-check: $(BUILD)/tools/book all ## fail where README.md or TUTORIAL.md differs from the code and its runs
	@$(if $(PAGES),$< check $(PAGES))
	@! command -v patch >/dev/null || sh plots/debugging.sh --check
	@! command -v pandoc >/dev/null || sh tools/html/page.sh $(BUILD)/book.html >/dev/null

book-html: ## the book as one page, out/book.html (needs pandoc)
	@sh tools/html/page.sh out/book.html

same-bits: ## compare what gcc, clang, -O1 and AVX2 builds compute, byte for byte
	@sh tests/same_bits.sh

.PHONY: valgrind lint format format-check
valgrind: ## run every program under valgrind, small (FULL=1: at --quick)
	@sh tests/valgrind.sh

lint: ## look for mistakes with cppcheck
	@cppcheck --quiet --std=c11 --enable=warning,performance,portability --error-exitcode=1 \
	    --suppressions-list=tests/cppcheck.txt -DREAL=float -Ilib \
	    $(addprefix -I,$(FOLDERS)) lib chapters tools

# versions of clang-format differ in what they find right: this one counts
TIDY      = $(firstword $(foreach f,clang-format-14 clang-format,$(if $(findstring version 14.,$(shell $f --version 2>/dev/null)),$f)))
SOURCES   = $(wildcard lib/*.[ch] chapters/*/*.[ch] tests/*.[ch] tests/fuzz/*.[ch] tools/*.[ch] tools/*/*.[ch] bench/*.[ch] bench/*/*.[ch] exercises/*/*.[ch])

format: ## lay out every source by .clang-format (clang-format 14)
	@$(if $(TIDY),$(TIDY) -i $(SOURCES),echo 'there is no clang-format 14')

format-check: ## fail where a source is laid out otherwise
	@$(if $(TIDY),$(TIDY) --dry-run --Werror $(SOURCES),echo 'left out: there is no clang-format 14')

print-build print-programs:
	@echo $(if $(filter print-build,$@),$(BUILD),$(addprefix chapter,$(NUMBERS)))

clean: ## remove what was built (runs in out/ are kept)
	rm -rf build $(addprefix chapter,$(NUMBERS))

-include $(shell find build -name '*.d' 2>/dev/null)
