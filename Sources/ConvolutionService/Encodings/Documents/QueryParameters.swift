// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import HTTPTransport

/// The items of a query: parameters of a request whose body holds nothing but tensors.
struct QueryParameters {
    private(set) var items: [(name: String, value: String)] = []

    init(_ request: HTTPRequest) throws(RequestFailure) {
        for item in request.queryItems {
            guard let name = item.name, let value = item.value else {
                throw .problem(
                    Problem(
                        status: 400,
                        detail: """
                            the query has an escape that stands for no UTF-8 text; escape text as \
                            UTF-8, such as %C3%A9
                            """))
            }
            items.append((name, value))
        }
    }

    func contains(_ name: String) -> Bool { items.contains { $0.name == name } }

    /// A body of JSON has its parameters inside; what stands in the query as well would be ignored.
    func refuse() throws(RequestFailure) {
        guard let first = items.first else { return }
        throw .field(
            pointer: "",
            reason: """
                the query has \(Suggestion.quoted(first.name)), but parameters of a JSON body are \
                fields of its object; put it there, or send the tensors in a binary encoding
                """)
    }
}

/// What the query says of the tensor, not of the operation.
extension QueryParameters {
    private enum Field: Int, RequestField {
        case shape, dtype

        var name: StaticString {
            switch self {
            case .shape: "shape"
            case .dtype: "dtype"
            }
        }
    }

    /// Takes `dtype` out.
    mutating func takeDType() throws(RequestFailure) -> DType? { try take().dtype }

    /// Takes `shape` and `dtype` out; the body is the elements, little-endian and row-major.
    mutating func takeTensor(
        from body: UnsafeRawBufferPointer
    ) throws(RequestFailure) -> Tensor {
        let (shape, dtype) = try take()
        guard let shape else {
            throw .field(
                pointer: "/shape",
                reason: """
                    application/octet-stream tells no sizes; add them to the query, such as \
                    ?shape=[1,3,8,8]&dtype=float32
                    """)
        }
        let count = shape.reduce(1, *) * (dtype ?? .float32).byteCount
        guard body.count == count else {
            throw .field(
                pointer: "/shape",
                reason: """
                    the body has \(counted(body.count, "byte")), but shape \(shape) of \
                    \((dtype ?? .float32).rawValue) needs \(counted(count, "byte"))
                    """)
        }
        return Tensor(copying: body, dtype: dtype ?? .float32, shape: shape)
    }

    private mutating func take() throws(RequestFailure) -> (shape: [Int]?, dtype: DType?) {
        var builder = DocumentBuilder()
        let names = ["shape", "dtype"]
        for (name, value) in items where names.contains(name) {
            try builder.add(name, parameter: value)
        }
        items.removeAll { names.contains($0.name) }
        let document = RequestDocument(.octetStream, builder)
        var taken: (shape: [Int]?, dtype: DType?) = (nil, nil)
        do {
            try document.decode { cursor throws(RequestFailure) in
                try cursor.readObject(Field.self) { cursor, field throws(RequestFailure) in
                    switch field {
                    case .shape: taken.shape = try cursor.readShape()
                    case .dtype: taken.dtype = try cursor.readDType()
                    }
                }
            }
        } catch {
            throw .problem(Problem(error, in: document))
        }
        return taken
    }
}
