// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A request that came from Swift values instead of a socket.
final class RequestValues: @unchecked Sendable {
    let path: UnsafeBufferPointer<UInt8>
    let body: UnsafeRawBufferPointer
    private let headers: [(name: String, value: String)]
    let query: [(name: String, value: String?)]
    /// Readers of numbers may read this far past the end of a body (see chttpd.h).
    private static let slack = 64

    init(target: String, headers: [(name: String, value: String)], body: [UInt8]) {
        let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = UnsafeBufferPointer(
            rebasing: RequestValues.copied(Array(halves[0].utf8))[..<halves[0].utf8.count])
        self.body = UnsafeRawBufferPointer(
            rebasing: UnsafeRawBufferPointer(RequestValues.copied(body))[..<body.count])
        self.headers = headers
        query = halves.count < 2 ? [] : halves[1].split(separator: "&").map(RequestValues.item)
    }

    deinit {
        free(UnsafeMutableRawPointer(mutating: path.baseAddress))
        free(UnsafeMutableRawPointer(mutating: body.baseAddress))
    }

    func withField<R>(_ name: String, inQuery: Bool, _ body: (UnsafePointer<CChar>?) -> R) -> R {
        let key = name.lowercased()
        let found =
            inQuery
            ? query.first { $0.name.lowercased() == key }.map { $0.value ?? "" }
            : headers.first { $0.name.lowercased() == key }?.value
        guard let found else { return body(nil) }
        return found.withCString(body)
    }

    private static func item(_ text: Substring) -> (name: String, value: String?) {
        let sides = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return (plain(sides[0]), sides.count > 1 ? plain(sides[1]) : nil)
    }

    private static func plain(_ text: Substring) -> String {
        String(text.map { $0 == "+" ? " " : $0 })
    }

    private static func copied(_ bytes: [UInt8]) -> UnsafeBufferPointer<UInt8> {
        let copy = UnsafeMutableBufferPointer<UInt8>(
            start: calloc(bytes.count + slack, 1)!.assumingMemoryBound(to: UInt8.self),
            count: bytes.count + slack)
        _ = copy.update(fromContentsOf: bytes)
        return UnsafeBufferPointer(copy)
    }
}
