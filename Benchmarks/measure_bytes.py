#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How fast bytes go through the service, and how much memory a body of JSON takes.

    .venv/bin/python Benchmarks/measure_bytes.py [--megabytes 100] [--rounds 5]

Bytes: a safetensors call with a tensor of that many megabytes in and out (fold of 1x1 blocks, and conv2d
by a depthwise kernel of one tap), beside floor.c, which takes a body with libmicrohttpd and sends it back;
in turns, one connection. Memory: the highest resident size that one call with a body of B bytes of JSON
brings, beside B + 3 x the tensors' bytes, and what is left of it afterwards. Writes the section "Bytes
and memory" of RESULTS.md.
"""
import argparse
import http.client
import pathlib
import statistics
import subprocess
import tempfile
import time

import numpy as np
import orjson
import safetensors.numpy

from contestants import BINARY, HERE
from results import machine_name, replace_section, row
from server import Server, free_port

TITLE = "Bytes and memory"
SAFETENSORS, JSON = "application/vnd.safetensors", "application/json"


def call(port, path, body, content_type):
    """Seconds until the whole reply is there, and its size."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.connect()
    began = time.perf_counter()
    connection.request("POST", path, body, {"Content-Type": content_type})
    reply = connection.getresponse()
    buffer, size = bytearray(1 << 20), 0
    while count := reply.readinto(buffer):
        size += count
    taken = time.perf_counter() - began
    assert reply.status == 200, buffer[:size]
    connection.close()
    return taken, size


def bytes_table(options, binary):
    side = int((options.megabytes * 1e6 / 4 / 16) ** 0.5) // 16 * 16
    image = np.random.default_rng(0).standard_normal((1, 16, side, side), np.float32)
    calls = {
        "fold of 1x1 blocks": (
            f"/v1/fold?kernel_size=1&output_size=[{side},{side}]", {"input": image.reshape(1, 16, -1)}),
        "conv2d, depthwise 1x1": (
            "/v1/conv2d?groups=16", {"input": image, "weight": np.ones((16, 1, 1, 1), np.float32)}),
    }
    with tempfile.TemporaryDirectory() as folder:
        floor = f"{folder}/floor"
        subprocess.run(["cc", "-O2", HERE / "floor.c", "-lmicrohttpd", "-o", floor], check=True)
        ports = free_port(), free_port()
        limits = ["--max-body-bytes", str(4 << 30), "--max-body-bytes-in-flight", str(4 << 30)]
        servers = [Server("convserve", [binary, "serve", "--port", str(ports[0]), *limits], ports[0], "/readyz"),
                   Server("floor", [floor, str(ports[1])], ports[1], "/")]
        rows = [row(["call", "MB in + out", "floor, ms", "convserve, ms", "of the floor's rate"]),
                row(["---", "---:", "---:", "---:", "---:"])]
        try:
            for name, (path, tensors) in calls.items():
                body = safetensors.numpy.save(tensors)
                taken = {port: [] for port in ports}
                for round in range(options.rounds + 1):
                    for port in ports if round % 2 else reversed(ports):
                        seconds, size = call(port, path, body, SAFETENSORS)
                        taken[port].append((seconds, size))
                ours, bottom = (statistics.median(s for s, _ in taken[port][1:]) for port in ports)
                sent = [len(body) + taken[port][0][1] for port in ports]
                rate = (sent[0] / ours) / (sent[1] / bottom)
                rows.append(row([name, f"{sent[0] / 1e6:.0f}", f"{bottom * 1e3:.0f}", f"{ours * 1e3:.0f}",
                                 f"{rate:.0%}"]))
        finally:
            for server in servers:
                server.stop()
    return rows


def status(pid, name):
    """A line of /proc/PID/status, in bytes."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(text.split(f"{name}:")[1].split()[0]) * 1024


def memory_table(binary):
    rows = [row(["body", "MB", "tensors, MB", "peak above idle, MB", "B + 3 x tensors, MB", "10 s later, MB"]),
            row(["---"] + ["---:"] * 5)]
    for channels, side in [(3, 512), (64, 224), (16, 1024)]:
        image = np.random.default_rng(1).standard_normal((1, channels, side, side), np.float32)
        weight = np.ones((channels, 1, 1, 1), np.float32)
        for spelling in ("nested", "flat"):
            def spelled(a):
                return a.tolist() if spelling == "nested" else {
                    "shape": list(a.shape), "data": a.reshape(-1).tolist()}
            body = orjson.dumps({"input": spelled(image), "weight": spelled(weight), "groups": channels})
            port = free_port()
            server = Server("convserve", [binary, "serve", "--port", str(port), "--max-body-bytes",
                                          str(2 << 30)], port, "/readyz")
            try:
                call(port, "/v1/conv2d", b'{"input": [[1]], "weight": [[1]]}', JSON)
                idle = status(server.process.pid, "VmRSS")
                call(port, "/v1/conv2d", body, JSON)
                peak = status(server.process.pid, "VmHWM") - idle
                time.sleep(10)
                left = status(server.process.pid, "VmRSS") - idle
            finally:
                server.stop()
            tensors = 2 * image.nbytes + weight.nbytes
            rows.append(row([f"{list(image.shape)} {spelling}", *(
                f"{value / 1e6:.0f}" for value in (
                    len(body), tensors, peak, len(body) + 3 * tensors, left))]))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=float, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=["bytes", "memory"], help="print this alone, and write nothing")
    parser.add_argument("--binary", type=pathlib.Path, default=BINARY)
    parser.add_argument("--output", type=pathlib.Path, default=HERE / "RESULTS.md")
    options = parser.parse_args()
    if options.only:
        rows = bytes_table(options, options.binary) if options.only == "bytes" else memory_table(options.binary)
        print("\n".join(rows))
        return
    text = (
        f"## {TITLE}\n\n`measure_bytes.py`. {machine_name()}; medians of {options.rounds}.\n\n"
        + "\n".join(bytes_table(options, options.binary)) + "\n\nOne call with a body of JSON; the tensors are "
        "input, weight and output.\n\n" + "\n".join(memory_table(options.binary)) + "\n")
    whole = options.output.read_text() if options.output.exists() else ""
    options.output.write_text(replace_section(whole, TITLE, text))
    print(text)


if __name__ == "__main__":
    main()
