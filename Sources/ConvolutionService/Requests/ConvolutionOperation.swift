// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// The operators that slide a kernel, by their names in the contract.
enum ConvolutionOperation: Int, RequestField, CaseIterable {
    case conv1d, conv2d, conv3d, convTranspose1d, convTranspose2d, convTranspose3d

    var name: StaticString {
        switch self {
        case .conv1d: "conv1d"
        case .conv2d: "conv2d"
        case .conv3d: "conv3d"
        case .convTranspose1d: "conv_transpose1d"
        case .convTranspose2d: "conv_transpose2d"
        case .convTranspose3d: "conv_transpose3d"
        }
    }

    var direction: ConvolutionGeometry.Direction { rawValue < 3 ? .forward : .transposed }
    var spatialRank: Int { rawValue % 3 + 1 }
}
