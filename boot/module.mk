# What boot/ adds to the images; see Makefile for the variables.

ROOT_SRC += boot/multiboot2.asm boot/entry.asm boot/multiboot2.c boot/memmap.c boot/boot_info.c

#: make iso         build/exarch.iso: BIOS and UEFI, for a CD or (dd) a USB stick
.PHONY: iso
iso: $(BUILD)/exarch.iso

$(BUILD)/exarch.iso: $(BUILD)/exarch.elf boot/grub.cfg
	@rm -rf $(BUILD)/iso
	@mkdir -p $(BUILD)/iso/boot/grub
	@cp $(BUILD)/exarch.elf $(BUILD)/iso/boot/exarch.elf
	@cp boot/grub.cfg $(BUILD)/iso/boot/grub/grub.cfg
	@grub-mkrescue -o $@ $(BUILD)/iso > $@.log 2>&1 || { cat $@.log; exit 1; }
