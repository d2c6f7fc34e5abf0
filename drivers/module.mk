# What drivers/ adds to the images; see Makefile for the variables.

drivers_SRC := drivers/acpi.c drivers/acpi_parse.c drivers/apic.c drivers/clock.c drivers/fbcon.c \
               drivers/ioapic.c drivers/pci.c drivers/pci_config.c drivers/pci_msi.c drivers/power.c \
               drivers/uart.c

ROOT_SRC += $(drivers_SRC)

# The frame-buffer console's font comes out of a Debian package.
GRUB_FONT ?= /usr/share/grub/unicode.pf2
GENERATED += $(BUILD)/gen/drivers/font_8x16.h
$(BUILD)/gen/drivers/font_8x16.h: tools/mkfont $(GRUB_FONT)
	@mkdir -p $(@D)
	@echo "  GEN $@"
	@tools/mkfont $(GRUB_FONT) > $@
