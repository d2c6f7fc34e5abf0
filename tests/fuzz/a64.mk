# The fuzzer of decoder and translator: clang's libFuzzer with the address and undefined sanitizers.

FUZZ_CC     := clang
FUZZ_CFLAGS := $(BASE) -D_GNU_SOURCE -DEXARCH_UNIT=1 -O1 \
               -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all

fuzz_a64_SRC := tests/fuzz/fuzz_a64.c $(A64_SRC) $(DBT_IR_SRC) $(FP_SRC) $(DBT_X64_SRC) dbt/rt/pure_helpers.c \
                tests/unit/fake_rt.c kernel/lib/format.c
FUZZ_A64_OBJ := $(patsubst %,$(BUILD)/fuzz/%.o,$(fuzz_a64_SRC))
$(FUZZ_A64_OBJ): | $(GENERATED)
$(BUILD)/fuzz/%.c.o: %.c
	@mkdir -p $(@D)
	@echo "  CC [fuzz] $<"
	@$(FUZZ_CC) $(FUZZ_CFLAGS) -c -o $@ $<
$(BUILD)/fuzz/%.c.o: $(BUILD)/%.c
	@mkdir -p $(@D)
	@echo "  CC [fuzz] $<"
	@$(FUZZ_CC) $(FUZZ_CFLAGS) -c -o $@ $<
$(BUILD)/fuzz/fuzz-a64: $(FUZZ_A64_OBJ)
	@echo "  LD $@"
	@$(FUZZ_CC) $(FUZZ_CFLAGS) -o $@ $^
ALL_TARGETS += $(BUILD)/fuzz/fuzz-a64
-include $(wildcard $(FUZZ_A64_OBJ:.o=.d))
