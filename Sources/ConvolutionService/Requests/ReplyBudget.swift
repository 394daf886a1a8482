// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The memory of replies, from before they are computed until they are sent.
///
/// Answers the client that asks for large results on many connections and never reads them.
final class ReplyBudget: Sendable {
    private let taken = Atomic<Int>(0)
    private let most: Int

    init(most: Int) { self.most = most }

    /// Room for a reply, given back when it is sent; one alone may exceed the budget.
    func buffer(capacity: Int) throws(RequestFailure) -> ByteBuffer {
        let total = taken.wrappingAdd(capacity, ordering: .relaxed).newValue
        guard total <= most || total == capacity, let memory = malloc(max(capacity, 1)) else {
            taken.wrappingSubtract(capacity, ordering: .relaxed)
            throw .problem(
                Problem(
                    status: 503,
                    detail: """
                        \(total - capacity) bytes of replies are being made or sent, and this one \
                        takes \(capacity) more than the limit of \(most) allows; read the replies \
                        of other requests, try again later, or raise --max-reply-bytes-in-flight
                        """,
                    headers: [("Retry-After", "1")]))
        }
        return ByteBuffer(adopting: memory, count: 0, capacity: max(capacity, 1)) {
            [self] memory in
            free(memory)
            taken.wrappingSubtract(capacity, ordering: .relaxed)
        }
    }
}
