#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves on the linked binary that no instruction stands where a processor may not know it.

    check_instructions.py .build/release/convserve

Fails when
 1. an AVX-512 instruction stands in a function that is not KernelsAVX512's, nor in the one C++ file that is
    compiled for AVX-512;
 2. an AVX, AVX2, FMA or BMI instruction stands in a function that is neither KernelsAVX2's, nor
    KernelsAVX512's, nor in a C++ file that is compiled for AVX2 or AVX-512;
 3. the inner loop of a kernel (of any function of these modules that has vector arithmetic in it) calls
    something, or touches the stack with a vector more often than TOLERATED has it;
 4. a kernel calls libm's fma, which is what a fused multiply-add becomes without FMA in the target.

The instruction set is told by the encoding, not by the name: 0x62 begins EVEX (AVX-512), 0xC4 and
0xC5 begin VEX (AVX, AVX2, FMA, BMI, and AVX-512's mask registers: mnemonics with k).

A function belongs to a module by its name: Swift's mangling holds `13KernelsAVX512` or
`11KernelsAVX2`. Helpers that Swift shares between modules (`__swift_memcpy64_8`, witness accessors)
do not, and must stay free of both, since the linker keeps any module's copy. Names without a module
are attributed only if they are local to their object file: by the FILE symbol in front of them, or,
where files of several modules have one name, by the functions on both sides.
"""
import bisect
import collections
import re
import subprocess
import sys

AVX2, AVX512 = "avx2", "avx512"
MODULES = {AVX512: "13KernelsAVX512", AVX2: "11KernelsAVX2"}
FILES = {"AVX2.cpp": AVX2, "AVX512.cpp": AVX512}
PERMITTED = {None: {None}, AVX2: {None, AVX2}, AVX512: {None, AVX2, AVX512}}

# Known to x86-64-v3 only, though they need neither prefix. LZCNT is read as BSR by older processors.
LEGACY_V3 = {"lzcnt", "movbe"}
# Segment and size prefixes may stand in front of VEX and EVEX.
PREFIXES = {"26", "2e", "36", "3e", "64", "65", "67"}

KERNELS = re.compile(r"13KernelsAVX512|11KernelsAVX2|15KernelsPortable|17ConvolutionEngine")
KERNEL = re.compile(r"^\$s(?:13KernelsAVX512|11KernelsAVX2|15KernelsPortable)([1-9]\d*)([A-Z]\w+)")
TILE = re.compile(r"^\$s(?:13KernelsAVX512|11KernelsAVX2|15KernelsPortable)4TileO(?:6packed|7zipping|8indirect|8unpacked)")
WATCHED = {
    "WindowTile", "RowTile", "RollingTile", "ChannelTile", "LaneTile", "PixelTile", "WinogradTransforms",
    "FourierTransform"}
ARITHMETIC = re.compile(r"^(?:vfn?m(?:add|sub)(?:add|sub)?\d+|v?(?:mul|add|sub))p[sd]$")
STACK_VECTOR = re.compile(r"%[xyz]mm\d+.*\(%r[sb]p|\(%r[sb]p[^)]*\).*%[xyz]mm\d+")
JUMP_TARGET = re.compile(r"^([0-9a-f]+) <")
LIBM_FMA = re.compile(r"<fmaf?(?:@|>)")

# Functions, vectors on the stack that a turn of their inner loops may have, and why. Most first: the first match
# counts.
TOLERATED = [
    # Vectors that lie across a row's border are loaded and masked ahead of the sums, more of them than AVX2 and SSE
    # have registers for: one or two columns of taps in a row's first and last tile (K=7: 50 in 280 instructions).
    # Bodies of stride 2, for few channels, have one sum too many (AVX2: 6 in 123).
    (re.compile(r"(?:11KernelsAVX2|15KernelsPortable)7RowTileO3sum"), 92),
    # Single rows have eight sums and as many masks; of stride 2 one sum too many.
    (re.compile(r"13KernelsAVX5127RowTileO3sum"), 6),
    # Nine weights, six sums and as many masks are more than sixteen registers: weights and masks come from memory, as
    # operands of the sums (17 in 100 instructions). RowTile takes 1.3 times as long.
    (re.compile(r"(?:11KernelsAVX2|15KernelsPortable)11RollingTileO3sum"), 17),
    # Sixteen vectors of sums arrive in memory: run once for hundreds of multiply-adds.
    (re.compile(r"13KernelsAVX51211ChannelTileO6finish"), 12),
    # SSE's sixteen registers are twelve sums, three inputs, one weight, and a product, for it has no fused operation.
    (re.compile(r"15KernelsPortable11ChannelTileO3sum"), 2),
    # Sums are added up in memory, by pairs, once a band (AVX-512 has two registers' worth of each in a turn).
    (re.compile(r"13KernelsAVX51211CorrelationO3sum"), 12),
    # Sixteen registers are twelve sums, three columns and a window, and LLVM loads the next windows ahead (16 in 46
    # instructions): FieldProducts takes it with AVX-512 only.
    (re.compile(r"11KernelsAVX210WindowTileO3sum"), 16),
    # Nine sums, eight windows: SSE's product needs a register more, for it has no fused operation.
    (re.compile(r"15KernelsPortable8LaneTileO(?:9correlate|3sum)"), 6),
    # Sums of complex numbers, two products to each: 8 in 46 instructions (AVX2), 2 in 68.
    (re.compile(r"(?:11KernelsAVX2|13KernelsAVX512)16SpectrumProductsO8multiply"), 8),
]

Instruction = collections.namedtuple("Instruction", "address level mnemonic operands")
Symbol = collections.namedtuple("Symbol", "name file local")


def read_symbols(binary):
    """{address: Symbol} of all functions; `local`: the object file keeps it to itself."""
    symbols, file = {}, None
    table = subprocess.run(["readelf", "-sW", binary], check=True, capture_output=True, text=True).stdout
    for line in table.splitlines():
        fields = line.split(None, 7)
        if len(fields) < 8 or not fields[0].endswith(":"):
            continue
        _, value, _, kind, binding, visibility, section, name = fields
        if kind == "FILE":
            file = name
        elif kind in ("FUNC", "IFUNC") and section != "UND":
            local = binding == "LOCAL" and visibility == "DEFAULT"
            symbols[int(value, 16)] = Symbol(name.split("@")[0], file if local else None, local)
    return symbols


def home_by_name(symbol):
    for home, module in MODULES.items():
        if module in symbol.name:
            return home
    return FILES.get(symbol.file) if symbol.local else None


def homes(symbols):
    """{address: home}: None for code that every processor runs."""
    addresses = sorted(symbols)
    certain = {a: home_by_name(symbols[a]) for a in addresses}
    owned = [a for a in addresses if certain[a] or not symbols[a].local]
    result = dict(certain)
    for address in addresses:
        if certain[address] or not symbols[address].local or symbols[address].file is None:
            continue
        at = bisect.bisect(owned, address)
        sides = {certain[a] for a in owned[max(0, at - 1):at + 1]}
        if len(sides) == 1:
            result[address] = sides.pop()
    return result


def level(encoding, mnemonic):
    first = next((b for b in encoding if b not in PREFIXES), "")
    if first == "62":
        return AVX512
    if first in ("c4", "c5"):
        return AVX512 if mnemonic.startswith("k") else AVX2
    return AVX2 if mnemonic in LEGACY_V3 else None


def functions(binary):
    """(address, name, [Instruction]) one function after the other."""
    command = ["objdump", "-d", "--wide", "--section=.text", binary]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    address, name, body = None, None, []
    for line in process.stdout:
        if line.endswith(">:\n"):
            if name is not None:
                yield address, name, body
            address, name, body = int(line.split()[0], 16), line[line.index("<") + 1:-3], []
            continue
        parts = line.rstrip("\n").split("\t")
        if len(parts) < 3:
            continue
        words = parts[2].split(None, 1)
        if not words or words[0] == "(bad)":
            continue
        body.append(Instruction(
            int(parts[0].rstrip(":"), 16), level(parts[1].split(), words[0]), words[0],
            words[1] if len(words) > 1 else ""))
    if name is not None:
        yield address, name, body
    if process.wait() != 0:
        sys.exit(f"objdump failed on {binary}")


def inner_loops(body):
    """Runs of instructions that a jump repeats and that hold no other such run."""
    if not body:
        return []
    first, loops = body[0].address, []
    for instruction in body:
        target = JUMP_TARGET.match(instruction.operands)
        if instruction.mnemonic.startswith("j") and target:
            to = int(target[1], 16)
            if first <= to <= instruction.address:
                loops.append((to, instruction.address))
    inner = [a for a in loops if not any(b != a and a[0] <= b[0] and b[1] <= a[1] for b in loops)]
    return [[i for i in body if low <= i.address <= high] for low, high in inner]


def describe(instruction):
    return f"{instruction.address:x}: {instruction.mnemonic} {instruction.operands}"


class Check:
    def __init__(self, binary):
        self.binary = binary
        self.symbols = read_symbols(binary)
        self.homes = homes(self.symbols)
        self.faults, self.tiles, self.kernels = [], [], collections.Counter()
        self.counted = collections.Counter()

    def run(self):
        for address, name, body in functions(self.binary):
            home = self.homes.get(address)
            self.counted[home] += 1
            self.check_levels(name, home, body)
            self.check_fma_calls(name, body)
            if KERNEL.match(name):
                self.check_kernel(name, body)

    def check_levels(self, name, home, body):
        foreign = [i for i in body if i.level not in PERMITTED[home]]
        for kind in (AVX512, AVX2):
            found = [i for i in foreign if i.level == kind]
            if found:
                self.faults.append(
                    f"{len(found)} {kind} instructions in {name}, which is for "
                    f"{home or 'every processor'}; the first: {describe(found[0])}")

    def check_fma_calls(self, name, body):
        if not KERNELS.search(name):
            return
        for instruction in body:
            if LIBM_FMA.search(instruction.operands):
                self.faults.append(f"{name} calls libm: {describe(instruction)}")

    def check_kernel(self, name, body):
        length, rest = KERNEL.match(name).groups()
        tolerated = next((most for kernel, most in TOLERATED if kernel.search(name)), 0)
        arithmetic = lambda loop: sum(1 for i in loop if ARITHMETIC.match(i.mnemonic))
        for loop in (loop for loop in inner_loops(body) if arithmetic(loop)):
            if TILE.match(name):
                self.tiles.append((name, arithmetic(loop), len(loop)))
            self.kernels[rest[:int(length)]] += 1
            self.faults += [f"the inner loop of {name} calls: {describe(i)}"
                            for i in loop if i.mnemonic.startswith("call")]
            spills = [i for i in loop if STACK_VECTOR.search(i.operands)]
            if len(spills) > tolerated:
                self.faults.append(
                    f"the inner loop of {name} spills {len(spills)} times, {tolerated} are "
                    f"tolerated; the first: {describe(spills[0])}")

    def check_that_all_was_seen(self):
        for home, module in MODULES.items():
            if not self.counted[home]:
                self.faults.append(f"no function of {home} was found: has {module} been renamed?")
            if not any(module in name for name, _, _ in self.tiles):
                self.faults.append(f"no inner loop of a tile of {home} was found")
        for kernel in sorted(WATCHED - set(self.kernels)):
            self.faults.append(f"no inner loop of {kernel} was found")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    check = Check(sys.argv[1])
    check.run()
    check.check_that_all_was_seen()
    for home, count in sorted(check.counted.items(), key=str):
        print(f"{count:7} functions for {home or 'every processor'}")
    for name, multiplies, instructions in sorted(check.tiles):
        print(f"tile loop: {multiplies:3} multiply-adds in {instructions:3} instructions: {name}")
    for fault in check.faults[:40]:
        print(f"FAIL: {fault}")
    if len(check.faults) > 40:
        print(f"FAIL: and {len(check.faults) - 40} more")
    for kernel, count in sorted(check.kernels.items()):
        print(f"{count:7} inner loops of {kernel}")
    print(f"{len(check.tiles)} tile loops, {len(check.faults)} faults")
    sys.exit(1 if check.faults else 0)


if __name__ == "__main__":
    main()
