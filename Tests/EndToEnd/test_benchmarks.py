# SPDX-License-Identifier: Apache-2.0
"""`convserve bench` and the scripts of Benchmarks: what they compute and print. Timings are not looked at."""
import json
import sys

import pytest
import torch

from convserve_process import REPOSITORY, run

sys.path.insert(0, str(REPOSITORY / "Benchmarks"))
import contestants  # noqa: E402
import definition  # noqa: E402
import networks  # noqa: E402
import results  # noqa: E402
import scaling  # noqa: E402

LAYERS = [
    {"name": "forward", "op": "conv2d", "input": [1, 6, 11, 13], "weight": [9, 2, 3, 2],
     "stride": [2, 1], "padding": [1, 2], "dilation": [1, 2], "groups": 3},
    {"name": "transposed", "op": "conv_transpose2d", "input": [2, 6, 7, 5], "weight": [6, 3, 3, 4],
     "stride": [2, 3], "padding": 1, "groups": 3, "output_padding": 1},
    {"name": "line", "op": "conv1d", "input": [1, 3, 40], "weight": [4, 3, 5], "dtype": "float64"}]


@pytest.fixture
def bench(tmp_path):
    path = tmp_path / "layers.json"
    path.write_text(json.dumps(LAYERS))

    def lines(*flags):
        code, out, err = run("bench", "--layers", path, "--seconds", "0.001", "--json", *flags)
        assert code == 0, err
        return [json.loads(line) for line in out.splitlines()], err
    return lines


def test_a_line_for_each_layer(bench):
    lines, _ = bench()
    assert [line["name"] for line in lines] == [layer["name"] for layer in LAYERS]
    for line in lines:
        assert set(line) == {"name", "algorithm", "ms", "min_ms", "gflops", "peak", "of_peak"}
        assert 0 < line["min_ms"] <= line["ms"]


@pytest.mark.parametrize("flags", [
    [], ["--prepared"], ["--all-algorithms"], ["--threads", "1"], ["--gradient", "input"],
    ["--gradient", "weight"]])
def test_errors_are_those_of_the_dtype(bench, flags):
    for line in bench("--check", *flags)[0]:
        bound = 1e-14 if line["name"] == "line" else 5e-6
        assert 0 <= line["rms_error"] <= line["max_error"] < bound
        # The weight's gradient is judged by the same in float64.
        assert line["rms_error"] > 0 or (line["name"] == "line" and "weight" in flags)


def test_every_algorithm_that_can(bench):
    lines, _ = bench("--all-algorithms")
    for layer in LAYERS:
        own = [line for line in lines if line["name"] == layer["name"]]
        assert len({line["algorithm"] for line in own}) == len(own) >= 2
        assert [line["chosen"] for line in own].count(True) == 1
    chosen = {line["name"]: line["algorithm"] for line in lines if line["chosen"]}
    assert chosen == {line["name"]: line["algorithm"] for line in bench()[0]}


def test_an_algorithm_by_name_leaves_out_what_it_cannot_do(bench):
    lines, err = bench("--algorithm", "im2col")
    assert [(line["name"], line["algorithm"]) for line in lines] == [
        ("forward", "im2col"), ("line", "im2col")]
    assert "layer transposed is left out: im2col" in err


def test_first_calls(bench):
    for line in bench("--first-calls")[0]:
        assert set(line) == {"name", "algorithm", "first_ms", "next_ms", "ratio"}
        assert line["ratio"] == pytest.approx(line["first_ms"] / line["next_ms"], abs=2e-3)


@pytest.mark.parametrize("flags, named", [
    (["--algorithm", "im2col", "--all-algorithms"], "--algorithm"),
    (["--first-calls", "--prepared"], "--first-calls"),
    (["--gradient", "input", "--prepared"], "--gradient"), (["--gradient", "bias"], "bias"),
    (["--algorithm", "magic"], "magic"), (["--threads", "0"], "--threads")])
def test_flags_that_make_no_sense(flags, named):
    code, _, err = run("bench", "--layers", "Benchmarks/layers.json", *flags)
    assert code == 64 and named in err


def test_networks_are_what_their_definitions_say():
    assert networks.FILE.read_text() == networks.text(networks.layers())
    names = [layer["name"] for layer in networks.layers()]
    assert len(set(names)) == len(names)


# Layers with repetitions and billions of multiply-adds: those of the papers, fully connected ones left out.
@pytest.mark.parametrize("network, count, work", [
    ("resnet50", 53, 4.09), ("vgg16", 13, 15.35), ("mobilenetv2", 52, 0.30),
    ("efficientnet_b0", 81, 0.39), ("convnext_t", 58, 4.5), ("repvgg_a0", 22, 1.4),
    ("repvgg_b1", 28, 11.8), ("c3d", 8, 38.5)])
