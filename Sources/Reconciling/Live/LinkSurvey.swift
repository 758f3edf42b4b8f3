internal import BPFKernel
internal import BPFObject

/// What link info does not tell of netfilter links, read by an iterator from the kernel's own memory:
/// the network namespace, and whether the link was detached.
///
/// The program is written for this kernel's types and gone again when it has run. It changes nothing.
struct LinkSurvey {
  struct Finding {
    /// The inode of the network namespace; of no account for a detached link.
    var namespace: UInt32
    var isDetached: Bool
  }

  private(set) var findings: [UInt32: Finding] = [:]

  /// Where in the kernel's structures the fields are, in bytes.
  private struct Offsets {
    var sequence: Int
    var type: Int
    var id: Int
    var net: Int
    var dead: Int
    var inode: Int

    init?(_ types: BTF) {
      func offset(_ structure: String, _ field: String) -> Int? {
        guard let id = types.first(.structure, named: structure) else { return nil }
        for member in types.members(of: id) where member.bitSize == nil && member.bitOffset % 8 == 0
        {
          // Pointers of iterators are in unions without a name.
          let isIt =
            member.name.isEmpty
            ? types.members(of: member.type).first?.name == field : member.name == field
          if isIt { return member.bitOffset / 8 }
        }
        return nil
      }
      guard let sequence = offset("bpf_iter_meta", "seq"), let type = offset("bpf_link", "type"),
        let id = offset("bpf_link", "id"), let net = offset("bpf_nf_link", "net"),
        let dead = offset("bpf_nf_link", "dead"), let common = offset("net", "ns"),
        let inode = offset("ns_common", "inum")
      else { return nil }
      self.sequence = sequence
      self.type = type
      self.id = id
      self.net = net
      self.dead = dead
      self.inode = common + inode
    }
  }

  /// Of the running kernel; nil where it has no such types, or refuses the program.
  init?(_ types: BTF) {
    guard let offsets = Offsets(types),
      let target = types.first(.function, named: "bpf_iter_bpf_link"),
      let code = Self.code(offsets)
    else { return nil }
    var parameters = ProgramParameters(
      type: .tracing, name: "link_survey", instructions: code, license: "GPL",
      expectedAttachType: .traceIter)
    parameters.attachTypeID = target
    guard let program = try? Program.load(parameters),
      let link = try? Link.create(program, on: .iterator(.all)), let bytes = try? link.iterate()
    else { return nil }
    for start in stride(from: 0, to: bytes.count - Self.recordSize + 1, by: Self.recordSize) {
      func word(_ index: Int) -> UInt32 {
        let at = start + 4 * index
        return bytes[at..<at + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
      }
      findings[word(0)] = Finding(namespace: word(1), isDetached: word(2) != 0)
    }
  }

  /// Id, inode, dead, and nothing, of four bytes each.
  private static let recordSize = 16

  /// For each netfilter link one record.
  private static func code(_ offsets: Offsets) -> [Instruction]? {
    var code = Assembler()
    let record = -recordSize
    let pointer = record - 8
    code.load(.double, 6, from: 1, at: 0)
    code.load(.double, 7, from: 1, at: 8)
    // The last call has no link.
    code.jump("end", if: 7, .equal, constant: 0)
    code.load(.double, 6, from: 6, at: offsets.sequence)
    code.load(.word, 1, from: 7, at: offsets.type)
    code.jump("end", if: 1, .notEqual, constant: Int32(LinkType.netfilter.rawValue))
    code.load(.word, 1, from: 7, at: offsets.id)
    code.store(.word, 1, to: 10, at: record)
    for offset in [4, 8, 12] { code.store(.word, constant: 0, to: 10, at: record + offset) }
    code.store(.double, constant: 0, to: 10, at: pointer)

    func read(_ size: Int32, to place: Int, at offset: Int, from base: UInt8) {
      code.move(1, 10)
      code.add(1, constant: Int32(place))
      code.move(2, constant: size)
      code.move(3, base)
      code.add(3, constant: Int32(offset))
      code.call(.readKernel)
    }
    read(8, to: pointer, at: offsets.net, from: 7)
    read(4, to: record + 8, at: offsets.dead, from: 7)
    code.load(.double, 8, from: 10, at: pointer)
    read(4, to: record + 4, at: offsets.inode, from: 8)

    code.move(1, 6)
    code.move(2, 10)
    code.add(2, constant: Int32(record))
    code.move(3, constant: Int32(recordSize))
    code.call(.sequenceWrite)
    code.label("end")
    code.move(0, constant: 0)
    code.exit()
    return code.assembled()
  }
}

extension LiveKernel {
  /// Made once for each look at the host, and only where a netfilter hook is looked at.
  func surveyLinks(_ links: [UInt32]) -> LinkSurvey? {
    if let known = linkSurvey, links.allSatisfy({ known.findings[$0] != nil }) { return known }
    guard let types = try? types() else { return nil }
    linkSurvey = LinkSurvey(types.targets.vmlinux)
    return linkSurvey
  }
}
