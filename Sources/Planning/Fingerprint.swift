/// What an approval of a plan is bound to: addresses, actions, what is wanted and what was found
/// there. No kernel ids and no times, so that it holds until something relevant changes.
enum Fingerprint {
  static func of(_ owner: String, _ drafts: [Draft]) -> String {
    var text = "\(owner)\n"
    for draft in drafts {
      text += "\(draft.address.description.debugDescription) \(draft.change.action.rawValue)\n"
      text += "desired \(digest(draft.goal?.spec))\n"
      text += "observed \(digest(draft.observed)) \(draft.tag ?? "-")\n"
      guard let entries = draft.change.entries, draft.goal?.map?.sensitive != true else { continue }
      for entry in entries.changes {
        // What a reference was is an id.
        let before =
          entry.reference == nil ? entry.before.map { Digest.hex($0) } ?? "-" : "reference"
        text += "entry \(Digest.hex(entry.key)) \(before)\n"
      }
    }
    return "plan:" + Digest.hex(text)
  }

  private static func digest(_ spec: Spec?) -> String {
    spec.map { Digest.hex($0.canonicalText) } ?? "-"
  }
}
