// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The value of a setting: the flag, else the environment variable of the same name, else the default.
enum Setting {
    /// - Parameters:
    ///   - name: as the flag has it, without dashes in front: `max-body-bytes`
    ///   - flag: what the flag said, if it was given
    ///   - standard: the default
    static func value<Value: LosslessStringConvertible>(
        _ name: String, _ flag: Value?, default standard: Value
    ) throws -> Value {
        if let flag { return flag }
        let variable = variable(name)
        guard let text = getenv(variable).map({ String(cString: $0) }), !text.isEmpty else {
            return standard
        }
        guard let value = Value(text) else {
            throw ValidationError(
                "\(variable) is '\(text)', which is not \(kind(Value.self)); set it to one such as "
                    + "\(standard), or unset it")
        }
        return value
    }

    /// `max-body-bytes` is `CONVSERVE_MAX_BODY_BYTES`.
    static func variable(_ name: String) -> String {
        "CONVSERVE_" + name.uppercased().replacing("-", with: "_")
    }

    private static func kind<Value>(_: Value.Type) -> String {
        switch Value.self {
        case is UInt16.Type: "a port from 0 to 65535"
        case is Int.Type: "a whole number"
        default: "a valid value"
        }
    }
}
