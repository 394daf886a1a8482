# SPDX-License-Identifier: Apache-2.0
"""HTTP itself, by requests and by bare sockets."""
import gzip
import json
import re
import socket

import pytest
import requests
import yaml
from prometheus_client.parser import text_string_to_metric_families

from convserve_process import REPOSITORY, Convserve

BODY = b'{"input": [[1, 2, 3], [4, 5, 6], [7, 8, 9]], "weight": [[1, 0], [0, -1]]}'
OUTPUT = [[-4, -4], [-4, -4]]
JSON = {"Content-Type": "application/json"}
GET_PATHS = ["/v1", "/healthz", "/readyz", "/metrics", "/openapi.yaml", "/openapi.json", "/"]


class Reply:
    """A response read off a socket."""

    def __init__(self, stream, method="POST"):
        line = stream.readline()
        if not line:
            raise EOFError("the server closed the connection without an answer")
        self.status = int(line.split()[1])
        self.headers = {}
        while (line := stream.readline().strip()):
            name, value = line.decode("latin-1").split(":", 1)
            self.headers[name.lower()] = value.strip()
        length = int(self.headers.get("content-length", 0))
        has_body = method != "HEAD" and self.status >= 200 and self.status not in (204, 304)
        self.body = stream.read(length) if has_body else b""

    def json(self):
        return json.loads(self.body)


class Connection:
    def __init__(self, server):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        self.stream = self.socket.makefile("rb")

    def send(self, data):
        self.socket.sendall(data)

    def read(self, method="POST"):
        return Reply(self.stream, method)

    def is_closed_by_server(self):
        """Waits for the end of the stream; a time-out is an answer too."""
        try:
            self.stream.read()
            return True
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False

    def close(self):
        self.stream.close()
        self.socket.close()


@pytest.fixture
def connection(server):
    connection = Connection(server)
    yield connection
    connection.close()


def post(path="/v1/conv2d", *headers, body=BODY, length=True):
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json"]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join([*lines, *headers]) + "\r\n\r\n").encode() + body


def assert_problem(response, status):
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status and problem["detail"]
    assert problem["request_id"] == response.headers["X-Request-Id"]
    return problem


# ---- routes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/conv4d", "/v1/", "/nothing", "/v1/conv2d/", "/v1/fuse",
                                  "/v1/%00", "/../etc/passwd", "/v1/conv2d%2f"])
def test_404(server, path):
    problem = assert_problem(requests.post(server.url + path, data=BODY, headers=JSON), 404)
    assert problem["title"] == "Not Found"


@pytest.mark.parametrize("method, path, allow", [
    ("GET", "/v1/conv2d", "POST"), ("PUT", "/v1/conv2d", "POST"), ("DELETE", "/v1/shape", "POST"),
    ("POST", "/healthz", "GET HEAD"), ("PATCH", "/v1", "GET HEAD")])
def test_405_tells_the_methods(server, method, path, allow):
    response = requests.request(method, server.url + path)
    assert_problem(response, 405)
    assert set(response.headers["Allow"].split(", ")) == {*allow.split(), "OPTIONS"}


@pytest.mark.parametrize("path, allow", [("/v1/conv2d", "POST"), ("/healthz", "GET HEAD")])
def test_options_tells_the_methods(server, path, allow):
    response = requests.options(server.url + path)
    assert response.status_code == 204 and not response.content
    assert set(response.headers["Allow"].split(", ")) == {*allow.split(), "OPTIONS"}


@pytest.mark.parametrize("path", GET_PATHS)
def test_get_and_head(server, path):
    plain = {"Accept-Encoding": "identity"}
    got, head = (call(server.url + path, headers=plain) for call in (requests.get, requests.head))
    assert got.status_code == head.status_code == 200
    assert got.content and not head.content
    assert head.headers["Content-Type"] == got.headers["Content-Type"]
    if path != "/metrics":
        assert head.headers["Content-Length"] == str(len(got.content))


