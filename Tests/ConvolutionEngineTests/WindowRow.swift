// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Foundation
import TestSupport

/// The answers of PyTorch and ONNX for whole numbers, which are exact; Fixtures/windows.py made them.
struct WindowRow: Decodable {
    let batch, channels: Int
    let size, kernel, stride, dilation: [Int]
    let padding: [[Int]]
    let unfolded_shape, folded_shape: [Int]
    let unfolded, folded: [Double]

    var options: WindowOptions {
        var options = WindowOptions(kernelSize: .list(kernel))
        options.stride = .list(stride)
        options.dilation = .list(dilation)
        options.padding = .pairs(padding)
        return options
    }

    static func numbers(_ shape: [Int], _ seed: Int, _ dtype: DType) -> Tensor {
        let count = shape.reduce(1, *)
        return Tensor(shape, dtype, (0..<count).map { Double(($0 * 7 + seed) % 11 - 5) })
    }

    static let all: [WindowRow] = {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures/windows.json")
        return try! JSONDecoder().decode([WindowRow].self, from: Data(contentsOf: path))
    }()
}
