#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What one request costs another: starts `convserve serve` and loads it with one and two clients.

    python Benchmarks/two_requests.py [--seconds 5] [--rounds 3]

small beside large   8 x 8 with a 3 x 3 kernel, p50 and p99 of the answers' times, alone and while
                     another connection sends 1024 x 1024 images with a 15 x 15 kernel without pause
two equal            64 channels of 56 x 56 with 3 x 3 kernels: answers a second of two clients at
                     once over those of one alone

Clients are processes that send prepared bytes and read whole answers; they share the cores with the
server, so large tensors are base64, which costs the clients nothing.
"""
import argparse
import base64
import http.client
import json
import multiprocessing
import pathlib
import random
import statistics
import struct
import time

from contestants import BINARY
from server import Server, free_port

SMALL, LARGE, MEDIUM = "small", "large", "medium"


def tensor(shape, seed):
    """Numbers between -1 and 1 as base64; a thousand different ones do."""
    source = random.Random(seed)
    values = struct.pack("<1024f", *(source.uniform(-1, 1) for _ in range(1024)))
    count = 1
    for size in shape:
        count *= size
    data = (values * (count // 1024 + 1))[:4 * count]
    return {"shape": shape, "dtype": "float32", "base64": base64.b64encode(data).decode()}


def nested(size):
    return [[(row * size + column) % 7 / 8 for column in range(size)] for row in range(size)]


def bodies():
    return {name: json.dumps(body).encode() for name, body in {
        SMALL: {"input": nested(8), "weight": nested(3)},
        LARGE: {"input": tensor([1, 1, 1024, 1024], 1), "weight": tensor([1, 1, 15, 15], 2),
                "padding": 7},
        MEDIUM: {"input": tensor([1, 64, 56, 56], 3), "weight": tensor([64, 64, 3, 3], 4),
                 "padding": 1}}.items()}


def answer_times(port, body, seconds, ready, times):
    """A client: one connection, one request after the other; puts the seconds of each into `times`.
    The first answer does not count; after it the client waits until all are `ready`."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    taken, end = [], None
    while end is None or time.perf_counter() < end:
        begin = time.perf_counter()
        connection.request("POST", "/v1/conv2d", body, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        text = reply.read()
        if reply.status != 200:
            raise SystemExit(f"status {reply.status}: {text[:200]!r}")
        if end is None:
            ready.wait(60)
            end = time.perf_counter() + seconds
        else:
            taken.append(time.perf_counter() - begin)
    times.put(taken)


def load(port, clients, seconds):
    """Sorted seconds of each client's answers; all clients send at once."""
    ready = multiprocessing.Barrier(len(clients))
    queues = [multiprocessing.Queue() for _ in clients]
    processes = [multiprocessing.Process(target=answer_times, args=(port, body, seconds, ready, queue))
                 for body, queue in zip(clients, queues)]
    for process in processes:
        process.start()
    try:
        return [sorted(queue.get(timeout=seconds + 120)) for queue in queues]
    finally:
        for process in processes:
            process.terminate()
            process.join()


def percentile(ordered, percent):
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] * 1e3


def small_beside_large(port, body, options):
    rows = {"8x8 alone": [body[SMALL]], "8x8 beside 1024x1024": [body[SMALL], body[LARGE]]}
    taken = {name: [] for name in rows}
    others = []
    for _ in range(options.rounds):
        for name, clients in rows.items():
            times, *rest = load(port, clients, options.seconds)
            taken[name].append((percentile(times, 50), percentile(times, 99), len(times)))
            others += [percentile(other, 50) for other in rest if other]
    print(f"{'':24}{'p50 ms':>10}{'p99 ms':>10}{'answers/s':>12}")
    for name, rounds in taken.items():
        p50, p99, count = (statistics.median(values) for values in zip(*rounds))
        print(f"{name:24}{p50:10.3f}{p99:10.3f}{count / options.seconds:12.1f}")
    print(f"{'the 1024x1024 images':24}{statistics.median(others):10.3f}")


def two_equal(port, body, options):
    rates = {1: [], 2: []}
    for _ in range(options.rounds):
        for clients, taken in rates.items():
            times = load(port, [body[MEDIUM]] * clients, options.seconds)
            taken.append(sum(map(len, times)) / options.seconds)
    one, two = (statistics.median(taken) for taken in rates.values())
    print(f"64 channels of 56x56: {one:.1f} answers/s of one client, {two:.1f} of two at once, "
          f"{two / one:.2f} times as many")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5, help="of each load")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--binary", type=pathlib.Path, default=BINARY)
    options = parser.parse_args()
    port = free_port()
    server = Server("convserve", [options.binary, "serve", "--port", str(port)], port, "/readyz")
    try:
        small_beside_large(port, bodies(), options)
        two_equal(port, bodies(), options)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