def test_head_keeps_the_connection(connection):
    connection.send(b"HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + post())
    assert connection.read("HEAD").status == 200
    assert connection.read().json()["output"] == OUTPUT


# ---- media types ----------------------------------------------------------------------------------


@pytest.mark.parametrize("content_type", [
    "text/plain", "multipart/form-data", "application/jsonx", "application/json; charset=utf-16"])
def test_415(server, content_type):
    problem = assert_problem(requests.post(
        server.url + "/v1/conv2d", data=BODY, headers={"Content-Type": content_type}), 415)
    assert "json" in problem["detail"].lower()


def test_415_for_an_unknown_compression(server):
    response = requests.post(
        server.url + "/v1/conv2d", data=gzip.compress(BODY),
        headers=JSON | {"Content-Encoding": "br"})
    assert_problem(response, 415)


@pytest.mark.parametrize("content_type", [
    "application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"])
def test_json_by_any_of_its_names(server, content_type):
    response = requests.post(
        server.url + "/v1/conv2d", data=BODY, headers={"Content-Type": content_type})
    assert response.json()["output"] == OUTPUT


@pytest.mark.parametrize("accept", [
    "text/html", "application/json;q=0", "image/*"])
def test_406(server, accept):
    problem = assert_problem(requests.post(
        server.url + "/v1/conv2d", data=BODY, headers=JSON | {"Accept": accept}), 406)
    assert "application/json" in problem["detail"]


@pytest.mark.parametrize("accept", [
    "application/json", "*/*", "application/*", "text/html, application/json;q=0.1",
    "text/html,application/xhtml+xml,*/*;q=0.8"])
def test_accepted(server, accept):
    response = requests.post(
        server.url + "/v1/conv2d", data=BODY, headers=JSON | {"Accept": accept})
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"


# ---- lengths, chunks, expectations ----------------------------------------------------------------


def test_411(connection):
    connection.send(post(body=b"", length=False))
    reply = connection.read()
    assert reply.status == 411 and reply.json()["detail"]


def test_413_before_the_body_is_sent(server):
    """By the announced length alone: the client may save itself the upload."""
    limit = requests.get(server.url + "/v1").json()["limits"]["max_body_bytes"]
    connection = Connection(server)
    connection.send(
        f"POST /v1/conv2d HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Expect: 100-continue\r\nContent-Length: {limit * 4}\r\n\r\n".encode())
    reply = connection.read()
    connection.close()
    assert reply.status == 413
    assert str(limit) in reply.json()["detail"] and "max-body-bytes" in reply.json()["detail"]


@pytest.fixture(scope="module")
def small_server():
    with Convserve("--max-body-bytes", "1000") as server:
        yield server


def test_413_by_requests(small_server):
    assert_problem(requests.post(
        small_server.url + "/v1/conv2d", data=b" " * 100_000 + BODY, headers=JSON), 413)
    assert requests.post(
        small_server.url + "/v1/conv2d", data=BODY, headers=JSON).json()["output"] == OUTPUT


def test_413_of_a_chunked_body(small_server):
    chunks = iter([b" " * 600, b" " * 600, BODY])
    assert_problem(requests.post(small_server.url + "/v1/conv2d", data=chunks, headers=JSON), 413)


def test_chunked_upload(server):
    chunks = iter([BODY[:1], BODY[1:30], BODY[30:]])
    response = requests.post(server.url + "/v1/conv2d", data=chunks, headers=JSON)
    assert response.json()["output"] == OUTPUT


def test_chunks_of_one_byte_with_extensions_and_trailers(connection):
    connection.send(post("/v1/conv2d", "Transfer-Encoding: chunked", body=b"", length=False))
    for byte in BODY:
        connection.send(b"1;name=value\r\n" + bytes([byte]) + b"\r\n")
    connection.send(b"0\r\nX-Trailer: 1\r\n\r\n")
    assert connection.read().json()["output"] == OUTPUT


@pytest.mark.parametrize("coding", ["gzip, chunked", "gzip", "identity", "chunked, chunked"])
def test_other_transfer_codings_are_not_implemented(connection, coding):
    connection.send(post("/v1/conv2d", f"Transfer-Encoding: {coding}", body=b"", length=False))
    assert connection.read().status == 501
    assert connection.is_closed_by_server()


@pytest.mark.parametrize("header", ["Transfer-Encoding: chunked", f"Content-Length: {len(BODY)}",
                                    "Content-Length: 5", "Host: other"])
def test_two_lengths_or_hosts_are_refused(connection, header):
    """What proxies and servers read differently lets a request be smuggled past the proxy."""
    connection.send(post("/v1/conv2d", header))
    assert connection.read().status == 400
    assert connection.is_closed_by_server()


@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "+5", "0x10", "99999999999999999999"])
def test_a_length_that_is_none(connection, length):
    connection.send(post("/v1/conv2d", f"Content-Length: {length}", length=False))
    assert connection.read().status in (400, 413)
    assert connection.is_closed_by_server()


