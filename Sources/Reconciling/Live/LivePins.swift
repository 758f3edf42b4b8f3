internal import BPFKernel
public import Planning

/// Pins by absolute path. Every directory on the way is checked by `BPFFilesystem`: the effective
/// user's own, not writable by others, no symlink.
extension LiveKernel {
  /// The bpffs that a path leads into.
  func filesystem(of path: String) throws(KernelFailure) -> BPFFilesystem {
    if let known = filesystems.filter({ path.hasPrefix($0.path + "/") })
      .max(by: { $0.path.utf8.count < $1.path.utf8.count })
    {
      return known
    }
    let found = try wrap { () throws(KernelError) in
      path == mount + "/" ? try BPFFilesystem(at: mount) : try BPFFilesystem.containing(path)
    }
    filesystems.append(found)
    useToken(of: found)
    return found
  }

  /// The directory that a pin is in, and its name there; nil if the directory does not exist.
  func place(
    of path: String
  ) throws(KernelFailure) -> (directory: PinDirectory, name: String)? {
    let filesystem = try filesystem(of: path)
    do throws(KernelError) {
      var names = try filesystem.components(of: path)
      guard let name = names.popLast() else {
        throw KernelError("pin", refused: "the path names no pin", on: path)
      }
      return (try filesystem.directory(names), name)
    } catch {
      if error.errno == .noEntry { return nil }
      throw KernelFailure(error)
    }
  }

  private func existingPlace(
    of path: String, _ operation: String
  ) throws(KernelFailure) -> (directory: PinDirectory, name: String) {
    if let place = try place(of: path) { return place }
    throw KernelFailure(
      operation: operation, subject: path, errorNumber: Errno.noEntry.rawValue,
      message: "its directory does not exist")
  }

  public func makeDirectories(
    for path: String, root: String
  ) throws(KernelFailure) -> [String] {
    let filesystem = try filesystem(of: path)
    let owners = root.split(separator: "/").dropLast().joined(separator: "/")
    return try wrap { () throws(KernelError) in
      var directory = filesystem.root
      var made: [String] = []
      for name in try filesystem.components(of: path).dropLast() {
        let child = "\(directory.path)/\(name)"
        // The tool's own tree is nobody else's business; parents of a declared path may be.
        let isOurs = child == "/\(owners)" || child.hasPrefix("/\(owners)/")
        if try directory.makeDirectory(name, mode: isOurs ? 0o700 : 0o755) { made.append(child) }
        directory = try directory.directory(name)
      }
      return made
    }
  }

  public func pin(_ object: LiveObject, at path: String) throws(KernelFailure) {
    let place = try existingPlace(of: path, "BPF_OBJ_PIN")
    try wrap { () throws(KernelError) in
      switch object.payload {
      case .map(let map): try place.directory.pin(.map(map), as: place.name)
      case .program(let program): try place.directory.pin(.program(program), as: place.name)
      case .link(let link): try place.directory.pin(.link(link), as: place.name)
      case .btf:
        throw KernelError("BPF_OBJ_PIN", refused: "BTF cannot be pinned", on: path)
      }
    }
  }

  public func exchangePin(
    _ source: String, with path: String
  ) throws(KernelFailure) -> Bool {
    let from = try existingPlace(of: source, "rename")
    let to = try existingPlace(of: path, "rename")
    return try wrap { () throws(KernelError) in
      do throws(KernelError) {
        try from.directory.exchange(from.name, with: to.directory, to.name)
        return true
      } catch {
        switch error.errno {
        case .noEntry?:
          try from.directory.renameExclusively(from.name, to: to.directory, to.name)
          return false
        // Before 5.17 a bpffs cannot exchange. The place itself is still taken over atomically.
        case .invalid?:
          guard let old = try to.directory.open(to.name) else {
            try from.directory.renameExclusively(from.name, to: to.directory, to.name)
            return false
          }
          try from.directory.rename(from.name, to: to.directory, to.name)
          try from.directory.pin(old, as: from.name)
          return true
        default: throw error
        }
      }
    }
  }

  public func removePin(_ path: String) throws(KernelFailure) {
    guard let place = try place(of: path) else { return }
    try wrap { () throws(KernelError) in _ = try place.directory.remove(place.name) }
  }

  public func removeEmptyDirectories(
    from path: String, upTo root: String
  ) throws(KernelFailure) {
    var path = path
    while path.hasPrefix(root + "/") {
      // A directory that is not there is as good as removed.
      if let place = try place(of: path) {
        let status = try wrap { () throws(KernelError) in
          try place.directory.status(place.name)
        }
        if status != nil {
          let removed = try wrap { () throws(KernelError) in
            try place.directory.removeDirectory(place.name)
          }
          if !removed { return }
        }
      }
      path = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }
  }

  public func setPinAttributes(_ pin: PinSpec) throws(KernelFailure) {
    let place = try existingPlace(of: pin.path, "chmod")
    try wrap { () throws(KernelError) in
      try place.directory.setOwner(place.name, user: pin.owner, group: pin.group)
      try place.directory.setMode(place.name, pin.mode)
    }
  }
}

extension PinDirectory {
  /// Pins an object of any kind.
  fileprivate func pin(_ object: PinnedObject, as name: String) throws(KernelError) {
    switch object {
    case .map(let map): try pin(map, as: name)
    case .program(let program): try pin(program, as: name)
    case .link(let link): try pin(link, as: name)
    }
  }
}
