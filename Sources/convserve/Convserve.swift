// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConvolutionService

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// `convserve`: convolution as a service.
@main
struct Convserve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convserve",
        abstract: "Convolution as a service: tensors in over HTTP, their convolutions out.",
        version: ConvolutionService.version,
        subcommands: [Serve.self, Fuse.self, Healthcheck.self, Bench.self],
        defaultSubcommand: Serve.self)

    /// Every failure is one line on standard error and an exit code.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            if exitCode(for: error) == .success { exit(withError: error) }
            let message = message(for: error)
            if !message.isEmpty { complain(message) }
            endProcess(exitCode(for: error).rawValue)
        }
    }

    /// The first line of a message, to standard error; parsers add usage below it.
    static func complain(_ message: String) {
        let line = message.split(separator: "\n").first.map(String.init) ?? message
        let text = Array("convserve: \(line)\n".utf8)
        _ = text.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    }
}

/// `exit`, which inside of a command means something else.
private func endProcess(_ code: Int32) -> Never { exit(code) }
