/// Bytes that are no BPF object, or an object that asks for what is not supported: the one error of
/// this module.
public struct ObjectError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The object's name as given to `ObjectFile(parsing:name:)`, if the error comes from there.
  public var file: String?
  /// The ELF section or the part of the file ("ELF header", "section headers").
  public var section: String?
  /// Bytes from the start of that section.
  public var offset: Int?
  /// What is wrong, in one sentence without a period.
  public var message: String
  /// The way out, if one is known.
  public var hint: String?

  public init(
    file: String? = nil, section: String? = nil, offset: Int? = nil, message: String,
    hint: String? = nil
  ) {
    self.file = file
    self.section = section
    self.offset = offset
    self.message = message
    self.hint = hint
  }

  /// `fw.bpf.o: section .maps, offset 0x20: unknown field "typ" (did you mean "type"?)`
  public var description: String {
    var text = ""
    if let file { text += "\(file): " }
    if let section {
      text += section.contains(" ") ? section : "section \(section)"
      if let offset { text += ", offset 0x\(String(offset, radix: 16))" }
      text += ": "
    } else if let offset {
      text += "offset 0x\(String(offset, radix: 16)): "
    }
    text += message
    if let hint { text += " (\(hint))" }
    return text
  }
}
