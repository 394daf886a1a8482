// SPDX-License-Identifier: Apache-2.0

import HTTPTransport

/// What a path does.
enum Endpoint: Sendable, Equatable {
    case convolution(ConvolutionOperation), backward(ConvolutionOperation)
    case unfold, fold, kernelMatrix, compare, shape
    case fuse(FusionOperation), fuseCheckpoint
    case inference(InferenceEndpoint)
    case capabilities, health, readiness, metrics, openAPI(OpenAPIForm), index
}

/// Every endpoint, one line each, in openapi.yaml's order; a test holds the two together.
/// `name` is the operation's in `/v1` and in the metrics.
enum Routes {
    typealias Route = (
        method: HTTPMethod, path: StaticString, name: StaticString, endpoint: Endpoint
    )

    static let table: [Route] = [
        (.post, "/v1/conv1d", "conv1d", .convolution(.conv1d)),
        (.post, "/v1/conv2d", "conv2d", .convolution(.conv2d)),
        (.post, "/v1/conv3d", "conv3d", .convolution(.conv3d)),
        (.post, "/v1/conv_transpose1d", "conv_transpose1d", .convolution(.convTranspose1d)),
        (.post, "/v1/conv_transpose2d", "conv_transpose2d", .convolution(.convTranspose2d)),
        (.post, "/v1/conv_transpose3d", "conv_transpose3d", .convolution(.convTranspose3d)),
        (.post, "/v1/conv1d/backward", "conv1d/backward", .backward(.conv1d)),
        (.post, "/v1/conv2d/backward", "conv2d/backward", .backward(.conv2d)),
        (.post, "/v1/conv3d/backward", "conv3d/backward", .backward(.conv3d)),
        (
            .post, "/v1/conv_transpose1d/backward", "conv_transpose1d/backward",
            .backward(.convTranspose1d)
        ),
        (
            .post, "/v1/conv_transpose2d/backward", "conv_transpose2d/backward",
            .backward(.convTranspose2d)
        ),
        (
            .post, "/v1/conv_transpose3d/backward", "conv_transpose3d/backward",
            .backward(.convTranspose3d)
        ),
        (.post, "/v1/unfold", "unfold", .unfold),
        (.post, "/v1/fold", "fold", .fold),
        (.post, "/v1/kernel_matrix", "kernel_matrix", .kernelMatrix),
        (.post, "/v1/compare", "compare", .compare),
        (.post, "/v1/shape", "shape", .shape),
        (.post, "/v1/fuse/conv_bn", "fuse/conv_bn", .fuse(.convBN)),
        (.post, "/v1/fuse/bn_conv", "fuse/bn_conv", .fuse(.bnConv)),
        (.post, "/v1/fuse/repvgg", "fuse/repvgg", .fuse(.repVGG)),
        (.post, "/v1/fuse/sequential", "fuse/sequential", .fuse(.sequential)),
        (.post, "/v1/fuse/concat", "fuse/concat", .fuse(.concat)),
        (.post, "/v1/fuse/pad_kernel", "fuse/pad_kernel", .fuse(.padKernel)),
        (.post, "/v1/fuse/identity_to_conv", "fuse/identity_to_conv", .fuse(.identityToConv)),
        (
            .post, "/v1/fuse/avg_pool_to_conv", "fuse/avg_pool_to_conv",
            .fuse(.averagePoolToConv)
        ),
        (.post, "/v1/fuse/dilate_to_dense", "fuse/dilate_to_dense", .fuse(.dilateToDense)),
        (.post, "/v1/fuse/checkpoint", "fuse/checkpoint", .fuseCheckpoint),
        (.get, "/v2", "v2", .inference(.server)),
        (.get, "/v2/health/live", "v2/live", .inference(.live)),
        (.get, "/v2/health/ready", "v2/ready", .inference(.ready)),
        (.get, "/v2/models", "v2/models", .inference(.models)),
        (.get, "/v2/models/stats", "v2/stats", .inference(.statistics)),
        (.get, "/v2/models/{model}", "v2/metadata", .inference(.metadata)),
        (.get, "/v2/models/{model}/ready", "v2/model_ready", .inference(.modelReady)),
        (.get, "/v2/models/{model}/config", "v2/config", .inference(.configuration)),
        (.get, "/v2/models/{model}/stats", "v2/stats", .inference(.modelStatistics)),
        (.post, "/v2/models/{model}/infer", "v2/infer", .inference(.infer)),
        (
            .get, "/v2/models/{model}/versions/{version}", "v2/metadata",
            .inference(.metadata)
        ),
        (
            .get, "/v2/models/{model}/versions/{version}/ready", "v2/model_ready",
            .inference(.modelReady)
        ),
        (
            .get, "/v2/models/{model}/versions/{version}/config", "v2/config",
            .inference(.configuration)
        ),
        (
            .get, "/v2/models/{model}/versions/{version}/stats", "v2/stats",
            .inference(.modelStatistics)
        ),
        (
            .post, "/v2/models/{model}/versions/{version}/infer", "v2/infer",
            .inference(.infer)
        ),
        (.post, "/v2/repository/index", "v2/index", .inference(.repositoryIndex)),
        (.get, "/v1", "capabilities", .capabilities),
        (.get, "/healthz", "healthz", .health),
        (.get, "/readyz", "readyz", .readiness),
        (.get, "/metrics", "metrics", .metrics),
        (.get, "/openapi.yaml", "openapi_yaml", .openAPI(.yaml)),
        (.get, "/openapi.json", "openapi_json", .openAPI(.json)),
        (.get, "/", "index", .index),
    ]

    /// A route's endpoint and its name.
    struct Target: Sendable {
        let name: String
        let endpoint: Endpoint
        /// What the path has in place of the `{names}`.
        var parameters = RouteParameters.none
    }

    /// What a request is for; nil if its path or method is not in the table.
    static func target(_ request: HTTPRequest) -> Target? {
        if let target = literal(request) { return target }
        guard case .found(var target, let parameters) = router.match(request) else { return nil }
        target.parameters = parameters
        return target
    }

    /// The target of a request for a path as it stands in the table: nothing is allocated. What is
    /// left (escapes, HEAD, OPTIONS, other methods, other paths) is for ``router``.
    private static func literal(_ request: HTTPRequest) -> Target? {
        let path = request.encodedPath
        for route in literals where route.path.utf8CodeUnitCount == path.count {
            if route.method == request.method,
                sameBytes(route.path.utf8Start, path.baseAddress!, path.count)
            {
                return route.target
            }
        }
        return nil
    }

    static let router = Router(
        table.map {
            (
                $0.method, $0.path.description,
                Target(name: $0.name.description, endpoint: $0.endpoint)
            )
        })

    private static let literals = table.map {
        (
            method: $0.method, path: $0.path,
            target: Target(name: $0.name.description, endpoint: $0.endpoint)
        )
    }

    /// The names of what can be POSTed to, below `/v1/`.
    static var operations: [String] {
        table.filter { $0.method == .post && $0.path.description.hasPrefix("/v1/") }.map(
            \.name.description)
    }
}

extension ConvolutionService {
    /// Every method and path, in openapi.yaml's order.
    package static var routes: [(method: HTTPMethod, path: String)] {
        Routes.table.map { ($0.method, $0.path.description) }
    }
}
