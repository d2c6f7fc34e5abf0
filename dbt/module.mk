# What dbt/ adds to the images; see Makefile for the variables.
