# The test engine, an engine image like the real one.

TEST_ENGINE_SRC := tests/boot/engine/main.c tests/boot/engine/cases.c tests/boot/engine/misbehave.c \
                   tests/boot/engine/echo.c tests/boot/engine/fixed.c tests/boot/engine/probe.S $(ENGINE_BASE_SRC)

ALL_TARGETS += $(BUILD)/test-engine.elf
$(BUILD)/test-engine.elf: $(patsubst %,$(BUILD)/engine/%.o,$(TEST_ENGINE_SRC)) $(ENGINE_LD)
	@echo "  LD [engine] $@"
	@$(ENGINE_LINK) -o $@ $(filter %.o,$^)
