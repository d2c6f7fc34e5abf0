# SPDX-License-Identifier: BSD-2-Clause
"""The machines that run a differential blob: QEMU's virt, and Exarch in its several shapes."""
import os
import subprocess
import sys
from dataclasses import dataclass, field

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "boot"))
import one_guest  # noqa: E402

EXARCH = os.environ.get("EXARCH", os.path.join(ROOT, "build", "exarch-hosted"))
END = "E"   # the driver's last line


@dataclass
class Process:
    """A program on this machine that takes the blob as its last argument."""
    command: list
    sequences: int = 8000    # about, in one blob
    not_asked: dict = field(default_factory=dict)

    def run(self, path, seconds):
        """What the machine prints, as lines, and why it did not come to the end, or None."""
        try:
            done = subprocess.run(self.command + [path], stdin=subprocess.DEVNULL,
                                  capture_output=True, timeout=seconds, check=False)
        except subprocess.TimeoutExpired as late:
            text = (late.stdout or b"").decode(errors="replace")
            return text.splitlines(), f"no end in {seconds} s"
        lines = done.stdout.decode(errors="replace").replace("\r", "").splitlines()
        if END not in lines:
            error = done.stderr.decode(errors="replace").strip().splitlines()[-3:]
            return lines, f"ended early, status {done.returncode}: {' | '.join(error)}"
        return lines, None


@dataclass
class Guest:
    """A guest of the hypervisor in an emulator; a boot takes long, so one blob has everything."""
    arguments: list          # tools/run's
    sequences: int = 400000
    not_asked: dict = field(default_factory=dict)    # pattern of case names -> why

    def run(self, path, seconds):
        lines, text, ended = one_guest.boot(path, END, self.arguments + ["--timeout", str(seconds)])
        return lines, None if ended else "ended early: " + " | ".join(text.splitlines()[-12:])


QEMU = Process(["qemu-system-aarch64", "-M", "virt,gic-version=3", "-cpu",
                "max,pauth=off,sve=off,sme=off", "-m", "256M", "-display", "none", "-serial",
                "stdio", "-monitor", "none", "-net", "none", "-kernel"])


def hosted(*options):
    return Process([EXARCH, *options, "--memory", "256M", "--kernel"])


BOCHS = ["--on", "bochs", "--bios", "--disk", "iso"]
# Where Bochs 2.7 is wrong, by the instruction's page in SDM 2C; its Haswell has no AVX-512.
HALVES = "VCVTPS2PH misrounds and raises flags on exact results: half precision is asked on svm and baseline"
KNOWN_BOCHS_AVX2 = {
    r"_h(@|$)": HALVES,
    r"^flow@(Floating|Conversion|Advanced SIMD)": "has rows of this list",
    r"^F(ADD|SUB|N?MUL|DIV|ABD|N?MADD|N?MSUB|SQRT|RINT.|CVT[LN]?|MAX(NM)?|MIN(NM)?|MULX|CMLA|CADD)_": HALVES,
    r"^[US]CVTF_[fsv]": HALVES + "; VCVTUSI2SD of 64 bits drops the last bit before it rounds",
}
KNOWN_BOCHS = KNOWN_BOCHS_AVX2 | {
    r"^FCVT[NMPAZ][US]_[fsv]": "VCVT(T)SD2USI to 64 bits raises Invalid from 2^63 on; on vmx-avx2",
    r"^[US]R?SHL_[sv]": "VPSRAVQ, VPSRLVQ with counts of 64 and more; on vmx-avx2",
}

MACHINES = {
    "hosted": hosted(),
    "baseline": hosted("--features", "none"),    # x86-64-v3: every fallback
    "interp": hosted("--interp"),
    "vmx": Guest(BOCHS, not_asked=KNOWN_BOCHS),
    "vmx-avx2": Guest(BOCHS + ["--cpu", "corei7_haswell_4770"], not_asked=KNOWN_BOCHS_AVX2),
    "svm": Guest(["--on", "qemu"]),
}
