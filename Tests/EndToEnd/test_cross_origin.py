# SPDX-License-Identifier: Apache-2.0
"""Web pages of other origins: nothing without an allow-list, and what the Fetch standard asks with one."""
import pytest
import requests

from convserve_process import Convserve, run

LAB = "https://lab.example"
CALL = {"input": [[1]], "weight": [[1]]}


def preflight(server, origin, path="/v1/conv2d", **more):
    return requests.options(server.url + path, timeout=30, headers={
        "Origin": origin, "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type"} | more)


def test_nobody_may_by_default(server):
    for response in [preflight(server, LAB),
                     requests.post(server.url + "/v1/conv2d", json=CALL, headers={"Origin": LAB}, timeout=30)]:
        assert not [name for name in response.headers if name.lower().startswith("access-control")]


@pytest.fixture(scope="module")
def open_server():
    with Convserve("--cors-origins", f"{LAB}, http://localhost:8888") as server:
        yield server
        assert server.stop() == 0


@pytest.mark.parametrize("origin", [LAB, "http://localhost:8888"])
def test_listed_origins_may(open_server, origin):
    response = preflight(open_server, origin)
    assert response.status_code == 204
    assert response.headers["Access-Control-Allow-Origin"] == origin
    assert "POST" in response.headers["Access-Control-Allow-Methods"]
    assert "Content-Type" in response.headers["Access-Control-Allow-Headers"]
    assert "Origin" in response.headers["Vary"]
    reply = requests.post(open_server.url + "/v1/conv2d", json=CALL, headers={"Origin": origin}, timeout=30)
    assert reply.status_code == 200 and reply.headers["Access-Control-Allow-Origin"] == origin
    assert "Server-Timing" in reply.headers["Access-Control-Expose-Headers"]


def test_refusals_can_be_read_by_the_page_too(open_server):
    headers = {"Origin": LAB}
    wrong = requests.post(open_server.url + "/v1/conv2d", json={}, headers=headers, timeout=30)
    missing = requests.get(open_server.url + "/nowhere", headers=headers, timeout=30)
    unread = requests.post(open_server.url + "/v1/conv2d", data=b"x", timeout=30,
                           headers=headers | {"Content-Type": "text/xml"})
    for response, status in [(wrong, 422), (missing, 404), (unread, 415)]:
        assert response.status_code == status
        assert response.headers["Access-Control-Allow-Origin"] == LAB


def test_others_may_not(open_server):
    for origin in ["https://evil.example", "https://lab.example.evil.example", "null"]:
        response = preflight(open_server, origin)
        assert "Access-Control-Allow-Origin" not in response.headers and "Origin" in response.headers["Vary"]


def test_any_origin():
    with Convserve(env={"CONVSERVE_CORS_ORIGINS": "*"}) as server:
        response = preflight(server, "https://anyone.example",
                             **{"Access-Control-Request-Private-Network": "true"})
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert response.headers["Access-Control-Allow-Private-Network"] == "true"


@pytest.mark.parametrize("value", ["lab.example", "https://", "https://a.example/path", "https://*.example"])
def test_bad_lists_are_told(value):
    code, _, stderr = run("serve", "--cors-origins", value)
    assert code == 64 and "--cors-origins" in stderr
