# SPDX-License-Identifier: Apache-2.0
"""Starts and stops the built server as a person at a shell would."""
import os
import pathlib
import signal
import socket
import subprocess
import time

import requests

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("CONVSERVE_BINARY", REPOSITORY / ".build/release/convserve"))


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def environment(**changes):
    """Ours without settings of a server that the developer may have exported."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("CONVSERVE_")}
    return kept | changes


def run(*arguments, timeout=30, **env):
    """Runs the command to its end: (exit code, stdout, stderr)."""
    done = subprocess.run(
        [BINARY, *arguments], capture_output=True, text=True, timeout=timeout,
        env=environment(**env))
    return done.returncode, done.stdout, done.stderr


class Convserve:
    """`convserve serve` on a free port, ready when made unless told not to `wait`."""

    def __init__(self, *arguments, port=None, env=None, give_port=True, wait=True):
        if not os.access(BINARY, os.X_OK):
            raise FileNotFoundError(f"{BINARY} is not there: run `make build` first")
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        flags = ["--port", str(self.port)] if give_port else []
        self.process = subprocess.Popen(
            [BINARY, "serve", *flags, *arguments], text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment(**(env or {})))
        self.session = requests.Session()
        if wait:
            self._wait_until_ready()

    def wait_until_open(self):
        """Until it listens, which is a little before it has answered anything; from the kernel's table, since a
        connection to a port that nobody has may be made to itself."""
        listening = f":{self.port:04X} 00000000:0000 0A "
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if listening in pathlib.Path("/proc/net/tcp").read_text():
                return
            time.sleep(0.0005)
        raise TimeoutError("it did not listen within 20 s")

    def _wait_until_ready(self):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended:\n{self.process.stdout.read()}")
            try:
                if requests.get(self.url + "/readyz", timeout=2).status_code == 200:
                    return
            except requests.ConnectionError:
                time.sleep(0.02)
        self.kill()
        raise TimeoutError("the server was not ready within 20 s")

    def post(self, operation, body, **options):
        return self.session.post(f"{self.url}/v1/{operation}", json=body, timeout=120, **options)

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self, timeout=15):
        return self.process.wait(timeout)

    def output(self):
        """Everything it printed; only once it has ended."""
        return self.process.stdout.read()

    def stop(self):
        """SIGTERM, and the exit code."""
        if self.process.poll() is None:
            self.signal()
        try:
            return self.wait()
        finally:
            self.kill()

    def kill(self):
        self.session.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
