# What dbt/ adds to the images; see Makefile for the variables.
include dbt/a64/module.mk
include dbt/ir/module.mk
ENGINE_SRC += $(DBT_IR_SRC)
HOSTED_SRC += $(DBT_IR_SRC)
include dbt/a64/module.mk dbt/fp/module.mk
