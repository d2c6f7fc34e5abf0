# The emitter: from IR to x86-64.
DBT_X64_SRC := dbt/x64/compile.c dbt/x64/alloc.c dbt/x64/flags.c dbt/x64/site.c dbt/x64/encode.c \
               dbt/x64/lower_alu.c dbt/x64/lower_int.c dbt/x64/lower_flags.c dbt/x64/lower_state.c \
               dbt/x64/lower_mem.c dbt/x64/lower_atomic.c dbt/x64/lower_end.c dbt/x64/lower_simd.c \
               dbt/x64/lower_simd_lanes.c dbt/x64/lower_simd_perm.c dbt/x64/lower_fp.c
DBT_X64_SRC := $(addprefix dbt/x64/,compile.c alloc.c flags.c site.c encode.c lower_alu.c lower_int.c \
               lower_flags.c lower_state.c lower_mem.c lower_atomic.c lower_end.c lower_simd.c \
               lower_simd_lanes.c lower_simd_perm.c lower_fp.c)
ENGINE_SRC += $(DBT_X64_SRC)
HOSTED_SRC += $(DBT_X64_SRC)
