# What kernel/ adds to the images; see Makefile for the variables.

ROOT_SRC   += kernel/lib/string.c kernel/lib/format.c
ENGINE_SRC += kernel/lib/string.c kernel/lib/format.c

# Device trees: the engine makes the guest's, the hosted runner too.
ENGINE_SRC += kernel/lib/fdt.c kernel/lib/fdt_read.c
HOSTED_SRC += kernel/lib/fdt.c kernel/lib/fdt_read.c
