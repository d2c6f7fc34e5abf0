# SPDX-License-Identifier: BSD-2-Clause
"""How a sequence that tests one row of the decode table is made: one recipe a kind of row.

A recipe gets a Maker and the row, and appends words and fixes (registers that must not be random).
What the Arm ARM leaves CONSTRAINED UNPREDICTABLE is not generated; see sound().
"""
import random
import re

from asked import beyond
from maker import (FIX_CODE, FIX_FAULT, FIX_LOW_WORD, FIX_VALUE, FIX_WINDOW, FIX_WORD, Maker)

WINDOW_REACH = 256   # bytes of the window to each side of its middle
NO_FLUSH = 2         # descriptor.fp: FP state matters, FPCR.FZ is clear


def signed(value, width):
    return value - (1 << width) if value >> (width - 1) else value


# --- plain data processing ---------------------------------------------------------------------------
def plain(m, row):
    """One to four words, the tested row at least once, others around it."""
    for slot in range(m.rng.randrange(1, 5)):
        if slot == 0 or m.rng.random() < 0.4:
            m.emit(row)
        else:
            m.benign()
    m.rng.shuffle(m.words)


def loop(m, row):
    """The row in a counted loop of one block: its results and flags go around, and into the next block."""
    counter = m.rng.randrange(0, 31)
    m.fix(counter, FIX_VALUE, m.rng.randrange(1, 30))
    for slot in range(m.rng.randrange(1, 5)):
        word, v = m.word(row)
        if (slot == 0 or m.rng.random() < 0.4) and v.get("rd") != counter:
            m.words.append(word)
        else:
            m.benign()
    m.rng.shuffle(m.words)
    back = -1 - len(m.words)
    if m.rng.random() < 0.5:
        m.emit(m.rows["SUBS_imm"], sf=1, sh=0, imm12=1, rn=counter, rd=counter)
        m.emit(m.rows["B_cond"], imm19=back, cond=m.rng.choice((1, 8, 12)))    # NE, HI, GT
    else:
        m.emit(m.rows["SUB_imm"], sf=1, sh=0, imm12=1, rn=counter, rd=counter)
        m.emit(m.rows["CBNZ"], sf=1, imm19=back, rt=counter)
    m.benign()


# --- loads and stores ----------------------------------------------------------------------------------
def access(row, v):
    """(displacement, bytes, alignment that matters) of a load or store with an immediate."""
    name = row.name
    if re.search(r"_(mult|lane|rep)", name):
        return 0, 64, 1
    if name.endswith("_v"):
        if "imm7" in v:
            scale = v["opc"] + 2
            return 0 if "post" in name else signed(v["imm7"], 7) << scale, 2 << scale, 1 << scale
        scale = v["size"] | v["opc1"] << 2
    elif "imm7" in v:
        scale = 2 if name.startswith("LDPSW") else v["sf"] + 2
        return 0 if "post" in name else signed(v["imm7"], 7) << scale, 2 << scale, 1 << scale
    elif "sz" in v:
        return 0, 8 << v["sz"], 8 << v["sz"]
    elif "size" in v:
        scale = v["size"]
    else:
        scale = 3   # PRFM
    if "imm12" in v:
        return v["imm12"] << scale, 1 << scale, 1 << scale
    if "imm9" in v:
        return 0 if "post" in name else signed(v["imm9"], 9), 1 << scale, 1 << scale
    return 0, 1 << scale, 1 << scale


def window_offset(rng, size, align, aligned=0.75):
    """Where in the window an access of size bytes may start; near the page boundary often."""
    reach = WINDOW_REACH - size
    offset = rng.randrange(-size - 4, 5) if rng.random() < 0.3 else rng.randrange(-reach, reach)
    return offset & -align if rng.random() < aligned else offset


def point(m, row, v, aligned=0.75):
    """
    Makes rn (or SP) such that the access of the word with fields v falls into the window. SP is
    aligned: QEMU 7.2 has no SP alignment check (tests/unit/test_a64_translate.c has).
    """
    disp, size, align = access(row, v)
    base = window_offset(m.rng, size, align, aligned) - disp
    if v["rn"] == 31:
        base &= -16
        base += 16 if base + disp < -WINDOW_REACH else 0
    m.fix(v["rn"], FIX_WINDOW, base)


def memory(m, row, aligned=0.75):
    """The access, its base untouched before it, others around it."""
    word, v = m.word(row)
    point(m, row, v, aligned)
    for _ in range(m.rng.randrange(0, 2)):
        m.benign()
    m.words.append(word)
    for _ in range(m.rng.randrange(0, 3)):
        m.benign()


