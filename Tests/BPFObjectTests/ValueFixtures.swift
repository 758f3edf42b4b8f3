import Glibc

@testable import BPFObject

/// C compiled by clang for the BPF target, for tests that compare with what the compiler does.
struct CompiledC {
  let btf: BTF
  private let elf: [UInt8]

  struct Failure: Error { var what: String }

  init(_ source: String) throws {
    var template = Array("/tmp/bpfapply-values-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Failure(what: "mkdtemp: errno \(errno)") }
    let directory = String(
      decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let (input, output) = ("\(directory)/x.bpf.c", "\(directory)/x.bpf.o")
    defer {
      unlink(input)
      unlink(output)
      rmdir(directory)
    }
    guard let file = fopen(input, "w") else { throw Failure(what: "fopen: errno \(errno)") }
    fputs(source, file)
    fclose(file)
    let arguments = [
      "clang", "-O2", "-g", "-target", "bpf", "-I/usr/include/x86_64-linux-gnu",
      "-I/usr/include/aarch64-linux-gnu", "-c", input, "-o", output,
    ]
    var argv = arguments.map { strdup($0) } + [nil]
    defer { for argument in argv { free(argument) } }
    var pid: pid_t = 0
    let spawned = posix_spawnp(&pid, "clang", nil, nil, &argv, environ)
    guard spawned == 0 else { throw Failure(what: "clang is not there: errno \(spawned)") }
    var status: Int32 = 0
    waitpid(pid, &status, 0)
    guard status == 0, let object = fopen(output, "r") else {
      throw Failure(what: "clang failed with \(status)")
    }
    defer { fclose(object) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, object))
    elf = bytes
    guard let section = CompiledC.section(".BTF", of: elf) else {
      throw Failure(what: "no BTF in the object")
    }
    btf = try BTF(parsing: section)
  }

  /// The layout of a global variable.
  func layout(_ variable: String) throws -> Layout {
    guard let id = btf.first(.variable, named: variable) else {
      throw Failure(what: "no variable \(variable)")
    }
    return try btf.layout(of: id)
  }

  /// The initial bytes of a variable that stands alone in the section `.data.NAME`.
  func bytes(_ variable: String) throws -> [UInt8] {
    guard let bytes = CompiledC.section(".data.\(variable)", of: elf) else {
      throw Failure(what: "no section .data.\(variable)")
    }
    return bytes
  }

  private static func section(_ name: String, of elf: [UInt8]) -> [UInt8]? {
    func number(_ offset: Int, _ size: Int) -> Int {
      (0..<size).reduce(0) { $0 | Int(elf[offset + $1]) << (8 * $1) }
    }
    let (table, entry, names) = (number(0x28, 8), number(0x3a, 2), number(0x3e, 2))
    let strings = number(table + names * entry + 0x18, 8)
    for index in 0..<number(0x3c, 2) {
      let header = table + index * entry
      let start = strings + number(header, 4)
      guard let end = elf[start...].firstIndex(of: 0) else { return nil }
      if String(decoding: elf[start..<end], as: UTF8.self) == name {
        let offset = number(header + 0x18, 8)
        return Array(elf[offset..<offset + number(header + 0x20, 8)])
      }
    }
    return nil
  }
}

extension Value: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByBooleanLiteral
{
  public init(integerLiteral value: Int) { self = .scalar(String(value), plain: true) }
  public init(booleanLiteral value: Bool) { self = .scalar(String(value), plain: true) }
  /// As in YAML without quotes.
  public init(stringLiteral value: String) { self = .scalar(value, plain: true) }
  public init(arrayLiteral elements: Value...) { self = .list(elements) }
  public init(dictionaryLiteral elements: (String, Value)...) {
    self = .record(elements.map { Member(name: $0.0, value: $0.1) })
  }
}

/// A quoted scalar.
func text(_ text: String) -> Value { .scalar(text, plain: false) }

/// The error of an encoding that has to fail; nil if it does not.
func failure<T>(_ body: () throws(ValueError) -> T) -> ValueError? {
  do {
    _ = try body()
    return nil
  } catch {
    return error
  }
}
