# The fuzzer of device and system registers and of the guest's files.

fuzz_devices_SRC := tests/fuzz/fuzz_devices.c tests/unit/fake_plat.c $(SYS_SRC) $(GUESTDEV_SRC) \
                    mmu/vmsa.c $(FP_SRC) dbt/rt/pure_helpers.c kernel/lib/fdt.c \
                    kernel/lib/fdt_read.c kernel/lib/format.c
FUZZ_DEVICES_OBJ := $(patsubst %,$(BUILD)/fuzz/%.o,$(fuzz_devices_SRC))
$(FUZZ_DEVICES_OBJ): | $(GENERATED)
$(BUILD)/fuzz/fuzz-devices: $(FUZZ_DEVICES_OBJ)
	@echo "  LD $@"
	@$(FUZZ_CC) $(FUZZ_CFLAGS) -o $@ $^
ALL_TARGETS += $(BUILD)/fuzz/fuzz-devices
-include $(wildcard $(FUZZ_DEVICES_OBJ:.o=.d))
