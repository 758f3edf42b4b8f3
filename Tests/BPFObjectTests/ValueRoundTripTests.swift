import Testing

@testable import BPFObject

@Suite struct ValueRoundTripTests {
  /// SplitMix64: the same numbers on every host.
  struct Numbers: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return z ^ (z >> 31)
    }
  }

  private func randomLayout(_ numbers: inout Numbers, depth: Int = 0) -> Layout {
    let size = [1, 2, 4, 8].randomElement(using: &numbers) ?? 1
    switch Int.random(in: 0..<(depth < 3 ? 12 : 9), using: &numbers) {
    case 0, 1:
      return .integer(
        size: size, signed: Bool.random(using: &numbers), bigEndian: Bool.random(using: &numbers))
    case 2: return .bool
    case 3:
      let constants = (0..<3).map {
        Layout.Constant(name: "C\($0)", value: UInt64.random(in: 0..<4, using: &numbers))
      }
      return .enumeration(
        size: size, signed: Bool.random(using: &numbers), constants: constants)
    case 4: return .ipv4
    case 5: return .ipv6
    case 6: return .mac
    case 7: return .characters(Int.random(in: 1..<9, using: &numbers))
    case 8: return .bytes(Int.random(in: 1..<9, using: &numbers))
    case 9:
      return .array(
        randomLayout(&numbers, depth: depth + 1), count: Int.random(in: 1..<5, using: &numbers))
    default: return randomRecord(&numbers, depth: depth)
    }
  }

  private func randomRecord(_ numbers: inout Numbers, depth: Int) -> Layout {
    let union = Bool.random(using: &numbers)
    var fields: [Layout.Field] = []
    var end = 0
    var size = 0
    for index in 0..<Int.random(in: 1..<5, using: &numbers) {
      let start = union ? 0 : end + Int.random(in: 0..<3, using: &numbers)
      if Int.random(in: 0..<4, using: &numbers) == 0 {
        let width = Int.random(in: 1..<33, using: &numbers)
        let shift = Int.random(in: 0..<8, using: &numbers)
        fields.append(
          Layout.Field(
            name: "b\(depth)_\(index)", bitOffset: start * 8 + shift, bitSize: width,
            layout: .integer(
              size: 4, signed: Bool.random(using: &numbers), bigEndian: false)))
        end = start + (shift + width + 7) / 8
      } else if Int.random(in: 0..<6, using: &numbers) == 0 {
        fields.append(
          Layout.Field(name: "o\(depth)_\(index)", bitOffset: start * 8, layout: .opaque(4)))
        end = start + 4
      } else {
        let layout = randomLayout(&numbers, depth: depth + 1)
        fields.append(
          Layout.Field(name: "f\(depth)_\(index)", bitOffset: start * 8, layout: layout))
        end = start + layout.size
      }
      size = max(size, end)
    }
    return .record(
      size: size + Int.random(in: 0..<3, using: &numbers), fields: fields, union: union)
  }

  @Test func whatIsDecodedIsEncodedAndStays() throws {
    var numbers = Numbers(state: 20_240_601)
    for _ in 0..<3000 {
      let layout = randomLayout(&numbers)
      let bytes = (0..<layout.size).map { _ in
        UInt8.random(in: 0...255, using: &numbers) & (Bool.random(using: &numbers) ? 255 : 1)
      }
      let value = layout.decode(bytes)
      let again: [UInt8]
      do {
        again = try layout.encode(value)
      } catch {
        // A bool that holds neither is shown as the number it is, and refused.
        guard error.message.hasPrefix("expected true or false") else { throw error }
        continue
      }
      #expect(layout.decode(again) == value, "\(layout)")
      #expect(try layout.encode(layout.decode(again)) == again)
      #expect(SignificantBits(layout).canonical(again) == again, "\(layout)")
      if !layout.description.contains("union") {
        #expect(SignificantBits(layout).equal(again, bytes), "\(layout): \(value)")
      }
    }
  }

  @Test func prefixesOfEveryLength() throws {
    var numbers = Numbers(state: 7)
    for (key, bits) in [(8, 32), (20, 128)] {
      let layout = Layout.prefixLayout(key: .bytes(key))
      for length in 0...bits {
        let u32 = Layout.integer(size: 4, signed: false, bigEndian: false)
        let address = (4..<key).map { _ in UInt8.random(in: 0...255, using: &numbers) }
        let bytes = try u32.encode(.init(integerLiteral: length)) + address
        let canonical = layout.canonical(bytes)
        #expect(try layout.encode(layout.decode(canonical)) == canonical)
        if canonical != bytes {
          #expect(
            failure { () throws(ValueError) in try layout.encode(layout.decode(bytes)) }?.hint
              == "write \(layout.decode(canonical))")
        }
      }
    }
  }

  @Test func arbitraryTextNeverTraps() throws {
    var numbers = Numbers(state: 99)
    let alphabet = Array("0123456789abcdefx:./-+[]{}_ ou%\0ü").map(String.init)
    for _ in 0..<20_000 {
      let written = (0..<Int.random(in: 0..<24, using: &numbers)).map { _ in
        alphabet.randomElement(using: &numbers) ?? ""
      }.joined()
      let value = Value.scalar(written, plain: Bool.random(using: &numbers))
      _ = try? Layout(type: value)
      for layout in [
        .ipv4, .ipv6, .mac, .bool, .characters(8), .bytes(4), Layout.prefixLayout(key: .bytes(8)),
        Layout.prefixLayout(key: .bytes(20)), .integer(size: 8, signed: true, bigEndian: false),
      ] as [Layout] {
        if let bytes = try? layout.encode(value) {
          #expect(try layout.encode(layout.decode(bytes)) == bytes)
        }
      }
    }
  }
}
