import BPFObject
import Planning
import Reconciling

/// A kernel that its caller loses: from the given call on nothing has an effect, as if the process
/// had been killed there. What it held open is let go when its objects are.
final class MortalKernel<Base: Kernel>: Kernel {
  typealias Object = Base.Object

  private let base: Base
  /// How many calls are left; nil = it does not die.
  private var left: Int?
  private(set) var isDead = false

  init(_ base: Base, diesAt call: Int?) {
    self.base = base
    left = call
  }

  private func live() throws(KernelFailure) -> Base {
    if let left {
      if left <= 1 { isDead = true }
      self.left = max(0, left - 1)
    }
    if isDead { throw KernelFailure(operation: "kill", subject: "", message: "killed") }
    return base
  }

  func capabilities() throws(KernelFailure) -> Set<String> { try live().capabilities() }
  func observe(_ scope: ObservationScope) throws(KernelFailure) -> ObservedState {
    try live().observe(scope)
  }
  func open(_ kind: ObjectKind, id: UInt32) throws(KernelFailure) -> Object {
    try live().open(kind, id: id)
  }
  func loadBTF(_ bytes: [UInt8]) throws(KernelFailure) -> Object { try live().loadBTF(bytes) }
  func createMap(_ creation: MapCreation<Object>) throws(KernelFailure) -> Object {
    try live().createMap(creation)
  }
  func loadProgram(_ load: ProgramLoad<Object>) throws(KernelFailure) -> Object {
    try live().loadProgram(load)
  }
  func bind(_ map: Object, to program: Object) throws(KernelFailure) {
    try live().bind(map, to: program)
  }
  func index(of interface: InterfaceName) throws(KernelFailure) -> UInt32? {
    try live().index(of: interface)
  }
  func run(_ program: Object, _ run: TestRun) throws(KernelFailure) -> TestRunResult {
    try live().run(program, run)
  }
  func read(_ map: Object) throws(KernelFailure) -> EntryTable { try live().read(map) }
  func write(_ entries: EntryTable, to map: Object) throws(KernelFailure) {
    try live().write(entries, to: map)
  }
  func write(_ slots: [MapSlot<Object>], to map: Object) throws(KernelFailure) {
    try live().write(slots, to: map)
  }
  func remove(key: [UInt8], from map: Object) throws(KernelFailure) {
    try live().remove(key: key, from: map)
  }
  func merge(
    _ patches: EntryPatches, into map: Object, recordingIn base: Object?, made: inout [Bool]
  ) throws(KernelFailure) -> MergeCounts {
    try live().merge(patches, into: map, recordingIn: base, made: &made)
  }
  func recordsMerges(into map: Object, _ form: MergeForm) -> Bool {
    (try? live().recordsMerges(into: map, form)) ?? false
  }
  func waitForPrograms() throws(KernelFailure) { try live().waitForPrograms() }
  func freeze(_ map: Object) throws(KernelFailure) { try live().freeze(map) }
  func fill(
    _ map: Object, _ structOps: StructOps, with programs: [String: Object]
  ) throws(KernelFailure) { try live().fill(map, structOps, with: programs) }
  func createLink(_ program: Object, to attachment: DesiredAttachment) throws(KernelFailure)
    -> Object
  { try live().createLink(program, to: attachment) }
  func createLink(_ program: Object, to attachment: DesiredAttachment, at position: LinkPosition)
    throws(KernelFailure) -> Object
  { try live().createLink(program, to: attachment, at: position) }
  func createLink(_ program: Object, to attachment: DesiredAttachment, on map: Object)
    throws(KernelFailure) -> Object
  { try live().createLink(program, to: attachment, on: map) }
  func updateLink(_ link: Object, to program: Object, expected: Object) throws(KernelFailure) {
    try live().updateLink(link, to: program, expected: expected)
  }
  func detach(_ link: Object) throws(KernelFailure) -> Bool { try live().detach(link) }
  func detach(_ program: Object, from hook: ObservedHook) throws(KernelFailure) {
    try live().detach(program, from: hook)
  }
  func attach(_ program: Object, to hook: ObservedHook) throws(KernelFailure) {
    try live().attach(program, to: hook)
  }
  func replace(_ old: Object, by new: Object, on hook: ObservedHook) throws(KernelFailure) {
    try live().replace(old, by: new, on: hook)
  }
  func makeDirectories(for path: String, root: String) throws(KernelFailure) -> [String] {
    try live().makeDirectories(for: path, root: root)
  }
  func pin(_ object: Object, at path: String) throws(KernelFailure) {
    try live().pin(object, at: path)
  }
  func exchangePin(_ source: String, with path: String) throws(KernelFailure) -> Bool {
    try live().exchangePin(source, with: path)
  }
  func removePin(_ path: String) throws(KernelFailure) { try live().removePin(path) }
  func removeEmptyDirectories(from path: String, upTo root: String) throws(KernelFailure) {
    try live().removeEmptyDirectories(from: path, upTo: root)
  }
  func setPinAttributes(_ pin: PinSpec) throws(KernelFailure) { try live().setPinAttributes(pin) }
  func writeInventory(_ inventory: Inventory, root: String) throws(KernelFailure) {
    try live().writeInventory(inventory, root: root)
  }
  func removeInventory(root: String) throws(KernelFailure) {
    try live().removeInventory(root: root)
  }
  func lock(owner: String, root: String, timeoutSeconds: Int) throws(KernelFailure)
    -> any OwnerLock
  { try live().lock(owner: owner, root: root, timeoutSeconds: timeoutSeconds) }
  func bootMilliseconds() -> Int64 { base.bootMilliseconds() }
  func watchdogObstacle() -> String? { base.watchdogObstacle() }
  func startWatchdog(_ task: WatchdogTask, arguments: [String], holding objects: [Object])
    throws(KernelFailure)
  { try live().startWatchdog(task, arguments: arguments, holding: objects) }
  func stopWatchdog(owner: String) throws(KernelFailure) {
    try live().stopWatchdog(owner: owner)
  }
  func writeReversal(_ reversal: Reversal, root: String) throws(KernelFailure) {
    try live().writeReversal(reversal, root: root)
  }
  func readReversal(root: String) throws(KernelFailure) -> Reversal? {
    try live().readReversal(root: root)
  }
  func noteReversal(owner: String, happened: Bool) throws(KernelFailure) {
    try live().noteReversal(owner: owner, happened: happened)
  }
  func wasReversed(owner: String) -> Bool { base.wasReversed(owner: owner) }
  func waitUntilGone(_ ids: [(ObjectKind, UInt32)], seconds: Int) throws(KernelFailure) -> [(
    ObjectKind, UInt32
  )] { try live().waitUntilGone(ids, seconds: seconds) }
}
