import FoundationEssentials
import Testing

@testable import bpfapply

@Suite struct FileReadingTests {
  private func temporary(_ bytes: [UInt8]) throws -> URL {
    let url = FileManager.default.temporaryDirectory
      .appending(path: "bpfapply-\(UUID().uuidString)")
    try Data(bytes).write(to: url)
    return url
  }

  @Test func readsWhatIsThere() throws {
    for size in [0, 1, 4095, 4096, 4097, 100_000] {
      let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
      let url = try temporary(bytes)
      defer { try? FileManager.default.removeItem(at: url) }
      #expect(try FileReading.read(url.path) == bytes)
    }
  }

  @Test func readsWhatHasNoSize() throws {
    #expect(try !FileReading.read("/proc/self/status").isEmpty)
  }

  @Test func limitIsKept() throws {
    let url = try temporary([UInt8](repeating: 7, count: 101))
    defer { try? FileManager.default.removeItem(at: url) }
    #expect(try FileReading.read(url.path, limit: 101).count == 101)
    #expect { try FileReading.read(url.path, limit: 100) } throws: {
      ($0 as? FileError)?.code == "too-large"
    }
    // A device has no size and no end.
    #expect { try FileReading.read("/dev/zero", limit: 10_000) } throws: {
      ($0 as? FileError)?.code == "too-large"
    }
  }

  @Test(arguments: [
    ("/", "is-a-directory"), ("/nowhere/at/all", "not-found"), ("/etc/passwd/x", "not-found"),
    ("", "not-found"), ("a\0b", "not-found"),
  ])
  func whatCannotBeReadSaysWhy(path: String, code: String) {
    #expect { try FileReading.read(path) } throws: { ($0 as? FileError)?.code == code }
  }

  @Test func accountsComeFromTheFiles() {
    let accounts = Accounts(
      passwd: Array("root:x:0:0::/:/bin/sh\n# comment\nroot:x:7:7::/:\nweb:x:33:34::/:\n".utf8),
      group: Array("netops:x:1234:a,b\nbroken:x\n:x:5:\nbig:x:99999999999:\n".utf8))
    #expect(accounts.user("root") == 0)
    #expect(accounts.user("web") == 33)
    #expect(accounts.user("1000") == 1000)
    #expect(accounts.user("nobody-here") == nil)
    #expect(accounts.group("netops") == 1234)
    #expect(accounts.group("broken") == nil)
    #expect(accounts.group("big") == nil)
  }
}
