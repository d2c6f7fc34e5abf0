# SPDX-License-Identifier: BSD-2-Clause
"""The recipe `flow`: a section's rows in a small program of random shape.

Branches over code, counted loops, calls and returns, jumps through registers, loads and stores of the
window, perhaps an access that aborts: what a translator knows of one instruction must hold wherever the
next one finds it.
"""
import re

import recipes
from maker import FIX_FAULT, FIX_WINDOW

# Registers that nothing else writes.
FAULT, POINTER, BASE, COUNTERS, LINK = 24, 25, 26, (27, 28), 30
KEPT = frozenset((FAULT, POINTER, BASE, *COUNTERS, LINK))
REACH = {"LDUR": 8, "STUR": 8, "LDUR_v": 16, "STUR_v": 16}   # an access's bytes at most
MOST_WORDS = 120


def rows_of(rows, section):
    """The rows of the section that `plain` fits and that make a register or flags."""
    flags = re.search("compare|into flags", section)
    return [r for r in rows.values() if r.section == section and not r.reason
            and ("rd" in r.fields or flags) and r.name != "FJCVTZS"
            and recipes.recipe_of(r) is recipes.plain]


class Program:
    """Words, labels in them, and the branches that are filled in when all labels are known."""

    def __init__(self, maker, rows):
        self.m, self.rng, self.rows = maker, maker.rng, rows
        self.branches = []      # (index of the word, row, its fields, the offset's field, label)
        self.labels = []
        self.functions = []     # labels that were called and are not there yet
        self.statements = [(self.straight, 5), (self.memory, 3), (self.condition, 4), (self.loop, 2),
                           (self.call, 1), (self.jump, 1)]

    def label(self):
        self.labels.append(None)
        return len(self.labels) - 1

    def place(self, label):
        self.labels[label] = len(self.m.words)

    def branch(self, name, label, field="imm19", **given):
        self.branches.append((len(self.m.words), self.m.rows[name], given, field, label))
        self.m.words.append(0)

    def resolve(self):
        for index, row, given, field, label in self.branches:
            self.m.words[index], _ = self.m.word(row, **given, **{field: self.labels[label] - index})

    # --- statements ---
    def straight(self, _):
        for _ in range(self.rng.randrange(1, 5)):
            if self.rng.random() < 0.4:
                self.m.benign()
                continue
            while True:
                word, v = self.m.word(self.rng.choice(self.rows))
                if v.get("rd") not in KEPT:
                    break
            self.m.words.append(word)

    def memory(self, _):
        vector = self.rows[0].fp and self.rng.random() < 0.6
        name = self.rng.choice(("LDUR", "STUR")) + ("_v" if vector else "")
        offset = self.rng.randrange(-recipes.WINDOW_REACH, recipes.WINDOW_REACH - REACH[name])
        while True:
            word, v = self.m.word(self.m.rows[name], rn=BASE, imm9=offset)
            if v["rt"] not in KEPT or name != "LDUR":
                break
        self.m.words.append(word)

    def skip(self, label):
        """A branch to the label, taken or not as registers or flags say."""
        name = self.rng.choice(("B_cond", "B_cond", "CBZ", "CBNZ", "TBZ", "TBNZ"))
        self.branch(name, label, "imm14" if name.startswith("TB") else "imm19")

    def condition(self, depth):
        other, end = self.label(), self.label()
        self.skip(other)
        self.body(depth + 1)
        if self.rng.random() < 0.5:
            self.branch("B", end, "imm26")
            self.place(other)
            self.body(depth + 1)
        else:
            self.place(other)
        self.place(end)

    def loop(self, depth):
        """Counted, so that it ends; at times left in the middle."""
        if depth >= len(COUNTERS):
            return
        counter, top, out = COUNTERS[depth], self.label(), self.label()
        self.m.emit(self.m.rows["MOVZ"], sf=1, hw=0, imm16=self.rng.randrange(1, 9), rd=counter)
        self.place(top)
        self.body(depth + 1)
        if self.rng.random() < 0.3:
            self.skip(out)
            self.body(depth + 1)
        if self.rng.random() < 0.5:
            self.m.emit(self.m.rows["SUBS_imm"], sf=1, sh=0, imm12=1, rn=counter, rd=counter)
            self.branch("B_cond", top, cond=1)
        else:
            self.m.emit(self.m.rows["SUB_imm"], sf=1, sh=0, imm12=1, rn=counter, rd=counter)
            self.branch("CBNZ", top, sf=1, rt=counter)
        self.place(out)

    def call(self, _):
        if not self.functions or self.rng.random() < 0.5:
            self.functions.append(self.label())
        function = self.rng.choice(self.functions)
        if self.rng.random() < 0.7:
            self.branch("BL", function, "imm26")
        else:
            self.branch("ADR", function, immlo=0, rd=POINTER)
            self.m.emit(self.m.rows["BLR"], rn=POINTER)

    def jump(self, depth):
        """Through a register, over code."""
        end = self.label()
        self.branch("ADR", end, immlo=0, rd=POINTER)
        self.m.emit(self.m.rows["BR"], rn=POINTER)
        self.body(depth + 1)
        self.place(end)

    def abort(self):
        """A load or store that aborts, where it is reached."""
        self.m.fix(FAULT, FIX_FAULT, self.rng.randrange(0, 8))
        self.m.emit(self.m.rows[self.rng.choice(("LDUR", "STUR"))], rn=FAULT, imm9=0)

    # --- the whole ---
    def body(self, depth):
        choices, weights = zip(*self.statements)
        for _ in range(self.rng.randrange(1, 4)):
            if depth > 3 or len(self.m.words) > MOST_WORDS:
                self.straight(depth)
            else:
                self.rng.choices(choices, weights)[0](depth)

    def function(self, label):
        self.place(label)
        leave = self.label()
        self.straight(0)
        self.skip(leave)
        self.memory(0)
        self.place(leave)
        self.m.emit(self.m.rows["RET"], rn=LINK)

    def make(self):
        self.m.fix(BASE, FIX_WINDOW, 0)
        self.m.kept |= KEPT
        end = self.label()
        self.body(0)
        if self.rng.random() < 0.3:
            self.skip(end)
            self.abort()
        self.body(0)
        self.branch("B", end, "imm26")
        for label in self.functions:
            self.function(label)
        self.place(end)
        self.resolve()


def flow(m, row):
    Program(m, rows_of(m.rows, row.section)).make()
