internal import BPFObject

/// What an approval of a plan is bound to: addresses, actions, what is wanted and what was found
/// there. No kernel ids and no times, so that it holds until something relevant changes.
enum Fingerprint {
  static func of(_ owner: String, _ drafts: [Draft]) -> String {
    var bytes: [UInt8] = []
    bytes.append(text: owner)
    for draft in drafts {
      bytes.append(text: draft.address.description)
      bytes.append(text: draft.change.action.rawValue)
      append(draft.goal?.spec, to: &bytes)
      append(draft.observed, to: &bytes)
      bytes.append(text: draft.tag ?? "")
      if draft.goal?.map?.sensitive != true { append(entriesOf: draft, to: &bytes) }
    }
    return "plan:" + Digest.hex(bytes)
  }

  private static func append(_ spec: Spec?, to bytes: inout [UInt8]) {
    bytes.append(spec == nil ? 0 : 1)
    spec?.append(to: &bytes)
  }

  private static func append(entriesOf draft: Draft, to bytes: inout [UInt8]) {
    // The spec of a new map has the digest of its entries, but for those that are only sown.
    if draft.isNew {
      guard let entries = draft.goal?.map?.entries, entries.policy == .seed else { return }
      bytes.append(text: Digest.hex(entries.table.keys))
      bytes.append(text: Digest.hex(entries.table.values))
      return
    }
    for entry in draft.change.entries?.changes ?? [] {
      bytes.append(number: entry.key.count)
      bytes += entry.key
      // What a reference was is an id.
      let before = entry.references.isEmpty ? entry.before : []
      bytes.append(number: before?.count ?? -1)
      bytes += before ?? []
    }
  }
}
