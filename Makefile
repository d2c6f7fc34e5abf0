# Exarch: one non-recursive make. Each folder's module.mk names its sources; this file knows how
# each image is compiled. `make help` lists the targets.

BUILD  ?= build
CC     ?= gcc
NASM   ?= nasm
PYTHON ?= python3
CACHE  ?= $(CURDIR)/.cache

ifeq ($(origin CC),default)
CC := gcc
endif

.DEFAULT_GOAL := all
.SECONDARY:
.DELETE_ON_ERROR:

# What each folder adds to: sources of the images, unit tests, generated headers, EFI sources.
ROOT_SRC      :=
ENGINE_SRC    :=
HOSTED_SRC    :=
EFI_SRC       :=
UNIT_TESTS    :=
GENERATED     :=
ALL_TARGETS   :=

WARN := -Wall -Wextra -Wconversion -Wno-sign-conversion -Wshadow -Wundef -Wvla -Wmissing-prototypes \
        -Wcast-align -Wstrict-prototypes -Werror
INC  := -I. -Iinclude -I$(BUILD)/gen
BASE := -std=gnu17 $(WARN) $(INC) -O2 -g -MMD -MP -fno-strict-aliasing -fno-common
FREE := $(BASE) -ffreestanding -fno-stack-protector -fcf-protection=none -mno-red-zone \
        -mgeneral-regs-only -fno-asynchronous-unwind-tables

ROOT_CFLAGS   := $(FREE) -fno-omit-frame-pointer -mcmodel=kernel -fno-pic -fno-pie -DEXARCH_ROOT=1
ENGINE_CFLAGS := $(FREE) -mpopcnt -fpie -include exarch/hidden.h -DEXARCH_ENGINE=1
HOSTED_CFLAGS := $(BASE) -D_GNU_SOURCE -DEXARCH_HOSTED=1 -fno-stack-protector -fcf-protection=none
UNIT_CFLAGS   := $(BASE) -D_GNU_SOURCE -DEXARCH_UNIT=1 -fsanitize=address,undefined -fno-sanitize-recover=all

include include/module.mk boot/module.mk kernel/module.mk drivers/module.mk mmu/module.mk \
        guestdev/module.mk dbt/module.mk tests/module.mk tools/module.mk

# --- objects -------------------------------------------------------------------------------------
obj = $(patsubst %,$(BUILD)/$(1)/%.o,$(2))

ROOT_OBJ   := $(call obj,root,$(ROOT_SRC))
ENGINE_OBJ := $(call obj,engine,$(ENGINE_SRC))
HOSTED_OBJ := $(call obj,hosted,$(HOSTED_SRC))

$(ROOT_OBJ) $(ENGINE_OBJ) $(HOSTED_OBJ): | $(GENERATED)

define compile_rules
$(BUILD)/$(1)/%.c.o: %.c
	@mkdir -p $$(@D)
	@echo "  CC [$(1)] $$<"
	@$$(CC) $$($(2)) $$(CFLAGS_$$(subst /,_,$$*)) -c -o $$@ $$<
$(BUILD)/$(1)/%.c.o: $(BUILD)/%.c
	@mkdir -p $$(@D)
	@echo "  CC [$(1)] $$<"
	@$$(CC) $$($(2)) -c -o $$@ $$<
$(BUILD)/$(1)/%.S.o: %.S
	@mkdir -p $$(@D)
	@echo "  AS [$(1)] $$<"
	@$$(CC) $$($(2)) -D__ASSEMBLER__ -c -o $$@ $$<
$(BUILD)/$(1)/%.asm.o: %.asm
	@mkdir -p $$(@D)
	@echo "  NASM [$(1)] $$<"
	@$$(NASM) -f elf64 -g -F dwarf -I. -Iinclude/ -MD $$(@:.o=.d) -MT $$@ -o $$@ $$<
endef
$(eval $(call compile_rules,root,ROOT_CFLAGS))
$(eval $(call compile_rules,engine,ENGINE_CFLAGS))
$(eval $(call compile_rules,hosted,HOSTED_CFLAGS))
$(eval $(call compile_rules,unit,UNIT_CFLAGS))
$(eval $(call compile_rules,efi,EFI_CFLAGS))

