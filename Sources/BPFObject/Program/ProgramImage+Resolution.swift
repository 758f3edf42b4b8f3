extension ProgramImage {
  /// The instructions as PROG_LOAD takes them, with the descriptor of each map that they load.
  ///
  /// `mapFD` is called once for each reference, in the order of the instructions, with the map's
  /// name in the object.
  public func instructions<Failure: Error>(
    mapFD: (String) throws(Failure) -> Int32
  ) throws(Failure) -> [Instruction] {
    var resolved = instructions
    for reference in references where resolved.indices.contains(reference.instruction + 1) {
      resolved[reference.instruction].setSource(
        reference.valueOffset == nil ? PseudoSource.mapFD : PseudoSource.mapValue)
      resolved[reference.instruction].immediate = try mapFD(reference.map)
      resolved[reference.instruction + 1].immediate =
        Int32(bitPattern: reference.valueOffset ?? 0)
    }
    return resolved
  }

  /// The tag that a kernel with that hash will report. Descriptors are not in it, so it can be known
  /// before anything is loaded; but for `coreRelocations`, which come first.
  public func predictedTag(_ algorithm: TagAlgorithm) -> ProgramTag {
    ProgramTag(of: instructions, algorithm: algorithm)
  }

  /// The names of the maps that the program and its subprograms refer to, sorted.
  public var reachableMaps: [String] { Set(references.map(\.map)).sorted() }
}
