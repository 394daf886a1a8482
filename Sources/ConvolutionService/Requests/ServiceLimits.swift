// SPDX-License-Identifier: Apache-2.0

/// What one request may cost, as far as the service decides it; the transport has its own limits.
public struct ServiceLimits: Sendable {
    /// Bytes of a reply's tensors, in memory or as text, whichever is more; `--max-output-bytes`.
    ///
    /// Answers the kilobyte of JSON that asks for a terabyte by its padding: nothing is allocated
    /// for a result before its size has passed.
    public var maxOutputBytes = 1 << 30

    /// Bytes of all replies that are being made or sent; `--max-reply-bytes-in-flight`. See
    /// ``ReplyBudget``.
    public var maxReplyBytesInFlight = 2 << 30

    /// Bytes of a compressed body, or of a compressed file in it, once expanded; `--max-expanded-bytes`.
    ///
    /// Answers the kilobyte that expands to a gigabyte. Only what is being computed is expanded.
    public var maxExpandedBytes = 256 << 20

    /// Replies of JSON shorter than this are never compressed; `--min-compressed-reply-bytes`.
    ///
    /// High, since many clients ask for gzip without being asked (Python's requests), and its 100 ns a
    /// number are five times what all the rest of a call takes in the same house: worth it for links
    /// below about 100 Mbit/s.
    public var minCompressedReplyBytes = 16 << 20

    /// Multiplications of one convolution; `--max-multiply-accumulates`.
    ///
    /// Answers the hundred kilobytes that ask for hours: 2^40 take about ten seconds on two cores.
    public var maxMultiplyAccumulates = 1 << 40

    /// More are computed on the compute queue: this is about 50 µs on one core at 5 billion a
    /// second, and waking another thread costs 12 µs. (Large bodies are there already.)
    public var inlineMultiplyAccumulates = 250_000
    /// A result this large takes as long to print: 8 ns each.
    public var inlineOutputElements = 4096

    /// The defaults.
    public init() {}
}
