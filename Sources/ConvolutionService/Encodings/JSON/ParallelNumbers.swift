// SPDX-License-Identifier: Apache-2.0

import CTensorText
import ConvolutionEngine
import Synchronization

/// A list of numbers at the start of a text, nested or not, read by several cores where it is long.
///
/// 1. Stretches of the text are surveyed: their commas tell where the numbers of each one go, a colon or brace
///    where no list goes on. Each byte up to there is looked at once.
/// 2. The list is cut behind the first comma of each stretch; the pieces are read into one storage.
/// 3. The pieces are joined. Where they do not fit, something is wrong or lists are empty: then the
///    list is read at once, and what comes of that is the answer.
///
/// So numbers, shape and every error are those of reading at once, on one core or many.
package struct ParallelNumbers {
    /// Bytes of a stretch, a multiple of 64: reading one takes 12 µs, surveying it one.
    package static let stretchByteCount = 32 << 10
    /// Stretches from which on other cores help: 50 µs of reading, twice what it takes to wake one.
    private static let leastShared = 4
    /// The same for surveying.
    private static let leastSurveyed = 16

    fileprivate let text: UnsafePointer<CChar>
    fileprivate let byteCount: Int
    fileprivate let dtype: DType
    fileprivate let stretchByteCount: Int
    fileprivate let threads: Int

    /// `text` is followed by 64 readable bytes, the first of them 0.
    package init(
        text: UnsafePointer<CChar>, byteCount: Int, dtype: DType,
        stretchByteCount: Int = stretchByteCount, threads: Int = ProcessorCount.available
    ) {
        precondition(stretchByteCount > 0 && stretchByteCount % 64 == 0)
        (self.text, self.byteCount, self.dtype) = (text, byteCount, dtype)
        (self.stretchByteCount, self.threads) = (stretchByteCount, threads)
    }

    /// The numbers, and how reading them went. The storage has room for one number more than there
    /// are commas in front of the next colon or brace.
    package func read() -> (storage: TensorStorage, reading: TensorTextReading) {
        let head = stretch(0), first = tensor_text_survey(text, head.count)
        let isShort = first.byteCount < head.count || head.count == byteCount
        let commas = isShort ? nil : survey(behind: first)
        let bound = commas?.reduce(1, +) ?? first.commas + 1
        let storage = TensorStorage(byteCount: bound * dtype.byteCount)
        if threads > 1, let commas, commas.count >= Self.leastShared {
            let pieces = Pieces(of: self, commas: commas)
            if let reading = pieces.read(into: storage.bytes) { return (storage, reading) }
        }
        return (storage, readAtOnce(into: storage.bytes, capacity: bound))
    }

    /// The commas of each stretch, up to the last one that the list may reach: each time of twice as
    /// many more, since the list may end long before the text.
    private func survey(behind first: TensorTextSurvey) -> [Int] {
        var commas = [first.commas]
        while commas.count < stretchCount {
            let count = min(2 * commas.count, stretchCount - commas.count)
            if survey(count, appendingTo: &commas) { break }
        }
        return commas
    }

    /// Surveys the next stretches. True: in the last one appended, the list ends.
    private func survey(_ count: Int, appendingTo commas: inout [Int]) -> Bool {
        let first = commas.count
        let end = Atomic<Int>(count)
        commas += repeatElement(0, count: count)
        commas.withUnsafeMutableBufferPointer { commas in
            nonisolated(unsafe) let (numbers, commas) = (self, commas)
            let threads = count < Self.leastSurveyed ? 1 : numbers.threads
            ParallelTiles.run(count, threads: threads) { task, _ in
                if task > end.load(ordering: .relaxed) { return }
                let stretch = numbers.stretch(first + task)
                let survey = tensor_text_survey(numbers.text + stretch.lowerBound, stretch.count)
                commas[first + task] = survey.commas
                if survey.byteCount < stretch.count { end.min(task, ordering: .relaxed) }
            }
        }
        let last = end.load(ordering: .relaxed)
        if last == count { return false }
        commas.removeLast(count - 1 - last)
        return true
    }

    private var stretchCount: Int { max(1, (byteCount + stretchByteCount - 1) / stretchByteCount) }

    fileprivate func stretch(_ index: Int) -> Range<Int> {
        index * stretchByteCount..<min(byteCount, (index + 1) * stretchByteCount)
    }

    private func readAtOnce(
        into bytes: UnsafeMutableRawPointer, capacity: Int
    ) -> TensorTextReading {
        switch dtype {
        case .float32:
            let numbers = bytes.bindMemory(to: Float.self, capacity: capacity)
            return tensor_text_read_float32(text, byteCount, numbers, capacity)
        case .float64:
            let numbers = bytes.bindMemory(to: Double.self, capacity: capacity)
            return tensor_text_read_float64(text, byteCount, numbers, capacity)
        case .float16:
            let numbers = bytes.bindMemory(to: UInt16.self, capacity: capacity)
            return tensor_text_read_float16(text, byteCount, numbers, capacity)
        case .bfloat16:
            let numbers = bytes.bindMemory(to: UInt16.self, capacity: capacity)
            return tensor_text_read_bfloat16(text, byteCount, numbers, capacity)
        }
    }
}

/// The list cut behind the first comma of each stretch, but for the first stretch and those without one.
private struct Pieces {
    let numbers: ParallelNumbers
    /// The stretch that each piece begins in, and the index of its first number; and what would follow.
    var stretches = [0], firstNumbers = [0]

    init(of numbers: ParallelNumbers, commas: [Int]) {
        self.numbers = numbers
        var before = commas[0]
        for stretch in 1..<commas.count where commas[stretch] > 0 {
            stretches.append(stretch)
            firstNumbers.append(before + 1)
            before += commas[stretch]
        }
        firstNumbers.append(before + 1)
    }

    /// Nil: the list is to be read at once.
    func read(into bytes: UnsafeMutableRawPointer) -> TensorTextReading? {
        let count = stretches.count
        let pieces = UnsafeMutablePointer<TensorTextPiece>.allocate(capacity: count)
        defer { pieces.deallocate() }
        nonisolated(unsafe) let (source, results, bytes) = (self, pieces, bytes)
        ParallelTiles.run(count, threads: numbers.threads) { piece, _ in
            let numbers = source.numbers
            var span = source.span(piece)
            (results + piece).initialize(
                to: tensor_text_read_piece(
                    numbers.dtype.textFormat, numbers.text, numbers.byteCount, &span, bytes))
        }
        let joining = tensor_text_join(pieces, count)
        return joining.isJoined ? joining.reading : nil
    }

    private func span(_ piece: Int) -> TensorTextSpan {
        let first = firstNumbers[piece]
        return TensorTextSpan(
            begin: piece == 0 ? 0 : cut(piece) + 1,
            end: piece + 1 == stretches.count ? numbers.byteCount : cut(piece + 1),
            firstNumber: first, numberCount: firstNumbers[piece + 1] - first)
    }

    /// The comma in front of a piece.
    private func cut(_ piece: Int) -> Int {
        let stretch = numbers.stretch(stretches[piece])
        let text = UnsafeRawPointer(numbers.text).assumingMemoryBound(to: UInt8.self)
        let (begin, end) = (text + stretch.lowerBound, text + stretch.upperBound)
        return firstByte(",", from: begin, to: end)! - text
    }
}

extension DType {
    /// The type in CTensorText.
    var textFormat: TensorTextFormat {
        switch self {
        case .float32: .float32
        case .float64: .float64
        case .float16: .float16
        case .bfloat16: .bfloat16
        }
    }
}
