// SPDX-License-Identifier: Apache-2.0

extension ServerLimits {
    /// Throws for the first limit that makes no sense.
    public func validate() throws(ServerError) {
        try check("maxBodyBytes", maxBodyBytes, 1...1 << 46)
        try check("maxBodyBytesInFlight", maxBodyBytesInFlight, 1...1 << 46)
        try check("maxConnections", maxConnections, max(1, ioThreads)...1 << 20)
        try check("idleTimeoutSeconds", idleTimeoutSeconds, 1...86_400)
        try check("bodyTimeoutSeconds", bodyTimeoutSeconds, 1...86_400)
        try check("maxWaiting", maxWaiting, 0...1 << 20)
        try check("inlineBodyByteCount", inlineBodyByteCount, 0...1 << 20)
        try check("ioThreads", ioThreads, 1...256)
        try check("computeThreads", computeThreads, 1...4096)
        try check("preStopSeconds", preStopSeconds, 0...3600)
        try check("drainSeconds", drainSeconds, 0...3600)
    }

    private func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws(ServerError)
    {
        guard !range.contains(value) else { return }
        throw .invalidLimit(
            name: name, value: value,
            rule: "it has to be from \(range.lowerBound) to \(range.upperBound)")
    }
}
