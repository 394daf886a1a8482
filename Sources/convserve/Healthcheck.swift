// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `convserve healthcheck`: asks a running server whether it is alive.
struct Healthcheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask the server on CONVSERVE_HOST and CONVSERVE_PORT whether it is alive.",
        discussion: "Exit code 0 if GET /healthz (or --path) answers 200, else 1 and one line.")

    @Option(help: "Address of the server. CONVSERVE_HOST, default 127.0.0.1.")
    var host: String?
    @Option(help: "Port of the server. CONVSERVE_PORT, default 8080.")
    var port: UInt16?
    @Option(help: "What to ask for; /readyz asks whether it takes work.")
    var path = "/healthz"
    @Option(help: "Seconds to wait for the answer.")
    var seconds = 2

    func run() throws {
        let host = try Setting.value("host", host, default: "127.0.0.1")
        let port = try Setting.value("port", port, default: UInt16(8080))
        let status = try PlainGet(host: host, port: port, path: path, seconds: max(1, seconds))
            .status()
        guard status == 200 else {
            throw CheckFailure(
                description: "GET \(path) on \(host) port \(port) answered \(status)")
        }
        print("ok")
    }
}

/// The server is not well: one line, exit code 1.
struct CheckFailure: Error, CustomStringConvertible {
    let description: String
}
