// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConvolutionEngine
import Foundation

/// One layer of a layers file.
struct BenchLayer: Decodable {
    var name: String
    var op: String
    var input: [Int]
    var weight: [Int]
    var stride: Sizes?
    var padding: Padding?
    var dilation: Sizes?
    var groups: Int?
    var output_padding: Sizes?
    var dtype: String?

    /// A number, or one for each dimension.
    struct Sizes: Decodable {
        let values: [Int]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let one = try? container.decode(Int.self) {
                values = [one]
            } else {
                values = try container.decode([Int].self)
            }
        }
    }

    /// A number, one for each dimension, pairs, or a word.
    struct Padding: Decodable {
        let value: ConvolutionOptions.Padding

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let pairs = try? container.decode([[Int]].self) {
                value = .pairs(pairs)
            } else if let word = try? container.decode(String.self) {
                guard word == "same" || word == "valid" else {
                    throw DecodingError.dataCorruptedError(
                        in: container, debugDescription: "padding is '\(word)', not same or valid")
                }
                value = word == "same" ? .same : .valid
            } else {
                value = .symmetric(try Sizes(from: decoder).values)
            }
        }
    }

    /// The layers of a file, or one line that says what is wrong with it.
    static func read(path: String) throws -> [BenchLayer] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ValidationError("cannot read \(path)")
        }
        do {
            return try JSONDecoder().decode([BenchLayer].self, from: data)
        } catch let DecodingError.keyNotFound(key, context) {
            throw ValidationError("\(path): layer \(place(context)) has no \(key.stringValue)")
        } catch let DecodingError.valueNotFound(_, context) {
            throw ValidationError("\(path): \(place(context)) is null")
        } catch let DecodingError.typeMismatch(_, context) {
            throw ValidationError("\(path): \(place(context)): \(context.debugDescription)")
        } catch let DecodingError.dataCorrupted(context) {
            throw ValidationError("\(path): \(place(context)) \(context.debugDescription)")
        }
    }

    private static func place(_ context: DecodingError.Context) -> String {
        context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }
            .joined(separator: "/")
    }

    /// The checked geometry; what is wrong is one line.
    func geometry() throws -> ConvolutionGeometry {
        let transposed = op.hasPrefix("conv_transpose")
        guard
            let rank = [1, 2, 3].first(where: {
                op == (transposed ? "conv_transpose" : "conv") + "\($0)d"
            })
        else {
            throw ValidationError("layer \(name): op is \(op), not conv1d ... conv_transpose3d")
        }
        var options = ConvolutionOptions()
        options.stride = stride?.values ?? []
        options.padding = padding?.value ?? .symmetric([])
        options.dilation = dilation?.values ?? []
        options.groups = groups ?? 1
        options.outputPadding = output_padding?.values ?? []
        do {
            return try ConvolutionGeometry(
                transposed ? .transposed : .forward, spatialRank: rank, input: input,
                weight: weight, bias: nil, options: options)
        } catch {
            throw ValidationError("layer \(name): \(error.field): \(error.reason)")
        }
    }

    /// The element type; float32 by default.
    func elementType() throws -> DType {
        guard let type = DType(rawValue: dtype ?? "float32") else {
            throw ValidationError(
                "layer \(name): dtype is \(dtype ?? ""), not "
                    + DType.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return type
    }
}
