// SPDX-License-Identifier: Apache-2.0

/// The part of a router that knows nothing of its values: methods and patterns to the index of a
/// route. Not generic, so that it is compiled once and fast.
struct RouteTable: Sendable {
    private struct Path: Sendable {
        let pattern: RoutePattern
        /// By the number of the method; -1 where there is none.
        var indices = [Int](repeating: -1, count: HTTPMethod.allCases.count)
        var allow = ""
    }

    private var paths: [Path] = []
    private let allMethods: String

    init(_ routes: [(method: HTTPMethod, pattern: String)]) {
        allMethods = RouteTable.allow(routes.map(\.method))
        for (index, route) in routes.enumerated() { add(route.method, route.pattern, index) }
        for at in paths.indices { complete(&paths[at]) }
        paths.sort { $0.pattern.parameterCount < $1.pattern.parameterCount }
    }

    func match(_ method: HTTPMethod, _ path: UnsafeBufferPointer<UInt8>) -> RouteMatch<Int> {
        for route in paths {
            guard let parameters = route.pattern.match(path) else { continue }
            let index = route.indices[Int(method.rawValue)]
            if index >= 0 { return .found(index, parameters: parameters) }
            return method == .options
                ? .options(allow: route.allow) : .methodNotAllowed(allow: route.allow)
        }
        return method == .options && path.elementsEqual("*".utf8)
            ? .options(allow: allMethods) : .notFound
    }

    private mutating func add(_ method: HTTPMethod, _ pattern: String, _ index: Int) {
        let at = paths.firstIndex { $0.pattern.text == pattern } ?? paths.endIndex
        if at == paths.endIndex { paths.append(Path(pattern: RoutePattern(pattern))) }
        precondition(
            paths[at].indices[Int(method.rawValue)] < 0, "\(method.name) \(pattern) is there twice")
        paths[at].indices[Int(method.rawValue)] = index
    }

    private func complete(_ path: inout Path) {
        let methods = HTTPMethod.allCases.filter { path.indices[Int($0.rawValue)] >= 0 }
        path.allow = RouteTable.allow(methods)
        let head = Int(HTTPMethod.head.rawValue)
        if path.indices[head] < 0 {
            path.indices[head] = path.indices[Int(HTTPMethod.get.rawValue)]
        }
    }

    /// `Allow`: what is there, HEAD where GET is, and OPTIONS, in a fixed order.
    private static func allow(_ methods: [HTTPMethod]) -> String {
        let all = Set(methods + [.options] + (methods.contains(.get) ? [.head] : []))
        return HTTPMethod.allCases.filter(all.contains).map(\.name).joined(separator: ", ")
    }
}
