import Planning

/// A plan as Markdown, for a comment on a merge request.
struct PlanMarkdown {
  var view: PlanView

  init(_ view: PlanView) { self.view = view }

  func render() -> String {
    var out = "### bpfapply plan: \(code(view.plan.owner))\n\n"
    if let summary = view.summary {
      out += "**Plan:** \(summary).\n"
    } else if view.plan.isEmpty {
      out += "**No changes.**\n"
    } else {
      out += "**Plan:** no resource changes.\n"
    }
    let blocked = view.shown.filter { !$0.blocks.isEmpty }
    if !blocked.isEmpty {
      out += "\n**Blocked:**\n\n"
      for change in blocked {
        for block in change.blocks {
          out +=
            "- \(code(change.address.description)) \(prose(block.message)) (\(code(block.code)))\n"
          for hint in block.hints { out += "  - \(prose(hint))\n" }
        }
      }
    }
    if !view.shown.isEmpty {
      out += "\n| | Resource | Action | Reason |\n| --- | --- | --- | --- |\n"
      for change in view.shown {
        out += "| \(code(ChangeSymbol(change).rawValue)) | \(code(change.address.description)) "
        out += "| \(change.action.rawValue) | \(prose(change.explanation ?? "")) |\n"
      }
    }
    for note in view.plan.notes {
      let subject = note.address.map { "\(code($0.description)): " } ?? ""
      out += "\n> **Note:** \(subject)\(prose(note.message))\n"
    }
    for limitation in view.plan.limitations { out += "\n> **Incomplete:** \(prose(limitation))\n" }
    if !view.shown.isEmpty {
      out += "\n<details><summary>Details</summary>\n\n" + fenced(PlanText(view).render())
      out += "\n</details>\n"
    }
    if !view.plan.fingerprint.isEmpty { out += "\nFingerprint: \(code(view.plan.fingerprint))\n" }
    return out
  }

  /// Inline code that no backtick or table bar in it can leave.
  private func code(_ text: String) -> String {
    let plain = visible(text).replacing("|", with: "\\|")
    return plain.contains("`") ? "`` \(plain) ``" : "`\(plain)`"
  }

  /// Text in which nothing is taken for markup.
  private func prose(_ text: String) -> String {
    var out = ""
    for character in visible(text) {
      if "\\`*_[]<>|#".contains(character) { out.append("\\") }
      out.append(character)
    }
    return out
  }

  private func fenced(_ text: String) -> String {
    var longest = 2
    var run = 0
    for byte in text.utf8 {
      run = byte == UInt8(ascii: "`") ? run + 1 : 0
      longest = max(longest, run)
    }
    let fence = String(repeating: "`", count: longest + 1)
    return "\(fence)text\n\(text)\(fence)\n"
  }
}
