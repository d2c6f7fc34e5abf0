# The emitter: from IR to x86-64.
DBT_X64_SRC := $(addprefix dbt/x64/,compile.c alloc.c slots.c constants.c flags.c loop.c site.c encode.c \
               lower_alu.c \
               lower_int.c lower_mul.c lower_bits.c lower_flags.c lower_state.c lower_mem.c lower_atomic.c lower_end.c \
               lower_simd.c lower_simd_lanes.c lower_simd_perm.c lower_simd_int.c lower_simd_sat.c \
               lower_simd_narrow.c lower_simd_shift.c lower_simd_mul.c lower_simd_count.c lower_fp.c \
               lower_fp_arith.c lower_fp_int.c lower_fp_general.c lower_fp_estimate.c lower_fp_half.c lower_fp_half_int.c \
               lower_aes.c lower_sha.c)
ENGINE_SRC += $(DBT_X64_SRC)
HOSTED_SRC += $(DBT_X64_SRC)

# What each row goes through: a tenth of all instructions of a translation less than by -O2.
$(foreach f,dbt_ir_build $(addprefix dbt_x64_,compile alloc slots site encode flags constants),$(eval CFLAGS_$(f) := -O3))
