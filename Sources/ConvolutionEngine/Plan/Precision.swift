// SPDX-License-Identifier: Apache-2.0

/// The error that a caller allows; relative to the output's rms, float32, see the module's README.
///
/// ``Algorithm/winograd`` trades accuracy for speed where it is not ``strict``; all others keep to that.
public enum Precision: String, Sendable, CaseIterable {
    /// rms 1.5e-6, max 2e-5.
    case standard = "default"
    /// That of direct sums: rms 1e-6, max 1e-5.
    case strict
    /// rms 1e-5, max 1e-4.
    case fast

    /// Its name in the contract.
    public var name: String { rawValue }
}
