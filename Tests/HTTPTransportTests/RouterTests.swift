// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import Testing

@Suite struct RouterTests {
    let router = Router<Int>([
        (.get, "/", 0), (.post, "/v1/conv2d", 1), (.get, "/v1/layers/{name}", 2),
        (.put, "/v1/layers/{name}", 3),
        (.get, "/v1/layers/all", 4), (.post, "/v1/layers/{name}/runs/{run}", 5),
    ])

    @Test(arguments: [
        (HTTPMethod.get, "/", 0), (.post, "/v1/conv2d", 1), (.get, "/v1/layers/a", 2),
        (.put, "/v1/layers/a", 3),
        (.get, "/v1/layers/all", 4), (.head, "/v1/layers/all", 4),
        (.post, "/v1/layers/a/runs/b", 5),
        (.post, "/v1/conv%32d", 1), (.post, "/%76%31/conv2d", 1),
    ])
    func found(_ method: HTTPMethod, _ path: String, _ value: Int) {
        guard case .found(value, _) = router.match(method, path: path) else {
            Issue.record("\(method.name) \(path) gave \(router.match(method, path: path))")
            return
        }
    }

    @Test(arguments: [
        "", "*", "v1/conv2d", "/v1", "/v1/", "/v1/conv2d/", "/V1/conv2d", "/v1/layers/",
        "/v1/layers/.", "/v1/layers/a/", "/v1/conv%2", "/v1%2Fconv2d",
    ])
    func notFound(_ path: String) {
        guard case .notFound = router.match(.post, path: path) else {
            Issue.record("\(path) gave \(router.match(.post, path: path))")
            return
        }
    }

    @Test func parameters() {
        guard
            case .found(5, let parameters) = router.match(
                .post, path: "/v1/layers/a%20b/runs/%C3%A4")
        else {
            Issue.record("not found")
            return
        }
        #expect(
            parameters["name"] == "a b" && parameters["run"] == "ä" && parameters["other"] == nil)
    }

    @Test func otherMethods() {
        guard
            case .methodNotAllowed("GET, HEAD, PUT, OPTIONS") = router.match(
                .delete, path: "/v1/layers/a"),
            case .options("POST, OPTIONS") = router.match(.options, path: "/v1/conv2d"),
            case .options("GET, HEAD, POST, PUT, OPTIONS") = router.match(.options, path: "*")
        else {
            Issue.record("\(router.match(.delete, path: "/v1/layers/a"))")
            return
        }
    }
}