def faulting(m, row):
    """An access that aborts, after instructions whose results must be there, before one that must not."""
    while True:
        word, v = m.word(row)
        if v["rn"] != 31 and v.get("rm", 0) != v["rn"]:
            break
    disp = access(row, v)[0]
    if "option" in v:
        m.fix(v["rm"], FIX_VALUE if v["option"] & 1 else FIX_LOW_WORD, 8)
        disp = 8 << (v.get("size", 3) | v.get("opc1", 0) << 2 if v["s"] else 0)
    m.fix(v["rn"], FIX_FAULT, disp * 16 + m.rng.randrange(0, 10 if m.el0 else 8))
    for _ in range(m.rng.randrange(0, 5)):
        m.benign()
    m.words.append(word)
    m.benign()


def can_fault(row):
    """Rows that `faulting` fits: not hints, not stores whose exclusive monitor decides (B2.9.2)."""
    return (recipe_of(row) in (memory, register_offset, aligned)
            and not row.name.startswith(("PRFM", "PRFUM")))


def aligned(m, row):
    """QEMU 7.2 does not fault on an unaligned LDAPR (B2.5.2, tests/unit/test_a64_translate.c)."""
    memory(m, row, aligned=1)


def register_offset(m, row):
    while True:
        word, v = m.word(row)
        if v["rm"] != v["rn"] and v["rm"] != 31:
            break
    scale = v.get("size", 3) | v.get("opc1", 0) << 2
    amount = scale if v["s"] else 0
    index = m.rng.randrange(0 if v["option"] == 2 else -40, 40)
    offset = window_offset(m.rng, 1 << scale, 1 << scale)
    base = offset - (index << amount)
    if v["rn"] == 31:
        base = (base & -16) + 16
        base -= 256 if base + (index << amount) > WINDOW_REACH - 32 else 0
    m.fix(v["rm"], FIX_VALUE if v["option"] & 1 else FIX_LOW_WORD, index)
    m.fix(v["rn"], FIX_WINDOW, base)
    m.benign()
    m.words.append(word)
    m.benign()


def literal(m, row):
    """The sequence's own words are the data."""
    m.benign()
    m.emit(row, imm19=m.rng.randrange(-1, 3))
    m.benign()


def store_exclusive(m, row):
    """Most follow the load that they belong to; what lies between may spoil nothing of it."""
    load = m.rows["LDXR" if row.name == "STXR" else "LDXP"]
    while True:
        word, v = m.word(row)
        same = {n: v[n] for n in ("size", "sz") if n in v}
        pair_word, p = m.word(load, rn=v["rn"], **same)
        if v["rn"] == 31 or v["rn"] not in (p["rt"], p.get("rt2")):
            break
    point(m, row, v, aligned=1)
    if m.rng.random() < 0.75:
        m.words.append(pair_word)
        m.benign()
    m.words.append(word)
    if m.rng.random() < 0.3:
        m.words.append(word)
    m.benign()


# --- branches --------------------------------------------------------------------------------------------
def branch(m, row):
    """Jumps over none to two words; what is skipped shows in the state."""
    for _ in range(m.rng.randrange(0, 2)):
        m.benign()
    field = next(n for n in row.fields if n.startswith("imm"))
    m.emit(row, **{field: m.rng.randrange(1, 4)})
    m.benign()
    m.benign()


def branch_register(m, row):
    while True:
        word, v = m.word(row)
        if v["rn"] != 31:
            break
    before = m.rng.randrange(0, 2)
    target = 4 * (before + m.rng.randrange(1, 4))
    if m.rng.random() < 0.05:
        target += m.rng.randrange(1, 4)     # PC alignment fault
    m.fix(v["rn"], FIX_CODE, target)
    for _ in range(before):
        m.benign()
    m.words.append(word)
    m.benign()
    m.benign()


# --- system ------------------------------------------------------------------------------------------------
def sysreg(text):
    op0, op1, crn, crm, op2 = map(int, text.split())
    return {"o0": op0 - 2, "op1": op1, "crn": crn, "crm": crm, "op2": op2}


