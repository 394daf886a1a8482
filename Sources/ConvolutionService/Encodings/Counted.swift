// SPDX-License-Identifier: Apache-2.0

/// `1 element`, `2 elements`
func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
