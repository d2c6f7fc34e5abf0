# SPDX-License-Identifier: BSD-2-Clause
"""What is asked of both machines, and what is not, and why."""
import functools
import re

# Rows that this test cannot ask about at EL1, and why; at EL0 it does.
EXCLUDED = {
    "WFI": "sleeps: nothing wakes it here; tests/system",
    "HVC": "PSCI; tests/system",
}

# Where QEMU 7.2 is wrong: row -> (condition on the fields, why, by which section of DDI 0487I.a).
# Such words are not generated; other tests know the right answer.
KNOWN_QEMU = {
    "FCVTZS_s_x": (lambda v: v["immh"] < 4, "the 16-bit result of the half-precision form is"
                   " sign-extended to 32 bits; C7.2.116, tests/unit/test_a64_translate.c"),
    "FJCVTZS": (lambda v: False, "FPCR.FZ is not set: a denormal flushed to zero must clear Z;"
                " FPToFixedJS, J1.3, tests/unit/test_a64_translate.c"),
}

# The same at EL0 alone, for whole rows.
KNOWN_QEMU_EL0 = {
    name: "the ISS of the trap has Op1 and Op2 exchanged; D17.2.37, tests/unit/test_a64_translate.c"
    for name in ("MSR_DAIFSet", "MSR_DAIFClr")
}

# Encodings whose effect is CONSTRAINED UNPREDICTABLE (Arm ARM K1.2): rows, and what their fields obey.
SOUND = [
    (r"(STR|LDR|LDRS)_(post|pre)$", lambda v: v["rt"] != v["rn"] or v["rn"] == 31),
    (r"(STP|LDP|LDPSW)_(post|pre)$", lambda v: v["rn"] == 31 or v["rn"] not in (v["rt"], v["rt2"])),
    (r"(LDP|LDNP|LDPSW|LDXP)", lambda v: v["rt"] != v["rt2"]),
    (r"(STXR|STXP)$", lambda v: v["rs"] not in (v["rt"], v.get("rt2", v["rt"]))
     and (v["rs"] != v["rn"] or v["rn"] == 31)),
]


@functools.cache
def rules(name):
    """What the fields of a row's words must obey to be asked about."""
    found = [holds for pattern, holds in SOUND if re.match(pattern, name)]
    return found + ([lambda v: not KNOWN_QEMU[name][0](v)] if name in KNOWN_QEMU else [])


def sound(name, values):
    return all(holds(values) for holds in rules(name))


def beyond(word):
    """
    What is not UNDEFINED for qemu -cpu max of 7.2: what it has and the table does not, SME and SVE
    (C4.1); and, wrongly, ERET with Rn other than 11111 (C4.1.66), half-precision scalar pairwise and
    across-lanes instructions with size<0> set (C4.1.93, C4.1.95), and modified immediates with op and
    o2 set, which it takes for FMOV (C4.1, Advanced SIMD modified immediate).
    """
    half = word & 0xff7e0c00 == 0x5e700800 or word & 0xbf7e0c00 == 0x0e700800
    immediate = word & 0xbff8fc00 == 0x2f00fc00
    return (word >> 25 & 0xf) in (0, 2) or word & 0xfffffc1f == 0xd69f0000 or half or immediate
