/// What linking needs of an object: code by section, functions, and what symbols stand for.
struct ObjectCode: Sendable {
  /// An executable section.
  struct Section: Sendable {
    var name: String
    var instructions: [Instruction]
    /// For each instruction the symbol that it is relocated against; -1 = none. Empty when nothing
    /// in the section is.
    var relocations: [Int32]

    func symbol(of instruction: Int) -> Int? {
      guard relocations.indices.contains(instruction), relocations[instruction] >= 0 else {
        return nil
      }
      return Int(relocations[instruction])
    }
  }

  /// A function symbol.
  struct Function: Sendable {
    var name: String
    var section: Int
    /// The first instruction in the section, and how many there are.
    var start: Int
    var count: Int
    var isHidden: Bool
    var isGlobal: Bool
    var end: Int { start + count }
  }

  struct Symbol: Sendable {
    /// Only undefined symbols keep their names.
    var name: String
    var section: Int
    var value: UInt64
    var isUndefined: Bool
    var isReserved: Bool
    var kind: Int
  }

  struct Arena: Sendable {
    var section: Int
    var map: String
    /// Where the section begins in the arena.
    var offset: UInt64
  }

  /// By the section's index in the file.
  var sections: [Int: Section] = [:]
  /// `.text`, where the functions stand that programs call.
  var text: Int?
  /// By section and position.
  var functions: [Function] = []
  /// The symbols that code is relocated against.
  var symbols: [Int: Symbol] = [:]
  /// The declared map at an offset of `.maps`.
  var mapSection: Int?
  var mapsByOffset: [UInt64: String] = [:]
  /// The data map of a section of the file.
  var dataMaps: [Int: String] = [:]
  /// The section of variables in the arena.
  var arena: Arena?
  /// Names of all sections that a relocation may meet, for errors.
  var sectionNames: [Int: String] = [:]
  var extended = BTFExtension()

  /// The function that an instruction of a section belongs to.
  func function(in section: Int, at instruction: Int) -> Int? {
    var low = 0
    var high = functions.count
    while low < high {
      let middle = (low + high) / 2
      let candidate = functions[middle]
      if candidate.section < section
        || candidate.section == section && candidate.end <= instruction
      {
        low = middle + 1
      } else {
        high = middle
      }
    }
    guard low < functions.count, functions[low].section == section,
      functions[low].start <= instruction
    else { return nil }
    return low
  }

  /// Functions of `.text` are subprograms, unless the only function of the object stands there.
  func isSubprogram(_ function: Function) -> Bool {
    function.section == text && functions.count > 1
  }
}

/// Bounds the names that are copied out of an object: tables that point into one long string again
/// and again would otherwise multiply it.
struct NameBudget {
  private var remaining: Int

  init(bytes: Int) { remaining = 4 * bytes + 65536 }

  mutating func spend(_ name: String, section: String) throws(ObjectError) -> String {
    remaining -= name.utf8.count + 16
    guard remaining >= 0 else {
      throw ObjectError(section: section, message: "the names add up to more than the file")
    }
    return name
  }
}
