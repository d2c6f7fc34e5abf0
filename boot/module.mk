# What boot/ adds to the images; see Makefile for the variables.
