# The system level of a vCPU: registers, exceptions, exits, events.
SYS_SRC := $(addprefix dbt/sys/,sysregs.c handlers.c pmu.c context.c exception.c exits.c debug.c events.c \
             sys_insn.c)
ENGINE_SRC += $(SYS_SRC) mmu/vmsa.c
HOSTED_SRC += $(SYS_SRC) mmu/vmsa.c
