// SPDX-License-Identifier: Apache-2.0

public import ServiceLifecycle

extension HTTPServer: Service {
    /// Serves until a graceful shutdown begins or the task is cancelled, then drains.
    public func run() async throws {
        try start()
        try? await gracefulShutdown()
        await drain()
    }
}
