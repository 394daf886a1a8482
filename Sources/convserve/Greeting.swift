// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import ConvolutionService
import HTTPTransport

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What `serve` prints when it listens: where, on what, how much, and a call to try.
struct Greeting {
    let limits: ServerLimits
    let service: ServiceLimits
    let port: UInt16

    /// An address that a client on this machine can use.
    private var reachable: String {
        switch limits.host {
        case "0.0.0.0": "127.0.0.1"
        case "::": "[::1]"
        case let host where host.contains(":"): "[\(host)]"
        case let host: host
        }
    }

    var text: String {
        """
        convserve \(ConvolutionService.version) listens on http://\(reachable):\(port) (\(limits.host))
        instruction set \(InstructionSet.current.rawValue), \(ProcessorCount.available) cores
        limits: body \(size(limits.maxBodyBytes)), result \(size(service.maxOutputBytes)), \
        \(limits.maxConnections) connections, \(limits.maxWaiting) requests waiting

        try:  curl http://\(reachable):\(port)/v1/conv2d -H 'Content-Type: application/json' \\
                -d '{"input": [[1, 2, 3], [4, 5, 6], [7, 8, 9]], "weight": [[1, 0], [0, -1]]}'
        """
    }

    private func size(_ bytes: Int) -> String {
        bytes % (1 << 20) == 0 ? "\(bytes >> 20) MiB" : "\(bytes) bytes"
    }
}

/// Standard output is a pipe under most supervisors, and then buffered.
func flushStandardOutput() {
    fflush(nil)
}
