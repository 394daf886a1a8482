#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts `convserve serve` beside services that a user would write instead, loaded by wrk in turns.

    .venv/bin/pip install -r Benchmarks/requirements.txt && sudo apt-get install wrk
    .venv/bin/python Benchmarks/compare_service.py [--rounds 3] [--seconds 3] [--only small] [--output FILE]

FastAPI + orjson + PyTorch (peer/app.py) gets every body but those of the Open Inference Protocol, LitServe
(peer/litserve_app.py) the nested ones, and floor.c, which reads a body with libmicrohttpd and sends it back, the
small ones: no service on it is faster. All get the same bytes on the loopback interface, and each case is done by
all of them in turns before the next; wrk shares the cores with them, so that only a ratio says something. Writes
the section "Whole services" of RESULTS.md.

MLServer (peer/mlserver_app.py) gets the bodies of the Open Inference Protocol, "v2", if there is a Python for it:

    python3 -m venv Benchmarks/peer/.venv
    Benchmarks/peer/.venv/bin/pip install -r Benchmarks/peer/requirements-mlserver.txt
    .venv/bin/python Benchmarks/compare_service.py --mlserver-python Benchmarks/peer/.venv/bin/python
"""
import argparse
import contextlib
import dataclasses
import math
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile

import orjson
import safetensors.torch
import torch

from contestants import BINARY, HERE
from results import machine_name, output_of, replace_section, row, version
from server import Server, free_port

TITLE = "Whole services"
SAFETENSORS = "application/vnd.safetensors"
SHAPES = {  # name: input channels, size, output channels, kernel
    "small": (1, 8, 1, 3),  # the survey's first example
    "medium": (64, 56, 64, 3),  # a ResNet layer; 4.7 MB of JSON
    "large": (3, 512, 32, 3),  # a picture into 32 maps: 0.8 million numbers in, 8.4 million out
}
CONNECTIONS = {"small": (1, 4, 16), "medium": (1, 4), "large": (1,)}
PEERS = {  # name: the spellings that it gets
    "FastAPI": ("nested", "flat", "safetensors"), "LitServe": ("nested",), "MLServer": ("v2",)}


def nested(tensor):
    return tensor.tolist()


def flat(tensor):
    return {"shape": list(tensor.shape), "dtype": "float32", "data": tensor.reshape(-1).tolist()}


def inference(name, tensor):
    return {"name": name, "shape": list(tensor.shape), "datatype": "FP32", "data": tensor.reshape(-1).tolist()}


@dataclasses.dataclass
class Case:
    """One body, the wrk script that sends it, and where to."""
    size: str
    spelling: str
    script: pathlib.Path
    path: str


def write_cases(folder):
    torch.manual_seed(0)
    cases = []
    for size, (channels, side, out_channels, kernel) in SHAPES.items():
        input = torch.randn(1, channels, side, side)
        weight = torch.randn(out_channels, channels, kernel, kernel)
        for spelling in (nested, flat):
            body = orjson.dumps(
                {"input": spelling(input), "weight": spelling(weight), "padding": kernel // 2})
            cases.append(case(folder, size, spelling.__name__, body, "application/json"))
        body = safetensors.torch.save({"input": input, "weight": weight})
        cases.append(case(folder, size, "safetensors", body, SAFETENSORS, f"/v1/conv2d?padding={kernel // 2}"))
        body = orjson.dumps({"parameters": {"padding": kernel // 2},
                             "inputs": [inference("input", input), inference("weight", weight)]})
        cases.append(case(folder, size, "v2", body, "application/json", "/v2/models/conv2d/infer"))
    return cases


def case(folder, size, spelling, body, content_type, path="/v1/conv2d"):
    file = folder / f"{size}.{spelling}"
    file.write_bytes(body)
    script = folder / f"{size}.{spelling}.lua"
    script.write_text(
        f'local file = io.open("{file}", "rb"); wrk.body = file:read("*a"); file:close()\n'
        f'wrk.method = "POST"; wrk.headers["Content-Type"] = "{content_type}"\n')
    return Case(size, spelling, script, path)


@dataclasses.dataclass
class Load:
    """What a server did under a load: requests a second, CPU us a request, ms of latency."""
    rate: float
    cpu: float
    p50: float
    p99: float

    @classmethod
    def median(cls, loads):
        return cls(*(statistics.median(getattr(load, field.name) for load in loads)
                     for field in dataclasses.fields(cls)))


MS = {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}


class LoadedServer(Server):
    def takes(self, case):
        if self.name == "floor":
            return case.size == "small" and case.spelling != "v2"
        return self.name == "convserve" or case.spelling in PEERS[self.name]

    def stop(self):
        """And the processes that it has started, which would outlive it."""
        relatives = family(self.process.pid)
        super().stop()
        for pid in relatives[1:]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def load(self, case, connections, seconds):
        before = self.cpu_seconds()
        done = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--timeout", "60", "--latency", "-s",
             str(case.script), f"http://127.0.0.1:{self.port}{case.path}"],
            capture_output=True, text=True, check=True)
        if trouble := re.search(r"Non-2xx.*|Socket errors.*", done.stdout):
            print(f"{self.name}: {trouble[0]}", file=sys.stderr)
        count = int(re.search(r"(\d+) requests in", done.stdout)[1])
        latency = {part: float(number) * MS[unit] for part, number, unit in re.findall(
            r"^\s+(50|99)%\s+([\d.]+)(us|ms|s|m)$", done.stdout, re.MULTILINE)}
        return Load(float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1]),
                    (self.cpu_seconds() - before) / max(count, 1) * 1e6, latency.get("50", math.nan), latency.get("99", math.nan))

    def cpu_seconds(self):
        """Of the process and those that it started, which LitServe computes in."""
        return sum(cpu_seconds_of(pid) for pid in family(self.process.pid))


def family(pid):
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid] + [relative for child in children for relative in family(int(child))]


def cpu_seconds_of(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def start(options, folder):
    """Ours first."""
    ports = [free_port() for _ in range(5)]
    python = [sys.executable]
    floor = folder / "floor"
    subprocess.run(["cc", "-O2", HERE / "floor.c", "-lmicrohttpd", "-o", floor], check=True)
    commands = {
        "convserve": ([options.binary, "serve"], "/readyz", ["--port", ports[0]]),
        "FastAPI": ([*python, "-m", "uvicorn", "--app-dir", HERE / "peer", "app:app", "--log-level",
                     "critical"], "/openapi.json", ["--port", ports[1]]),
        "LitServe": ([*python, HERE / "peer/litserve_app.py"], "/health", [ports[2]]),
        "floor": ([floor, len(os.sched_getaffinity(0))], "/", [ports[3]]),
    }
    if options.mlserver_python:
        commands["MLServer"] = (
            [options.mlserver_python, HERE / "peer/mlserver_app.py"], "/v2/health/ready", [ports[4]])
    return [LoadedServer(name, [*map(str, command + port)], port[-1], path)
            for name, (command, path, port) in commands.items()]


def compare(case, connections, servers, options):
    """One row: ours, then each peer beside it."""
    able = [server for server in servers if server.takes(case)]
    loads = {server.name: [] for server in able}
    for round in range(options.rounds):
        for server in able if round % 2 == 0 else reversed(able):
            loads[server.name].append(server.load(case, connections, options.seconds))
    medians = {name: Load.median(taken) for name, taken in loads.items()}
    ours = medians.pop("convserve")
    cells = [f"{case.size} {case.spelling}", str(connections), f"{ours.rate:.0f}", f"{ours.cpu:.0f}",
             f"{ours.p50:.2f} / {ours.p99:.2f}"]
    floor = medians.get("floor")
    cells += [f"{floor.rate:.0f}", f"{floor.cpu:.0f}"] if floor else ["-"] * 2
    for name in PEERS:
        peer = medians.get(name)
        cells += [f"{peer.rate:.1f}", f"**{ours.rate / peer.rate:.1f}**", f"{peer.cpu / ours.cpu:.1f}",
                  f"{peer.p50:.2f} / {peer.p99:.2f}"] if peer and peer.rate else ["-"] * 4
    return cells


HEAD = ["body", "clients", "convserve, requests/s", "CPU us", "p50 / p99 ms", "floor, requests/s", "CPU us"]
for peer in PEERS:
    HEAD += [f"{peer}, requests/s", "ratio", "CPU ratio", "p50 / p99 ms"]


def mlserver_version(python):
    """Empty where it is not installed."""
    return output_of(python, "-c", "import importlib.metadata as m; print('mlserver', m.version('mlserver'))")


def section(rows, options):
    packages = [version(package) for package in ("torch", "fastapi", "orjson", "litserve")]
    if options.mlserver_python:
        packages.append(mlserver_version(options.mlserver_python))
    about = (
        f"`compare_service.py`: `conv2d` over HTTP, loaded by wrk (one thread) on the same two cores; medians of "
        f"{options.rounds} rounds of {options.seconds} s in turns. {machine_name()}, "
        f"{', '.join(packages)}.")
    table = [row(HEAD), row(["---"] + ["---:"] * (len(HEAD) - 1)), *map(row, rows)]
    return f"## {TITLE}\n\n{about}\n\n" + "\n".join(table) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--only", choices=list(SHAPES), nargs="+", default=list(SHAPES))
    parser.add_argument("--binary", type=pathlib.Path, default=BINARY)
    parser.add_argument("--output", type=pathlib.Path, default=HERE / "RESULTS.md")
    parser.add_argument("--mlserver-python", type=os.path.abspath, help="of an environment that has MLServer")
    options = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is not installed: sudo apt-get install wrk")
    if options.mlserver_python and not mlserver_version(options.mlserver_python):
        sys.exit(f"{options.mlserver_python} has no mlserver: Benchmarks/peer/requirements-mlserver.txt")
    with tempfile.TemporaryDirectory() as folder:
        cases = write_cases(pathlib.Path(folder))
        servers = start(options, pathlib.Path(folder))
        try:
            rows = []
            for case in (case for case in cases if case.size in options.only):
                for connections in CONNECTIONS[case.size]:
                    rows.append(compare(case, connections, servers, options))
                    print(*rows[-1], sep="  ", flush=True)
                    whole = options.output.read_text() if options.output.exists() else ""
                    options.output.write_text(replace_section(whole, TITLE, section(rows, options)))
        finally:
            for server in servers:
                server.stop()


if __name__ == "__main__":
    main()
