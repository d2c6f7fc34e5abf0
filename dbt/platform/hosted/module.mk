# The engine as an ordinary Linux process.
HOSTED_SRC += $(addprefix dbt/platform/hosted/,main.c memory.c view.c run.c events.c console.c trace.c) \
              kernel/lib/format.c

$(BUILD)/exarch-hosted: $(HOSTED_OBJ)
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) -o $@ $(HOSTED_OBJ) -pthread -lrt -lcapstone -lZydis

#: make hosted      build/exarch-hosted, the engine as an ordinary process
.PHONY: hosted
hosted: $(BUILD)/exarch-hosted
