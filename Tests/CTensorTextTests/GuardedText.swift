// SPDX-License-Identifier: Apache-2.0

import CTensorText
import Foundation

/// A text with its slack, which ends where an unreadable page begins: a read beyond the slack ends
/// the test run. Behind the NUL the slack holds digits, commas and brackets, to be ignored.
final class GuardedText {
    let start: UnsafeMutablePointer<CChar>
    let count: Int
    private let mapping: UnsafeMutableRawPointer
    private let mappedByteCount: Int

    init(_ bytes: [UInt8]) {
        let slack = Int(tensor_text_slack_byte_count)
        let page = Int(getpagesize())
        let pages = (bytes.count + slack + page - 1) / page
        mappedByteCount = (pages + 1) * page
        mapping = mmap(nil, mappedByteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
        precondition(
            mapping != MAP_FAILED && mprotect(mapping + pages * page, page, PROT_NONE) == 0)
        let text = mapping + pages * page - slack - bytes.count
        text.copyMemory(from: bytes, byteCount: bytes.count)
        let garbage = Array("5,1]9.:7}3e2[,".utf8)
        for i in 1..<slack {
            text.storeBytes(
                of: garbage[i % garbage.count], toByteOffset: bytes.count + i, as: UInt8.self)
        }
        start = text.assumingMemoryBound(to: CChar.self)
        count = bytes.count
    }

    convenience init(_ text: String) { self.init(Array(text.utf8)) }

    deinit { munmap(mapping, mappedByteCount) }
}
