# SPDX-License-Identifier: BSD-2-Clause
"""Makes the words of a sequence: random words of rows, and the registers that must not be random."""
from asked import sound

# enum fix_kind of state.h
FIX_WINDOW, FIX_CODE, FIX_VALUE, FIX_LOW_WORD, FIX_WORD, FIX_FAULT = range(6)
MAX_FIXES = 5

# Rows put around the tested ones: they make and use registers and flags, and never fault.
BENIGN = """ADD_imm SUBS_imm ADDS_shift SUB_shift EOR_reg ORR_reg ANDS_reg AND_imm UBFM SBFM EXTR CSEL
CSINC CSNEG CCMP_imm CCMN_reg ADCS SBC MADD LSLV CLZ MOVK ADD_ext RBIT""".split()
REGISTERS = frozenset(("rd", "rn", "rm", "ra", "rt", "rt2", "rs"))


def random_field(rng, name):
    """
    A value whose low bits are meant. Registers lie close together so that they meet; numbers are
    often at their ends.
    """
    r = rng.getrandbits(40)
    pick, value = r & 0xff, r >> 8
    if name in REGISTERS:
        return 31 if pick < 15 else value if pick < 102 else value & 7
    return 0 if pick < 26 else -1 if pick < 51 else value


class Maker:
    """One sequence in the making; el0: it will run at EL0."""

    def __init__(self, rows, rng, el0=False):
        self.el0 = el0
        self.rows = rows
        self.rng = rng
        self.words = []
        self.fixes = {}     # register -> (kind, value); register 31 is SP
        self.kept = set()   # registers that later words rely on

    def near(self, word):
        """The rows whose top byte fits the word's."""
        if not hasattr(self.rows, "by_top"):
            self.rows.by_top = [[r for r in self.rows.values()
                                 if not (r.value ^ top << 24) & r.mask & 0xff000000]
                                for top in range(256)]
        return self.rows.by_top[word >> 24]

    def word(self, row, **given):
        """A random word of the row, with the fields given, which satisfies its constraint."""
        for _ in range(400):
            word, values = row.value, {}
            for name, f in row.fields.items():
                value = given[name] if name in given else random_field(self.rng, name)
                values[name] = value & ((1 << f.width) - 1)
                word |= values[name] << f.low
            if row.holds(word) and sound(row.name, values):
                return word, values
        raise ValueError(f"no word found for {row.name} with {given}")

    def emit(self, row, **given):
        word, values = self.word(row, **given)
        self.words.append(word)
        return values

    def benign(self):
        row = self.rows[self.rng.choice(BENIGN)]
        while True:
            word, values = self.word(row)
            rd = values.get("rd")
            if rd not in self.kept and not (rd == 31 and row.name in ("ADD_imm", "AND_imm", "ADD_ext")):
                self.words.append(word)
                return

    def fix(self, reg, kind, value):
        self.fixes[reg] = (kind, value)
        self.kept.add(reg)
