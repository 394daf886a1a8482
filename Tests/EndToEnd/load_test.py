#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""200 clients for a minute: counts errors and watches the server's memory. Not part of `make test`.

    python Tests/EndToEnd/load_test.py [--clients 200] [--rounds 3] [--seconds 20]
                                       [--size small|medium|mixed]

Starts its own server. Each client is a thread with one keep-alive connection (a bare socket, so that
200 of them cost little) and checks every answer. Exit code 1 if anything went wrong or if the memory
of a later round was more than --growth MiB above that of the first, in which it warms up.
"""
import argparse
import json
import sys
import threading
import time

import numpy as np

import wire
from convserve_process import Convserve
from test_http import Connection, post


def request_of(size):
    """(request, beginning of its answer)"""
    if size == "small":
        body = {"input": np.arange(64).reshape(8, 8).tolist(), "weight": [[1, 0], [0, -1]]}
        return post(body=json.dumps(body).encode()), b'{"output":[[-9'
    random = np.random.default_rng(0)
    tensors = {
        "input": wire.encode(random.standard_normal((1, 64, 56, 56), dtype=np.float32), "flat"),
        "weight": wire.encode(random.standard_normal((64, 64, 3, 3), dtype=np.float32), "flat")}
    return post(body=json.dumps(tensors | {"padding": 1}).encode()), b'{"output":{"shape":[1,64,56,56]'


class Client(threading.Thread):
    def __init__(self, server, requests, until):
        super().__init__(daemon=True)
        self.server, self.requests, self.until = server, requests, until
        self.answered, self.turned_away, self.errors = 0, 0, []

    def run(self):
        connection = None
        while time.monotonic() < self.until:
            try:
                connection = connection or Connection(self.server)
                request, answer = self.requests[self.answered % len(self.requests)]
                connection.send(request)
                reply = connection.read()
                if reply.status == 503:
                    self.turned_away += 1
                    time.sleep(float(reply.headers["retry-after"]))
                elif reply.status != 200 or not reply.body.startswith(answer):
                    self.errors.append(f"{reply.status} {reply.body[:200]!r}")
                else:
                    self.answered += 1
            except (OSError, EOFError, ValueError) as error:
                self.errors.append(repr(error))
                connection = None
        if connection:
            connection.close()


def resident_mebibytes(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def run_round(server, requests, arguments):
    """One round of load: its clients, and the most memory that was seen."""
    start = time.monotonic()
    clients = [Client(server, requests, start + arguments.seconds) for _ in range(arguments.clients)]
    for client in clients:
        client.start()
    peak = 0
    while (passed := time.monotonic() - start) < arguments.seconds:
        peak = max(peak, memory := resident_mebibytes(server.process.pid))
        print(f"{passed:5.1f} s  {memory:7.1f} MiB  {sum(c.answered for c in clients):8} answered  "
              f"{sum(c.turned_away for c in clients):6} turned away  "
              f"{sum(len(c.errors) for c in clients):4} errors", flush=True)
        time.sleep(min(1, arguments.seconds / 10))
    for client in clients:
        client.join(timeout=60)
    return clients, peak


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20, help="of each round")
    parser.add_argument("--size", choices=["small", "medium", "mixed"], default="mixed")
    parser.add_argument("--growth", type=float, default=64,
                        help="MiB that a later round's peak may be above the first one's")
    arguments = parser.parse_args()

    sizes = ["small"] * 9 + ["medium"] if arguments.size == "mixed" else [arguments.size]
    made = {size: request_of(size) for size in set(sizes)}
    clients, peaks = [], []
    with Convserve() as server:
        for _ in range(arguments.rounds):
            some, peak = run_round(server, [made[size] for size in sizes], arguments)
            clients += some
            peaks.append(peak)
        time.sleep(15)
        idle = resident_mebibytes(server.process.pid)
        code = server.stop()

    errors = [error for client in clients for error in client.errors]
    answered = sum(c.answered for c in clients)
    growth = max(peaks) - peaks[0]
    print(f"{answered} answered ({answered / arguments.seconds / arguments.rounds:.0f}/s), "
          f"{sum(c.turned_away for c in clients)} turned away with 503, {len(errors)} errors, "
          f"peaks of memory {', '.join(f'{peak:.0f}' for peak in peaks)} MiB, "
          f"{idle:.0f} MiB after 15 s without load, exit code {code}")
    for error in errors[:10]:
        print(error)
    sys.exit(1 if errors or code or growth > arguments.growth else 0)


if __name__ == "__main__":
    main()
