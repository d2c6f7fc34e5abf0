# What kernel/ adds to the images; see Makefile for the variables.
# ROOT_BLOBS += NAME:PATH (any module.mk) embeds a built file in the root image.

ROOT_SRC   += kernel/lib/string.c kernel/lib/text.c kernel/lib/format.c kernel/lib/ini.c
ENGINE_SRC += kernel/lib/string.c kernel/lib/text.c kernel/lib/format.c

ROOT_SRC += kernel/config.c kernel/config_keys.c kernel/cli.c kernel/console.c kernel/console_host.c kernel/monitor.c kernel/monitor_host.c kernel/random.c kernel/lib/chacha20.c kernel/main.c kernel/log.c kernel/panic.c kernel/symbols.c kernel/blob.c kernel/irq.c \
            kernel/early_console.c kernel/smp.c kernel/pages.c kernel/objects.c kernel/mem_boot.c \
            kernel/windows.c kernel/machine.c kernel/platform.c kernel/time.c kernel/rtc.c \
            kernel/serial.c kernel/screen.c kernel/vga_text.c kernel/selftest.c kernel/shutdown.c
ROOT_SRC += kernel/x86/gdt.c kernel/x86/trap.c kernel/x86/trap_entry.asm kernel/x86/paging.c \
            kernel/x86/cpu_features.c

# Device trees: the engine makes the guest's, the hosted runner too.
ENGINE_SRC += kernel/lib/fdt.c kernel/lib/fdt_read.c
HOSTED_SRC += kernel/lib/fdt.c kernel/lib/fdt_read.c

# The root image is linked twice: the symbol table of the first link goes into the second.
ALL_TARGETS += $(BUILD)/exarch.elf
ROOT_LDFLAGS := -nostdlib -static -Wl,-no-pie -T linker.ld -Wl,--build-id=sha1 -Wl,--no-warn-rwx-segments \
                -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack -Wl,--fatal-warnings

root_blob_files = $(foreach b,$(ROOT_BLOBS),$(lastword $(subst :, ,$(b))))

.SECONDEXPANSION:
$(BUILD)/root/blobs.S: tools/mkblobs $$(root_blob_files)
	@mkdir -p $(@D)
	@tools/mkblobs $(ROOT_BLOBS) > $@

$(BUILD)/root/symbols-first.S: tools/mksymbols
	@mkdir -p $(@D)
	@tools/mksymbols > $@

$(BUILD)/root/symbols.S: $(BUILD)/root/exarch-first.elf tools/mksymbols
	@tools/mksymbols $< > $@

$(BUILD)/root/%.o: $(BUILD)/root/%.S
	@$(CC) -c -o $@ $<

$(BUILD)/root/exarch-first.elf: $$(ROOT_OBJ) $(BUILD)/root/blobs.o $(BUILD)/root/symbols-first.o linker.ld
	@echo "  LD [root] $@"
	@$(CC) $(ROOT_LDFLAGS) -o $@ $(filter %.o,$^)

$(BUILD)/exarch.elf: $$(ROOT_OBJ) $(BUILD)/root/blobs.o $(BUILD)/root/symbols.o linker.ld
	@echo "  LD [root] $@"
	@$(CC) $(ROOT_LDFLAGS) -o $@ $(filter %.o,$^)

# Virtualization and VMs.
ROOT_SRC += kernel/virt/virt.c kernel/virt/xsave.c kernel/virt/exit.c kernel/virt/hypercall.c \
            kernel/virt/sched.c
ROOT_SRC += kernel/virt/vmx.c kernel/virt/vmx_caps.c kernel/virt/vmx_controls.c kernel/virt/vmx_state.c \
            kernel/virt/vmx_exit.c kernel/virt/vmx_dump.c kernel/virt/vmx_entry.S
ROOT_SRC += kernel/virt/svm.c kernel/virt/svm_state.c kernel/virt/svm_exit.c kernel/virt/svm_entry.S
ROOT_SRC += kernel/vm.c kernel/vm_memory.c kernel/vm_image.c kernel/vm_tables.c kernel/vm_load.c \
            kernel/vm_report.c kernel/guests.c kernel/guest_io.c
