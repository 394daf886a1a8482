# SPDX-License-Identifier: Apache-2.0
"""openapi.yaml is what a generator of clients can take: each of its examples by the client it makes.

A generated client sends what the document gives defaults for, and reads replies by their schemas.
"""
import importlib
import json
import subprocess
import sys
import typing

import pytest

from test_openapi import DOCUMENT, VARIES, posts, without

CANNOT = ["application/vnd.safetensors", "application/x-npz", "application/x-npy", "application/yaml"]


@pytest.fixture(scope="module")
def client(server, tmp_path_factory):
    """The generated package, and a client of it."""
    directory = tmp_path_factory.mktemp("generated")
    (directory / "settings.json").write_text(json.dumps({"post_hooks": []}))
    done = subprocess.run(
        [sys.executable, "-m", "openapi_python_client", "generate",
         "--url", f"{server.url}/openapi.yaml", "--meta", "none",
         "--config", directory / "settings.json", "--output-path", directory / "convserve_client"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
    check_warnings(done.stdout)
    sys.path.insert(0, str(directory))
    yield importlib.import_module("convserve_client").Client(server.url, raise_on_unexpected_status=True)
    sys.path.remove(str(directory))


def check_warnings(printed):
    """The generator warns of what it leaves out: encodings that it does not know, nothing else."""
    assert "Unable to process schema" not in printed, printed
    for line in printed.splitlines():
        if line.startswith(("Unsupported", "Cannot parse", "Could not", "Invalid")):
            assert any(kind in line for kind in CANNOT), line


def operation(path):
    """The generated module of a path's POST."""
    described = DOCUMENT["paths"][path]["post"]
    return importlib.import_module(f"convserve_client.api.{described['tags'][0]}.{described['operationId']}")


def model_of(function, value):
    """`value` as the data class that the function's body takes, one of several perhaps."""
    hint = typing.get_type_hints(function)["body"]
    for kind in typing.get_args(hint) or [hint]:
        if hasattr(kind, "from_dict"):
            try:
                return kind.from_dict(value)
            except (KeyError, TypeError, ValueError):
                continue
    raise TypeError(f"{function.__module__} takes no {value}")


def as_json(value):
    if isinstance(value, list):
        return [as_json(item) for item in value]
    return value.to_dict() if hasattr(value, "to_dict") else value


@pytest.mark.parametrize("path, url, body, status, expected, schema", list(posts()))
def test_example(client, path, url, body, status, expected, schema):
    call = operation(path).sync_detailed
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    parts = dict(zip(path.split("/"), url.split("/")))
    reply = call(client=client, body=model_of(call, body), **{name: parts["{%s}" % name] for name in names})
    assert reply.status_code == status, reply.content
    assert without(as_json(reply.parsed), VARIES) == without(expected, VARIES)


def test_what_the_service_says_of_itself(client):
    capabilities = importlib.import_module("convserve_client.api.service.capabilities")
    assert capabilities.sync(client=client).name == "convserve"
