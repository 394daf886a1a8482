#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How the engine's time follows cores, map sizes and channels, and what a wrong choice costs.

    python Benchmarks/scaling.py threads --layers Benchmarks/networks.json
    python Benchmarks/scaling.py sizes channels
    python Benchmarks/scaling.py choice

threads   efficiency of all cores: time on one over cores x time on all, and the same of the fractions
          of the peaks on as many cores, which a clock that wanders leaves alone; marked if both are
          below 0.8
sizes     time for each multiply-add on maps of 7 ... 256, for several kinds of layers; a cliff is a size
          that costs more than 1.3 times what the two before it or the two beside it cost
channels  the same for 1 ... 512 channels
choice    time of the chosen algorithm over the best one's, marked above 1.10

Exit code 0 whatever is marked: these are measurements.
"""
import argparse
import math
import pathlib
import statistics

from contestants import HERE, UNPREPARED, Settings, add_rounds, in_rounds, measure, read_layers
from networks import multiplications

CLIFF, WASTE, IDLE = 1.3, 1.10, 0.8
SIZES = [*range(7, 65), *range(66, 129, 3), *range(130, 257, 7), 256]
CHANNELS = sorted({*range(1, 18), *(2**power + odd for power in range(4, 9) for odd in (-1, 0, 1)),
                   *(int(19 * 1.17**step) | 1 for step in range(21)), 511, 512})


def layer(input_channels, output_channels, kernel, size, groups=1):
    return {"op": "conv2d", "input": [1, input_channels, size, size], "padding": kernel // 2,
            "weight": [output_channels, input_channels // groups, kernel, kernel], "groups": groups}


SIZE_KINDS = {
    "3x3 64 channels": lambda size: layer(64, 64, 3, size),
    "1x1 256 channels": lambda size: layer(256, 256, 1, size),
    "depthwise 3x3 96 channels": lambda size: layer(96, 96, 3, size, groups=96),
    "5x5 32 channels": lambda size: layer(32, 32, 5, size),
}
CHANNEL_KINDS = {
    "3x3 on 28": lambda channels: layer(channels, channels, 3, 28),
    "1x1 on 28": lambda channels: layer(channels, channels, 1, 28),
    "depthwise 3x3 on 56": lambda channels: layer(channels, channels, 3, 56, groups=channels),
    "3x3 from 64 on 28": lambda channels: layer(64, channels, 3, 28),
    "3x3 into 64 on 28": lambda channels: layer(channels, 64, 3, 28),
}


def cliffs(costs):
    """The indices at which a cost stands out: of both before it, or of both beside it."""
    def above(i, others):
        return all(costs[i] > CLIFF * costs[other] for other in others if 0 <= other < len(costs))

    return [i for i in range(1, len(costs))
            if above(i, (i - 2, i - 1)) or (i + 1 < len(costs) and above(i, (i - 1, i + 1)))]


def curves(kinds, values, options):
    """For each kind the picoseconds of a multiply-add at each value, cliffs marked."""
    settings, found = Settings.of(options), 0
    for kind, make in kinds.items():
        if options.only and options.only not in kind:
            continue
        layers = [make(value) | {"name": str(value)} for value in values]
        taken = in_rounds([UNPREPARED], layers, settings)[UNPREPARED]
        lines = [taken[layer["name"]] for layer in layers]
        costs = [line["ms"] * 1e9 / multiplications(layer) for line, layer in zip(lines, layers)]
        marked = cliffs(costs)
        found += len(marked)
        print(f"\n{kind}: ps for each multiply-add")
        for i, (value, cost) in enumerate(zip(values, costs)):
            mark = f"  <- {cost / costs[i - 1]:.2f} times the one before" if i in marked else ""
            print(f"{value:6} {lines[i]['algorithm']:16}{cost:10.2f}{mark}", flush=True)
    print(f"\n{found} cliffs")


def threads(options):
    """In pieces of four layers, so that one core and all are measured within seconds of each other."""
    settings = Settings.of(options)
    layers = read_layers(options.layers, options.only)
    one, all_cores = ("--threads", "1"), ("--threads", str(options.threads))
    taken = {one: {}, all_cores: {}}
    for first in range(0, len(layers), 4):
        add_rounds(taken, layers[first:first + 4], settings)
    print(f"\n{'layer':44}{'1 ms':>10}{f'{options.threads} ms':>10}{'efficiency':>12}{'of peaks':>10}")
    efficiencies = []
    for name, alone in taken[one].items():
        together = taken[all_cores][name]
        efficiencies.append(alone["ms"] / together["ms"] / options.threads)
        of_peaks = together["of_peak"] / max(alone["of_peak"], 1e-4)
        mark = "  <-" if max(efficiencies[-1], of_peaks) < IDLE else ""
        print(f"{name:44}{alone['ms']:10.3f}{together['ms']:10.3f}{efficiencies[-1]:12.2f}"
              f"{of_peaks:10.2f}{mark}")
    print(f"median {statistics.median(efficiencies):.2f}, least {min(efficiencies):.2f}, "
          f"{sum(value < IDLE for value in efficiencies)} below {IDLE}")


def sizes(options):
    curves(SIZE_KINDS, SIZES, options)


def channels(options):
    curves(CHANNEL_KINDS, CHANNELS, options)


def choice(options):
    """Each round times the algorithms of a layer in turns; the median of the rounds' ratios counts."""
    layers = read_layers(options.layers, options.only)
    rounds = [measure(["--all-algorithms", "--threads", options.threads], layers, Settings.of(options))
              for _ in range(options.rounds)]
    print(f"{'layer':44}{'chosen':16}{'ms':>9}  {'best':16}{'ms':>9}{'ratio':>7}")
    ratios = []
    for layer in layers:
        times = {}  # algorithm: ms of each round
        for line in (line for lines in rounds for line in lines if line["name"] == layer["name"]):
            times.setdefault(line["algorithm"], []).append(line["ms"])
            if line["chosen"]:
                chosen = line["algorithm"]
        medians = {algorithm: statistics.median(ms) for algorithm, ms in times.items()}
        best = min(medians, key=medians.get)
        ratios.append(medians[chosen] / medians[best])
        mark = "  <-" if ratios[-1] > WASTE else ""
        print(f"{layer['name']:44}{chosen:16}{medians[chosen]:9.3f}  {best:16}{medians[best]:9.3f}"
              f"{ratios[-1]:7.2f}{mark}")
    print(f"geometric mean {math.exp(statistics.fmean(map(math.log, ratios))):.3f}, "
          f"{sum(value > WASTE for value in ratios)} of {len(ratios)} above {WASTE:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    modes = {mode.__name__: mode for mode in (threads, sizes, channels, choice)}
    parser.add_argument("modes", nargs="+", choices=modes, metavar="mode", help=", ".join(modes))
    parser.add_argument("--layers", type=pathlib.Path, default=HERE / "layers.json",
                        help="for threads and choice")
    parser.add_argument("--only", help="layers, or kinds of layers, whose name has this in it")
    Settings.add_options(parser, seconds=0.1)
    options = parser.parse_args()
    for mode in options.modes:
        modes[mode](options)


if __name__ == "__main__":
    main()
