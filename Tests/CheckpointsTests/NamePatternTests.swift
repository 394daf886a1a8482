// SPDX-License-Identifier: Apache-2.0

import Testing

import Checkpoints

@Suite struct NamePatternTests {
    @Test(arguments: [
        ("", "", true), ("", "a", false), ("*", "", true), ("*", "layer1.0.conv1", true),
        ("layer1.*", "layer1.0.conv1", true), ("layer1.*", "layer10.0", false),
        ("*.conv1", "layer1.0.conv1", true), ("*.conv1", "conv1", false),
        ("layer?.0", "layer1.0", true), ("layer?.0", "layer.0", false),
        ("*a*b*", "xxaxxbxx", true), ("*a*b", "aab", true), ("*a*b", "aba", false),
        ("a**", "a", true), ("?", "", false), ("stem", "stem", true), ("stem", "stems", false),
    ]) func matches(pattern: String, name: String, expected: Bool) {
        #expect(NamePattern(pattern).matches(name) == expected, "\(pattern) and \(name)")
    }

    /// Many stars over a long name end soon.
    @Test func isNotExponential() {
        let pattern = NamePattern(String(repeating: "*a", count: 200) + "b")
        #expect(!pattern.matches(String(repeating: "a", count: 5000)))
    }

    @Test(arguments: [
        ("stage1.0.rbr_dense.conv", "rbr_dense.conv", "stage1.0"),
        ("rbr_dense.conv", "rbr_dense.conv", ""),
        ("s.rbr_conv.12.conv", "rbr_conv.#.conv", "s"),
        ("s.rbr_conv.x.conv", "rbr_conv.#.conv", nil),
        ("s.xrbr_dense.conv", "rbr_dense.conv", nil),
        ("conv", "rbr_dense.conv", nil),
    ]) func parents(name: String, pattern: String, expected: String?) {
        #expect(ModuleName.parent(of: name, endingWith: pattern) == expected)
    }
}
