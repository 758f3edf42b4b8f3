internal import BPFObject

/// The functions of the kernel that ftrace can enter, as kprobe_multi links take them.
public enum TraceableFunctions {
  /// Where the functions are entered whose names match any of some patterns (`*`, `?`), by name;
  /// a name that several functions bear has several places.
  ///
  /// From `available_filter_functions_addrs` of tracefs (6.5), or from the list without addresses
  /// and `/proc/kallsyms`: then names that stand for several functions are left out.
  public static func addresses(
    matching patterns: [String]
  ) throws(KernelError) -> [String: [UInt64]] {
    let globs = patterns.map { Glob($0) }
    let tracefs = try Tracefs.path()
    do throws(KernelError) {
      let bytes = try readFile("\(tracefs)/available_filter_functions_addrs")
      var found: [String: [UInt64]] = [:]
      lines(bytes) { fields in
        guard fields.count >= 2, globs.contains(where: { $0.matches(fields[1]) }),
          let address = UInt64(String(decoding: fields[0], as: UTF8.self).dropHexPrefix, radix: 16),
          // A place where nothing can be entered has such a name.
          address != 0, !fields[1].starts(with: Array("__ftrace_invalid_address__".utf8))
        else { return }
        found[String(decoding: fields[1], as: UTF8.self), default: []].append(address)
      }
      return found
    } catch {
      guard error.errno == .noEntry else { throw error }
    }
    var names: Set<String> = []
    lines(try readFile("\(tracefs)/available_filter_functions")) { fields in
      guard let name = fields.first, globs.contains(where: { $0.matches(name) }) else { return }
      names.insert(String(decoding: name, as: UTF8.self))
    }
    return try KernelSymbols.addresses(of: names).filter { $0.value.count == 1 }
      .mapValues { Array($0) }
  }

  /// Calls `body` with the words of each line, the first two at most.
  private static func lines(_ bytes: [UInt8], _ body: ([ArraySlice<UInt8>]) -> Void) {
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      body(line.split(maxSplits: 2, whereSeparator: { $0 == UInt8(ascii: " ") || $0 == 9 }))
    }
  }
}

extension String {
  fileprivate var dropHexPrefix: Substring { hasPrefix("0x") ? dropFirst(2) : self[...] }
}
