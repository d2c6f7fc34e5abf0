# What dbt/ adds to the images; see Makefile for the variables.
include dbt/a64/module.mk
