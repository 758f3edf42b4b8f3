import Glibc

/// Where results (standard output) and what went wrong (standard error) go, and who can be asked.
///
/// A reader that goes away ends the output, not the command: an apply is not stopped half-way by
/// a closed pipe.
final class Console {
  enum Stream: Sendable { case output, error }

  /// Writes all of the text; returns an error number, 0 for success.
  private let write: (Stream, String) -> Int32
  /// One line from the person at the terminal; nil when there is none.
  private let readAnswer: () -> String?
  let output: Style
  let error: Style
  /// A person is there to answer.
  let isInteractive: Bool
  /// Standard error is a terminal.
  let showsProgress: Bool
  /// What is being done, as far as it is known from outside of what takes long.
  var stage = ""
  private var busySince = ContinuousClock.now
  private var lastShown: ContinuousClock.Instant?
  /// The first failure of standard output that is not a reader's leaving.
  private(set) var outputError: Int32?

  init(
    output: Style = .plain, error: Style = .plain, isInteractive: Bool = false,
    showsProgress: Bool = false,
    write: @escaping (Stream, String) -> Int32, readAnswer: @escaping () -> String? = { nil }
  ) {
    self.write = write
    self.readAnswer = readAnswer
    self.output = output
    self.error = error
    self.isInteractive = isInteractive
    self.showsProgress = showsProgress
  }

  /// The process's own; colour only on a terminal and unless it is unwanted.
  static func standard(colour: Bool) -> Console {
    signal(SIGPIPE, SIG_IGN)
    return Console(
      output: Style(colour: colour && isatty(STDOUT_FILENO) == 1),
      error: Style(colour: colour && isatty(STDERR_FILENO) == 1),
      isInteractive: isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1,
      showsProgress: isatty(STDERR_FILENO) == 1,
      write: { stream, text in
        writeAll(Array(text.utf8), to: stream == .output ? STDOUT_FILENO : STDERR_FILENO)
      },
      readAnswer: { readLine(strippingNewline: true) })
  }

  func print(_ text: String) {
    endProgress()
    guard outputError == nil else { return }
    let failure = write(.output, text)
    if failure != 0, failure != EPIPE { outputError = failure }
  }

  func printError(_ text: String) {
    endProgress()
    // There is no place left to report a failure of this.
    _ = write(.error, text)
  }

  /// Whether the person types `yes`, as for Terraform; anything else declines.
  func confirm(_ question: String) -> Bool {
    printError(question)
    let answer = readAnswer()
    busySince = .now
    return answer == "yes"
  }

  // MARK: Progress

  /// Once the command takes longer than half a second, a line on the terminal that the next output replaces.
  /// Cheap enough to be called for everything that goes on.
  func showProgress(_ text: String) {
    guard showsProgress else { return }
    let now = ContinuousClock.now
    guard now - busySince > .milliseconds(500),
      lastShown.map({ now - $0 > .milliseconds(100) }) ?? true
    else { return }
    lastShown = now
    let line = stage.isEmpty ? text : text.isEmpty ? stage : "\(stage): \(text)"
    // A line that is broken could not be taken back.
    _ = write(.error, "\r\u{1B}[K\(visible(line).prefix(78))")
  }

  /// Takes the line away.
  func endProgress() {
    if lastShown != nil { _ = write(.error, "\r\u{1B}[K") }
    lastShown = nil
  }
}

private func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
  var done = 0
  while done < bytes.count {
    let count = unsafe bytes.withUnsafeBytes { buffer in
      unsafe Glibc.write(
        descriptor, buffer.baseAddress.map { unsafe $0 + done }, bytes.count - done)
    }
    if count < 0 {
      if errno == EINTR { continue }
      return errno
    }
    done += count
  }
  return 0
}
