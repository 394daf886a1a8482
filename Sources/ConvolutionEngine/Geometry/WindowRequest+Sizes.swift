// SPDX-License-Identifier: Apache-2.0

/// The shapes of the tensors, and whether everything fits together.
extension WindowRequest {
    /// Whether the image has a batch.
    func checkedImage() throws(ConvolutionError) -> Bool {
        guard input.count - spatialRank == 1 || input.count - spatialRank == 2 else {
            throw .invalid(
                field: "input",
                reason: "input shape \(Spelling.list(input)) has "
                    + "\(Spelling.count(input.count, "dimension")); unfold, \(toldRank), takes "
                    + "\(imageLayouts)\(listCure)")
        }
        let isBatched = input.count - spatialRank == 2
        try checkInput(isBatched: isBatched, names: ["channels"] + axisNames)
        return isBatched
    }

    /// Whether the columns have a batch.
    func checkedColumns() throws(ConvolutionError) -> Bool {
        guard input.count == 2 || input.count == 3 else {
            throw .invalid(
                field: "input",
                reason: "input shape \(Spelling.list(input)) has "
                    + "\(Spelling.count(input.count, "dimension")); fold takes "
                    + "[N, C·prod(kernel_size), L], or [C·prod(kernel_size), L] without a batch, "
                    + "whatever the number of spatial dimensions")
        }
        try checkInput(isBatched: input.count == 3, names: ["rows", "columns"])
        return input.count == 3
    }

    private var listCure: String {
        teller?.field == "kernel_size" || teller?.field == "output_size"
            ? ""
            : "; for another number of them write kernel_size as a list, one for each"
    }

    private func checkInput(isBatched: Bool, names: [String]) throws(ConvolutionError) {
        guard input.allSatisfy({ $0 >= 0 }) else {
            throw .invalid(
                field: "input",
                reason: "input shape \(input) has a negative size; a size counts elements and is "
                    + "at least 0")
        }
        for (name, size) in zip(names, input.dropFirst(isBatched ? 1 : 0)) where size == 0 {
            throw .invalid(
                field: "input",
                reason: "input shape \(input) has \(name) 0; only the batch may be 0, send at "
                    + "least 1 element in each other dimension")
        }
        guard SizeLimit.product(input) != nil else {
            throw .invalid(
                field: "input",
                reason: "input shape \(input) multiplies to more than \(SizeLimit.spelled) elements"
                    + "\(GeometryRequest.zeroNote(input)), the most a tensor may have; "
                    + "send it in parts")
        }
    }

    /// A block fits into the padded image.
    func checkFits(_ axis: Axis) throws(ConvolutionError) {
        guard let extent = Axis.extent(kernel: axis.kernel, dilation: axis.dilation) else {
            throw .invalid(
                field: "dilation",
                reason: "dilation is \(options.dilation.spelled), which spreads the \(axis.kernel) "
                    + "elements of a block's \(axis.name) over more than \(SizeLimit.spelled); "
                    + "use a smaller one")
        }
        guard extent <= axis.paddedInput else {
            let image = operation == .unfold ? "input" : "output"
            throw .invalid(
                field: "kernel_size",
                reason: "kernel_size is \(options.kernelSize.spelled): a block covers \(extent) "
                    + "elements of \(axis.name) (kernel \(axis.kernel), dilation \(axis.dilation)), "
                    + "but the padded \(image) has \(axis.paddedInput) (\(axis.input) and padding "
                    + "\(axis.before) + \(axis.after)), so there is no block; use a smaller "
                    + "kernel_size or dilation, or \(extent - axis.paddedInput) more padding")
        }
    }

    /// The columns that `unfold` gives are not too many.
    func checkColumns(_ geometry: WindowGeometry) throws(ConvolutionError) {
        let sizes = geometry.kernel.last(spatialRank) + geometry.blocks.last(spatialRank)
        guard SizeLimit.product([geometry.batch, geometry.channels] + sizes) == nil else { return }
        throw .invalid(
            field: "kernel_size",
            reason: "kernel_size is \(options.kernelSize.spelled): blocks of "
                + "\(geometry.kernel.last(spatialRank)), \(geometry.blocks.last(spatialRank)) of "
                + "them, make more than \(SizeLimit.spelled) elements of input shape \(input), the "
                + "most a tensor may have; use a smaller one, less padding or a larger stride")
    }

    /// C, of which each channel has a row for each element of a block.
    func checkedChannels(_ axes: [Axis], rows: Int) throws(ConvolutionError) -> Int {
        let kernel = axes.map(\.kernel), blocks = axes.map(\.forwardOutput)
        guard let taps = SizeLimit.product(kernel), rows % taps == 0 else {
            throw .invalid(
                field: "input",
                reason: "input shape \(input) has \(Spelling.count(rows, "row")), which is no "
                    + "multiple of \(Spelling.factors(kernel)), the product of kernel_size "
                    + "\(kernel); send [N, C·prod(kernel_size), L], channels first, then the "
                    + "elements of a block")
        }
        let columns = input[input.count - 1]
        guard SizeLimit.product(blocks) == columns else {
            throw .invalid(
                field: "input",
                reason: "input shape \(input) has \(Spelling.count(columns, "column")), but "
                    + "output_size \(axes.map(\.input)) has \(Spelling.factors(blocks)) blocks "
                    + "(kernel_size \(kernel), dilation \(axes.map(\.dilation)), padding "
                    + "\(axes.map { [$0.before, $0.after] }), stride \(axes.map(\.stride))); send a "
                    + "column for each block, or the output_size that was unfolded")
        }
        return rows / taps
    }

    /// The image that `fold` gives is not too large.
    func checkImage(_ geometry: WindowGeometry) throws(ConvolutionError) {
        guard SizeLimit.product(geometry.imageShape) == nil else { return }
        throw .invalid(
            field: "output_size",
            reason: "the output would have shape \(geometry.imageShape), more than "
                + "\(SizeLimit.spelled) elements\(GeometryRequest.zeroNote(geometry.imageShape)), "
                + "the most a tensor may have; use a smaller output_size")
    }
}

extension Spelling {
    /// "12", or "4 x 3 = 12", or without the product where that is too large.
    fileprivate static func factors(_ factors: [Int]) -> String {
        let written = factors.map(String.init).joined(separator: " x ")
        guard factors.count > 1, let product = SizeLimit.overflowChecked(factors) else {
            return written
        }
        return "\(written) = \(product)"
    }
}