NZCV, DAIF, FPCR, FPSR = (sysreg(s) for s in ("3 3 4 2 0", "3 3 4 2 1", "3 3 4 4 0", "3 3 4 4 1"))
TPIDR_EL0, TPIDR_EL1 = sysreg("3 3 13 0 2"), sysreg("3 0 13 0 4")
ELR, SPSR, PAR = sysreg("3 0 4 0 1"), sysreg("3 0 4 0 0"), sysreg("3 0 7 4 0")
CURRENT_EL, SP_SEL, SP_EL0 = sysreg("3 0 4 2 2"), sysreg("3 0 4 2 0"), sysreg("3 0 4 1 0")
VBAR, CPACR, CONTEXTIDR = sysreg("3 0 12 0 0"), sysreg("3 0 1 0 2"), sysreg("3 0 13 0 1")
FAR, ESR, MAIR = sysreg("3 0 6 0 0"), sysreg("3 0 5 2 0"), sysreg("3 0 10 2 0")
PAN, UAO, CNTFRQ, DCZID = (sysreg(s) for s in ("3 0 4 2 3", "3 0 4 2 4", "3 3 14 0 0", "3 3 0 0 7"))
READABLE = [NZCV, DAIF, FPCR, FPSR, TPIDR_EL0, TPIDR_EL1, ELR, SPSR, CURRENT_EL, SP_SEL, VBAR,
            CPACR, MAIR, PAN, UAO, DCZID]
# At EL0: allowed, trapped to EL1 by SCTLR, CNTKCTL and PMUSERENR as the driver leaves them, UNDEFINED.
READABLE_EL0 = [NZCV, FPCR, FPSR, TPIDR_EL0, DCZID, DAIF, sysreg("3 3 0 0 1"), sysreg("3 3 14 0 2"),
                CNTFRQ, sysreg("3 3 9 13 0"), TPIDR_EL1, ELR, SPSR, CURRENT_EL, SP_SEL, SP_EL0, VBAR]
# Register -> the bits that both machines keep (others are RES0 or not advertised by us).
WRITABLE = [(NZCV, 0xf << 28), (DAIF, 0x3c0), (FPCR, 0x7c80000), (FPSR, 0x800009f),
            (TPIDR_EL0, None), (TPIDR_EL1, None), (ELR, None), (SPSR, 0xf02003c5), (SP_EL0, None),
            (FAR, None), (CONTEXTIDR, 0x7fffffff), (PAN, 1 << 22), (UAO, 1 << 23)]


def read_sysreg(m, row):
    for _ in range(m.rng.randrange(0, 2)):
        m.benign()
    m.emit(row, **m.rng.choice(READABLE_EL0 if m.el0 else READABLE))
    m.benign()


def write_sysreg(m, row):
    register, mask = m.rng.choice(WRITABLE)
    v = m.emit(row, rt=m.rng.randrange(0, 31), **register)
    if mask is not None:
        m.fix(v["rt"], FIX_WORD, m.rng.getrandbits(32) & mask)
    m.emit(m.rows["MRS"], **register)
    m.benign()


def pstate(m, row):
    crm = m.rng.getrandbits(4 if "DAIF" in row.name else 1)
    if m.el0 and m.rng.random() < 0.5:
        m.emit(row, crm=crm)    # as it is: all but one of these trap or are UNDEFINED
        return
    register = {"MSR_UAO": UAO, "MSR_PAN": PAN, "MSR_SPSel": SP_SEL}.get(row.name, DAIF)
    m.benign()
    m.emit(row, crm=crm)
    m.emit(m.rows["MRS"], **register)
    if row.name == "MSR_SPSel":
        m.emit(row, crm=1)
    m.benign()


# op1 CRn CRm op2 of SYS, and whether Xt is an address.
SYS_SPACE = {
    "DC ZVA": (3, 7, 4, 1, True), "DC CVAC": (3, 7, 10, 1, True), "DC CVAU": (3, 7, 11, 1, True),
    "DC CIVAC": (3, 7, 14, 1, True), "DC CVAP": (3, 7, 12, 1, True), "DC IVAC": (0, 7, 6, 1, True),
    "IC IVAU": (3, 7, 5, 1, True), "IC IALLU": (0, 7, 5, 0, False),
    "IC IALLUIS": (0, 7, 1, 0, False), "TLBI VMALLE1": (0, 8, 7, 0, False),
    "TLBI VMALLE1IS": (0, 8, 3, 0, False), "TLBI ASIDE1": (0, 8, 7, 2, False),
    "TLBI VAE1": (0, 8, 7, 1, False), "TLBI VAAE1IS": (0, 8, 3, 3, False),
    "TLBI VALE1": (0, 8, 7, 5, False), "AT S1E1R": (0, 7, 8, 0, True),
    "AT S1E1W": (0, 7, 8, 1, True), "AT S1E0R": (0, 7, 8, 2, True), "AT S1E0W": (0, 7, 8, 3, True),
}


