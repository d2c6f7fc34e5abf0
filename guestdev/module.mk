# What guestdev/ adds to the images; see Makefile for the variables.
GUESTDEV_SRC := $(addprefix guestdev/,machine.c gicv3.c gicv3_mmio.c timer.c pl011.c pl031.c psci.c \
                  virtio_mmio.c boot.c boot_tree.c inflate.c)
ENGINE_SRC += $(GUESTDEV_SRC)
HOSTED_SRC += $(GUESTDEV_SRC)

# The back ends belong to root.
ROOT_SRC += $(addprefix guestdev/back/,virtqueue.c back.c console.c entropy.c)
