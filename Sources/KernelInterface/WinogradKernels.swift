// SPDX-License-Identifier: Apache-2.0

/// What Winograd's minimal filtering needs besides the register tiles, for one scalar and one
/// instruction set. No kernel checks anything.
public struct WinogradKernels<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
    /// A one-dimensional transform of many lanes; of an output step, whether all that it made is
    /// finite (true of the others).
    public let transform: @Sendable (WinogradStep, TransformOperands<Scalar>) -> Bool
    /// Rows of the input, padded and split into the values of tiles.
    public let splitRows: @Sendable (TileRows<Scalar>) -> Void
    /// Weights into one panel a tap.
    public let splitTaps: @Sendable (TapPanels<Scalar>) -> Void

    /// All of them.
    public init(
        transform: @escaping @Sendable (WinogradStep, TransformOperands<Scalar>) -> Bool,
        splitRows: @escaping @Sendable (TileRows<Scalar>) -> Void,
        splitTaps: @escaping @Sendable (TapPanels<Scalar>) -> Void
    ) {
        self.transform = transform
        self.splitRows = splitRows
        self.splitTaps = splitTaps
    }
}
