// SPDX-License-Identifier: Apache-2.0

/// Why the server does not start: one line for whoever runs it.
public enum ServerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Something else listens on that port already.
    case addressInUse(host: String, port: UInt16)
    /// Ports below 1024 need a privilege.
    case notPermitted(host: String, port: UInt16)
    /// The machine has no such address, or the name is not known.
    case noSuchAddress(host: String, reason: String)
    /// A limit that makes no sense.
    case invalidLimit(name: String, value: Int, rule: String)
    /// Anything else the system said.
    case system(String)

    /// What happened and what to do.
    public var description: String {
        switch self {
        case .addressInUse(let host, let port):
            "port \(port) on \(host) is in use: stop what listens there (ss -ltnp 'sport = :\(port)'), "
                + "or choose another with --port or CONVSERVE_PORT"
        case .notPermitted(let host, let port):
            "not permitted to listen on \(host) port \(port): ports below 1024 need a privilege; "
                + "choose a higher one with --port or CONVSERVE_PORT"
        case .noSuchAddress(let host, let reason):
            "cannot listen on \(host): \(reason); choose an address of this machine, 127.0.0.1 or "
                + "0.0.0.0, with --host or CONVSERVE_HOST"
        case .invalidLimit(let name, let value, let rule): "\(name) is \(value), but \(rule)"
        case .system(let reason): "the server does not start: \(reason)"
        }
    }
}
