# The A64 front end: the decoder is made from a64.decode by tools/decodegen.

A64_GEN := $(addprefix $(BUILD)/gen/dbt/a64/,a64_insns.h a64_translators.h a64_decode.c \
           a64_dispatch.c a64_names.c a64_count.c)
GENERATED += $(A64_GEN)

$(A64_GEN) &: dbt/a64/a64.decode tools/decodegen/decodegen tools/decodegen/table.py
	@echo "  GEN $(@D)"
	@$(PYTHON) tools/decodegen/decodegen $< $(BUILD)/gen/dbt/a64

A64_SRC := $(addprefix dbt/a64/,translate.c tr_branch.c tr_dpimm.c tr_dpreg.c tr_ldst.c \
           tr_ldst_ex.c tr_mem.c tr_system.c \
           tr_simd_ops.c tr_simd_int.c tr_simd_wide.c tr_simd_perm.c tr_simd_crypto.c tr_simd_mem.c \
           tr_fp_ops.c tr_fp_vector.c tr_fp_scalar.c) \
           $(addprefix gen/dbt/a64/,a64_decode.c a64_dispatch.c a64_names.c)
ENGINE_SRC += $(A64_SRC)
HOSTED_SRC += $(A64_SRC)

A64_SWEEP_OBJ := $(patsubst %,$(BUILD)/hosted/%.c.o,tests/unit/a64_sweep gen/dbt/a64/a64_decode \
                 gen/dbt/a64/a64_names gen/dbt/a64/a64_count)
$(A64_SWEEP_OBJ): | $(GENERATED)
$(BUILD)/tests/a64-sweep: $(A64_SWEEP_OBJ)
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) -o $@ $^ -pthread
ALL_TARGETS += $(BUILD)/tests/a64-sweep
