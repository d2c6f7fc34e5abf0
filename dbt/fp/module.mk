# Exact arithmetic and the pure helpers: ring-3 code, integers only.

FP_SRC := $(addprefix dbt/fp/,num.c arith.c compare.c convert.c estimate.c help_fp.c help_simd.c \
          help_crypto.c fpcr.c)
ENGINE_SRC += $(FP_SRC)
HOSTED_SRC += $(FP_SRC)

# Translated code calls these with guest values in vector registers, which must survive.
$(foreach f,$(FP_SRC:.c=),$(eval CFLAGS_$(subst /,_,$(f)) := -mgeneral-regs-only))
