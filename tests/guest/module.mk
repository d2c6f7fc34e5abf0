# Bare-metal AArch64 programs that run on QEMU's virt and on Exarch; see README.md.
GUEST_CC     := aarch64-linux-gnu-gcc
GUEST_CFLAGS := -std=gnu17 -O1 -g -Wall -Wextra -Werror -ffreestanding -nostdlib -fno-pic -static \
                -mgeneral-regs-only -mstrict-align -fno-stack-protector -march=armv8.2-a -I. \
                -Wl,-z,norelro,--build-id=none,-n,--no-warn-rwx-segments -Wno-unused-function
GUEST_PROGRAMS := exceptions debug memory mmu permissions tlb code returns windows hidden sparse gic timer psci pmu \
                  features registers mix costs loops random randmmu randcode randgic \
                  halves virtqueue restart crypto ieee

# Programs that use the vector registers: no exception of theirs comes back to where it came from.
$(BUILD)/guest/crypto.elf $(BUILD)/guest/ieee.elf: GUEST_CFLAGS := \
  $(filter-out -mgeneral-regs-only -O1 -march=%,$(GUEST_CFLAGS)) -O2 -ffp-contract=off -fno-tree-loop-distribute-patterns \
  -march=armv8.4-a+crypto+sha3+fp16+fp16fml

$(BUILD)/guest/%.elf: tests/guest/%.c tests/guest/guest.c tests/guest/start.S tests/guest/guest.h \
                      tests/guest/guest.ld
	@mkdir -p $(@D)
	@echo "  GUEST $@"
	@$(GUEST_CC) $(GUEST_CFLAGS) -T tests/guest/guest.ld -o $@ tests/guest/start.S \
	  tests/guest/guest.c $<

$(BUILD)/guest/registers.elf: dbt/sys/sysregs.inc

ALL_TARGETS += $(patsubst %,$(BUILD)/guest/%.elf,$(GUEST_PROGRAMS))
