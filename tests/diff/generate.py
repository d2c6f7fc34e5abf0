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

import recipes  # noqa: E402

DRIVER = os.path.join(ROOT, "build", "diff", "driver")
DRIVER_AT, BLOB_AT = 0x40200000, 0x40400000     # blob.ld
HEADER = struct.Struct("<4I")                   # struct header of state.h
GROUP = struct.Struct("<3I")
DESCRIPTOR = struct.Struct("<2I4B" + "BBHi" * recipes.MAX_FIXES)
BRANCH = 0x14000000


def load_rows():
    """All rows by name, and those that can be tested against QEMU, in the table's order."""
    rows = table.load(os.path.join(ROOT, "dbt", "a64", "a64.decode"))
    tested = [r for r in rows if not r.reason and r.name not in recipes.EXCLUDED]
    return {r.name: r for r in rows}, tested


def symbol(name):
    out = subprocess.run(["aarch64-linux-gnu-nm", DRIVER + ".elf"], capture_output=True, text=True,
                         check=True).stdout
    return next(int(line.split()[0], 16) for line in out.splitlines() if line.split()[2] == name)


def sequence_seed(seed, row, i):
    return zlib.crc32(f"{seed}:{row.name}:{i}".encode())


class Blob:
    """Rows and their sequences; the ELF file is written by write()."""

    def __init__(self, by_name, rows, seed, count, verbose=False):
        self.verbose = verbose
        self.groups = []
        self.descriptors = []
        self.words = []
        self.lines = []     # (row, words) of each descriptor, for reports
        total = len(rows) * count
        self.code_at = BLOB_AT + HEADER.size + GROUP.size * len(rows) + DESCRIPTOR.size * total
        self.end = symbol("sequence_end")
        for number, row in enumerate(rows):
            self.groups.append((number, len(self.descriptors), count))
            for i in range(count):
                self.add(by_name, row, sequence_seed(seed, row, i))

    def add(self, by_name, row, seed):
        words, fixes, fp, pool = recipes.make(by_name, row, seed)
        fix_list = list(fixes.items())
        assert len(fix_list) <= recipes.MAX_FIXES
        flat = []
        for i in range(recipes.MAX_FIXES):
            reg, (kind, value) = fix_list[i] if i < len(fix_list) else (0, (0, 0))
            flat += [reg, kind, 0, value - (1 << 32) if value >= 1 << 31 else value]
        self.descriptors.append(DESCRIPTOR.pack(len(self.words), seed, fp, pool, len(fix_list), 0,
                                                *flat))
        self.lines.append((row, words))
        self.words += words
        here = self.code_at + 4 * len(self.words)
        self.words.append(BRANCH | (self.end - here >> 2 & 0x3ffffff))

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
