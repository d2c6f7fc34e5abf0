# The engine as an ordinary Linux process.
HOSTED_SRC += $(addprefix dbt/platform/hosted/,main.c memory.c view.c run.c events.c console.c trace.c) \
              kernel/lib/format.c

#: make hosted      build/exarch-hosted, the engine as an ordinary process
.PHONY: hosted
hosted: $(BUILD)/exarch-hosted
