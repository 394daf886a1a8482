# SPDX-License-Identifier: Apache-2.0
"""Schemathesis reads openapi.yaml and tries what it allows and what it forbids on the live server.

It knows nothing of convolutions: almost everything it makes up is refused. So it looks for what
no caller may see: 5xx, statuses and content types that are not documented, and replies that are
not what their schema says. (What a valid request gets is in test_differential.py.)
"""
import os

import hypothesis
import pytest
import schemathesis
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance, response_headers_conformance, status_code_conformance)

from test_openapi import DOCUMENT, check_schema, follow

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance,
          response_headers_conformance]
POSTS = [path for path, item in DOCUMENT["paths"].items() if "post" in item]


def small_tensors(document):
    """The same with nested tensors of at most four dimensions and four elements a row.

    The document's nested tensors have no end, and neither has the time to draw from them.
    """
    schemas = document["components"]["schemas"]
    row = {"$ref": "#/components/schemas/Number"}
    for _ in range(4):
        row = {"type": "array", "items": row, "maxItems": 4}
        row = {"anyOf": [{"$ref": "#/components/schemas/Number"}, row]}
    return document | {"components": document["components"] | {"schemas": schemas | {
        "NestedTensor": {"type": "array", "items": row, "maxItems": 4}}}}


SCHEMA = schemathesis.openapi.from_dict(small_tensors(DOCUMENT))
nightly = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
bounded = hypothesis.settings(
    max_examples=2000 if nightly else 8, deadline=None, database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate, hypothesis.Phase.shrink])


def check(server, case):
    """Replies are held against the whole document, not the one with small tensors."""
    response = case.call_and_validate(base_url=server.url, checks=CHECKS, timeout=30)
    operation = DOCUMENT["paths"][case.path].get(case.method.lower())
    if operation is None:  # a method that the path does not have
        assert response.status_code in (405, 501) or case.method in ("OPTIONS", "HEAD")
        return
    documented = follow(operation["responses"][str(response.status_code)]).get("content", {})
    for content_type, content in documented.items():
        if response.headers["content-type"][0].startswith(content_type) and "schema" in content:
            is_json = content_type.endswith("json")
            check_schema(response.json() if is_json else response.text, content["schema"])


@SCHEMA.parametrize()
@bounded
def test_nothing_that_is_not_documented(server, case):
    check(server, case)


@pytest.mark.parametrize("path", POSTS)
@bounded
@hypothesis.given(data=st.data())
def test_what_the_schema_forbids(server, path, data):
    """Fields left out, of other types, out of range, or that there are not."""
    strategy = SCHEMA[path]["POST"].as_strategy(
        generation_mode=schemathesis.GenerationMode.NEGATIVE)
    check(server, data.draw(strategy))
