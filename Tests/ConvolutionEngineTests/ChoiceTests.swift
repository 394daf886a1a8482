// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Testing

/// The table of choices: what `auto` takes for layers of well-known networks, by default and `strict`.
@Suite("The algorithm that is chosen")
struct ChoiceTests {
    struct Row: Sendable, CustomStringConvertible {
        let name: String
        let input: [Int]
        let weight: [Int]
        var stride = 1
        var padding = 0
        var groups = 1
        let choice: Algorithm
        var strict: Algorithm?
        var dilation = 1
        var description: String { name }

        init(
            _ name: String, _ input: [Int], _ weight: [Int], stride: Int = 1, padding: Int = 0,
            dilation: Int = 1, groups: Int = 1, _ choice: Algorithm, strict: Algorithm? = nil
        ) {
            (self.name, self.input, self.weight) = (name, input, weight)
            (self.stride, self.padding, self.groups) = (stride, padding, groups)
            (self.choice, self.strict) = (choice, strict)
            self.dilation = dilation
        }
    }

    static let rows = [
        Row("survey", [1, 1, 8, 8], [1, 1, 3, 3], .direct),
        Row("VGG first", [1, 3, 224, 224], [64, 3, 3, 3], padding: 1, .direct),
        Row("VGG", [1, 64, 224, 224], [64, 64, 3, 3], padding: 1, .winograd),
        Row("ResNet 56", [1, 64, 56, 56], [64, 64, 3, 3], padding: 1, .winograd),
        Row("ResNet 14", [1, 256, 14, 14], [256, 256, 3, 3], padding: 1, .winograd),
        Row("ResNet 14, few", [1, 64, 14, 14], [64, 64, 3, 3], padding: 1, .im2col),
        Row("16x16", [1, 64, 16, 16], [64, 64, 3, 3], padding: 1, .winograd, strict: .im2col),
        Row("14x14", [1, 96, 14, 14], [96, 96, 3, 3], padding: 1, .winograd, strict: .im2col),
        Row("12x12", [1, 128, 12, 12], [128, 128, 3, 3], padding: 1, .winograd, strict: .im2col),
        Row("ResNet 28", [1, 128, 28, 28], [128, 128, 3, 3], padding: 1, .winograd),
        Row(
            "DeepLab, dilated", [1, 256, 28, 28], [256, 256, 3, 3], padding: 2, dilation: 2,
            .winograd),
        Row(
            "DeepLab, far apart", [1, 256, 28, 28], [256, 256, 3, 3], padding: 12, dilation: 12,
            .im2col),
        Row("ResNet 7", [1, 512, 7, 7], [512, 512, 3, 3], padding: 1, .im2col),
        Row(
            "ResNet stride", [1, 128, 56, 56], [128, 128, 3, 3], stride: 2, padding: 1, .winograd),
        Row(
            "ResNet stride, small", [1, 256, 28, 28], [256, 256, 3, 3], stride: 2, padding: 1,
            .winograd),
        Row(
            "stride, small map of large weights", [1, 512, 28, 28], [512, 512, 3, 3], stride: 2,
            padding: 1, .im2col),
        Row("DCGAN's one output", [1, 512, 4, 4], [1, 512, 4, 4], .im2col),
        Row("RepVGG stride", [1, 48, 112, 112], [48, 48, 3, 3], stride: 2, padding: 1, .winograd),
        Row("EfficientNet stem", [1, 3, 224, 224], [32, 3, 3, 3], stride: 2, padding: 1, .direct),
        Row("pix2pix down", [1, 64, 128, 128], [128, 64, 4, 4], stride: 2, padding: 1, .winograd),
        Row("pointwise", [1, 256, 56, 56], [64, 256, 1, 1], .im2col),
        Row(
            "AlexNet 5x5", [1, 48, 27, 27], [128, 48, 5, 5], padding: 2, .winograd, strict: .im2col),
        Row("depthwise", [1, 96, 112, 112], [96, 1, 3, 3], padding: 1, groups: 96, .direct),
        Row("ConvNeXt 7x7", [1, 96, 56, 56], [96, 1, 7, 7], padding: 3, groups: 96, .direct),
        Row("RepLKNet 31x31", [1, 128, 32, 32], [128, 1, 31, 31], padding: 15, groups: 128, .fft),
        Row("ResNeXt", [1, 128, 56, 56], [128, 4, 3, 3], padding: 1, groups: 32, .direct),
        Row("ViT patches", [1, 3, 224, 224], [768, 3, 16, 16], stride: 16, .im2col),
        Row("ConvNeXt patches", [1, 3, 224, 224], [96, 3, 4, 4], stride: 4, .im2col),
        Row("large image", [1, 1, 1024, 1024], [1, 1, 15, 15], padding: 7, .fft),
        Row(
            "HiFi-GAN, long", [1, 128, 6400], [128, 128, 11], padding: 5, .fft, strict: .im2col),
        Row(
            "HiFi-GAN, dilated", [1, 64, 12800], [64, 64, 11], padding: 15, dilation: 3, .fft,
            strict: .im2col),
        Row("HiFi-GAN, seven", [1, 256, 800], [256, 256, 7], padding: 3, .im2col),
        Row(
            "HiFi-GAN, seven, longer", [1, 64, 12800], [64, 64, 7], padding: 3, .fft,
            strict: .im2col),
        Row(
            "HiFi-GAN, three", [1, 64, 12800], [64, 64, 3], padding: 1, .winograd, strict: .im2col),
        Row("MobileNet projects", [1, 32, 112, 112], [16, 32, 1, 1], .direct),
        Row("MobileNet expands further", [1, 24, 56, 56], [144, 24, 1, 1], .direct),
        Row("MobileNet expands, small", [1, 24, 28, 28], [144, 24, 1, 1], .im2col),
        Row("EfficientNet excites", [1, 6, 1, 1], [144, 6, 1, 1], .im2col),
        Row("MobileNet expands", [1, 16, 112, 112], [96, 16, 1, 1], .direct),
        Row("wav2vec first", [1, 1, 16000], [512, 1, 10], stride: 5, .direct),
        Row("wav2vec", [1, 512, 3199], [512, 512, 3], stride: 2, .winograd),
        Row("wav2vec, two taps", [1, 512, 799], [512, 512, 2], stride: 2, .im2col),
        Row(
            "C3D", [1, 32, 16, 56, 56], [32, 32, 3, 3, 3], padding: 1, .winograd, strict: .direct),
    ]

