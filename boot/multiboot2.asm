; SPDX-License-Identifier: BSD-2-Clause
; The multiboot2 header and the way from GRUB's 32-bit mode to root_entry at -2 GiB.
;
; All of it is one section, .boot: code, tables and their distances are known at assembly time, so
; that it runs wherever GRUB has put the image. Root unmaps the section soon after, and it goes to
; the page allocator.
;
; There is no frame buffer tag: with one, GRUB 2.06 on a BIOS sets a video mode, which in Bochs ends
; in a triple fault. From UEFI the frame buffer comes all the same; from BIOS, text mode.

IMAGE_LOAD      equ 0x200000            ; as in linker.ld
MB2_MAGIC       equ 0xe85250d6
MB2_BOOT_MAGIC  equ 0x36d76289
PAGE_RW         equ 0x003
PAGE_RW_LARGE   equ 0x083
MSR_EFER        equ 0xc0000080

extern root_entry

section .boot progbits alloc exec write align=4096

boot_section:
; --- header: multiboot2 specification, 3.1 -------------------------------------------------------
align 8
header:
        dd MB2_MAGIC
        dd 0                            ; i386 protected mode
        dd header_end - header
        dd -(MB2_MAGIC + (header_end - header))

align 8                                 ; information request: what we cannot do without
        dw 1, 0
        dd 12
        dd 6                            ; memory map
align 8                                 ; entry address
        dw 3, 0
        dd 12
        dd IMAGE_LOAD + (entry32 - boot_section)
align 8                                 ; modules page aligned
        dw 6, 0
        dd 8
align 8                                 ; may be moved: 2 MiB steps below 4 GiB, low ones first
        dw 10, 0
        dd 24
        dd 0x200000, 0xffffffff, 0x200000, 1
align 8
        dw 0, 0
        dd 8
header_end:

; --- 32 bits: EAX magic, EBX the information, no stack, flat segments -------------------------------
bits 32
entry32:
        cli
        cld
        mov     esi, eax                ; magic
        rdtsc
        mov     ecx, edx                ; EDX:EAX is the hand-over time
        lea     esp, [ebx + 8]          ; the call's word lands on the information's reserved field
        call    .here
.here:  pop     ebp
        sub     ebp, .here - boot_section ; EBP: where the image is
        lea     esp, [ebp + stack_end - boot_section]
        push    ebx                     ; CPUID would take it
        push    ecx                     ; hand-over time, high
        push    eax                     ; and low

        cmp     esi, MB2_BOOT_MAGIC
        jne     .bad
        mov     eax, 0x80000000
        cpuid
        cmp     eax, 0x80000001
        jb      .bad
        mov     eax, 0x80000001
        cpuid
        bt      edx, 29                 ; long mode
        jnc     .bad
        mov     edi, edx                ; bit 20: no-execute

        ; the low 4 GiB as they are, and 64 MiB of the image at -2 GiB
        lea     eax, [ebp + directories - boot_section]
        or      eax, PAGE_RW
        lea     edx, [ebp + pdpt_low - boot_section]
        mov     ecx, 4
.pdpt:  mov     [edx], eax
        add     eax, 4096
        add     edx, 8
        loop    .pdpt
        lea     edx, [ebp + directories - boot_section]
        mov     eax, PAGE_RW_LARGE
        mov     ecx, 2048
.low:   mov     [edx], eax
        add     eax, 0x200000
        add     edx, 8
        loop    .low
        lea     edx, [ebp + directory_image - boot_section]
        lea     eax, [ebp + PAGE_RW_LARGE]
        mov     ecx, 32
.image: mov     [edx], eax
        add     eax, 0x200000
        add     edx, 8
        loop    .image
        lea     eax, [ebp + directory_image - boot_section + PAGE_RW]
        mov     [ebp + pdpt_high - boot_section + 510 * 8], eax
        lea     eax, [ebp + pdpt_high - boot_section + PAGE_RW]
        mov     [ebp + pml4 - boot_section + 511 * 8], eax
        lea     eax, [ebp + pdpt_low - boot_section + PAGE_RW]
        mov     [ebp + pml4 - boot_section], eax

        mov     eax, cr4
        or      eax, 1 << 5             ; PAE
        mov     cr4, eax
        lea     eax, [ebp + pml4 - boot_section]
        mov     cr3, eax
        mov     ecx, MSR_EFER
        rdmsr
        or      eax, 1 << 8             ; LME
        bt      edi, 20
        jnc     .no_nx
        or      eax, 1 << 11            ; NXE
.no_nx: wrmsr
        mov     eax, cr0
        or      eax, 0x80010001         ; PG, WP, PE
        mov     cr0, eax

        pop     edi                     ; hand-over time
        pop     esi
        pop     ebx
        lea     eax, [ebp + gdt - boot_section]
        mov     [ebp + gdt_pointer + 2 - boot_section], eax
        lgdt    [ebp + gdt_pointer - boot_section]
        lea     eax, [ebp + entry64 - boot_section]
        push    dword 8
        push    eax
        retf

; No multiboot2, or no 64-bit processor: say so where somebody may see it, and stay.
.bad:   lea     esi, [ebp + bad_text - boot_section]
.next:  lodsb
        test    al, al
        jz      .halt
        mov     ah, al
        mov     dx, 0x3fd
.wait:  in      al, dx                  ; the transmitter, if there is one (else 0xff: go on)
        test    al, 0x20
        jz      .wait
        mov     dx, 0x3f8
        mov     al, ah
        out     dx, al
        out     0xe9, al
        jmp     .next
.halt:  hlt
        jmp     .halt

bad_text:
        db "Exarch: this needs a 64-bit processor and a multiboot2 loader", 13, 10, 0

; --- 64 bits: to root_entry(source, information, image, hand-over time) ------------------------------
bits 64
entry64:
        xor     eax, eax
        mov     ds, eax
        mov     es, eax
        mov     fs, eax
        mov     gs, eax
        mov     ss, eax
        mov     ecx, esi
        shl     rcx, 32
        mov     edi, edi
        or      rcx, rdi                ; hand-over time
        xor     edi, edi                ; BOOT_MULTIBOOT2
        mov     esi, ebx
        mov     edx, ebp
        mov     rax, root_entry
        jmp     rax

align 8
gdt:    dq 0
        dq 0x00af9b000000ffff           ; 64-bit code
gdt_pointer:
        dw 15
        dd 0

align 4096
pml4:            times 4096 db 0
pdpt_low:        times 4096 db 0
pdpt_high:       times 4096 db 0
directory_image: times 4096 db 0
directories:     times 4 * 4096 db 0
                 times 256 db 0
stack_end:
