# SPDX-License-Identifier: BSD-2-Clause
"""Explains a case that differs: which of its sequences, and what is in their end states."""
import os
import re
import subprocess
import tempfile

import generate
import machines

NAMES = [f"x{i}" for i in range(31)] + ["sp", "nzcv", "daif", "tpidr_el0", "tpidr_el1", "fpcr",
                                        "fpsr", "esr", "elr", "far", "spsr", "vector", "pad"]
NAMES += [f"v{i}.{half}" for i in range(32) for half in ("lo", "hi")]


def hashes(lines):
    """The driver's results: group -> hash."""
    return {int(f[1], 16): f[2] for f in (line.split() for line in lines)
            if len(f) == 3 and f[0] == "R"}


def states(lines):
    """Verbose output: for each sequence (state, window) before and after."""
    result, at = [], 0
    while at < len(lines):
        if lines[at].startswith("S "):
            block = [lines[at][2:]] + lines[at + 1:at + 4]
            result.append([[int(w, 16) for w in text.split()] for text in block])
            at += 4
        else:
            at += 1
    return result


def disassemble(words):
    with tempfile.NamedTemporaryFile(suffix=".bin") as out:
        out.write(b"".join(w.to_bytes(4, "little") for w in words))
        out.flush()
        text = subprocess.run(["aarch64-linux-gnu-objdump", "-D", "-b", "binary", "-m", "aarch64",
                               out.name], capture_output=True, text=True, check=False).stdout
    return [line.split("\t", 1)[1] for line in text.splitlines() if re.match(r"\s*[0-9a-f]+:\t", line)]


def differing(by_name, case, seed, count, engine, path, seconds):
    """The numbers of the case's sequences that differ, each run as a group of its own."""
    blob = generate.Blob(by_name, [(case, [i]) for i in range(count)], seed)
    blob.write(path)
    theirs = hashes(machines.QEMU.run(path, seconds)[0])
    lines, error = engine.run(path, seconds)
    mine = hashes(lines)
    wrong = [i for i in range(count) if mine.get(i) != theirs[i]]
    print(f"  {len(wrong)} of {count} sequences differ {error or ''}")
    return wrong


def explain(by_name, case, seed, count, engine, folder, seconds, show):
    """Prints the first `show` sequences of the case that differ, with their states."""
    path = os.path.join(folder, "explain.elf")
    for i in differing(by_name, case, seed, count, engine, path, seconds)[:show]:
        blob = generate.Blob(by_name, [(case, [i])], seed, verbose=True)
        blob.write(path)
        theirs = states(machines.QEMU.run(path, seconds)[0])[0]
        mine = states(engine.run(path, seconds)[0])
        text = disassemble(blob.words[:-1])
        print(f"  sequence {i}:")
        for line in text:
            print(f"      {line}")
        if mine:
            show_states(theirs, mine[0], text)
        else:
            print("      no end state")


def show_states(theirs, mine, text):
    """Registers that differ, that changed, or that the sequence names; memory that differs."""
    before, window_before = theirs[0], theirs[1]
    named = set(re.findall(r"\b[a-z]\d+\b", " ".join(text)))
    named = {("v" if n[0] in "bhsdqv" else "x") + n[1:] for n in named}
    if mine[:2] != theirs[:2]:
        print("      the start states differ: the driver itself went wrong")
    for i, name in enumerate(NAMES[:len(before)]):
        if theirs[2][i] != mine[2][i] or (theirs[2][i] != before[i] and i < 33) \
                or name.split(".")[0] in named or (name == "fpcr" and before[i]):
            mark = "<> " if theirs[2][i] != mine[2][i] else "   "
            print(f"    {mark}{name:6} {before[i]:16x} -> qemu {theirs[2][i]:16x} "
                  f"ours {mine[2][i]:16x}")
    for i, start in enumerate(window_before):
        if theirs[3][i] != mine[3][i]:
            print(f"    <> memory[{i * 8 - 256}] {start:16x} -> qemu {theirs[3][i]:16x} "
                  f"ours {mine[3][i]:16x}")
