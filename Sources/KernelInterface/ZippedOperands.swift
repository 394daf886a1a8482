// SPDX-License-Identifier: Apache-2.0

/// Sums of every other output, which go out among the others, that are there already:
///
///     C[r, j] <- start + Σ_k a[k·mr + r] · b[offsets[k] + j]   (+ C)
///     row r of the outputs  <- others[r·ldc] C[r, 0] others[r·ldc + 1] C[r, 1] ...
///
/// or, of even outputs, `C[r, 0] others[r·ldc] ...`. A row of outputs is stored vector by vector,
/// each where its ``ZippedPlace`` says.
///
/// Assumptions as for ``SlideOperands``, whose `rows` are `mr` and whose vectors are at most nr /
/// lanes; C may be written whether it is accumulated or not.
public struct ZippedOperands<Scalar>: @unchecked Sendable {
    /// The sums; C is what earlier chunks have left of them.
    public var sums: SlideOperands<Scalar>
    /// Whether they are the odd outputs.
    public var isOdd: Bool
    /// The other outputs, with the pitch of C.
    public var others: UnsafePointer<Scalar>
    /// Rows that exist, of all tiles.
    public var rows: Int
    /// The outputs of the first row: what places count from.
    public var output: UnsafeMutablePointer<Scalar>
    /// Elements from one row's outputs to the next's.
    public var outputPitch: Int
    /// Places of the vectors, two for each of `sums.vectors`.
    public var places: UnsafePointer<ZippedPlace>
    /// Whether each of them is a whole vector.
    public var isWhole: Bool

    /// All of it.
    public init(
        sums: SlideOperands<Scalar>, isOdd: Bool, others: UnsafePointer<Scalar>, rows: Int,
        output: UnsafeMutablePointer<Scalar>, outputPitch: Int,
        places: UnsafePointer<ZippedPlace>, isWhole: Bool
    ) {
        self.sums = sums
        self.isOdd = isOdd
        self.others = others
        self.rows = rows
        self.output = output
        self.outputPitch = outputPitch
        self.places = places
        self.isWhole = isWhole
    }
}

/// Where the lanes of a vector go: i < ``count`` to ``first`` + i, i >= ``skipped`` to ``next`` +
/// i.
public struct ZippedPlace: Sendable {
    /// Offset of lane 0 in a row.
    public var first: Int
    /// Lanes that go to that row.
    public var count: Int
    /// Offset that lane 0 would have in the row behind it.
    public var next: Int
    /// Lanes in front of those that go there; as many as a vector has: none does.
    public var skipped: Int

    /// A place.
    public init(first: Int, count: Int, next: Int, skipped: Int) {
        self.first = first
        self.count = count
        self.next = next
        self.skipped = skipped
    }
}
