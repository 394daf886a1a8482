// SPDX-License-Identifier: Apache-2.0

import CTensorText
import ConvolutionEngine
import ConvolutionService
import TestSupport
import Testing

/// Reading and printing on several cores are reading and printing on one.
@Suite struct ParallelNumbersTests {
    static let dtypes = [DType.float32, .float64, .float16, .bfloat16]

    static func list(_ item: String, _ count: Int, _ comma: String = ",") -> String {
        "[" + repeatElement(item, count: count).joined(separator: comma) + "]"
    }

    /// Lists in many stretches of 64 bytes: flat, rows of 3, rows in rows.
    static let lists: [String] = {
        let row = (0..<100).map { "\(Double($0 * 7_919 % 1_000) / 8 - 60)" }
        let rows = list(list(row[41], 3, ", "), 300)
        return [list(row.joined(separator: ","), 40), rows, list(rows, 5, " , ")]
    }()

    /// With what may stand behind them in a request.
    static let good = lists.flatMap { list in
        ["", ",\"weight\":[1,2]}", "}", " , [5], 6"].map { list + $0 }
    }

    /// Something wrong in the middle, or an end too early.
    static let bad: [String] = {
        var texts: [String] = []
        for list in lists {
            let half = list.utf8.count / 2
            for wrong in ["[", "]", ",", "x", "\"", "1,", "\u{0}", "}", " ", ":"] {
                texts.append("\(list.prefix(half))\(wrong)\(list.dropFirst(half))")
            }
            texts += [String(list.dropLast()), String(list.dropLast(1_000))]
        }
        return texts
    }()

    static let odd: [String] = {
        let (blanks, ones, rows) = (
            String(repeating: " ", count: 2_000), list("1", 400), list("[1,2,3]", 100)
        )
        return [
            list("[]", 500), list("1e300", 200), "\(list("[1]", 40))\(ones)", "[\(ones),3\(ones)",
            "[\(ones),\(list("1", 399))]", "[\"\(ones)\"]", "[\(blanks)1 ,2 ]",
            "[[1,2],3\(list("[4,5]", 100))", "[\(blanks)\(rows)]",
            "[[1,2,3],\(blanks)\(rows.dropFirst())", "5", "", "[1,2]",
        ]
    }()

    static let texts = good + bad + odd

    struct Outcome: Equatable {
        var code: TensorTextCode
        var position, byteCount, count, found, expected: Int
        var path, shape: [Int]
        var message: String
        var bytes: [UInt8]
    }

    func read(_ text: String, _ dtype: DType, stretchByteCount: Int, threads: Int) -> Outcome {
        let bytes = Array(text.utf8)
        let memory = bytes + [UInt8](repeating: 0, count: 64)
        return memory.withUnsafeBytes { memory in
            let numbers = ParallelNumbers(
                text: memory.assumingMemoryBound(to: CChar.self).baseAddress!,
                byteCount: bytes.count, dtype: dtype, stretchByteCount: stretchByteCount,
                threads: threads)
            let (storage, reading) = numbers.read()
            let written = UnsafeRawBufferPointer(
                start: storage.bytes, count: reading.count * dtype.byteCount)
            return Outcome(
                code: reading.code, position: reading.position, byteCount: reading.byteCount,
                count: reading.count, found: reading.found, expected: reading.expected,
                path: sizes(reading.path, reading.pathLength),
                shape: sizes(reading.shape, reading.rank),
                message: String(cString: reading.message), bytes: Array(written))
        }
    }

    func sizes<Tuple>(_ tuple: Tuple, _ count: Int32) -> [Int] {
        withUnsafeBytes(of: tuple) { Array($0.bindMemory(to: Int.self).prefix(Int(count))) }
    }

    @Test(arguments: texts.indices)
    func readsTheSameOnSeveralCores(_ index: Int) {
        let text = Self.texts[index]
        for dtype in Self.dtypes {
            let whole = read(text, dtype, stretchByteCount: 1 << 20, threads: 1)
            for stretch in [64, 128, 1024, 4096] {
                for threads in 1...3 {
                    let pieces = read(text, dtype, stretchByteCount: stretch, threads: threads)
                    #expect(
                        pieces == whole, "text \(index), \(dtype), stretch \(stretch), \(threads)")
                }
            }
        }
    }

    @Test func readsLongListsOnAllCores() {
        let count = 200_000
        let text = "[" + (0..<count).map { "\(Double($0) / 7)" }.joined(separator: ",") + "]"
        let usual = read(
            text, .float32, stretchByteCount: ParallelNumbers.stretchByteCount,
            threads: ProcessorCount.available)
        #expect(usual.code == .ok && usual.shape == [count])
        let expected = (0..<count).map { Float(Double($0) / 7) }
        #expect(usual.bytes == expected.withUnsafeBytes { Array($0) })
    }

    @Test(arguments: [
        [], [1], [5], [1000], [13, 77], [50, 1, 3], [2, 3, 5, 7], [1, 1, 1, 1, 1, 1, 1, 900],
        [0], [3, 0], [0, 7],
    ])
    func printsTheSameInRanges(_ shape: [Int]) throws {
        var random = SeededGenerator(seed: 17)
        let count = shape.reduce(1, *)
        for dtype in Self.dtypes {
            let storage = TensorStorage(byteCount: count * dtype.byteCount)
            for byte in 0..<count * dtype.byteCount {
                storage.bytes.storeBytes(
                    of: UInt8.random(in: 0...255, using: &random), toByteOffset: byte,
                    as: UInt8.self)
            }
            let tensor = Tensor(dtype: dtype, shape: shape, storage: storage)
            let whole = try print(tensor, leastCount: .max, threads: 1)
            #expect(whole.slices == 1)
            for (leastCount, threads) in [(1, 2), (1, 3), (10, 2), (100, 2), (1, 40)] {
                let ranges = try print(tensor, leastCount: leastCount, threads: threads)
                #expect(ranges.text == whole.text, "\(dtype), \(leastCount), \(threads)")
                #expect(ranges.slices == max(1, min(4 * threads, count / leastCount)))
            }
        }
    }

    func print(
        _ tensor: Tensor, leastCount: Int, threads: Int
    ) throws -> (text: String, slices: Int) {
        let ranges = try #require(
            NumberRanges(
                shape: tensor.shape, dtype: tensor.dtype, leastCount: leastCount, threads: threads))
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: ranges.byteBound, alignment: 1)
        defer { memory.deallocate() }
        let slices = ranges.print(tensor, into: memory.baseAddress!)
        let parts = slices.map { memory[$0.offset..<$0.offset + $0.byteCount] }
        return (String(decoding: parts.joined(), as: UTF8.self), slices.count)
    }

    @Test func refusesTextsThatNoMemoryHolds() {
        #expect(NumberRanges(shape: [1 << 40, 1 << 40], dtype: .float32) == nil)
        #expect(NumberRanges(shape: [.max], dtype: .float16) == nil)
        #expect(NumberRanges(shape: [-1], dtype: .float64) == nil)
    }
}
