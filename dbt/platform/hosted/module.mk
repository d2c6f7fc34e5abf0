# The engine as an ordinary Linux process.
HOSTED_SRC += $(addprefix dbt/platform/hosted/,main.c memory.c view.c run.c events.c console.c trace.c) \
              dbt/platform/features.c kernel/lib/format.c

#: make hosted      build/exarch-hosted, the engine as an ordinary process
.PHONY: hosted
hosted: setup
	$(call build,$(BUILD)/exarch-hosted)

ALL_TARGETS += $(BUILD)/exarch-hosted

#: make run-hosted  boot Debian's arm64 cloud kernel to a shell on it (Ctrl-A x ends it)
.PHONY: run-hosted
run-hosted: hosted
	@tools/fetch-guest initrd
	@echo "Ctrl-A x ends it"
	@$(BUILD)/exarch-hosted --kernel $(CACHE)/guest/kernel-cloud --initrd $(CACHE)/guest/initrd.gz \
	    --append "console=ttyAMA0 earlycon"
