# SPDX-License-Identifier: Apache-2.0
"""Runs `convserve bench` and peer_layers.py on layers, for the scripts beside this one.

Only ratios taken in one run mean anything: a machine's clock, and what else runs on it, change from
minute to minute. So every round times each contestant once, in an order that turns from round to
round, and what is compared are the medians over the rounds.
"""
import dataclasses
import json
import math
import os
import pathlib
import shlex
import signal
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
BINARY = HERE.parent / ".build/release/convserve"
UNPREPARED, PREPARED = "unprepared", "prepared"
PEERS = ("torch", "channels_last", "onnxruntime")
# PyTorch and oneDNN choose instructions each for themselves; ONNX Runtime cannot be told.
PEER_ISA = {"avx2": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}}


@dataclasses.dataclass
class Settings:
    seconds: float = 0.5
    rounds: int = 3
    threads: int = len(os.sched_getaffinity(0))
    check: bool = False
    isa: str | None = None
    gradient: str | None = None  # "input" or "weight", in place of the output
    binary: pathlib.Path = BINARY
    prefix: tuple = ()

    @staticmethod
    def add_options(parser, seconds=0.5, rounds=3):
        parser.add_argument("--rounds", type=int, default=rounds)
        parser.add_argument("--seconds", type=float, default=seconds,
                            help="for each layer, contestant and round; at least three calls")
        parser.add_argument("--threads", type=int, default=Settings.threads)
        parser.add_argument("--binary", type=lambda text: pathlib.Path(text).absolute(),
                            default=BINARY)
        parser.add_argument("--prefix", type=shlex.split, default=(), metavar="COMMAND",
                            help="put in front of every command that measures: a lock, taskset")

    @classmethod
    def of(cls, options, **others):
        names = {field.name for field in dataclasses.fields(cls)}
        return cls(**{name: value for name, value in vars(options).items() if name in names} | others)

    def environment(self):
        if self.isa is None:
            return None
        return os.environ | {"CONVSERVE_ISA": self.isa} | PEER_ISA[self.isa]

    def command(self, contestant, layers):
        """`contestant` is one of the names above, or a list of arguments for `convserve bench`."""
        check = ["--check"] * self.check
        if self.gradient:
            check += ["--gradient", self.gradient]
        if contestant in PEERS:
            return [sys.executable, HERE / "peer_layers.py", contestant, layers, self.seconds,
                    "--threads", self.threads, *check]
        if isinstance(contestant, str):
            contestant = ["--threads", self.threads] + ["--prepared"] * (contestant == PREPARED)
        return [self.binary, "bench", "--layers", layers, "--seconds", self.seconds, "--json",
                *check, *contestant]


def read_layers(path, only=None, dtype=None):
    layers = [layer for layer in json.loads(path.read_text()) if not only or only in layer["name"]]
    return [layer | {"dtype": dtype} for layer in layers] if dtype else layers


def measure(contestant, layers, settings):
    """One JSON object for each layer (several, with several algorithms). Where a contestant ends in the
    middle, that layer has an "error", and the others are measured all the same."""
    lines = []
    while layers:
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(layers, file)
            file.flush()
            command = [*settings.prefix, *map(str, settings.command(contestant, file.name))]
            # A lock in front may be waited for as long as it takes.
            timeout = None if settings.prefix else 120 + 30 * len(layers)
            output, ending = run(command, settings.environment(), timeout)
        lines += output
        told = {line["name"] for line in output}
        layers = [layer for layer in layers if layer["name"] not in told]
        if not ending:
            break
        if layers:
            print(f"{layers[0]['name']}: {contestant} {ending}", file=sys.stderr)
            lines.append({"name": layers[0]["name"], "error": ending})
        layers = layers[1:]
    return lines


def run(command, environment, timeout):
    """The JSON lines that a command printed, and how it ended: nothing if well."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        text, ending = process.communicate(timeout=timeout)[0], ""
        if process.returncode < 0:
            ending = f"crashed ({signal.Signals(-process.returncode).name})"
        elif process.returncode:
            ending = f"ended with exit code {process.returncode}"
    except subprocess.TimeoutExpired:
        process.kill()
        text, ending = process.communicate()[0], f"took more than {timeout} s"
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")], ending


def in_rounds(contestants, layers, settings):
    """{contestant: {layer: its line with the median of the rounds}}; an error of any round stays."""
    taken = {contestant: {} for contestant in contestants}
    for round in range(settings.rounds):
        for contestant in contestants if round % 2 == 0 else contestants[::-1]:
            print(f"round {round + 1} of {settings.rounds}: {contestant}", file=sys.stderr, flush=True)
            for line in measure(contestant, layers, settings):
                taken[contestant].setdefault(line["name"], []).append(line)
    return {contestant: {name: middle(lines) for name, lines in named.items()}
            for contestant, named in taken.items()}


def add_rounds(taken, layers, settings):
    """Adds the lines of some more layers to each contestant of `taken`."""
    for contestant, lines in in_rounds(list(taken), layers, settings).items():
        taken[contestant] |= lines


def middle(lines):
    """The line of the median time."""
    failed = [line for line in lines if "error" in line]
    return failed[0] if failed else sorted(lines, key=lambda line: line["ms"])[(len(lines) - 1) // 2]


def ratio(ours, theirs):
    """How many times faster we are; None where one of the two has no time."""
    if not ours or not theirs or "ms" not in ours or "ms" not in theirs:
        return None
    return theirs["ms"] / ours["ms"]


def geometric_mean(values):
    return math.exp(statistics.fmean(map(math.log, values))) if values else math.nan
