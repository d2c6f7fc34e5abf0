# The IR and what runs it; needs dbt/rt (mem_access, rt_call_sync, help_pure) and kernel/lib/format.c.
DBT_IR_SRC := dbt/ir/rows.c dbt/ir/build.c dbt/ir/print.c dbt/ir/verify.c \
              dbt/ir/interp.c dbt/ir/interp_int.c dbt/ir/interp_mem.c dbt/ir/interp_simd.c