def test_expect_100_continue(connection):
    head = post("/v1/conv2d", f"Content-Length: {len(BODY)}", "Expect: 100-continue", body=b"",
                length=False)
    connection.send(head)
    assert connection.read().status == 100
    connection.send(BODY)
    assert connection.read().json()["output"] == OUTPUT


def test_expect_something_else(connection):
    connection.send(post("/v1/conv2d", "Expect: a-miracle"))
    reply = connection.read()
    assert reply.status == 417 and "100-continue" in reply.json()["detail"]


def test_headers_that_fill_the_memory(connection):
    connection.send(post("/v1/conv2d", *[f"X-Filler-{i}: {'x' * 500}" for i in range(200)]))
    assert connection.read().status in (413, 431)


# ---- connections ----------------------------------------------------------------------------------


def test_one_connection_serves_many_requests(connection):
    for _ in range(50):
        connection.send(post())
        assert connection.read().json()["output"] == OUTPUT
    for path in ("/nothing", "/v1/shape"):  # an error does not cost the connection
        connection.send(post(path))
        assert connection.read().status in (404, 422)
    connection.send(post())
    assert connection.read().status == 200


@pytest.mark.parametrize("count", [2, 20])
def test_pipelining(connection, count):
    """Requests in one segment, answered in order."""
    bodies = [json.dumps({"input": [[i]], "weight": [[1]]}).encode() for i in range(count)]
    connection.send(b"".join(post(body=body) for body in bodies))
    assert [connection.read().json()["output"] for _ in bodies] == [[[i]] for i in range(count)]


def test_pipelining_large_and_small(connection):
    size = 400
    row = [0.5] * size
    large = json.dumps({"input": [row] * size, "weight": [[1] * 5] * 5}).encode()
    connection.send(
        post(body=large) + b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + post() + post(body=large))
    assert len(connection.read().json()["output"]) == size - 4
    assert connection.read("GET").json() == {"status": "ok"}
    assert connection.read().json()["output"] == OUTPUT
    assert len(connection.read().json()["output"]) == size - 4


def test_a_body_that_comes_byte_by_byte(connection):
    connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in post():
        connection.send(bytes([byte]))
    assert connection.read().json()["output"] == OUTPUT


def test_connection_close_and_http_1_0(server):
    for request in (post("/v1/conv2d", "Connection: close"),
                    post().replace(b"HTTP/1.1", b"HTTP/1.0")):
        connection = Connection(server)
        connection.send(request)
        assert connection.read().json()["output"] == OUTPUT
        assert connection.is_closed_by_server()
        connection.close()


def test_half_close(connection):
    """`nc -N` shuts its side down after the request and still wants the answer."""
    connection.send(post())
    connection.socket.shutdown(socket.SHUT_WR)
    assert connection.read().json()["output"] == OUTPUT


def test_absolute_form_and_percent_encoding(connection):
    connection.send(post("http://localhost/v1/conv2d") + post("/v1/conv%32d"))
    assert connection.read().status in (200, 404)
    assert connection.read().json()["output"] == OUTPUT


