// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

import Checkpoints

@Suite struct FileReplacementTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
        "convserve-" + UUID().uuidString)

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: folder.path) }
    }

    @Test func isThereOnceItIsWhole() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("deploy").path
        try FileReplacement(path: path).finish(with: "before")
        do {
            let file = try FileReplacement(path: path)
            try file.write(Array("half".utf8))
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "before")
        }
        #expect(try names == ["deploy"], "what was not finished leaves nothing")
        try FileReplacement(path: path).finish(with: "after")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "after")
    }

    @Test func placesThatCannotBeWritten() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        for path in ["none/deploy", "none/", ""] {
            #expect(throws: CheckpointError.self) {
                try FileReplacement(path: folder.path + "/" + path).finish(with: "")
            }
        }
        #expect(try names == [])
    }
}
