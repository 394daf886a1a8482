// SPDX-License-Identifier: Apache-2.0

import ConvolutionService
import HTTPTransport
import Testing
import Yams

/// openapi.yaml and the service say the same.
@Suite struct ContractTests {
    let client = Client()
    let contract: [String: Any]

    init() throws {
        let yaml = client.get("/openapi.yaml").text
        contract = try #require(try Yams.load(yaml: yaml) as? [String: Any])
    }

    var paths: [String: [String: Any]] { contract["paths"] as? [String: [String: Any]] ?? [:] }

    @Test func routesAreThePaths() {
        let described = paths.flatMap { path, item in
            item.keys.filter { $0 != "parameters" }.map { "\($0.uppercased()) \(path)" }
        }
        let served = ConvolutionService.routes.map { "\($0.method.name) \($0.path)" }
        #expect(Set(served) == Set(described))
        #expect(served.count == described.count)
    }

    @Test func versionIsTheContracts() {
        #expect(
            (contract["info"] as? [String: Any])?["version"] as? String
                == ConvolutionService.version)
    }

    @Test func routesAreInTheContractsOrder() throws {
        let node = try #require(try Yams.compose(yaml: client.get("/openapi.yaml").text))
        let order = (node["paths"]?.mapping?.keys).map { $0.compactMap(\.string) }
        #expect(order.map { Array($0) } == ConvolutionService.routes.map(\.path))
    }

    /// The fields of each request body, one at a time, are known to the service.
    @Test func fieldsAreServed() throws {
        for (path, schema) in try requestSchemas() {
            let properties = try #require(schema["properties"] as? [String: Any])
            for name in properties.keys where path.hasPrefix("/v1/") {
                let reply = client.post(String(path.dropFirst(4)), #"{"\#(name)": null, "?": 0}"#)
                #expect(reply.pointer == "/?", "\(path) \(name): \(reply.text)")
            }
        }
    }

    /// What the contract shows as an example works, and gives what it shows.
    @Test func examples() throws {
        var count = 0
        for (path, item) in paths {
            guard let post = item["post"] as? [String: Any], path.hasPrefix("/v1/") else {
                continue
            }
            let requests = Self.examples(post["requestBody"])
            let replies = Self.examples((post["responses"] as? [String: Any])?["200"])
            for (name, value) in requests {
                count += 1
                let reply = client.post(String(path.dropFirst(4)), try Self.json(value))
                guard let expected = replies[name] as? [String: Any] else {
                    #expect(reply.status == 422, "\(path) \(name): \(reply.text)")
                    continue
                }
                #expect(reply.status == 200, "\(path) \(name): \(reply.text)")
                for key in ["output", "weight", "bias", "matrix"] where expected[key] != nil {
                    let (given, wanted) = (flattened(reply.json?[key]), flattened(expected[key]))
                    let isEqual =
                        given.count == wanted.count && zip(given, wanted).allSatisfy(Self.isSame)
                    #expect(isEqual, "\(path) \(name): \(reply.text)")
                }
                #expect(
                    Set(reply.json?.keys.map { $0 } ?? []) == Set(expected.keys), "\(path) \(name)")
            }
        }
        #expect(count > 10)
    }

    /// Foundation's JSON is off by a bit now and then.
    private static func isSame(_ a: Double, _ b: Double) -> Bool {
        a == b || abs(a - b) <= 4 * max(a.ulp, b.ulp)
    }

    private func requestSchemas() throws -> [(String, [String: Any])] {
        let components = try #require(contract["components"] as? [String: Any])
        let schemas = try #require(components["schemas"] as? [String: [String: Any]])
        return paths.compactMap { path, item in
            let post = item["post"] as? [String: Any]
            let content = (post?["requestBody"] as? [String: Any])?["content"] as? [String: Any]
            let json = content?["application/json"] as? [String: Any]
            let reference = (json?["schema"] as? [String: Any])?["$ref"] as? String
            guard let name = reference?.split(separator: "/").last else { return nil }
            return schemas[String(name)].map { (path, $0) }
        }
    }

    private static func examples(_ holder: Any?) -> [String: Any] {
        let content = (holder as? [String: Any])?["content"] as? [String: Any]
        let json = content?["application/json"] as? [String: Any]
        let examples = json?["examples"] as? [String: [String: Any]] ?? [:]
        return examples.compactMapValues { $0["value"] }
    }

    private static func json(_ value: Any) throws -> String {
        switch value {
        case let object as [String: Any]:
            "{" + (try object.map { "\"\($0.key)\": \(try json($0.value))" }).joined(separator: ",")
                + "}"
        case let list as [Any]: "[" + (try list.map(json)).joined(separator: ",") + "]"
        case let text as String: "\"\(text)\""
        case let bool as Bool: "\(bool)"
        default: "\(value)"
        }
    }
}
