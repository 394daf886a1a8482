#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts `convserve serve` beside FastAPI + orjson + PyTorch (peer/app.py), with wrk, in alternating rounds.

    .venv/bin/pip install -r Benchmarks/requirements.txt && sudo apt-get install wrk
    .venv/bin/python Benchmarks/compare_service.py [--rounds 3] [--seconds 5] [--only small]

Both get the same bodies on the loopback interface; wrk shares the cores with them, so that only the
ratio says something, and only on a machine with nothing else to do.
"""
import argparse
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

import orjson
import torch

from contestants import BINARY, HERE
from server import Server, free_port

CASES = {  # name: input channels, size, output channels, kernel
    "small": (1, 8, 1, 3),  # the survey's first example
    "medium": (64, 56, 64, 3),  # a ResNet layer; 4.7 MB of JSON
    "large": (3, 512, 32, 3),  # a picture into 32 maps: 0.8 million numbers in, 8.4 million out
}
CONNECTIONS = {"small": (4, 16), "medium": (1, 4), "large": (1,)}


def nested(tensor):
    return tensor.tolist()


def flat(tensor):
    return {"shape": list(tensor.shape), "dtype": "float32", "data": tensor.reshape(-1).tolist()}


def write_bodies(folder):
    """{(case, spelling): wrk script}"""
    torch.manual_seed(0)
    scripts = {}
    for case, (channels, size, out_channels, kernel) in CASES.items():
        input = torch.randn(1, channels, size, size)
        weight = torch.randn(out_channels, channels, kernel, kernel)
        for spelling in (nested, flat):
            body = folder / f"{case}.{spelling.__name__}.json"
            body.write_bytes(orjson.dumps(
                {"input": spelling(input), "weight": spelling(weight), "padding": kernel // 2}))
            script = body.with_suffix(".lua")
            script.write_text(
                f'local file = io.open("{body}", "rb"); wrk.body = file:read("*a"); file:close()\n'
                'wrk.method = "POST"; wrk.headers["Content-Type"] = "application/json"\n')
            scripts[case, spelling.__name__] = script
    return scripts


class LoadedServer(Server):
    def rate(self, script, connections, seconds):
        """Requests a second and CPU microseconds a request."""
        before = self.cpu_seconds()
        done = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--timeout", "60", "-s", str(script),
             f"http://127.0.0.1:{self.port}/v1/conv2d"], capture_output=True, text=True, check=True)
        if trouble := re.search(r"Non-2xx.*|Socket errors.*", done.stdout):
            print(f"{self.name}: {trouble[0]}", file=sys.stderr)
        count = int(re.search(r"(\d+) requests in", done.stdout)[1])
        cpu = (self.cpu_seconds() - before) / max(count, 1) * 1e6
        return float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1]), cpu


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--only", choices=list(CASES), nargs="+", default=list(CASES))
    parser.add_argument("--binary", type=pathlib.Path, default=BINARY)
    options = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is not installed: sudo apt-get install wrk")

    ports = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        scripts = write_bodies(pathlib.Path(folder))
        ours = LoadedServer("convserve", [options.binary, "serve", "--port", str(ports[0])], ports[0], "/readyz")
        peer = LoadedServer("peer", [
            sys.executable, "-m", "uvicorn", "--app-dir", str(HERE / "peer"), "app:app", "--port",
            str(ports[1]), "--log-level", "warning"], ports[1], "/openapi.json")
        print(f"{'body':16}{'clients':>8}{'peer/s':>10}{'convserve/s':>13}{'ratio':>8}"
              f"{'CPU µs peer':>13}{'convserve':>11}{'ratio':>8}")
        try:
            for (case, spelling), script in scripts.items():
                for connections in CONNECTIONS[case] if case in options.only else ():
                    compare(f"{case} {spelling}", script, connections, ours, peer, options)
        finally:
            ours.stop()
            peer.stop()


def compare(name, script, connections, ours, peer, options):
    taken = {ours: [], peer: []}
    for round in range(options.rounds):
        for server in (ours, peer) if round % 2 == 0 else (peer, ours):
            taken[server].append(server.rate(script, connections, options.seconds))
    rate, cpu = (
        {server: statistics.median(values[i] for values in taken[server]) for server in taken}
        for i in (0, 1))
    print(f"{name:16}{connections:8}{rate[peer]:10.1f}{rate[ours]:13.1f}{rate[ours] / rate[peer]:8.1f}"
          f"{cpu[peer]:13.0f}{cpu[ours]:11.0f}{cpu[peer] / cpu[ours]:8.1f}", flush=True)


if __name__ == "__main__":
    main()
