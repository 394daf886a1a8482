#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts `convserve bench` beside PyTorch, layer by layer, in alternating rounds.

    make bench                                       unprepared weights, beside PyTorch
    make bench ARGS="--prepared --peers torch channels_last onnxruntime"
    make bench ARGS="--layers Benchmarks/gradients.json --gradient input --peers torch channels_last"

A glance at some layers; results.py writes the whole table. Above 1 is faster than the peer.
"""
import argparse
import pathlib

from contestants import (
    HERE, PEERS, PREPARED, UNPREPARED, Settings, geometric_mean, in_rounds, ratio, read_layers)


def report(taken, ours, peers, rounds):
    width = max(map(len, taken[ours]), default=5)
    columns = "".join(f"{peer:>16}{'ratio':>8}" for peer in peers)
    print(f"{'layer':{width}}  {'algorithm':16}{'convserve':>10}{columns}")
    ratios = {peer: [] for peer in peers}
    for name, line in taken[ours].items():
        row = f"{name:{width}}  {line.get('algorithm', '-'):16}{time_of(line):>10}"
        for peer in peers:
            theirs = taken[peer].get(name, {})
            faster = ratio(line, theirs)
            if faster:
                ratios[peer].append(faster)
            row += f"{time_of(theirs):>16}" + (f"{faster:8.2f}" if faster else f"{'-':>8}")
        print(row)
    row = f"{'geometric mean':{width}}  {'':16}{'':10}"
    print(row + "".join(f"{'':16}{geometric_mean(ratios[peer]):8.2f}" for peer in peers))
    print(f"medians in ms; {rounds} rounds")


def time_of(line):
    return f"{line['ms']:.3f}" if "ms" in line else line.get("error", "-")[:15]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layers", type=pathlib.Path, default=HERE / "layers.json")
    parser.add_argument("--only", help="layers whose name has this in it")
    parser.add_argument("--prepared", action="store_true", help="our weights are prepared beforehand")
    parser.add_argument("--gradient", choices=("input", "weight"), help="in place of the output")
    parser.add_argument("--peers", nargs="+", default=["torch"], choices=PEERS)
    Settings.add_options(parser)
    options = parser.parse_args()
    if options.gradient and options.prepared:
        parser.error("gradients have nothing prepared")

    ours = PREPARED if options.prepared else UNPREPARED
    taken = in_rounds([ours, *options.peers], read_layers(options.layers, options.only),
                      Settings.of(options))
    report(taken, ours, options.peers, options.rounds)


if __name__ == "__main__":
    main()
