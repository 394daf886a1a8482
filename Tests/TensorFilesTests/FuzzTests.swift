// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Foundation
import TensorFiles
import TestSupport
import Testing

/// Real files with changes: whatever comes of them stays within its bounds, and what is refused is
/// refused in words.
///
/// `CONVSERVE_FUZZ_SECONDS=600 swift test --filter FuzzTests` goes on for that long with other seeds; with
/// `--sanitize=address` it sees reads out of bounds too.
@Suite("Tensor files: damaged files are refused or read, within bounds")
struct FuzzTests {
    enum Format: String, CaseIterable {
        case safetensors, npy, npz, gzip, deflate, zstd
    }

    /// Above what any of the files expands to, below what a mutant may ask for.
    private static let limit = 1 << 16

    @Test(arguments: Format.allCases)
    func mutants(_ format: Format) throws {
        let files = TensorFileFixture.of(format.rawValue).map(\.bytes).filter { $0.count < 4096 }
        let seconds = ProcessInfo.processInfo.environment["CONVSERVE_FUZZ_SECONDS"].map {
            Double($0)!
        }
        let first = seconds == nil ? 0 : UInt64.random(in: 0..<1 << 40)
        let start = ContinuousClock.now
        var (seed, refusals, words) = (first, 0, Set<String>())
        while seed < first + 20_000 || start.duration(to: .now) < .seconds(seconds ?? 0) {
            var mutator = Mutator(seed: seed)
            let file = files[Int(seed % UInt64(files.count))]
            let other = files.randomElement(using: &mutator.random)!
            let mutant = mutator.mutant(of: file, and: other)
            if let reason = Self.read(mutant, format, seed) {
                refusals += 1
                words.insert(reason.filter { !$0.isNumber })
            }
            seed += 1
        }
        // A mutator that never gets past the first check tests nothing, nor does a reader of everything.
        #expect(refusals > 0 && refusals < Int(seed - first))
        #expect(words.count > (format == .zstd ? 5 : 10), "\(words.count) different refusals")
        if seconds != nil {
            print("\(format): \(seed - first) mutants from seed \(first), \(refusals) refused")
        }
    }

    /// The reason if it is refused.
    private static func read(_ mutant: [UInt8], _ format: Format, _ seed: UInt64) -> String? {
        do {
            switch format {
            case .safetensors: check(try readSafetensors(mutant), within: mutant.count, seed)
            case .npy:
                check(
                    [NamedTensor("", try readNPY(mutant, bfloat16: true))], within: mutant.count,
                    seed)
            case .npz:
                check(try readNPZ(mutant, limit: limit, bfloat16: true), within: limit, seed)
            case .gzip, .deflate, .zstd:
                let bytes = try expand(
                    mutant, Compression(rawValue: format.rawValue)!, limit: limit)
                #expect(bytes.count <= limit, "seed \(seed)")
            }
            return nil
        } catch {
            let reason = (error as? TensorFileError)?.reason ?? (error as! CompressionError).reason
            #expect((1...2000).contains(reason.utf8.count), "seed \(seed): \(reason)")
            return reason
        }
    }

    private static func check(_ tensors: [NamedTensor], within limit: Int, _ seed: UInt64) {
        var total = 0
        for named in tensors {
            let tensor = named.tensor
            total += tensor.count * tensor.dtype.byteCount
            // Reads them all.
            #expect(tensor.bytes.count == tensor.count * tensor.dtype.byteCount, "seed \(seed)")
        }
        #expect(total <= limit, "seed \(seed)")
    }
}
