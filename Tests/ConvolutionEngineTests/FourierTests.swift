// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Foundation
import KernelInterface
import Testing
import TestSupport

@Suite("Transforms against their definition")
struct FourierTests {
    /// Twos, threes and both; the last are so long that passes go block by block.
    static let lengths = [
        1, 2, 3, 4, 6, 8, 9, 12, 16, 18, 24, 32, 36, 48, 64, 72, 96, 256, 1024, 1152,
    ]

    @Test(
        "a line is the values of a polynomial at the roots, and back",
        arguments: InstructionSet.available)
    func transform(isa: InstructionSet) throws {
        let kernels = try #require(isa.kernels)
        for length in Self.lengths {
            for quarters in [0, 1] {
                Self.check(kernels.float32, length, quarters, most: 2e-6)
                Self.check(kernels.float64, length, quarters, most: 1e-14)
            }
        }
    }

    /// - Parameter most: error of a value, relative to the rms of all
    private static func check<Scalar: TensorScalar>(
        _ kernels: GEMMKernels<Scalar>, _ length: Int, _ quarters: Int, most: Double
    ) {
        let fourier = kernels.fourier, lanes = fourier.lanes
        let axis = FourierAxis<Scalar>(length: length, quarters: quarters)
        let pitch = 2 * lanes + 8
        let signal = Tensor.random([length * pitch], Scalar.dtype, seed: UInt64(length)).doubles
        let line = UnsafeMutablePointer<Scalar>.allocate(capacity: length * pitch)
        defer { line.deallocate() }
        for i in signal.indices { line[i] = Scalar(signal[i]) }
        let lines = axis.lines(line, pitch: pitch, count: 1, linePitch: 0)
        fourier.forward(lines)
        let roots = FourierAxis<Scalar>.roots(length: length, quarters: quarters)
        let scale = (Double(length) * 2 / 3).squareRoot()
        for lane in [0, lanes - 1] {
            for (i, root) in roots.enumerated() where length <= 96 || i % 37 == 0 {
                var re = 0.0, im = 0.0
                for j in 0..<length {
                    let angle = Double(root * j % (4 * length)) / Double(2 * length) * .pi
                    let (x, y) = (signal[j * pitch + lane], signal[j * pitch + lanes + lane])
                    re += x * cos(angle) - y * sin(angle)
                    im += x * sin(angle) + y * cos(angle)
                }
                let found = (
                    Double(line[i * pitch + lane]), Double(line[i * pitch + lanes + lane])
                )
                let error = max(abs(found.0 - re), abs(found.1 - im)) / scale
                #expect(error <= most, "length \(length) quarters \(quarters) value \(i): \(error)")
            }
        }
        #expect(Set(roots).count == length && roots.allSatisfy { $0 % 4 == quarters })
        fourier.inverse(lines)
        for i in signal.indices where i % pitch < 2 * lanes {
            let error = abs(Double(line[i]) / Double(length) - signal[i])
            #expect(error <= most, "length \(length) quarters \(quarters) element \(i): \(error)")
        }
    }
}
