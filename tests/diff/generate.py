# SPDX-License-Identifier: BSD-2-Clause
"""Makes differential blobs: bare-metal ELF files with sequences for rows of the decode table."""
import os
import struct
import subprocess
import sys
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools", "decodegen"))
import table  # noqa: E402

import asked  # noqa: E402
import flow  # noqa: E402
import recipes  # noqa: E402
from maker import MAX_FIXES  # noqa: E402

DRIVER = os.path.join(ROOT, "build", "diff", "driver")
DRIVER_AT, BLOB_AT = 0x40200000, 0x40400000     # blob.ld
HEADER = struct.Struct("<4I")                   # struct header of state.h
GROUP = struct.Struct("<3I")
DESCRIPTOR = struct.Struct("<2I4B" + "BBHi" * MAX_FIXES)
BRANCH, SVC = 0x14000000, 0xd4000001 | 0xe0d0 << 5     # the end of a sequence at EL1, at EL0


class Rows(dict):
    """All rows by name; carries what recipes compute of them once."""


class Case:
    """What is tested as one: a row at EL1 or EL0, or a section: its programs, its unallocated words."""

    def __init__(self, row, el0=False, recipe=None, name=None):
        self.row = row
        self.el0 = el0
        self.recipe = recipe
        self.name = name or row.name
        self.section = row.section


# Groups whose behaviour depends on the exception level.
EL0_SECTIONS = ("Exception generation", "Hints", "Barriers", "PSTATE", "System", "Load",
                "Unconditional branch (register)", "Atomic")


def load_cases():
    """All rows by name, and the cases that can be tested against QEMU, in the table's order."""
    rows = table.load(os.path.join(ROOT, "dbt", "a64", "a64.decode"))
    by_name = Rows((r.name, r) for r in rows)
    implemented = [r for r in rows if not r.reason]
    tested = [r for r in implemented if r.name not in asked.EXCLUDED]
    cases = [Case(r) for r in tested]
    cases += [Case(r, el0=True, name=r.name + "@el0") for r in implemented
              if r.section.startswith(EL0_SECTIONS) and not r.fp
              and r.name not in asked.KNOWN_QEMU_EL0]
    cases += [Case(r, el0, recipes.faulting, f"{r.name}@fault{int(not el0)}") for r in tested
              for el0 in (False, True) if recipes.can_fault(r)]
    cases += [Case(r, recipe=recipes.loop, name=r.name + "@loop") for r in tested
              if recipes.recipe_of(r) is recipes.plain and "rd" in r.fields]
    sections = {r.section: r for r in reversed(tested)}
    cases += [Case(flow.rows_of(by_name, section)[0], recipe=flow.flow, name="flow@" + section)
              for section in sections if flow.rows_of(by_name, section)]
    cases += [Case(r, recipe=recipes.unallocated, name="unallocated@" + section)
              for section, r in sections.items()]
    return by_name, cases


def symbol(name):
    out = subprocess.run(["aarch64-linux-gnu-nm", DRIVER + ".elf"], capture_output=True, text=True,
                         check=True).stdout
    return next(int(line.split()[0], 16) for line in out.splitlines() if line.split()[2] == name)


def sequence_seed(seed, case, i):
    return zlib.crc32(f"{seed}:{case.name}:{i}".encode())


class Blob:
    """
    An ELF file with groups of sequences. A group is a case and the numbers of its sequences; the
    driver prints one hash a group, or, if verbose, every start and end state.
    """

    def __init__(self, by_name, groups, seed, verbose=False):
        self.verbose = verbose
        self.groups = []
        self.descriptors = []
        self.words = []
        total = sum(len(numbers) for _, numbers in groups)
        self.code_at = BLOB_AT + HEADER.size + GROUP.size * len(groups) + DESCRIPTOR.size * total
        self.end = symbol("sequence_end")
        for number, (case, sequences) in enumerate(groups):
            self.groups.append((number, len(self.descriptors), len(sequences)))
            for i in sequences:
                self.add(by_name, case, sequence_seed(seed, case, i))

    def add(self, by_name, case, seed):
        words, fixes, fp, pool = recipes.make(by_name, case.row, seed, case.el0, case.recipe)
        fix_list = list(fixes.items())
        assert len(fix_list) <= MAX_FIXES
        flat = []
        for i in range(MAX_FIXES):
            reg, (kind, value) = fix_list[i] if i < len(fix_list) else (0, (0, 0))
            flat += [reg, kind, 0, value - (1 << 32) if value >= 1 << 31 else value]
        self.descriptors.append(DESCRIPTOR.pack(len(self.words), seed, fp, pool, len(fix_list),
                                                case.el0, *flat))
        self.words += words
        here = self.code_at + 4 * len(self.words)
        self.words.append(SVC if case.el0 else BRANCH | (self.end - here >> 2 & 0x3ffffff))

    def write(self, path):
        with open(DRIVER + ".bin", "rb") as source:
            driver = source.read()
        data = HEADER.pack(self.verbose, len(self.groups), len(self.descriptors), len(self.words))
        data += b"".join(GROUP.pack(*g) for g in self.groups) + b"".join(self.descriptors)
        assert BLOB_AT + len(data) == self.code_at
        data += struct.pack(f"<{len(self.words)}I", *self.words)
        with open(path, "wb") as out:
            out.write(elf([(DRIVER_AT, driver), (BLOB_AT, data)]))


def elf(segments):
    """An AArch64 executable whose segments (address, bytes) follow its headers; entry: the first."""
    offset = 64 + 56 * len(segments)
    head = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01" + bytes(9), 2, 183, 1,
                       segments[0][0], 64, 0, 0, 64, 56, len(segments), 0, 0, 0)
    body = b""
    for address, data in segments:
        head += struct.pack("<IIQQQQQQ", 1, 7, offset + len(body), address, address, len(data),
                            len(data), 4096)
        body += data
    return head + body
