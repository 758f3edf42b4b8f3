import BPFObject
import Planning

/// Filters of tc: they have no link, and what is done to them is undone by the opposite.
extension Execution {
  func seen(link id: UInt32) -> ObservedLink? { observed.links.first { $0.id == id } }

  func createFilter(
    _ address: Address, _ filter: FilterHook, _ program: K.Object
  ) throws(KernelFailure) {
    let hook = ObservedHook(hook: .filter(filter))
    do throws(KernelFailure) {
      try kernel.attach(program, to: hook)
    } catch {
      throw error.about(address)
    }
    let place = observed.hooks.first { $0.hook == hook.hook }
    filters[address] = filter.id(interface: UInt32(truncatingIfNeeded: place?.targetID ?? 0))
    journal.record(currentStep, "\(address)") { [self] () throws(KernelFailure) in
      try kernel.detach(program, from: hook)
      filters[address] = nil
    }
  }

  func replaceFilter(
    _ address: Address, _ filter: FilterHook, _ expected: UInt32, by new: K.Object
  ) throws(KernelFailure) {
    let hook = ObservedHook(hook: .filter(filter))
    let old = try open(.program, expected)
    do throws(KernelFailure) {
      try kernel.replace(old, by: new, on: hook)
    } catch {
      throw error.about(address)
    }
    journal.record(currentStep, "program of \(address)") { [kernel] () throws(KernelFailure) in
      try kernel.replace(new, by: old, on: hook)
    }
  }

  func detachFilter(
    _ address: Address, _ filter: FilterHook, _ id: UInt32
  ) throws(KernelFailure) {
    let hook = ObservedHook(hook: .filter(filter))
    let program = try open(.program, id)
    do throws(KernelFailure) {
      try kernel.detach(program, from: hook)
    } catch {
      throw error.about(address)
    }
    journal.record(currentStep, "filter of \(address)") { [kernel] () throws(KernelFailure) in
      try kernel.attach(program, to: hook)
    }
  }
}
