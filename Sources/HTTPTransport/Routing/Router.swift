// SPDX-License-Identifier: Apache-2.0

/// What a router knows about a method and a path.
public enum RouteMatch<Value: Sendable>: Sendable {
    /// The value of the route and the values of its `{names}`, percent-decoded.
    case found(Value, parameters: RouteParameters)
    /// The path exists and was asked what it can do: answer 204 with `Allow`.
    case options(allow: String)
    /// The path exists, but not for this method: answer 405 with `Allow`.
    case methodNotAllowed(allow: String)
    /// There is no such path.
    case notFound
}

/// A table of methods and path patterns, like `/v1/layers/{name}`, each with a value.
///
/// Paths compare byte by byte, case and trailing slash included; only escapes are undone. `.` and
/// `..` mean nothing: there are no files. A literal path goes before one with names. HEAD is found
/// where GET is.
public struct Router<Value: Sendable>: Sendable {
    private let table: RouteTable
    private let values: [Value]

    /// A router over a table. Two entries for the same method and path are a mistake in the
    /// program.
    public init(_ routes: [(method: HTTPMethod, pattern: String, value: Value)]) {
        table = RouteTable(routes.map { ($0.method, $0.pattern) })
        values = routes.map(\.value)
    }

    /// The route for a request.
    public func match(_ request: HTTPRequest) -> RouteMatch<Value> {
        named(table.match(request.method, request.encodedPath))
    }

    /// The route for a method and a path as it stands on the request line.
    public func match(_ method: HTTPMethod, path: String) -> RouteMatch<Value> {
        named(Array(path.utf8).withUnsafeBufferPointer { table.match(method, $0) })
    }

    private func named(_ match: RouteMatch<Int>) -> RouteMatch<Value> {
        switch match {
        case .found(let index, let parameters): .found(values[index], parameters: parameters)
        case .options(let allow): .options(allow: allow)
        case .methodNotAllowed(let allow): .methodNotAllowed(allow: allow)
        case .notFound: .notFound
        }
    }
}