@pytest.mark.parametrize("garbage", [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GARBAGE\r\n\r\n", b"\x00" * 100 + b"\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n", b"POST /v1/conv2d HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc"])
def test_garbage_and_broken_uploads_do_no_harm(server, garbage):
    for _ in range(20):
        connection = Connection(server)
        connection.send(garbage)
        connection.close()
    assert requests.post(server.url + "/v1/conv2d", data=BODY, headers=JSON).status_code == 200


def test_a_slow_body_is_timed_out():
    with Convserve("--body-timeout-seconds", "1") as server:
        connection = Connection(server)
        connection.send(post()[:-10])
        reply = connection.read()
        assert reply.status == 408 and "body-timeout-seconds" in reply.json()["detail"]
        assert requests.post(server.url + "/v1/conv2d", data=BODY, headers=JSON).status_code == 200
        connection.close()


def test_an_idle_connection_is_closed():
    with Convserve("--idle-timeout-seconds", "1") as server:
        connection = Connection(server)
        connection.send(post())
        assert connection.read().status == 200
        assert connection.is_closed_by_server()
        connection.close()


# ---- headers of every reply -----------------------------------------------------------------------


@pytest.mark.parametrize("sent", ["abc", "4bf92f3577b34da6a3ce929d0e0e4736", "a" * 128, "a.b:c/d=@+~_-"])
def test_a_sane_request_id_comes_back(server, sent):
    for path, status in (("/v1/conv2d", 200), ("/nothing", 404)):
        response = requests.post(
            server.url + path, data=BODY, headers=JSON | {"X-Request-Id": sent})
        assert response.status_code == status
        assert response.headers["X-Request-Id"] == sent


@pytest.mark.parametrize("sent", ["", "a b", "<script>", "a" * 129, "é".encode("latin-1"), "a,b\tc"])
def test_another_is_replaced(server, sent):
    response = requests.post(
        server.url + "/v1/conv2d", data=BODY, headers=JSON | {"X-Request-Id": sent})
    assert response.status_code == 200
    assert re.fullmatch(r"[0-9a-z-]{8,40}", response.headers["X-Request-Id"])


def test_request_ids_differ(server):
    ids = {requests.get(server.url + "/healthz").headers["X-Request-Id"] for _ in range(50)}
    assert len(ids) == 50


@pytest.mark.parametrize("size", [3, 300])
def test_server_timing(server, size):
    response = requests.post(
        server.url + "/v1/conv2d", json={"input": [[1] * size] * size, "weight": [[1] * 3] * 3})
    parts = dict(part.split(";dur=") for part in response.headers["Server-Timing"].split(", "))
    assert list(parts) == ["parse", "queue", "compute", "serialize"]
    milliseconds = {name: float(value) for name, value in parts.items()}
    assert all(value >= 0 for value in milliseconds.values())
    assert sum(milliseconds.values()) <= response.elapsed.total_seconds() * 1e3
    if size == 300:
        assert all(milliseconds[name] > 0 for name in ("parse", "compute", "serialize"))


# ---- the service's own pages ----------------------------------------------------------------------


def test_metrics_are_prometheus_text(server):
    def sample(name, **labels):
        response = requests.get(server.url + "/metrics")
        assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        families = list(text_string_to_metric_families(response.text))
        assert len({family.name for family in families}) == len(families), "a family comes twice"
        assert all(family.documentation and family.type != "unknown" for family in families)
        return sum(s.value for family in families for s in family.samples
                   if s.name == name and labels.items() <= s.labels.items())

    ok = dict(operation="conv2d", status="200")
    refused = dict(operation="conv2d", status="422")
    before = [sample("convserve_requests_total", **ok), sample("convserve_requests_total", **refused),
              sample("convserve_request_duration_seconds_count", **ok),
              sample("convserve_request_bytes_total"), sample("convserve_response_bytes_total")]
    for _ in range(3):
        response = requests.post(server.url + "/v1/conv2d", data=BODY, headers=JSON)
    requests.post(server.url + "/v1/conv2d", data=b"{}", headers=JSON)
    after = [sample("convserve_requests_total", **ok), sample("convserve_requests_total", **refused),
             sample("convserve_request_duration_seconds_count", **ok),
             sample("convserve_request_bytes_total"), sample("convserve_response_bytes_total")]
    assert after[0] - before[0] == 3 and after[1] - before[1] == 1 and after[2] - before[2] == 3
    assert after[3] - before[3] >= 3 * len(BODY) + 2
    assert after[4] - before[4] >= 3 * len(response.content)
    assert sample("convserve_request_duration_seconds_bucket", le="+Inf", **ok) == after[2]
    assert sample("convserve_requests_in_flight") >= 0 <= sample("convserve_requests_waiting")


def test_openapi_is_the_file_of_the_repository(server):
    file = (REPOSITORY / "openapi.yaml").read_bytes()
    served = requests.get(server.url + "/openapi.yaml")
    assert served.content == file
    assert served.headers["Content-Type"].startswith("application/yaml")
    assert requests.get(server.url + "/openapi.json").json() == yaml.safe_load(file)


def test_capabilities(server):
    reply = requests.get(server.url + "/v1").json()
    assert reply["name"] == "convserve"
    assert {"conv2d", "conv_transpose3d", "fuse/repvgg", "shape"} <= set(reply["operations"])
    assert reply["encodings"] == [
        "application/json", "application/vnd.safetensors", "application/x-npz", "application/x-npy",
        "application/octet-stream"]
    assert reply["instruction_set"] in ("portable", "avx2", "avx512")


def test_the_page_for_a_browser(server):
    response = requests.get(server.url + "/", headers={
        "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"})
    assert response.headers["Content-Type"].startswith("text/html")
    assert "/v1/conv2d" in response.text
