# What dbt/ adds to the images; see Makefile for the variables. Each folder adds its own.
include $(wildcard dbt/*/module.mk dbt/platform/*/module.mk)
ENGINE_SRC += $(DBT_IR_SRC)
HOSTED_SRC += $(DBT_IR_SRC)
