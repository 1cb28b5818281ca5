# exercises.mk: exercises to write, bugs to find, trees to hand out. See exercises/TEACHING.md.
#
# work/chapterN is a student's version of chapter N (0: lib). WORK=1 takes a program's own chapter
# from there, WORK=all every chapter that is there. All else comes from an archive of this tree's own
# objects, from which the linker takes what is still missing.

WORK    ?=
WORKDIR ?= work
OUT     ?= .
CHAPTERS ?=
BUGS    ?=
SUBMISSION ?=
FORMAT  ?=
HANDED  := $(shell cat exercises/handed_out 2>/dev/null)
TOOL    := $(BUILD)/tools/exercise
BASE    := $(BUILD)/base.a
EXTEND  := $(call objects,exercises/extensions)
GRADERS := $(patsubst exercises/grade/grade_%.c,$(BUILD)/exercises/grade/%,$(sort $(wildcard exercises/grade/grade_*.c)))

# what a handout leaves out
LEFTOUT := test check fuzz coverage mutants valgrind lint same-bits bench bench-keep
$(if $(and $(wildcard exercises/handed_out),$(filter $(LEFTOUT),$(MAKECMDGOALS))),$(error a handout has \
  no tests and no benchmarks of the project: make gradeN tests your work))

# stubs leave parameters and helpers unused
$(BUILD)/$(WORKDIR)/%.o: WARN += -Wno-unused -Wno-unused-parameter
$(if $(HANDED),$(eval WARN += -Wno-unused -Wno-unused-parameter))

$(EXTEND) $(BUILD)/exercises/grade/%.o $(BUILD)/$(WORKDIR)/%.o: CFLAGS += -Iexercises/extensions

# the kernel is compiled like this tree's own
$(BUILD)/$(WORKDIR)/chapter0/gemm.o: CFLAGS += -O2 $(FUSED)

# tests are built more often than they take long
$(BUILD)/exercises/grade/%.o $(BUILD)/tests/classroom/%.o $(BUILD)/tools/classroom/%.o: CFLAGS += -O1

$(BASE): $(IDEAS) $(EXTEND) $(call objects,lib)
	@rm -f $@
	@$(AR) qcs $@ $^

# the same for grading, where many programs are linked: quicker without what a debugger wants
$(BUILD)/graded.a: $(BASE)
	@cp $< $@ && strip -S $@

# the tests of a chapter before this tree's own functions
$(GRADERS): $(BUILD)/exercises/grade/%: $(BUILD)/exercises/grade/grade_%.o $(BUILD)/exercises/grade/grade.o $(BUILD)/graded.a
	$(cc) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) $(CHECK) -o $@

$(TOOL): $(TOOL).o $(call objects,tools/classroom) $(call objects,tools/markers) $(LIB)
	$(cc) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

# --- programs of a student's work --------------------------------------------------------------------
# the folders with work for the program of chapter $1, its own first
worked = $(wildcard $(WORKDIR)/chapter$1 $(if $(filter all,$(WORK)),\
         $(foreach n,5 4 3 2 1 0,$(if $(filter $n,0 $(wordlist 1,$1,1 2 3 4 5)),$(WORKDIR)/chapter$n))))
# of objects with the same name the first: a file that two exercises are about, main.o, report.o
firsts = $(if $1,$(firstword $1) $(call firsts,$(foreach o,$(wordlist 2,999,$1),$(if \
         $(filter $(notdir $(firstword $1)),$(notdir $o)),,$o))))

define work_program
$(BUILD)/own/chapter$1: $(call firsts,$(foreach f,$(call worked,$1),$(call objects,$f))) $(BASE)
	@test -d $(WORKDIR)/chapter$1 || { echo "there is no $(WORKDIR)/chapter$1: make exercise$1 first"; false; }
	@mkdir -p $$(@D)
	$$(cc) $$(CFLAGS) $$(LDFLAGS) $$^ $$(LDLIBS) -o $$@
endef
$(if $(WORK),$(foreach n,$(NUMBERS),$(eval $(call work_program,$n))))

# --- exercises ---------------------------------------------------------------------------------------
# grading is done in double, where a gradient can be told from one that is nearly right
DOUBLE   := $(subst $(notdir $(CC))-$(REAL),$(notdir $(CC))-double,$(BUILD))
CLASSROOM = CLASSROOM_COMPILE='$(CC) -std=c11 -D_GNU_SOURCE -O1 -w $(ARCHOPT) $(MATH) $(OMPOPT) $(SANOPT) \
            -DREAL=double -Ilib $(addprefix -I,$(FOLDERS)) -Iexercises/extensions $(PKG)' \
            CLASSROOM_LINK='$(LDLIBS) $(CHECK)' CLASSROOM_BUILD='$(DOUBLE)' CLASSROOM_BASE='$(DOUBLE)/graded.a' \
            CLASSROOM_BOOK='$(BUILD)/tools/book'