def system(m, row):
    name = m.rng.choice(list(SYS_SPACE))
    op1, crn, crm, op2, address = SYS_SPACE[name]
    v = m.emit(row, op1=op1, crn=crn, crm=crm, op2=op2, rt=m.rng.randrange(0, 31) if address else 31)
    if address:
        m.fix(v["rt"], FIX_WINDOW, window_offset(m.rng, 64, 1))
    if name.startswith("AT"):
        m.emit(m.rows["MRS"], **PAR)
    m.benign()


def wait_for_event(m, row):
    m.emit(m.rows["SEVL"])
    m.emit(row)
    m.benign()


def eret(m, row):
    """ELR_EL1 = two words on; SPSR_EL1 is still the driver's."""
    reg = m.rng.randrange(0, 31)
    m.emit(m.rows["ADR"], immlo=0, imm19=m.rng.randrange(3, 5), rd=reg)
    m.emit(m.rows["MSR"], rt=reg, **ELR)
    m.emit(row)
    m.benign()
    m.benign()


def barrier(m, row):
    m.benign()
    m.emit(row)
    m.benign()


# --- which recipe a row has ----------------------------------------------------------------------------------
RECIPES = [
    (r"LDAPR$", aligned),
    (r"(STXR|STXP)$", store_exclusive),
    (r"(LDR|LDRSW|PRFM)_lit", literal),
    (r"(B|BL|B_cond|CBZ|CBNZ|TBZ|TBNZ)$", branch),
    (r"(BR|BLR|RET)$", branch_register),
    (r"MRS$", read_sysreg),
    (r"MSR$", write_sysreg),
    (r"MSR_", pstate),
    (r"SYS$", system),
    (r"WFE$", wait_for_event),
    (r"ERET$", eret),
    (r"(ISB|DSB|DMB|CLREX|NOP|HINT|YIELD|SEV|SEVL|CFINV)$", barrier),
]

def recipe_of(row):
    if row.name.startswith("PRFM_reg") or "register offset" in row.section:
        return register_offset
    for pattern, recipe in RECIPES:
        if recipe and re.match(pattern, row.name):
            return recipe
    if "rn" in row.fields and re.search(r"load|store|Load|Compare and swap|Atomic", row.section):
        return memory
    return plain


# --- lanes ---------------------------------------------------------------------------------------------------
POOL_INT, POOL_HALF, POOL_SINGLE, POOL_DOUBLE, POOL_MIXED = range(5)


def pool_of(row, word, rng):
    """What the vector registers should hold for this row: mostly what its lanes are."""
    if rng.random() < 0.15:
        return POOL_MIXED
    fields = row.fields
    if "ftype" in fields:
        return {0: POOL_SINGLE, 1: POOL_DOUBLE, 3: POOL_HALF}.get(fields["ftype"].get(word), POOL_MIXED)
    if row.name.endswith("_h"):
        return POOL_HALF
    if re.match(r"F(?!MOV)|.CVTF", row.name) and "sz" in fields:
        return POOL_DOUBLE if fields["sz"].get(word) else POOL_SINGLE
    if re.match(r"F(CMLA|CADD)", row.name):
        return {1: POOL_HALF, 2: POOL_SINGLE}.get(fields["size"].get(word), POOL_DOUBLE)
    if re.match(r"FML[AS]L", row.name):
        return POOL_HALF
    if row.name.startswith("F"):
        return POOL_MIXED
    return POOL_INT


def unallocated(m, row):
    """A word of the row with one or two of its fixed bits changed, such that it fits no row."""
    if m.rng.random() < 0.5:
        m.benign()
    for _ in range(1000):
        word = row.value | (m.rng.getrandbits(32) & ~row.mask)
        for _ in range(m.rng.choice((0, 1, 1, 2))):
            word ^= 1 << m.rng.randrange(32)
        if not any(r.matches(word) for r in m.near(word)) and not beyond(word):
            m.words.append(word)
            return
    m.words.append(0)


def make(rows, row, seed, el0=False, recipe=None):
    """The sequence of this row for this seed: (words, fixes, fp, pool)."""
    rng = random.Random(seed)
    m = Maker(rows, rng, el0)
    (recipe or recipe_of(row))(m, row)
    tested = next((w for w in m.words if w & row.mask == row.value), m.words[0])
    fp = NO_FLUSH if row.name == "FJCVTZS" else int(row.fp)
    return m.words, m.fixes, fp, pool_of(row, tested, rng)