def test_work_of_the_networks(network, count, work):
    own = [layer for layer in networks.layers() if layer["network"] == network]
    assert sum(layer.get("count", 1) for layer in own) == count
    total = sum(layer.get("count", 1) * networks.multiplications(layer) for layer in own)
    assert total / 1e9 == pytest.approx(work, rel=0.03)


@pytest.mark.parametrize("layer", networks.layers()[::9] + LAYERS, ids=lambda layer: layer["name"])
def test_shapes_are_pytorchs(layer):
    function = getattr(torch.nn.functional, layer["op"])
    options = {name: layer[name] for name in networks.DEFAULTS if name in layer}
    output = function(*(torch.empty(layer[name], device="meta") for name in ("input", "weight")),
                      **options)
    assert output.numel() > 0


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer["name"])
def test_the_definition_in_numpy(layer):
    torch.manual_seed(1)
    input, weight = (torch.randn(layer[name], dtype=torch.float64) for name in ("input", "weight"))
    options = {name: layer[name] for name in networks.DEFAULTS if name in layer}
    output = getattr(torch.nn.functional, layer["op"])(input, weight, **options)
    largest, rms = definition.errors(layer, input.numpy(), weight.numpy(), output.numpy())
    assert rms <= largest < 1e-14
    wrong = output + (torch.arange(output.numel()).reshape(output.shape) % 7 == 5)
    assert definition.errors(layer, input.numpy(), weight.numpy(), wrong.numpy())[0] > 0.1


def test_a_crash_is_told_and_hides_nothing(tmp_path):
    binary = tmp_path / "crashing"
    binary.write_text(f"""#!{sys.executable}
import json, os, sys
for layer in json.load(open(sys.argv[sys.argv.index("--layers") + 1])):
    if layer["name"] == "transposed":
        os.abort()
    print(json.dumps({{"name": layer["name"], "ms": 1.0}}), flush=True)
""")
    binary.chmod(0o755)
    lines = contestants.measure("unprepared", LAYERS, contestants.Settings(binary=binary))
    assert [(line["name"], line.get("error")) for line in lines] == [
        ("forward", None), ("transposed", "crashed (SIGABRT)"), ("line", None)]


def test_the_middle_of_the_rounds():
    lines = [{"ms": ms} for ms in (3.0, 1.0, 2.0)]
    assert contestants.middle(lines) == {"ms": 2.0}
    assert contestants.middle([*lines, {"error": "crashed"}]) == {"error": "crashed"}
    assert contestants.ratio({"ms": 2.0}, {"ms": 3.0}) == 1.5
    assert contestants.ratio({"ms": 2.0}, {"error": "crashed"}) is None


def test_unsteady_times_are_marked():
    assert results.time_of({"ms": 16.0, "min_ms": 1.0}) == "16.000 ~"
    assert results.time_of({"ms": 1.5, "min_ms": 1.0}) == "1.500"


def test_a_section_is_replaced_alone():
    suite, double = (results.SECTIONS[name].title for name in ("suite", "float64"))
    whole = results.replace_section("", double, f"## {double}\n\nold\n")
    whole = results.replace_section(whole, suite, f"## {suite}\n\nsuite\n")
    whole = results.replace_section(whole, double, f"## {double}\n\nnew\n")
    assert whole == results.HEAD + f"\n## {suite}\n\nsuite\n\n## {double}\n\nnew\n"


@pytest.mark.parametrize("costs, expected", [
    ([5, 4, 3, 2.5, 2.4], []),  # small maps cost more
    ([1, 1, 1.5, 1, 1], [2]),
    ([1, 1, 1.5, 1.5, 1.5], [2]),
    ([1, 1, 0.5, 1, 1], []),  # one that is cheaper is none
    ([1, 1.5], [1])])
def test_cliffs(costs, expected):
    assert scaling.cliffs(costs) == expected


def test_a_table_has_errors_and_crashes():
    layers = [layer | {"network": "net"} for layer in LAYERS[:2]]
    line = {"algorithm": "im2col", "ms": 2.0, "gflops": 10.0, "peak": 20.0, "of_peak": 0.5,
            "max_error": 1e-6}
    ours = {"forward": line, "transposed": line}
    taken = {"unprepared": ours, "prepared": ours, "torch": {
        "forward": {"ms": 3.0, "max_error": 2e-6}, "transposed": {"error": "crashed (SIGSEGV)"}}}
    section = results.Section("Title", "layers.json", ("torch",), "About.")
    text = results.text_of(section, layers, taken, "Facts.")
    assert "| forward | im2col | 2.000 | 2.000 | 10.0 | 0.50 | 1.0e-06 | 3.000 | 2.0e-06 | 1.50 / 1.50 |" in text
    assert "crashed (SIGSEGV) |  | - / - |" in text
    assert "| PyTorch | unprepared | 1.50 | 1 of 1 | forward 1.50 |" in text
    assert "About. Facts. FMA peaks from 20 to 20 GFLOP/s." in text
