# What mmu/ adds to the images; see Makefile for the variables.
ROOT_SRC   += mmu/ptab.c mmu/ept.c mmu/npt.c
ENGINE_SRC += mmu/ptab.c
