import BPFObject
import Planning
import Testing

@testable import Manifest

@Suite("Files of entries")
struct EntryFileTests {
  private func rows(_ text: String, _ file: String = "e.csv") throws -> [EntryRow] {
    var reader = try EntryFile.reader(Array(text.utf8), file: file)
    var rows: [EntryRow] = []
    while let row = try reader.next() { rows.append(row) }
    return rows
  }

  private func plain(_ text: String) -> Value { .scalar(text, plain: true) }

  @Test("CSV: quotes, CR LF, empty lines and fields of records")
  func csv() throws {
    let read = try rows(
      "key.src,key.dst.addr,value\r\n\"1,2\",b,\"say \"\"hi\"\"\"\r\n\r\n,\"two\nlines\",x")
    #expect(read.count == 2)
    #expect(
      read[0].key
        == .record([
          .init(name: "src", value: plain("1,2")),
          .init(name: "dst", value: .record([.init(name: "addr", value: plain("b"))])),
        ]))
    #expect(read[0].value == plain(#"say "hi""#))
    #expect(read[1].value == plain("x") && read[1].line == 4)
    #expect(try rows("value\n1\n").first?.key == nil)
  }

  @Test(
    "CSV: what is wrong, and where",
    arguments: [
      ("", "csv-header", 1, 1), ("kye,value\n", "csv-header", 1, 1),
      ("key,value,key\n", "csv-header", 1, 11), ("key,key.a,value\n", "csv-header", 1, 5),
      ("key\n1\n", "csv-header", 1, 1), ("key,value\n1\n", "csv-row", 2, 2),
      ("key,value\n1,2,3\n", "csv-row", 2, 5), ("key,value\n1,\"2\n", "csv-quote", 2, 3),
      ("key,value\n1,a\"b\n", "csv-quote", 2, 4), ("key,value\n\"é\"x,1\n", "csv-quote", 2, 4),
      ("key,value\n1,2\n\"a\nb\",2,3\n", "csv-row", 4, 6),
    ])
  func csvErrors(text: String, code: String, line: Int, column: Int) {
    let error = #expect(throws: Diagnostic.self) { try rows(text) }
    #expect(error?.code == code)
    #expect(error?.location?.line == line && error?.location?.column == column, "\(error!)")
  }

  @Test("After an error the next row is read")
  func goesOn() throws {
    var reader = try EntryFile.reader(Array("key,value\n1\n2,3\n".utf8), file: "e.csv")
    #expect(throws: Diagnostic.self) { try reader.next() }
    #expect(try reader.next()?.key == plain("2"))
    #expect(try reader.next() == nil)
  }

  @Test("JSON Lines: values keep their text")
  func jsonLines() throws {
    let read = try rows(
      """
      {"key": {"a": 1, "b": [true, "x\\u00e9\\ud83d\\ude00"]}, "value": 18446744073709551615}

      {"value": -1e3}
      """, "e.jsonl")
    #expect(read.count == 2)
    #expect(
      read[0].key
        == .record([
          .init(name: "a", value: plain("1")),
          .init(name: "b", value: .list([plain("true"), .scalar("xé😀", plain: false)])),
        ]))
    #expect(read[0].value == plain("18446744073709551615"))
    #expect(read[1].key == nil && read[1].line == 3)
  }

  @Test(
    "JSON Lines: what is wrong, and where",
    arguments: [
      ("{\"key\": 1", "json-syntax", 1, 10), ("[1]", "json-entry", 1, 1),
      ("{\"key\": 1}\n", "missing-key", 1, 1),
      ("{\"value\": 1}\n{\"value\": 1, \"vlaue\": 2}", "unknown-key", 2, 23),
      ("{\"value\": 1, \"value\": 2}", "json-syntax", 1, 14),
      ("{\"é\": 1, \"value\": tru}", "json-syntax", 1, 19),
      ("{\"value\": 1} x", "json-syntax", 1, 14),
      ("{\"value\": \"\\ud800\"}", "json-syntax", 1, 12),
    ])
  func jsonErrors(text: String, code: String, line: Int, column: Int) {
    let error = #expect(throws: Diagnostic.self) { try rows(text, "e.jsonl") }
    #expect(error?.code == code)
    #expect(error?.location?.line == line && error?.location?.column == column, "\(error!)")
  }

  @Test("A part of a row is found again")
  func locate() throws {
    var csv = try EntryFile.reader(
      Array("key.a,key.b,value\n1,\"é\",\"x y\"\n".utf8), file: "e.csv")
    let row = try #require(try csv.next())
    #expect(csv.locate(.key, [.member("b")], in: row).column == 3)
    #expect(csv.locate(.value, [.member("deep")], in: row).column == 7)
    var json = try EntryFile.reader(
      Array("{\"value\": {\"a\": [1, 22]}}\n".utf8), file: "e.jsonl")
    let line = try #require(try json.next())
    let place = json.locate(.value, [.member("a"), .index(1)], in: line)
    #expect(place.column == 21 && place.length == 2)
  }

  @Test("A million rows of CSV in one pass")
  func many() throws {
    var text: [UInt8] = Array("key,value\n".utf8)
    for row in 0..<1_000_000 { text += Array("\(row),1\n".utf8) }
    var reader = try EntryFile.reader(text, file: "e.csv")
    var count = 0
    let clock = ContinuousClock()
    let time = try clock.measure {
      while try reader.next() != nil { count += 1 }
    }
    #expect(count == 1_000_000)
    #expect(time < .seconds(90), "took \(time)")
  }

  @Test("Random changes of bytes never crash", arguments: ["e.csv", "e.jsonl"])
  func flips(file: String) {
    let text =
      file.hasSuffix("csv")
      ? "key.a,key.b,value\n1,\"x\",3\n\"a\"\"b\",4,5\n"
      : "{\"key\": {\"a\": [1, \"\\u00e9\"]}, \"value\": -1}\n{\"value\": null}\n"
    var random = SplitMix(state: 7)
    for _ in 0..<2000 {
      var bytes = Array(text.utf8)
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(
          in: 0...127, using: &random)
      }
      do throws(Diagnostic) {
        var reader = try EntryFile.reader(bytes, file: file)
        // Each call takes at least one byte, so this ends.
        for _ in 0..<bytes.count + 1 {
          do throws(Diagnostic) {
            guard let row = try reader.next() else { break }
            _ = reader.locate(.value, [.member("a"), .index(0)], in: row)
          } catch { #expect(!error.message.isEmpty) }
        }
      } catch { #expect(!error.code.isEmpty) }
    }
  }
}
