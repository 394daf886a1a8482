#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes RESULTS.md: every layer beside PyTorch and ONNX Runtime, with errors, a section a comparison.

    python Benchmarks/results.py                    all sections, an hour or two
    python Benchmarks/results.py suite float64      these two; the others stay as they are
    python Benchmarks/results.py networks --only vgg16 --output vgg.md

Layers are taken in pieces: all contestants do a piece in turns, `--rounds` times, before the next, so
that what is compared was measured within minutes. The section is written after each piece.
"""
import argparse
import dataclasses
import datetime
import importlib.metadata
import math
import pathlib
import re
import subprocess
import sys

from contestants import (
    HERE, PREPARED, UNPREPARED, Settings, add_rounds, geometric_mean, ratio, read_layers)

NAMES = {"torch": "PyTorch", "channels_last": "PyTorch, channels last", "onnxruntime": "ONNX Runtime"}


@dataclasses.dataclass
class Section:
    title: str
    layers: str
    peers: tuple
    about: str
    isa: str | None = None
    dtype: str | None = None
    gradient: str | None = None

    @property
    def ours(self):
        """Gradients have nothing prepared."""
        return (UNPREPARED,) if self.gradient else (UNPREPARED, PREPARED)


SECTIONS = {
    "suite": Section(
        "Layers of every kind", "layers.json", ("torch", "channels_last", "onnxruntime"),
        "`layers.json`, float32 where the layer does not say otherwise."),
    "networks": Section(
        "Whole networks", "networks.json", ("torch", "channels_last", "onnxruntime"),
        "`networks.json`: every distinct convolution, batch 1."),
    "avx2": Section(
        "AVX2 beside AVX2", "layers.json", ("torch", "channels_last"),
        "`layers.json` with `CONVSERVE_ISA=avx2`, `ATEN_CPU_CAPABILITY=avx2`, "
        "`ONEDNN_MAX_CPU_ISA=AVX2`.", isa="avx2"),
    "float64": Section(
        "Double precision", "layers.json", ("torch",), "`layers.json` in float64.", dtype="float64"),
    "input_gradients": Section(
        "Gradients of the input", "gradients.json", ("torch", "channels_last"),
        "`gradients.json`: typical layers of ResNet-50 and MobileNetV2, batch 1 and 8; PyTorch's are "
        "`aten::convolution_backward`.", gradient="input"),
    "weight_gradients": Section(
        "Gradients of the weight", "gradients.json", ("torch", "channels_last"),
        "The same layers; errors are against the same gradient in float64.", gradient="weight"),
}
# Sections that other scripts write.
OTHERS = ["Whole services", "Bytes and memory"]
HEAD = """# Results

Written by `results.py` and the scripts that the sections name; [README.md](README.md) tells how it measures. Times are milliseconds, medians of
rounds of medians. *Unprepared* packs the weights in each call, as PyTorch does; *prepared* has them
packed, as ONNX Runtime has. GFLOP/s and the fraction of the FMA peak are the prepared call's. Errors are
the largest on a sample against float64, relative to the rms of the outputs. A ratio is the peer's time
over ours, unprepared / prepared: above 1 we are faster. A tilde: the best call took less than half of the
median, so the machine was not quiet or the library not steady.
"""


def output_of(*command):
    done = subprocess.run(command, capture_output=True, text=True, cwd=HERE)
    return done.stdout.strip() if done.returncode == 0 else ""


def version(package):
    try:
        return f"{package} {importlib.metadata.version(package)}"
    except importlib.metadata.PackageNotFoundError:
        return f"no {package}"


def machine_name():
    """When, and on what."""
    facts = dict(re.findall(r"^(.+?):\s+(.+)$", output_of("lscpu"), re.MULTILINE))
    revision = output_of("git", "describe", "--always", "--dirty", "--exclude", "*")
    return (
        f"{datetime.date.today()}, {facts.get('Model name', 'unknown processor')} "
        f"(family {facts.get('CPU family', '?')}, model {facts.get('Model', '?')}), "
        f"convserve {revision}")


def machine(settings):
    """The line below a section's title: what was measured, when, and on what."""
    isa = settings.isa or output_of(
        settings.binary, "bench", "--layers", HERE / "layers.json", "--seconds", "0.001", "--only",
        "seed").partition(",")[0].lstrip("# ")
    return (
        f"{machine_name()}, {settings.threads} threads, {isa}; {version('torch')}, "
        f"{version('onnxruntime')}, {version('numpy')}; rounds: {settings.rounds}.")


def ours_of(taken):
    return [ours for ours in (UNPREPARED, PREPARED) if ours in taken]


def quietness(layers, taken, dtype):
    """The peaks that were measured beside the layers: far apart, if others used the machine."""
    peaks = [taken[ours][layer["name"]]["peak"] for ours in ours_of(taken) for layer in layers
             if layer.get("dtype", "float32") == dtype and "peak" in taken[ours].get(layer["name"], {})]
    return f" FMA peaks from {min(peaks):.0f} to {max(peaks):.0f} GFLOP/s." if peaks else ""


def time_of(line):
    """A tilde behind times whose best is less than half of the median."""
    if "ms" not in line:
        return line.get("error", "-")
    return f"{line['ms']:.3f}" + (" ~" if line.get("min_ms", math.inf) < line["ms"] / 2 else "")


def error_of(line):
    error = line.get("max_error", "-")
    return f"{error:.1e}" if isinstance(error, float) else "not finite" if error is None else ""


