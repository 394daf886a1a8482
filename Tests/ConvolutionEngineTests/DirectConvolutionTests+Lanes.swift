// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// Depthwise layers with a channel in each lane: blocks of channels, bands and squares that are not full.
extension DirectConvolutionTests {
    static let lanes: [ConvolutionCase] =
        [2, 4, 7, 8, 9, 16, 17, 31, 33].map { channels in
            depthwise("\(channels) channels", [7, 9], [3, 3], channels: channels) {
                $0.options.padding = .symmetric([1])
            }
        }
        + (1...17).map { width in
            depthwise("\(width) short columns", [5, width], [3, 5], channels: 19) {
                $0.options.padding = .symmetric([1, 2])
            }
        }
        + (1...17).map { width in
            depthwise(
                "\(width) short columns, 7 x 7", [width / 2 + 1, width], [7, 7], channels: 19
            ) {
                $0.options.padding = .symmetric([3])
            }
        }
        + [1, 2, 3, 5].map { stride in
            depthwise("many channels, stride \(stride)", [23, 21], [5, 4], channels: 18) {
                $0.options.stride = [stride]
                $0.options.padding = .pairs([[2, 1], [0, 3]])
            }
        }
        + [
            depthwise("many channels, dilation", [17, 15], [3, 3], channels: 18) {
                $0.options.dilation = [3, 2]
                $0.options.padding = .symmetric([3, 2])
            },
            depthwise("many channels, columns nobody looks at", [12, 13], [2, 2], channels: 20) {
                $0.options.stride = [3, 4]
            },
            depthwise("many channels, several bands", [90, 64], [7, 7], channels: 17) {
                $0.options.stride = [2]
                $0.options.padding = .symmetric([3])
            },
            depthwise("many channels, 1-d", [300], [9], channels: 21) {
                $0.options.stride = [3]
                $0.options.padding = .pairs([[8, 0]])
            },
            depthwise("many channels, one output", [7, 7], [7, 7], channels: 33),
            depthwise("many channels, rows of windows apart", [19, 20], [7, 7], channels: 17) {
                $0.options.stride = [2, 1]
                $0.options.dilation = [3, 1]
                $0.options.padding = .pairs([[9, 2], [0, 6]])
            },
            depthwise("many channels, several bands of rows", [90, 54], [7, 7], channels: 16) {
                $0.options.padding = .symmetric([3])
            },
            depthwise("many channels, mostly padding", [2, 3], [5, 7], channels: 18) {
                $0.options.padding = .symmetric([7, 9])
            },
        ]
}
