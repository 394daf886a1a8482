// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Foundation
import TestSupport

/// PyTorch's answers for named paddings, borders, flipped kernels and output sizes, in whole numbers;
/// Fixtures/options.py made them.
struct OptionFixture: Decodable {
    let rows: [OptionRow]
    let points: [String]
    let activations: [String: [String]]

    static let all: OptionFixture = {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures/options.json")
        return try! JSONDecoder().decode(OptionFixture.self, from: Data(contentsOf: path))
    }()
}

struct OptionRow: Decodable {
    enum Padding: Decodable {
        case pairs([[Int]])
        case word(String)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let word = try? container.decode(String.self) {
                self = .word(word)
            } else {
                self = .pairs(try container.decode([[Int]].self))
            }
        }

        var option: ConvolutionOptions.Padding {
            switch self {
            case .pairs(let pairs): .pairs(pairs)
            case .word(let word):
                [
                    "same": .same, "same_upper": .sameUpper, "same_lower": .sameLower,
                    "full": .full, "causal": .causal, "derived": .derived,
                ][word]!
            }
        }
    }

    let op: String
    let input, weight, shape: [Int]
    let groups: Int?
    let stride, dilation, output_padding, output_size: [Int]?
    let padding: Padding?
    let padding_mode: String?
    let padding_value: Double?
    let flip_kernel: Bool?
    let output: [Double]

    var isTransposed: Bool { op.hasPrefix("conv_transpose") }
    var outputChannels: Int { isTransposed ? weight[1] * (groups ?? 1) : weight[0] }

    var options: ConvolutionOptions {
        var options = ConvolutionOptions()
        options.stride = stride ?? []
        options.dilation = dilation ?? []
        options.groups = groups ?? 1
        options.outputPadding = output_padding ?? []
        options.outputSize = output_size ?? []
        options.padding = padding?.option ?? .valid
        options.flipsKernel = flip_kernel ?? false
        switch padding_mode {
        case "reflect": options.border = .reflect
        case "replicate": options.border = .replicate
        case "circular": options.border = .circular
        case "constant": options.border = .constant(padding_value!)
        default: break
        }
        return options
    }

    func convolution(_ options: ConvolutionOptions) throws -> Convolution {
        try Convolution(
            ConvolutionGeometry(
                isTransposed ? .transposed : .forward, spatialRank: weight.count - 2,
                input: input, weight: weight, bias: [outputChannels], options: options),
            options: options)
    }

    func operands(_ dtype: DType) -> Convolution.Operands {
        Convolution.Operands(
            input: Self.numbers(input, 1, dtype), weight: Self.numbers(weight, 2, dtype),
            bias: Self.numbers([outputChannels], 3, dtype))
    }

    static func numbers(_ shape: [Int], _ seed: Int, _ dtype: DType) -> Tensor {
        let count = shape.reduce(1, *)
        return Tensor(shape, dtype, (0..<count).map { Double(($0 * 7 + seed) % 11 - 5) })
    }
}
