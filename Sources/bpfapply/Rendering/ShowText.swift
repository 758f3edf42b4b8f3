import FoundationEssentials
import Planning

/// Everything on a host by owner, as text for people.
struct ShowText {
  var holdings: Holdings
  var style: Style

  init(_ holdings: Holdings, style: Style = .plain) {
    self.holdings = holdings
    self.style = style
  }

  func render() -> String {
    var sections: [String] = holdings.owners.map(owner)
    if !holdings.foreign.isEmpty {
      let title = style("foreign", .bold) + " (not of bpfapply)\n"
      sections.append(title + table(holdings.foreign))
    }
    if !holdings.orphaned.isEmpty {
      let title = style("orphaned", .yellow) + " (nothing refers to it, or its target is gone)\n"
      sections.append(title + table(holdings.orphaned))
    }
    if sections.isEmpty { sections = ["There are no BPF objects.\n"] }
    var out = sections.joined(separator: "\n")
    for (index, limitation) in holdings.limitations.enumerated() {
      out += (index == 0 ? "\n" : "") + style("Incomplete", .yellow) + ": \(visible(limitation))\n"
    }
    return out
  }

  private func owner(_ owner: Holdings.Owner) -> String {
    var facts: [String] = []
    if let path = owner.manifestPath {
      facts.append(visible(path))
      if let time = owner.time { facts.append("applied \(Self.timestamp(time))") }
      if let user = owner.userID { facts.append("by uid \(user)") }
    } else {
      facts.append("no inventory; its programs name it")
    }
    var out = "\(style(visible(owner.name), .bold)) (\(facts.joined(separator: ", ")))\n"
    if owner.interrupted {
      out += style("  an apply was interrupted; the next one puts things in order", .yellow) + "\n"
    }
    if owner.items.isEmpty, owner.missing.isEmpty { out += "  nothing\n" }
    out += table(owner.items)
    for address in owner.missing {
      out += "  \(style("missing", .red))  \(visible(address.description))\n"
    }
    return out
  }

  private func table(_ items: [Holdings.Item]) -> String {
    let rows = items.map { item in
      [item.kind.rawValue, String(item.id), visible(item.type), visible(item.name)]
    }
    let widths = (0..<4).map { column in rows.map { $0[column].count }.max() ?? 0 }
    var out = ""
    for (item, row) in zip(items, rows) {
      // The kernel's ids are right-aligned, as numbers are.
      let id = String(repeating: " ", count: widths[1] - row[1].count) + row[1]
      var line = "  \(padded(row[0], to: widths[0]))  \(id)  \(padded(row[2], to: widths[2]))  "
      line += "\(padded(row[3], to: widths[3]))  " + visible(item.details.joined(separator: ", "))
      out += line + "\n"
      for pin in item.pins { out += "    \(style("pinned at", .faint)) \(visible(pin))\n" }
      if let problem = item.problem { out += "    \(style("!", .yellow)) \(problem)\n" }
    }
    return out
  }

  /// Seconds since 1970 as `2026-01-31T08:15:00Z`.
  static func timestamp(_ seconds: Int64) -> String {
    Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
  }
}

/// The same as versioned JSON.
struct ShowJSON {
  var holdings: Holdings

  init(_ holdings: Holdings) { self.holdings = holdings }

  func render() -> String { json.document }

  var json: JSON {
    .members([
      "format_version": "1.0",
      "complete": .bool(holdings.limitations.isEmpty),
      "limitations": .texts(holdings.limitations),
      "owners": .list(holdings.owners.map(owner)),
      "foreign": .list(holdings.foreign.map { item($0, managed: false) }),
      "orphaned": .list(holdings.orphaned.map { item($0, managed: false) }),
    ])
  }

  private func owner(_ owner: Holdings.Owner) -> JSON {
    .members([
      "name": .text(owner.name),
      "manifest": owner.manifestPath.map { .text($0) },
      "applied_at": owner.time.map { .text(ShowText.timestamp($0)) },
      "uid": owner.userID.map { .number(UInt64($0)) },
      "interrupted": .bool(owner.interrupted),
      "objects": .list(owner.items.map { item($0, managed: true) }),
      "missing": .texts(owner.missing.map(\.description)),
    ])
  }

  private func item(_ item: Holdings.Item, managed: Bool) -> JSON {
    .members([
      "kind": .text(item.kind.rawValue),
      "id": .number(UInt64(item.id)),
      "type": .text(item.type),
      "address": managed && Address(item.name) != nil ? .text(item.name) : nil,
      "name": managed && Address(item.name) != nil ? nil : .text(item.name),
      "details": .texts(item.details),
      "pins": .texts(item.pins),
      "problem": item.problem.map { .text($0) },
    ])
  }
}