def ratios_of(ours, theirs):
    """'unprepared / prepared'"""
    both = [ratio(line, theirs) for line in ours]
    return " / ".join(f"{value:.2f}" if value else "-" for value in both)


def row(cells):
    return "| " + " | ".join(cells) + " |"


def layer_table(layers, taken, peers):
    head = ["layer", "algorithm", *ours_of(taken), "GFLOP/s", "of peak", "error"]
    for peer in peers:
        head += [NAMES[peer], "error", "ratio"]
    rows = [row(head), row(["---"] * 2 + ["---:"] * (len(head) - 2))]
    for layer in layers:
        name = layer["name"]
        ours = [taken[ours].get(name, {}) for ours in ours_of(taken)]
        gflops = f"{ours[-1]['gflops']:.1f}" if "gflops" in ours[-1] else "-"
        of_peak = f"{ours[-1]['of_peak']:.2f}" if "of_peak" in ours[-1] else "-"
        cells = [name + (f" (x{layer['count']})" if "count" in layer else ""),
                 ours[0].get("algorithm", "-"), *map(time_of, ours), gflops, of_peak,
                 error_of(ours[-1])]
        for peer in peers:
            theirs = taken[peer].get(name, {})
            cells += [time_of(theirs), error_of(theirs), ratios_of(ours, theirs)]
        rows.append(row(cells))
    return rows


def summary_table(taken, peers):
    """Geometric means, and where we are worst, for each peer."""
    rows = [row(["beside", "weights", "geometric mean", "faster on", "worst layers"]),
            row(["---", "---", "---:", "---:", "---"])]
    for peer in peers:
        for ours in ours_of(taken):
            ratios = {name: ratio(line, taken[peer].get(name)) for name, line in taken[ours].items()}
            ratios = {name: value for name, value in ratios.items() if value}
            worst = sorted(ratios, key=ratios.get)[:5]
            rows.append(row([
                NAMES[peer], ours, f"{geometric_mean(list(ratios.values())):.2f}",
                f"{sum(value > 1 for value in ratios.values())} of {len(ratios)}",
                ", ".join(f"{name} {ratios[name]:.2f}" for name in worst)]))
    return rows


def network_table(layers, taken, peers):
    """Sums over all layers of a network; a contestant who missed one has none."""
    head = ["network", "layers", "unprepared", "prepared"]
    for peer in peers:
        head += [NAMES[peer], "ratio"]
    rows = [row(head), row(["---"] + ["---:"] * (len(head) - 1))]
    for network in dict.fromkeys(layer["network"] for layer in layers):
        own = [layer for layer in layers if layer["network"] == network]
        sums = {contestant: total(own, lines) for contestant, lines in taken.items()}
        ours = [sums[UNPREPARED], sums[PREPARED]]
        cells = [network, str(sum(layer.get("count", 1) for layer in own)), *map(time_of, ours)]
        for peer in peers:
            cells += [time_of(sums[peer]), ratios_of(ours, sums[peer])]
        rows.append(row(cells))
    return rows


def total(layers, lines):
    times = [(layer.get("count", 1), lines.get(layer["name"], {}).get("ms")) for layer in layers]
    return {} if any(ms is None for _, ms in times) else {"ms": sum(count * ms for count, ms in times)}


def text_of(section, layers, taken, facts):
    facts += quietness(layers, taken, section.dtype or "float32")
    parts = [f"## {section.title}", f"{section.about} {facts}",
             "\n".join(summary_table(taken, section.peers))]
    if all("network" in layer for layer in layers):
        parts.append("\n".join(network_table(layers, taken, section.peers)))
    parts.append("\n".join(layer_table(layers, taken, section.peers)))
    return "\n\n".join(parts) + "\n"


def replace_section(whole, title, text):
    """`whole` with the section of that title replaced, or added in the order of SECTIONS."""
    head, *sections = re.split(r"^(?=## )", whole, flags=re.MULTILINE)
    kept = {part.split("\n", 1)[0].removeprefix("## "): part for part in sections} | {title: text}
    order = [section.title for section in SECTIONS.values()] + OTHERS
    return HEAD + "\n" + "\n".join(kept[name].strip("\n") + "\n" for name in order if name in kept)


def refresh(section, options):
    settings = Settings.of(options, check=True, isa=section.isa, gradient=section.gradient)
    layers = read_layers(HERE / section.layers, options.only, section.dtype)
    if not layers:
        print(f"{section.title}: no layer has {options.only} in its name", file=sys.stderr)
        return
    taken = {contestant: {} for contestant in (*section.ours, *section.peers)}
    facts = machine(settings)
    if options.only:
        facts = f"Only layers with `{options.only}` in their names. {facts}"
    for first in range(0, len(layers), options.piece):
        done = layers[:first + options.piece]
        print(f"{section.title}: {len(done)} of {len(layers)} layers", file=sys.stderr)
        add_rounds(taken, done[first:], settings)
        whole = options.output.read_text() if options.output.exists() else ""
        options.output.write_text(
            replace_section(whole, section.title, text_of(section, done, taken, facts)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", metavar="section", default=list(SECTIONS),
                        help=f"of {', '.join(SECTIONS)}; all if none is named")
    parser.add_argument("--only", help="layers whose name has this in it")
    parser.add_argument("--piece", type=int, default=12, help="layers in a piece")
    parser.add_argument("--output", type=pathlib.Path, default=HERE / "RESULTS.md")
    Settings.add_options(parser)
    options = parser.parse_args()
    if unknown := set(options.sections) - set(SECTIONS):
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    for name in options.sections:
        refresh(SECTIONS[name], options)


if __name__ == "__main__":
    main()
