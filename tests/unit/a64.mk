# Tests of the A64 front end.

UNIT_TESTS             += a64_translate
unit_a64_translate_SRC := tests/unit/test_a64_translate.c $(A64_SRC) tests/unit/fake_rt.c \
                          dbt/rt/pure_helpers.c $(DBT_IR_SRC) $(FP_SRC) kernel/lib/format.c
