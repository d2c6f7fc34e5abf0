# What tools/ adds to the images; see Makefile for the variables.

# ON: auto (kvm where it can run us, else qemu), qemu, bochs, kvm. GUEST: cloud or full (Debian's kernels).
ON      ?= auto
GUEST   ?= cloud
RUN_CPUS   ?= 1
RUN_MEMORY ?= 1536

.PHONY: run
run: setup
	$(call build,$(BUILD)/BOOTX64.EFI)
	@tools/fetch-guest $(GUEST) initrd
	@BUILD=$(BUILD) tools/mkimage disk $(BUILD)/run.img --ini tools/run.ini \
	    --add debian/kernel=$(CACHE)/guest/kernel-$(GUEST) --add debian/initrd.gz=$(CACHE)/guest/initrd.gz
	@BUILD=$(BUILD) tools/run --on $(ON) --image $(BUILD)/run.img --memory $(RUN_MEMORY) --cpus $(RUN_CPUS)
