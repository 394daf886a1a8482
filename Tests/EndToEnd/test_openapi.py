# SPDX-License-Identifier: Apache-2.0
"""openapi.yaml is valid, and what it shows happens: each of its examples is run."""
import jsonschema
import pytest
import requests
import yaml
from openapi_spec_validator import validate

from convserve_process import REPOSITORY

DOCUMENT = yaml.safe_load((REPOSITORY / "openapi.yaml").read_text())
# What differs from machine to machine or from call to call.
VARIES = {"algorithm", "unfused_ms", "fused_ms", "max_abs_diff", "max_rel_diff", "request_id",
          "compute_ms", "scratch_bytes", "time_ms", "gflops", "fastest", "auto"}


def operations():
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def follow(node):
    """What a $ref stands for."""
    while "$ref" in node:
        target = DOCUMENT
        for key in node["$ref"].removeprefix("#/").split("/"):
            target = target[key]
        node = target
    return node


def filled(path, operation):
    """The path with an example of each of its parameters."""
    for parameter in map(follow, operation.get("parameters", [])):
        if parameter["in"] == "path":
            path = path.replace("{%s}" % parameter["name"], parameter["example"])
    return path


def check_schema(value, schema):
    """OpenAPI 3.1's schemas are JSON Schema 2020-12; references lead into the document."""
    jsonschema.Draft202012Validator({"components": DOCUMENT["components"], **schema}).validate(value)


def posts():
    """(path, name, request, status, expected reply, schema of the reply) of each example."""
    for path, method, operation in operations():
        if method != "post" or "application/json" not in operation["requestBody"]["content"]:
            continue
        replies = {}
        for status, response in operation["responses"].items():
            for content in follow(response).get("content", {}).values():
                for name, example in content.get("examples", {}).items():
                    replies[name] = (int(status), example["value"], content["schema"])
        for name, example in operation["requestBody"]["content"]["application/json"]["examples"].items():
            yield pytest.param(
                path, filled(path, operation), example["value"], *replies[name], id=f"{path[4:]}-{name}")


def without(value, names):
    if isinstance(value, dict):
        return {k: without(v, names) for k, v in value.items() if k not in names}
    return [without(v, names) for v in value] if isinstance(value, list) else value


def test_the_document_is_valid():
    validate(DOCUMENT)


def test_every_operation_has_an_id_and_its_own():
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(ids)) == len(ids)


def test_objects_allow_nothing_that_they_do_not_name():
    def check(node, place):
        if isinstance(node, dict):
            if node.get("type") == "object" and "properties" in node:
                assert node.get("additionalProperties") is False, place
            for key, value in node.items():
                check(value, f"{place}/{key}")
    check(DOCUMENT["components"]["schemas"], "#/components/schemas")


def test_every_post_has_examples_with_answers():
    assert len(list(posts())) >= 15
    for path, method, operation in operations():
        if method == "post" and path != "/v1/fuse/checkpoint":  # a file, which a document cannot show
            assert operation["requestBody"]["content"]["application/json"]["examples"], path


@pytest.mark.parametrize("path, url, body, status, expected, schema", list(posts()))
def test_example(server, path, url, body, status, expected, schema):
    request_schema = DOCUMENT["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    check_schema(body, request_schema)
    check_schema(expected, schema)

    response = requests.post(server.url + url, json=body, timeout=30)

    assert response.status_code == status, response.text
    reply = response.json()
    check_schema(reply, schema)
    assert without(reply, VARIES) == without(expected, VARIES)
    assert response.headers["X-Request-Id"]
    if status == 200:
        assert response.headers["Server-Timing"]


@pytest.mark.parametrize("path", [p for p, method, _ in operations() if method == "get"])
def test_get(server, path):
    operation = DOCUMENT["paths"][path]["get"]
    response = requests.get(server.url + filled(path, operation), timeout=30)
    documented = operation["responses"]["200"]
    content = documented["content"].get(response.headers["Content-Type"].split(";")[0])
    assert response.status_code == 200 and content, response.headers["Content-Type"]
    for name in documented["headers"]:
        assert name in response.headers, name
    if response.headers["Content-Type"].startswith("application/json"):
        check_schema(response.json(), content["schema"])
        for example in content.get("examples", {}).values():
            assert response.json() == example["value"]


@pytest.mark.parametrize("body", [
    {"input": [[1]], "weight": [[1]], "strid": 2},
    {"input": [[1]], "weight": [[1]], "padding": "SAME"},
    {"input": [[1]], "weight": [[1]], "stride": 0},
    {"input": [[1]], "weight": [[1]], "stride": []},
    {"input": [[1]], "weight": [[1]], "groups": 1.5},
    {"input": [[1]], "weight": [[1]], "format": "yaml"},
    {"input": {"shape": [1, 1], "data": [1], "type": "float32"}, "weight": [[1]]},
    {"input": {"shape": [1, 1], "data": [1], "dtype": "int8"}, "weight": [[1]]},
    {"input": [["one"]], "weight": [[1]]},
    {"weight": [[1]]},
])
def test_what_the_schema_forbids_is_refused(server, body):
    """The document and the server agree on what a request may not be."""
    with pytest.raises(jsonschema.ValidationError):
        check_schema(body, {"$ref": "#/components/schemas/ConvolutionRequest"})
    response = requests.post(server.url + "/v1/conv2d", json=body, timeout=30)
    assert response.status_code == 422, response.text
    check_schema(response.json(), {"$ref": "#/components/schemas/Problem"})
