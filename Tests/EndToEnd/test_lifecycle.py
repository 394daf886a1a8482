# SPDX-License-Identifier: Apache-2.0
"""How the command starts, what it refuses to start with, and how it ends."""
import json
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

import numpy as np
import pytest
import requests

import wire
from convserve_process import Convserve, free_port, run
from test_http import BODY, JSON, OUTPUT, Connection, post

# flag: (environment variable, a value that is none)
FLAGS = {
    "--host": ("CONVSERVE_HOST", "256.0.0.1"),
    "--port": ("CONVSERVE_PORT", "70000"),
    "--max-body-bytes": ("CONVSERVE_MAX_BODY_BYTES", "-1"),
    "--max-body-bytes-in-flight": ("CONVSERVE_MAX_BODY_BYTES_IN_FLIGHT", "none"),
    "--max-output-bytes": ("CONVSERVE_MAX_OUTPUT_BYTES", "0"),
    "--max-connections": ("CONVSERVE_MAX_CONNECTIONS", "0"),
    "--max-waiting": ("CONVSERVE_MAX_WAITING", "-5"),
    "--idle-timeout-seconds": ("CONVSERVE_IDLE_TIMEOUT_SECONDS", "soon"),
    "--body-timeout-seconds": ("CONVSERVE_BODY_TIMEOUT_SECONDS", "0"),
    "--io-threads": ("CONVSERVE_IO_THREADS", "0"),
    "--compute-threads": ("CONVSERVE_COMPUTE_THREADS", "0"),
    "--pre-stop-seconds": ("CONVSERVE_PRE_STOP_SECONDS", "-1"),
    "--drain-seconds": ("CONVSERVE_DRAIN_SECONDS", "1.5e"),
}
# Whether a host exists is found out when it is bound.
NUMBERS = [flag for flag in FLAGS if flag != "--host"]


def instruction_sets():
    """What this machine runs; the tests of none of them may be skipped."""
    flags = pathlib.Path("/proc/cpuinfo").read_text().split()
    v3, v4 = {"avx2", "fma", "bmi2"}, {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd"}
    return ["portable"] + ["avx2"] * (v3 <= set(flags)) + ["avx512"] * (v3 | v4 <= set(flags))


def medium_request():
    random = np.random.default_rng(0)
    body = json.dumps({
        "input": wire.encode(random.standard_normal((1, 64, 56, 56), dtype=np.float32), "base64"),
        "weight": wire.encode(random.standard_normal((64, 64, 3, 3), dtype=np.float32), "base64"),
        "padding": 1}).encode()
    return post(body=body)


class Client(threading.Thread):
    """Sends requests on one connection, one after the other, until the server says close."""

    def __init__(self, server, request):
        super().__init__()
        self.server, self.request = server, request
        self.answered, self.lost, self.statuses = 0, None, set()

    def run(self):
        connection = Connection(self.server)
        try:
            while True:
                connection.send(self.request)
                reply = connection.read()
                self.statuses.add(reply.status)
                assert len(reply.body) == int(reply.headers["content-length"])
                self.answered += 1
                if reply.headers.get("connection", "").lower() == "close":
                    return
        except Exception as error:  # an accepted request without its whole answer
            self.lost = error
        finally:
            connection.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("size", ["small", "medium"])
def test_no_accepted_request_is_lost(number, size):
    with Convserve() as server:
        request = post() if size == "small" else medium_request()
        clients = [Client(server, request) for _ in range(12)]
        for client in clients:
            client.start()
        time.sleep(1.5)
        start = time.monotonic()
        server.signal(number)
        code = server.wait(timeout=10)
        took = time.monotonic() - start
        for client in clients:
            client.join(timeout=20)
        assert code == 0 and took < 10
        assert [c.lost for c in clients] == [None] * len(clients)
        assert all(client.answered for client in clients)
        assert set().union(*(c.statuses for c in clients)) <= {200, 503}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_stops_at_once(number):
    with Convserve() as server:
        connection = Connection(server)  # an idle keep-alive connection does not hold it up
        connection.send(post())
        assert connection.read().status == 200
        start = time.monotonic()
        server.signal(number)
        assert server.wait(timeout=10) == 0
        assert time.monotonic() - start < 2
        connection.close()


def test_readiness_while_draining():
    with Convserve("--pre-stop-seconds", "3") as server:
        server.signal(signal.SIGTERM)
        time.sleep(0.5)
        ready = requests.get(server.url + "/readyz", timeout=5)
        assert ready.status_code == 503 and int(ready.headers["Retry-After"]) >= 0
        assert requests.get(server.url + "/healthz", timeout=5).status_code == 200
        late = requests.post(server.url + "/v1/conv2d", data=BODY, headers=JSON, timeout=5)
        assert late.json()["output"] == OUTPUT
        assert server.wait(timeout=10) == 0


def test_a_signal_as_soon_as_the_port_is_open():
    for _ in range(5):
        server = Convserve(wait=False)
        try:
            server.wait_until_open()
            assert server.stop() == 0, server.output()
        finally:
            server.kill()


def test_it_says_where_and_how():
    with Convserve() as server:
        limits = requests.get(server.url + "/v1").json()
        assert server.stop() == 0
        printed = server.output()
    assert server.url in printed
    assert limits["instruction_set"] in printed
    assert f"{limits['limits']['max_body_bytes'] >> 20} MiB" in printed
    assert re.search(r"curl .*/v1/conv2d", printed), printed


def test_the_curl_line_it_prints_works():
    with Convserve() as server:
        command = ""
        while not command or command.endswith("\\\n"):
            line = server.process.stdout.readline()
            command += line if command else line[line.index("curl"):] if "curl" in line else ""
        answer = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=20)
        assert answer.returncode == 0, answer.stderr
        assert json.loads(answer.stdout)["output"] == OUTPUT


