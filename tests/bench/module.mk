# What translation costs: compiled as the hosted runner is.
TRANSLATE_COST_SRC := tests/bench/translate_cost.c dbt/rt/pure_helpers.c tests/unit/fake_rt.c $(A64_SRC) \
                      $(DBT_IR_SRC) $(DBT_X64_SRC) $(FP_SRC) kernel/lib/format.c
TRANSLATE_COST_OBJ := $(patsubst %,$(BUILD)/hosted/%.o,$(TRANSLATE_COST_SRC))
$(TRANSLATE_COST_OBJ): | $(GENERATED)
$(BUILD)/bench/translate-cost: $(TRANSLATE_COST_OBJ)
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(HOSTED_CFLAGS) -o $@ $^
ALL_TARGETS += $(BUILD)/bench/translate-cost
