// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// What a header says: `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`.
struct NPYHeader {
    let element: NPYElement
    let isFortranOrder: Bool
    let shape: [Int]
    /// Bytes that the data has.
    let dataByteCount: Int

    /// - Parameters:
    ///   - bytes: the header alone
    ///   - bfloat16: whether `'<V2'` is taken for bfloat16
    init(
        _ bytes: UnsafeRawBufferPointer, bfloat16: Bool, tensor: String?
    ) throws(TensorFileError) {
        var fields = NPYFields()
        var text = PythonLiteral(bytes, tensor: tensor)
        try text.dictionary { (text, key) throws(TensorFileError) in
            switch key {
            case "descr" where fields.descr == nil: fields.descr = try text.descr()
            case "fortran_order" where fields.isFortranOrder == nil:
                fields.isFortranOrder = try text.boolean("fortran_order")
            case "shape" where fields.shape == nil:
                fields.shape = try text.tuple("shape", limit: WireShape.rankLimit)
            case "descr", "fortran_order", "shape":
                throw TensorFileError(
                    tensor: tensor, "the header has \(quoted(key)) twice; save it with numpy.save")
            default:
                throw TensorFileError(
                    tensor: tensor,
                    """
                    the header has \(quoted(key)); descr, fortran_order and shape are what a .npy \
                    header has
                    """)
            }
        }
        guard let descr = fields.descr, let order = fields.isFortranOrder, let shape = fields.shape
        else {
            throw TensorFileError(
                tensor: tensor,
                "the header has no \(fields.missing); save the array with numpy.save")
        }
        element = try NPYElement(descr, bfloat16: bfloat16, tensor: tensor)
        isFortranOrder = order
        self.shape = shape
        dataByteCount = try WireShape.requiredByteCount(shape, element.dtype, tensor: tensor)
    }

    /// Refuses data that is shorter or longer than shape and dtype say.
    func check(dataByteCount found: Int, tensor: String?) throws(TensorFileError) {
        guard found != dataByteCount else { return }
        let cure =
            found < dataByteCount
            ? "the file is cut off" : "one file holds one array, so leave out what is behind it"
        throw TensorFileError(
            tensor: tensor,
            """
            shape \(shape) of \(element.dtype.rawValue) takes \(counted(dataByteCount, "byte")), \
            but \(found) follow the header; \(cure)
            """)
    }
}

/// The fields as they come.
private struct NPYFields {
    var descr: String?
    var isFortranOrder: Bool?
    var shape: [Int]?

    var missing: String { descr == nil ? "descr" : shape == nil ? "shape" : "fortran_order" }
}