# in a handout the chapters below may be stubs too: then a student's own stand in for them
own       = $(if $(HANDED),$(call firsts,$(filter-out %/main.o,$(foreach n,5 4 3 2 1 0,$(if \
            $(filter $n,$(HANDED)),$(if $(filter $n,$(wordlist 1,$1,0 1 2 3 4 5)),$(patsubst \
            %.c,$(DOUBLE)/%.o,$(sort $(wildcard $(WORKDIR)/chapter$n/*.c)))))))))
QUIET     = $(MAKE) --no-print-directory -s
SAY       = test -e $(DOUBLE)/graded.a || echo "builds the tests; once only";
GRADED    = $(SAY) $(QUIET) REAL=double grade-ready && $(CLASSROOM) $(DOUBLE)/tools/exercise
ALL      := 0 $(NUMBERS)
# a target that needs a variable says how it is given
wants     = $(if $($1),,echo "$2"; exit 2;)
# and one that needs a chapter's work how that is begun
begun     = test -d "$(WORKDIR)/chapter$1" || { echo "there is no $(WORKDIR)/chapter$1 yet: make exercise$1"; exit 2; };

.PHONY: exercises hint bug found found-in handout grade grade-ready exercises-built exercises-check $(addprefix exercise,$(ALL)) $(addprefix grade,$(ALL))

exercises: ## list the exercises
	+@$(QUIET) $(TOOL) && $(TOOL) list

hint: ## E=3.2: a hint for one exercise
	+@$(call wants,E,which one? make hint E=3.2) \
	$(QUIET) $(TOOL) && $(TOOL) hint -- "$(E)"

$(addprefix exercise,$(ALL)): exercise%:
	+@$(QUIET) $(TOOL) && $(TOOL) make $* --work="$(WORKDIR)"

grade-ready: $(TOOL) $(BUILD)/graded.a $(GRADERS) $(if $(ON),$(call own,$(ON)))

# grade3: one's own work; grade: a tree that was returned
$(addprefix grade,$(ALL)): grade%:
	+@$(call begun,$*) $(SAY) $(QUIET) REAL=double grade-ready ON=$* && $(CLASSROOM) CLASSROOM_OWN='$(call own,$*)' $(DOUBLE)/tools/exercise grade $* --only="$(E)" --work="$(WORKDIR)" --out="$(OUT)" --format="$(FORMAT)"

grade: ## SUBMISSION=DIR: grade a returned tree (FORMAT=gradescope OUT=DIR)
	+@$(call wants,SUBMISSION,which one? make grade SUBMISSION=DIR (your own work: make grade3)) \
	$(GRADED) grade all --submission="$(SUBMISSION)" --out="$(OUT)" --format="$(FORMAT)"

bug: ## N=7: prepare a hunt for bug 7, and draw its curves
	+@$(call wants,N,which one? make bug N=7) \
	$(QUIET) $(TOOL) && TOOL=$(TOOL) BUILD=$(BUILD) WORKDIR="$(WORKDIR)" MAKE="$(MAKE)" sh exercises/bug.sh "$(N)"

# the program of chapter ON with the sources of the hunt for bug HUNT, and without them
hunted = $(call firsts,$1 $(patsubst $(DOUBLE)/%,$(BUILD)/%,$(call own,$(ON)))) $(BASE)
$(if $(HUNT),$(eval $(BUILD)/hunt/bug$(HUNT): $(call hunted,$(call objects,$(WORKDIR)/bug$(HUNT)))))
$(if $(HUNT),$(eval $(BUILD)/hunt/sound$(ON): $(call hunted,$(BUILD)/$(call folder,$(ON))/main.o)))
$(BUILD)/hunt/%:
	@mkdir -p $(@D)
	$(cc) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

found: ## N=7: was bug 7 found?
	+@$(call wants,N,which one? make found N=7) \
	$(QUIET) $(TOOL) && settings=$$($(TOOL) bug-run -- "$(N)") && eval "$$settings" && $(QUIET) found-in ON="$$chapter"

found-in:
	+@$(SAY) $(QUIET) REAL=double grade-ready && $(CLASSROOM) CLASSROOM_OWN='$(call own,$(ON))' $(DOUBLE)/tools/exercise found "$(N)" --work="$(WORKDIR)"

handout: ## CHAPTERS="3 4" BUGS="7" DIR=...: a tree for students
	+@$(call wants,DIR,where to? make handout CHAPTERS=\"3 4\" DIR=...) \
	$(if $(BUGS),$(SAY) $(QUIET) REAL=double grade-ready &&) \
	$(QUIET) $(TOOL) $(BUILD)/tools/book && $(CLASSROOM) $(TOOL) handout "$(DIR)" $(CHAPTERS) --bugs="$(BUGS)"

# --- what make test proves about all this ------------------------------------------------------------
PROVER := $(BUILD)/tests/prove
$(PROVER): $(call objects,tests/classroom) $(call objects,tools/classroom) $(call objects,tools/markers) $(LIB)
	$(cc) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

# handouts are built from copies of what was compiled here: of what it is now
exercises-built: $(PROVER) grade-ready $(BUILD)/tools/book $(addprefix $(BUILD)/chapter,$(NUMBERS))

exercises-check: exercises-built
	@$(CLASSROOM) $(PROVER) $(ONLY)
