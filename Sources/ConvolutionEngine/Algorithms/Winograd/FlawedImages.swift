// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Images x groups whose output has to be computed otherwise.
final class FlawedImages: Sendable {
    private let images = Mutex<Set<Int>>([])

    @Sendable func insert(_ image: Int) { images.withLock { _ = $0.insert(image) } }
    var sorted: [Int] { images.withLock { $0.sorted() } }
}