    @Test(arguments: rows)
    func choice(_ row: Row) throws {
        var options = ConvolutionOptions()
        options.stride = [row.stride]
        options.padding = .symmetric([row.padding])
        options.dilation = [row.dilation]
        options.groups = row.groups
        let geometry = try ConvolutionGeometry(
            .forward, spatialRank: row.weight.count - 2, input: row.input, weight: row.weight,
            bias: nil, options: options)
        #expect(Algorithm.fastest(for: geometry) == row.choice)
        #expect(
            Algorithm.fastest(for: geometry, precision: .strict) == row.strict ?? row.choice)
    }

    /// A plane of 14x14 outputs has sixteen tiles.
    @Test(
        "volumes whose planes are a vector of tiles",
        arguments: [(4, true), (8, true), (16, false)])
    func volumes(lanes: Int, isFiltered: Bool) throws {
        var options = ConvolutionOptions()
        options.padding = .symmetric([1])
        let geometry = try ConvolutionGeometry(
            .forward, spatialRank: 3, input: [1, 512, 4, 14, 14], weight: [512, 512, 3, 3, 3],
            bias: nil, options: options)
        let choice = Algorithm.fastest(for: geometry, lanes: lanes)
        #expect(choice == (isFiltered ? .winograd : .im2col))
    }

    /// The same request has the same bits, whoever else it travels with.
    @Test("does not depend on the batch", arguments: rows)
    func batch(_ row: Row) throws {
        var options = ConvolutionOptions()
        options.stride = [row.stride]
        options.padding = .symmetric([row.padding])
        options.dilation = [row.dilation]
        options.groups = row.groups
        let geometry = try ConvolutionGeometry(
            .forward, spatialRank: row.weight.count - 2, input: [8] + row.input.dropFirst(),
            weight: row.weight, bias: nil, options: options)
        #expect(Algorithm.fastest(for: geometry) == row.choice)
    }

    static let transposed = [
        Row("pix2pix", [1, 128, 64, 64], [128, 64, 4, 4], stride: 2, padding: 1, .winograd),
        Row("GAN 32", [1, 256, 32, 32], [256, 128, 4, 4], stride: 2, padding: 1, .winograd),
        Row("DCGAN 16", [1, 128, 16, 16], [128, 64, 4, 4], stride: 2, padding: 1, .winograd),
        Row(
            "pix2pix 16", [1, 512, 16, 16], [512, 256, 4, 4], stride: 2, padding: 1, .stridePhases),
        Row("DCGAN 8", [1, 256, 8, 8], [256, 128, 4, 4], stride: 2, padding: 1, .stridePhases),
        Row("DCGAN 4", [1, 512, 4, 4], [512, 256, 4, 4], stride: 2, padding: 1, .stridePhases),
        Row("GAN, last", [1, 64, 64, 64], [64, 3, 4, 4], stride: 2, padding: 1, .columnScatter),
        Row("GAN, 4 of 16", [1, 16, 64, 64], [16, 4, 4, 4], stride: 2, padding: 1, .stridePhases),
        Row("GAN, 5x5", [1, 128, 16, 16], [128, 64, 5, 5], stride: 2, padding: 2, .winograd),
        Row("3x3", [1, 128, 64, 64], [128, 64, 3, 3], stride: 2, padding: 1, .winograd),
        Row(
            "3x3, few pixels", [1, 128, 32, 32], [128, 128, 3, 3], stride: 2, padding: 1,
            .stridePhases),
        Row("3x3, deep", [1, 512, 14, 14], [512, 256, 3, 3], stride: 2, padding: 1, .winograd),
        Row("5x5 by threes", [1, 64, 32, 32], [64, 64, 5, 5], stride: 3, padding: 1, .winograd),
        Row("U-Net", [1, 256, 28, 28], [256, 128, 2, 2], stride: 2, .stridePhases),
        Row(
            "gradient", [1, 64, 56, 56], [64, 64, 3, 3], padding: 1, .winograd, strict: .winograd),
        Row("HiFi-GAN", [1, 256, 800], [256, 128, 16], stride: 8, padding: 4, .winograd),
        Row("HiFi-GAN, 64", [1, 128, 6400], [128, 64, 4], stride: 2, padding: 1, .winograd),
        Row("HiFi-GAN, few", [1, 64, 12800], [64, 32, 4], stride: 2, padding: 1, .stridePhases),
        Row(
            "few pixels", [1, 512, 2, 2], [512, 256, 4, 4], stride: 2, padding: 1, .columnScatter),
        Row("mostly borders", [1, 512, 4, 4], [512, 256, 4, 4], .columnScatter),
    ]

    @Test(arguments: transposed)
    func transposedChoice(_ row: Row) throws {
        var options = ConvolutionOptions()
        options.stride = [row.stride]
        options.padding = .symmetric([row.padding])
        let geometry = try ConvolutionGeometry(
            .transposed, spatialRank: row.weight.count - 2, input: row.input, weight: row.weight,
            bias: nil, options: options)
        #expect(Algorithm.fastest(for: geometry) == row.choice)
        let strict = row.strict ?? (row.choice == .winograd ? .stridePhases : row.choice)
        #expect(Algorithm.fastest(for: geometry, precision: .strict) == strict)
    }
}
