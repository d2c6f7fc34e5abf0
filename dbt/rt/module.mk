# The runtime; needs dbt/a64, dbt/ir, dbt/x64, dbt/sys, dbt/fp, guestdev, mmu/vmsa.c and a platform.
DBT_RT_SRC := dbt/rt/heap.c dbt/rt/block.c dbt/rt/link.c dbt/rt/jump_cache.c dbt/rt/returns.c dbt/rt/translate.c \
              dbt/rt/lookup.c dbt/rt/loop.c dbt/rt/fault.c dbt/rt/slow.c dbt/rt/mem.c dbt/rt/tlb.c \
              dbt/rt/window.c \
              dbt/rt/helpers.c dbt/rt/pure_helpers.c dbt/rt/stats.c mmu/view.c
ENGINE_SRC += $(DBT_RT_SRC)
HOSTED_SRC += $(DBT_RT_SRC)
