# dbt/platform/vm: what every engine image stands on; engines link with $(ENGINE_LINK).

ENGINE_BASE_SRC := dbt/platform/vm/entry.S dbt/platform/vm/ring.c dbt/platform/vm/hypercall.c \
                   dbt/platform/vm/space.c dbt/platform/vm/console.c \
                   kernel/lib/string.c kernel/lib/format.c kernel/lib/chacha20.c mmu/ptab.c

ENGINE_LD   := dbt/platform/vm/engine.ld
ENGINE_LINK = $(CC) -nostdlib -static -Wl,-no-pie -T $(ENGINE_LD) -Wl,--build-id=sha1 -Wl,-z,max-page-size=4096 \
              -Wl,-z,noexecstack -Wl,--fatal-warnings -Wl,--no-dynamic-linker

ENGINE_SRC += $(ENGINE_BASE_SRC) dbt/platform/features.c $(addprefix dbt/platform/vm/,main.c run.c view.c window.c hide.c events.c devices.c)

# ENGINE_SRC is complete only when all module.mk have been read.
ALL_TARGETS += $(BUILD)/engine.elf
ROOT_BLOBS  += engine:$(BUILD)/engine.stripped.elf
.SECONDEXPANSION:
$(BUILD)/engine.elf: $$(ENGINE_OBJ) $(ENGINE_LD) tools/check-ring3
	@tools/check-ring3 $(filter $(BUILD)/engine/dbt/fp/%,$^) $(BUILD)/engine/kernel/lib/string.c.o
	@echo "  LD [engine] $@"
	@$(ENGINE_LINK) -o $@ $(sort $(filter %.o,$^))
$(BUILD)/engine.stripped.elf: $(BUILD)/engine.elf
	@strip -o $@ $<
