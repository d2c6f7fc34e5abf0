# SPDX-License-Identifier: BSD-2-Clause
"""Boots a bare-metal program as the only guest of Exarch in an emulator and hands back what it said.

The guest has the machine to itself and root is quiet, so that nothing else is on the serial line.
"""
import os
import re
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
INI = """[host]
loglevel = error
[guest program]
kernel = program.elf
memory = 256M
restart = no
"""


def boot(elf, end, arguments):
    """
    Runs elf until its line `end`; arguments are tools/run's. The result: the guest's lines up to
    that one, the whole serial line for a report, and whether the end came.
    """
    kind = "iso" if "iso" in arguments else "disk"
    with tempfile.TemporaryDirectory(prefix="exarch-guest-") as work:
        ini, image = os.path.join(work, "exarch.ini"), os.path.join(work, "image")
        with open(ini, "w", encoding="utf-8") as out:
            out.write(INI)
        subprocess.run([os.path.join(ROOT, "tools/mkimage"), kind, image, "--ini", ini,
                        "--add", f"program.elf={elf}"], check=True)
        done = subprocess.run([os.path.join(ROOT, "tools/run"), "--image", image, "--memory", "768",
                               "--expect", f"^{end}$", *arguments],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    text = done.stdout.decode(errors="replace").replace("\r", "")
    return guest_lines(text, end), text, done.returncode == 0


def guest_lines(text, end):
    """What the guest said: from its console's head line to its end."""
    lines = []
    for line in re.split(r"\[1: [^\n]*\]\n", text)[-1].splitlines():
        lines.append(line)
        if line == end:
            break
    return lines