# --- unit tests: UNIT_TESTS += name, unit_name_SRC := sources, unit_name_LIBS := extra libraries ---
define unit_rules
$(BUILD)/unit/test-$(1): $$(call obj,unit,$$(unit_$(1)_SRC))
	@mkdir -p $$(@D)
	@echo "  LD [unit] $$@"
	@$$(CC) $$(UNIT_CFLAGS) -o $$@ $$^ -lcmocka $$(unit_$(1)_LIBS)
$$(call obj,unit,$$(unit_$(1)_SRC)): | $(GENERATED)
endef
$(foreach t,$(UNIT_TESTS),$(eval $(call unit_rules,$(t))))

.PHONY: unit
unit: $(patsubst %,$(BUILD)/unit/test-%,$(UNIT_TESTS))

# --- the engine as an ordinary process ---------------------------------------------------------------
$(BUILD)/exarch-hosted: $(HOSTED_OBJ)
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) -o $@ $(HOSTED_OBJ) -pthread -lrt -lcapstone -lZydis

# --- people's targets ------------------------------------------------------------------------------
# What is missing on the machine is installed before anything is built with it: in a make of its own,
# since one make would do both at once. That make uses all cores, or as many as the user's -j says.
.PHONY: all setup test test-long bench clean help check
build = +@$(MAKE) --silent $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc)) $(1)

all: setup
	$(call build,build-images)

setup:
	@tools/setup

test: setup
	$(call build,build-tests)
	@tools/test

test-long: setup
	$(call build,build-tests)
	@tools/test --long

.PHONY: build-images build-tests
build-images: $(ALL_TARGETS)
build-tests: $(ALL_TARGETS) unit

clean:
	rm -rf $(BUILD) compile_commands.json

# --- what editors and checkers want to know -----------------------------------------------------------
# The commands that would compile all of it, as make prints them.
compile_commands.json: tools/compile-commands Makefile $(wildcard */module.mk */*/module.mk tests/*/*.mk)
	@$(MAKE) --no-print-directory --dry-run --always-make build-tests | tools/compile-commands > $@

# clang-tidy (.clang-tidy) over each C file of root, engine and hosted, once, with the flags of the
# first image that it is in. A file is looked at again when its object was made again.
TIDY_ROOT   := $(filter %.c,$(ROOT_SRC))
TIDY_ENGINE := $(filter-out gen/% $(TIDY_ROOT),$(filter %.c,$(ENGINE_SRC)))
TIDY_HOSTED := $(filter-out gen/% $(TIDY_ROOT) $(TIDY_ENGINE),$(filter %.c,$(HOSTED_SRC)))

# tidy_rules TARGET,IMAGE,VARIABLE OF ITS FLAGS,SOURCES,OPTIONS
define tidy_rules
$(BUILD)/$(1)/$(2)/%.ok: % $(BUILD)/$(2)/%.o .clang-tidy
	@mkdir -p $$(@D)
	@clang-tidy --quiet $(5) $$< -- $$(filter-out -MMD -MP,$$($(3))) > $$(@:.ok=.log) 2>&1 || \
	    { cat $$(@:.ok=.log); exit 1; }
	@touch $$@
$(1): $(patsubst %,$(BUILD)/$(1)/$(2)/%.ok,$(4))
endef
tidy_images = $(call tidy_rules,$(1),root,ROOT_CFLAGS,$(TIDY_ROOT),$(2))$(newline)\
              $(call tidy_rules,$(1),engine,ENGINE_CFLAGS,$(TIDY_ENGINE),$(2))$(newline)\
              $(call tidy_rules,$(1),hosted,HOSTED_CFLAGS,$(TIDY_HOSTED),$(2))
define newline


endef
.PHONY: tidy tidy-quick
$(eval $(call tidy_images,tidy,))
$(eval $(call tidy_images,tidy-quick,--checks=-clang-analyzer-*))

help:
	@sed -n 's/^#: *//p' Makefile $(filter %.mk,$(MAKEFILE_LIST))

#: make             build everything
#: make run         boot a Debian arm64 guest through the whole stack; ON=qemu, bochs or kvm; GUEST=cloud or full
#: make test        install, build, run all tests; make test-long: the long ones too
#: make tidy        clang-tidy over root, engine and hosted; tidy-quick: without its analyzer
#: make compile_commands.json    for editors
#: make clean       remove build/ (downloads stay in .cache/)

# Of all objects, whichever module.mk made their rule.
DEPS := $(shell find $(wildcard $(addprefix $(BUILD)/,root engine hosted efi unit fuzz diff)) /dev/null -name '*.d')
-include $(DEPS)
