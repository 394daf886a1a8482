#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts `convserve bench` beside PyTorch, layer by layer, in alternating rounds.

    make bench                                       unprepared weights, beside PyTorch
    make bench ARGS="--prepared --peers torch channels_last onnxruntime"

Only ratios taken in one run mean anything: this machine's clock, and what else runs on it, change from
minute to minute. So every round times each contestant once, in an order that turns from round to
round, and what is compared are the medians over the rounds. Above 1 is faster than the peer.
"""
import argparse
import json
import math
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
BINARY = HERE.parent / ".build/release/convserve"
OURS = "convserve"


def lines(command):
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} ended with exit code {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def command_of(contestant, layers, options):
    if contestant != OURS:
        return [sys.executable, HERE / "peer_layers.py", contestant, layers, options.seconds]
    prepared = ["--prepared"] if options.prepared else []
    return [options.binary, "bench", "--layers", layers, "--seconds", options.seconds, "--json",
            *prepared]


def measure(contestants, layers, options):
    """{contestant: {layer: [ms of each round]}} and {layer: our algorithm}"""
    taken = {contestant: {} for contestant in contestants}
    algorithms = {}
    for round in range(options.rounds):
        order = contestants if round % 2 == 0 else contestants[::-1]
        for contestant in order:
            print(f"round {round + 1} of {options.rounds}: {contestant}", file=sys.stderr, flush=True)
            for line in lines(command_of(contestant, layers, options)):
                taken[contestant].setdefault(line["name"], []).append(line["ms"])
                if contestant == OURS:
                    algorithms[line["name"]] = line["algorithm"]
    return taken, algorithms


def geometric_mean(values):
    return math.exp(statistics.fmean(map(math.log, values))) if values else math.nan


def report(taken, algorithms, peers):
    medians = {
        contestant: {name: statistics.median(ms) for name, ms in layers.items()}
        for contestant, layers in taken.items()}
    width = max(map(len, medians[OURS]))
    columns = "".join(f"{peer:>16}{'ratio':>8}" for peer in peers)
    print(f"{'layer':{width}}  {'algorithm':16}{'convserve':>10}{columns}")
    ratios = {peer: [] for peer in peers}
    for name, ours in medians[OURS].items():
        row = f"{name:{width}}  {algorithms[name]:16}{ours:10.3f}"
        for peer in peers:
            theirs = medians[peer].get(name)
            if theirs is None:
                row += f"{'-':>16}{'-':>8}"
                continue
            ratios[peer].append(theirs / ours)
            row += f"{theirs:16.3f}{theirs / ours:8.2f}"
        print(row)
    row = f"{'geometric mean':{width}}  {'':16}{'':10}"
    print(row + "".join(f"{'':16}{geometric_mean(ratios[peer]):8.2f}" for peer in peers))
    print(f"medians in ms; {len(next(iter(taken[OURS].values())))} rounds")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layers", type=pathlib.Path, default=HERE / "layers.json")
    parser.add_argument("--only", help="layers whose name has this in it")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.5, help="for each layer and round")
    parser.add_argument("--prepared", action="store_true", help="our weights are prepared beforehand")
    parser.add_argument("--peers", nargs="+", default=["torch"],
                        choices=["torch", "channels_last", "onnxruntime"])
    parser.add_argument("--binary", type=pathlib.Path, default=BINARY)
    options = parser.parse_args()

    layers = options.layers
    if options.only:
        chosen = [layer for layer in json.loads(layers.read_text()) if options.only in layer["name"]]
        layers = HERE.parent / ".build/layers.json"
        layers.write_text(json.dumps(chosen))
    taken, algorithms = measure([OURS, *options.peers], layers, options)
    report(taken, algorithms, options.peers)


if __name__ == "__main__":
    main()