def test_a_port_in_use_is_one_line_and_1():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = str(holder.getsockname()[1])
        code, _, err = run("serve", "--port", port)
    assert code == 1
    assert len(err.strip().splitlines()) == 1 and port in err and "in use" in err


@pytest.mark.parametrize("flag", NUMBERS)
def test_a_bad_flag_is_one_line_and_64(flag):
    value = FLAGS[flag][1]
    code, out, err = run("serve", f"{flag}={value}")
    assert code == 64, (out, err)
    assert flag in err and value in err
    assert len(err.strip().splitlines()) == 1, err


@pytest.mark.parametrize("flag", NUMBERS)
def test_a_bad_variable_is_one_line_and_64(flag):
    variable, value = FLAGS[flag]
    code, out, err = run("serve", **{variable: value})
    assert code == 64, (out, err)
    assert (variable in err or flag in err) and value in err
    assert len(err.strip().splitlines()) == 1, err


def test_a_host_that_is_not_ours():
    code, _, err = run("serve", "--host", "192.0.2.1", "--port", str(free_port()))
    assert code == 1
    assert "192.0.2.1" in err and len(err.strip().splitlines()) == 1


def test_an_unknown_flag_or_command_is_64():
    assert run("serve", "--prot", "80")[0] == 64
    assert run("sevre")[0] == 64


def test_an_unknown_instruction_set_is_64():
    code, _, err = run("serve", CONVSERVE_ISA="mmx")
    assert code == 64 and "mmx" in err and "portable" in err
    assert len(err.strip().splitlines()) == 1, err


def test_the_environment_is_read_and_a_flag_wins():
    port = free_port()
    env = dict(CONVSERVE_PORT=str(port), CONVSERVE_MAX_BODY_BYTES="12345",
               CONVSERVE_MAX_WAITING="7", CONVSERVE_ISA="portable")
    with Convserve("--max-waiting", "9", port=port, env=env, give_port=False) as server:
        reply = requests.get(server.url + "/v1").json()
        assert reply["limits"]["max_body_bytes"] == 12345
        assert reply["limits"]["max_waiting"] == 9
        assert reply["instruction_set"] == "portable"


@pytest.mark.parametrize("isa", instruction_sets())
def test_every_instruction_set_gives_the_answer(isa):
    with Convserve(env=dict(CONVSERVE_ISA=isa)) as server:
        assert server.post("conv2d", json.loads(BODY)).json()["output"] == OUTPUT
        assert requests.get(server.url + "/v1").json()["instruction_set"] == isa


def test_too_many_waiting_is_503():
    """One at a time and none waiting: of many at once some are turned away, with a time to retry."""
    with Convserve("--compute-threads", "1", "--max-waiting", "1") as server:
        clients = [Client(server, medium_request().replace(
            b"Host: localhost", b"Host: localhost\r\nConnection: close")) for _ in range(12)]
        for client in clients:
            client.start()
        for client in clients:
            client.join(timeout=60)
        assert [c.lost for c in clients] == [None] * len(clients)
        statuses = [status for c in clients for status in c.statuses]
        assert statuses.count(200) >= 1 and statuses.count(503) >= 1
        assert set(statuses) == {200, 503}


def test_healthcheck():
    with Convserve() as server:
        assert run("healthcheck", "--port", str(server.port))[0] == 0
        assert run("healthcheck", CONVSERVE_PORT=str(server.port))[0] == 0
        assert run("healthcheck", CONVSERVE_PORT=str(server.port), CONVSERVE_HOST="0.0.0.0")[0] == 0
        assert server.stop() == 0
        code, _, err = run("healthcheck", "--port", str(server.port))
        assert code == 1 and str(server.port) in err


def test_help_names_every_flag_and_variable():
    code, out, _ = run("serve", "--help")
    assert code == 0
    for flag, (variable, _) in FLAGS.items():
        assert flag in out, flag
        assert variable in out, variable
    code, out, _ = run("--help")
    assert code == 0
    assert all(command in out for command in ("serve", "bench", "healthcheck"))
    assert run("bench", "--help")[0] == 0


def test_version():
    code, out, _ = run("--version")
    assert code == 0 and re.search(r"\d+\.\d+\.\d+", out)
