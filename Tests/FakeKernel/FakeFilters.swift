import BPFObject
import Planning
import Reconciling

/// Filters of tc. Of other hooks the fake's hold links only.
extension FakeKernel {
  public func attach(_ program: FakeObject, to hook: ObservedHook) throws(KernelFailure) {
    try enter("attachProgram", "program \(program.id)")
    let filter = try filter(hook, "attachProgram")
    guard filters[filter] == nil else {
      throw failure("attachProgram", "\(hook.hook)", Errno.exist, "there is a filter")
    }
    acquire(program.key)
    filters[filter] = program.key
  }

  public func detach(_ program: FakeObject, from hook: ObservedHook) throws(KernelFailure) {
    try enter("detachProgram", "program \(program.id)")
    let filter = try filter(hook, "detachProgram")
    guard filters[filter] == program.key else {
      throw failure("detachProgram", "\(hook.hook)", Errno.noent, "it is not there")
    }
    filters[filter] = nil
    release(program.key)
  }

  public func replace(
    _ old: FakeObject, by new: FakeObject, on hook: ObservedHook
  ) throws(KernelFailure) {
    try enter("replaceProgram", "program \(old.id)")
    let filter = try filter(hook, "replaceProgram")
    guard filters[filter] == old.key else {
      throw failure("replaceProgram", "\(hook.hook)", Errno.noent, "it is not there")
    }
    acquire(new.key)
    filters[filter] = new.key
    release(old.key)
  }

  private func filter(_ hook: ObservedHook, _ call: String) throws(KernelFailure) -> FilterHook {
    guard let filter = hook.hook.filter else {
      throw failure(call, "\(hook.hook)", Errno.opnotsupp, "links only")
    }
    if let missing = missing(hook.hook) {
      throw failure(call, "\(hook.hook)", missing.errno, missing.message)
    }
    return filter
  }
}
