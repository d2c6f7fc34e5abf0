# What boot/ adds to the images; see Makefile for the variables.

ROOT_SRC += boot/multiboot2.asm boot/entry.asm boot/trampoline.asm boot/multiboot2.c boot/memmap.c boot/boot_info.c

#: make image       build/exarch.img: a disk image for dd to a USB stick (UEFI); INI=FILE: its exarch.ini
#: make iso         build/exarch.iso: BIOS and UEFI, for a CD or (dd) a USB stick
.PHONY: image iso
image iso: setup
	$(call build,$(BUILD)/exarch.$(if $(filter iso,$@),iso,img))

# The files that INI names are not known to make: with INI the images are made each time.
INI ?=
image_options := $(if $(INI),--ini $(INI))
.PHONY: image-always
image_always := $(if $(INI),image-always)

$(BUILD)/exarch.img: $(BUILD)/BOOTX64.EFI tools/mkimage $(image_always)
	@echo "  IMAGE $@"
	@BUILD=$(BUILD) tools/mkimage disk $@ $(image_options)

$(BUILD)/exarch.iso: $(BUILD)/exarch.stripped.elf boot/grub.cfg tools/mkimage $(image_always)
	@echo "  ISO $@"
	@BUILD=$(BUILD) tools/mkimage iso $@ $(image_options)

# BOOTX64.EFI: gnu-efi's start-up code and headers, our code, the root image inside.
EFI_SRC += boot/efi/app.c boot/efi/files.c boot/efi/firmware.c boot/efi/image.c boot/efi/handover.asm \
           boot/boot_info.c boot/memmap.c kernel/lib/string.c kernel/lib/text.c kernel/lib/format.c kernel/lib/ini.c

EFI_CFLAGS := $(filter-out -I% -Wstrict-prototypes,$(BASE)) -Wno-cast-align -I. -Iinclude -isystem /usr/include/efi \
              -isystem /usr/include/efi/x86_64 -ffreestanding -fno-stack-protector -fcf-protection=none \
              -mno-red-zone -mgeneral-regs-only -fno-asynchronous-unwind-tables -fpic -fshort-wchar \
              -DGNU_EFI_USE_MS_ABI -DEXARCH_EFI=1
EFI_OBJ := $(patsubst %,$(BUILD)/efi/%.o,$(EFI_SRC)) $(BUILD)/efi/root_image.o
EFI_LDFLAGS := -nostdlib -shared -Bsymbolic -znocombreloc -T /usr/lib/elf_x86_64_efi.lds --fatal-warnings \
               --no-warn-rwx-segments --no-undefined -z noexecstack
ALL_TARGETS += $(BUILD)/BOOTX64.EFI $(BUILD)/exarch.img $(BUILD)/exarch.iso


$(BUILD)/efi/root_image.o: $(BUILD)/exarch.stripped.elf
	@printf '.section .rodata\n.balign 16\n.globl root_image, root_image_end\n%s\n' \
	    'root_image: .incbin "$<"' 'root_image_end:' '.section .note.GNU-stack,"",@progbits' > $(@:.o=.S)
	@$(CC) -c -o $@ $(@:.o=.S)

$(BUILD)/exarch.stripped.elf: $(BUILD)/exarch.elf
	@strip -o $@ $<

$(BUILD)/efi/BOOTX64.so: $(EFI_OBJ)
	@echo "  LD [efi] $@"
	@ld $(EFI_LDFLAGS) -o $@ /usr/lib/crt0-efi-x86_64.o $^ -L/usr/lib -l:libgnuefi.a

$(BUILD)/BOOTX64.EFI: $(BUILD)/efi/BOOTX64.so
	@objcopy -j .text -j .sdata -j .data -j .rodata -j .dynamic -j .dynsym -j .rel -j .rela -j '.rel.*' \
	    -j '.rela.*' -j .reloc --output-target=efi-app-x86_64 --subsystem=10 $< $@
