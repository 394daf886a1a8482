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
    fileprivate let taken = Atomic<Int>(0)
    private let most: Int

    init(most: Int) { self.most = most }

    /// A part of the budget, given back with its last owner.
    final class Reservation: Sendable {
        private let budget: ReplyBudget
        private let byteCount: Int

        fileprivate init(_ budget: ReplyBudget, _ byteCount: Int) {
            (self.budget, self.byteCount) = (budget, byteCount)
        }

        /// Memory for text, which keeps the reservation.
        func buffer(capacity: Int) throws(RequestFailure) -> ByteBuffer {
            guard let memory = ByteBuffer.memory(max(capacity, 1)) else {
                throw budget.exceeded(byteCount, capacity)
            }
            return ByteBuffer(adopting: memory, count: 0, capacity: max(capacity, 1)) { memory in
                free(memory)
                withExtendedLifetime(self) {}
            }
        }

        deinit { budget.taken.wrappingSubtract(byteCount, ordering: .relaxed) }
    }

    /// Counts the bytes of a reply; one alone may exceed the budget.
    func reserve(_ byteCount: Int) throws(RequestFailure) -> Reservation {
        let total = taken.wrappingAdd(byteCount, ordering: .relaxed).newValue
        let reservation = Reservation(self, byteCount)
        guard total <= most || total == byteCount else { throw exceeded(total, byteCount) }
        return reservation
    }

    fileprivate func exceeded(_ total: Int, _ byteCount: Int) -> RequestFailure {
        .problem(
            Problem(
                status: 503,
                detail: """
                    \(total - byteCount) bytes of replies are being made or sent, and this one takes \
                    \(byteCount) more than the limit of \(most) allows; read the replies of other \
                    requests, try again later, or raise --max-reply-bytes-in-flight
                    """,
                headers: [("Retry-After", "1")]))
    }
}
