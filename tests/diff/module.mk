# The differential tests' bare-metal driver; tests/diff/run makes blobs with it.

DIFF_CC     := aarch64-linux-gnu-gcc
DIFF_CFLAGS := -std=gnu17 -O2 -g -Wall -Wextra -Werror -ffreestanding -fno-builtin -nostdlib \
               -mgeneral-regs-only -fno-pic -fno-stack-protector -I. -MMD -MP

$(BUILD)/diff/%.o: tests/diff/%.c
	@mkdir -p $(@D)
	@echo "  CC [a64] $<"
	@$(DIFF_CC) $(DIFF_CFLAGS) -c -o $@ $<
$(BUILD)/diff/%.o: tests/diff/%.S
	@mkdir -p $(@D)
	@echo "  AS [a64] $<"
	@$(DIFF_CC) $(DIFF_CFLAGS) -D__ASSEMBLER__ -c -o $@ $<
$(BUILD)/diff/driver.elf: $(addprefix $(BUILD)/diff/,start.o driver.o values.o) tests/diff/blob.ld
	@echo "  LD [a64] $@"
	@aarch64-linux-gnu-ld -T tests/diff/blob.ld -o $@ $(filter %.o,$^)
	@aarch64-linux-gnu-objcopy -O binary $@ $(@:.elf=.bin)
ALL_TARGETS += $(BUILD)/diff/driver.elf
-include $(wildcard $(BUILD)/diff/*.d)
