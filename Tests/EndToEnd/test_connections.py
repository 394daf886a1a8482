# SPDX-License-Identifier: Apache-2.0
"""One connection that is kept for long, and very many at once."""
import http.client
import json
import selectors
import socket

BODY = json.dumps({"input": [[1, 2], [3, 4]], "weight": [[1]]}).encode()
REQUEST = (b"POST /v1/conv2d HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
           b"Content-Length: %d\r\n\r\n" % len(BODY)) + BODY
OUTPUT = b'{"output":[[1.0,2.0],[3.0,4.0]]'


def test_ten_thousand_requests_over_one_connection(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.connect()
    local = connection.sock.getsockname()
    for number in range(10_000):
        connection.request("POST", "/v1/conv2d", BODY, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        assert reply.status == 200 and reply.read().startswith(OUTPUT), number
        assert connection.sock and connection.sock.getsockname() == local, f"a new connection for {number}"
    connection.close()


def test_ten_thousand_requests_sent_ahead(server):
    """Pipelined: nobody waits for a reply before the next request."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        replies, sent, received = 10_000, 0, b""
        connection.setblocking(False)
        count = 0
        with selectors.DefaultSelector() as selector:
            selector.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
            rest = REQUEST * replies
            while count < replies:
                [(_, events)] = selector.select(timeout=30)
                if events & selectors.EVENT_WRITE and sent < len(rest):
                    sent += connection.send(rest[sent:sent + (1 << 16)])
                    if sent == len(rest):
                        selector.modify(connection, selectors.EVENT_READ)
                if events & selectors.EVENT_READ:
                    received += connection.recv(1 << 16)
                    count += received.count(OUTPUT)
                    received = received[received.rfind(OUTPUT) + len(OUTPUT):] if OUTPUT in received else received
        assert count == replies


def test_a_thousand_connections_at_once(server):
    connections = [socket.create_connection(("127.0.0.1", server.port), timeout=60) for _ in range(1000)]
    try:
        for half in (REQUEST[:40], REQUEST[40:]):  # all of them are in the middle of a request for a while
            for connection in connections:
                connection.sendall(half)
        for connection in connections:
            reply = b""
            while OUTPUT not in reply:
                part = connection.recv(4096)
                assert part, reply
                reply += part
            assert reply.startswith(b"HTTP/1.1 200")
    finally:
        for connection in connections:
            connection.close()
