# dbt/platform/vm: what every engine image stands on; engines link with $(ENGINE_LINK).

ENGINE_BASE_SRC := dbt/platform/vm/entry.S dbt/platform/vm/ring.c dbt/platform/vm/hypercall.c \
                   dbt/platform/vm/space.c dbt/platform/vm/console.c \
                   kernel/lib/string.c kernel/lib/format.c mmu/ptab.c

ENGINE_LD   := dbt/platform/vm/engine.ld
ENGINE_LINK = $(CC) -nostdlib -static -no-pie -T $(ENGINE_LD) -Wl,--build-id=sha1 -Wl,-z,max-page-size=4096 \
              -Wl,-z,noexecstack -Wl,--fatal-warnings -Wl,--no-dynamic-linker
