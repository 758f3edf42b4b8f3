internal import BPFKernel
internal import BPFObject
internal import Planning

extension LiveKernel {
  /// Keeps what the inventory claims and no pin keeps until the next look, so that what is seen stays
  /// there: the kernel lets go of what a killed apply held only some milliseconds later. What is gone
  /// by now was not seen.
  func hold(_ state: inout ObservedState) throws(KernelFailure) {
    // What was held before is let go when all is held that has to be.
    var now: [LiveObject] = []
    defer { held = now }
    guard let inventory = state.inventory else { return }
    let pinned = Set(state.pins.map { HeldObject(kind: $0.kind, id: $0.id) })
    var gone: Set<HeldObject> = []
    for (address, resource) in inventory.resources {
      guard let kind = address.objectKind else { continue }
      for id in resource.ids {
        let object = HeldObject(kind: kind, id: id)
        guard !pinned.contains(object) else { continue }
        do throws(KernelFailure) {
          now.append(try open(kind, id: id))
        } catch {
          if error.isErrno(.noEntry) { gone.insert(object) }
        }
      }
    }
    guard !gone.isEmpty else { return }
    state.maps.removeAll { gone.contains(HeldObject(kind: .map, id: $0.id)) }
    state.programs.removeAll { gone.contains(HeldObject(kind: .program, id: $0.id)) }
    state.links.removeAll { gone.contains(HeldObject(kind: .link, id: $0.id)) }
  }
}

private struct HeldObject: Hashable {
  var kind: Planning.ObjectKind
  var id: UInt32
}
