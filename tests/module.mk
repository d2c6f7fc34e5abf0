# Unit tests: UNIT_TESTS += name; unit_name_SRC := its sources (real files and fakes).
include tests/guest/module.mk

UNIT_TESTS    += bits
unit_bits_SRC := tests/unit/test_bits.c

UNIT_TESTS   += fdt
unit_fdt_SRC := tests/unit/test_fdt.c kernel/lib/fdt.c kernel/lib/fdt_read.c
UNIT_TESTS    += ptab
unit_ptab_SRC := tests/unit/test_ptab.c mmu/ptab.c mmu/ept.c mmu/npt.c

unit_machine := tests/unit/fake_machine.c

UNIT_TESTS    += acpi
unit_acpi_SRC := tests/unit/test_acpi.c drivers/acpi.c drivers/acpi_parse.c $(unit_machine)
UNIT_TESTS         += ir_interp
unit_ir_interp_SRC := tests/unit/test_ir_interp.c tests/unit/fake_rt.c tests/unit/fake_helpers.c \
                      $(DBT_IR_SRC) $(FP_SRC) kernel/lib/format.c
UNIT_TESTS         += ir_build
unit_ir_build_SRC  := tests/unit/test_ir_build.c tests/unit/fake_rt.c tests/unit/fake_helpers.c \
                      $(DBT_IR_SRC) $(FP_SRC) kernel/lib/format.c

#: make bench       time exarch-hosted against qemu-system-aarch64 and native code; count instructions in Bochs
#: make bench-bochs count instructions and exits in Bochs, of a boot of Debian too (some minutes)
.PHONY: bench bench-bochs
bench: all
	@tools/fetch-guest cloud
	@tests/bench/run
	@tests/bench/bochs --only mix
bench-bochs: all
	@tests/bench/bochs
UNIT_TESTS  += fp
unit_fp_SRC := tests/unit/test_fp.c $(addprefix dbt/fp/,num.c arith.c compare.c convert.c estimate.c)

UNIT_TESTS       += rt-block
unit_rt-block_SRC := tests/unit/test_rt_block.c dbt/rt/block.c dbt/rt/link.c dbt/rt/heap.c

UNIT_TESTS     += apic clock
unit_apic_SRC  := tests/unit/test_apic.c drivers/apic.c drivers/ioapic.c $(unit_machine)
unit_clock_SRC := tests/unit/test_clock.c drivers/clock.c $(unit_machine)

UNIT_TESTS     += pci power uart fbcon
unit_pci_SRC   := tests/unit/test_pci.c drivers/pci.c drivers/pci_config.c drivers/pci_msi.c $(unit_machine)
unit_power_SRC := tests/unit/test_power.c drivers/power.c $(unit_machine)
unit_uart_SRC  := tests/unit/test_uart.c drivers/uart.c $(unit_machine)
unit_fbcon_SRC := tests/unit/test_fbcon.c drivers/fbcon.c $(unit_machine)
UNIT_TESTS       += rt-view
unit_rt-view_SRC := tests/unit/test_rt_view.c mmu/view.c dbt/rt/tlb.c dbt/rt/jump_cache.c \
                    dbt/rt/window.c dbt/rt/returns.c

UNIT_TESTS        += rt-fault rt-loop
unit_rt-fault_SRC := tests/unit/test_rt_fault.c dbt/rt/fault.c dbt/x64/site.c
unit_rt-loop_SRC  := tests/unit/test_rt_loop.c dbt/rt/loop.c dbt/rt/heap.c

UNIT_TESTS      += config
unit_config_SRC := tests/unit/test_config.c kernel/config.c kernel/config_keys.c kernel/lib/ini.c kernel/lib/format.c \
                   kernel/lib/text.c
UNIT_TESTS       += memmap pages lib
unit_memmap_SRC  := tests/unit/test_memmap.c boot/memmap.c boot/multiboot2.c boot/boot_info.c kernel/lib/text.c
unit_pages_SRC   := tests/unit/test_pages.c kernel/pages.c kernel/objects.c tests/unit/fake_root.c
unit_lib_SRC     := tests/unit/test_lib.c kernel/lib/format.c kernel/lib/text.c kernel/lib/ini.c

UNIT_TESTS       += cli console
unit_cli_SRC     := tests/unit/test_cli.c kernel/cli.c kernel/lib/format.c
unit_console_SRC := tests/unit/test_console.c kernel/console.c kernel/lib/format.c $(unit_machine)

UNIT_TESTS    += back
unit_back_SRC := tests/unit/test_back.c kernel/lib/chacha20.c \
                 $(addprefix guestdev/back/,virtqueue.c back.c console.c entropy.c)
include tests/boot/engine/module.mk

UNIT_TESTS            += vmx_controls
unit_vmx_controls_SRC := tests/unit/test_vmx_controls.c kernel/virt/vmx_controls.c
UNIT_TESTS            += vm_image
unit_vm_image_SRC     := tests/unit/test_vm_image.c kernel/vm_image.c
include tests/diff/module.mk tests/unit/a64.mk tests/fuzz/a64.mk tests/fuzz/devices.mk tests/bench/module.mk
DBT_TEST_SRC := tests/unit/fake_rt.c dbt/rt/pure_helpers.c $(DBT_IR_SRC) $(FP_SRC) \
                kernel/lib/format.c
UNIT_TESTS       += x64_run
unit_x64_run_SRC := tests/unit/test_x64_run.c tests/unit/random_block.c tests/unit/random_rows.c \
                    tests/unit/x64_host.c dbt/platform/features.c \
                    $(DBT_TEST_SRC) $(DBT_X64_SRC)
UNIT_TESTS           += x64_returns
unit_x64_returns_SRC := tests/unit/test_x64_returns.c tests/unit/x64_host.c dbt/rt/returns.c dbt/platform/features.c \
                        $(DBT_TEST_SRC) $(DBT_X64_SRC)
UNIT_TESTS     += vmsa
unit_vmsa_SRC  := tests/unit/test_vmsa.c mmu/vmsa.c
UNIT_TESTS         += x64_forms
unit_x64_forms_SRC := tests/unit/test_x64_forms.c dbt/x64/encode.c dbt/x64/constants.c
unit_x64_forms_LIBS := -lZydis -lZycore

UNIT_TESTS       += monitor
unit_monitor_SRC := tests/unit/test_monitor.c kernel/monitor.c kernel/cli.c kernel/console.c \
                    kernel/lib/format.c kernel/lib/text.c $(unit_machine)

UNIT_TESTS   += log
unit_log_SRC := tests/unit/test_log.c kernel/log.c kernel/rtc.c kernel/lib/format.c
SYS_TEST_SRC     := tests/unit/fake_plat.c $(SYS_SRC) $(GUESTDEV_SRC) mmu/vmsa.c $(FP_SRC) \
                    dbt/rt/pure_helpers.c kernel/lib/fdt.c kernel/lib/fdt_read.c kernel/lib/format.c
UNIT_TESTS       += devices
unit_devices_SRC := tests/unit/test_devices.c $(SYS_TEST_SRC)
UNIT_TESTS += uart_rtc
unit_uart_rtc_SRC := tests/unit/test_uart_rtc.c $(SYS_TEST_SRC)

UNIT_TESTS           += hosted-view
unit_hosted-view_SRC := tests/unit/test_hosted_view.c dbt/platform/hosted/view.c
UNIT_TESTS      += crypto
unit_crypto_SRC := tests/unit/test_crypto.c dbt/fp/help_crypto.c
