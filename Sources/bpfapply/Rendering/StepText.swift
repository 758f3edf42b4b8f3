import Planning

extension Step {
  /// Its name for machines.
  var code: String {
    switch self {
    case .createMap: "create_map"
    case .fillReferences: "fill_references"
    case .loadProgram: "load_program"
    case .testProgram: "test_program"
    case .writeIntent: "write_intent"
    case .stagePin: "stage_pin"
    case .createLink: "create_link"
    case .updateLink: "update_link"
    case .recreateLink: "recreate_link"
    case .publishPin: "publish_pin"
    case .restorePin: "restore_pin"
    case .changeEntries: "change_entries"
    case .setPinAttributes: "set_pin_attributes"
    case .freezeMap: "freeze_map"
    case .detachLink: "detach_link"
    case .clearReferences: "clear_references"
    case .copyEntries: "copy_entries"
    case .mergeEntries: "merge_entries"
    case .completeMigration: "complete_migration"
    case .removePin: "remove_pin"
    case .removeLeftover: "remove_leftover"
    case .writeFinal: "write_final"
    case .removeInventory: "remove_inventory"
    case .movePin: "move_pin"
    case .detachLegacy: "detach_legacy"
    }
  }

  /// One line in the imperative: "load program.fw/xdp_filter".
  var sentence: String {
    switch self {
    case .createMap(let ref): "create map.\(ref)"
    case .fillReferences(let ref): "fill the slots of map.\(ref)"
    case .loadProgram(let ref): "load program.\(ref)"
    case .testProgram(let ref): "run the tests of program.\(ref)"
    case .writeIntent: "write down what is about to change"
    case .stagePin(let address): "stage the pin of \(address)"
    case .createLink(let address): "attach \(address)"
    case .updateLink(let address, let link, _): "swap the program of \(address) (link \(link))"
    case .recreateLink(let address, let link?): "detach link \(link) and attach \(address) anew"
    case .recreateLink(let address, nil): "attach \(address) anew"
    case .publishPin(let address): "pin \(address)"
    case .restorePin(let address, _): "restore the pin of \(address)"
    case .changeEntries(let ref): "change the entries of map.\(ref)"
    case .setPinAttributes(let address): "set mode and owner of the pin of \(address)"
    case .freezeMap(let ref): "freeze map.\(ref)"
    case .detachLink(let address, let link): "detach \(address) (link \(link))"
    case .clearReferences(let address): "clear the programs in \(address)"
    case .copyEntries(let ref, let source): "copy what is in map.\(ref) (id \(source))"
    case .mergeEntries(let ref, let source):
      "merge what changed in the old map.\(ref) (id \(source)) meanwhile"
    case .completeMigration(let ref, let unfinished):
      "carry over what an interrupted apply left in the old map.\(ref) (id \(unfinished.source))"
    case .removePin(let address, let path): "remove the pin of \(address) (\(path))"
    case .removeLeftover(let path): "remove what an interrupted apply left at \(path)"
    case .writeFinal: "write the inventory"
    case .removeInventory: "remove the inventory"
    case .movePin(let address, _, let path): "rename the pin of \(address) to \(path)"
    case .detachLegacy(let address, let program):
      "detach program \(program), which stands where \(address) is to be"
    }
  }

  var json: JSON {
    var link: UInt32?
    var path: String?
    switch self {
    case .updateLink(_, let id, _), .detachLink(_, let id): link = id
    case .recreateLink(_, let id): link = id
    case .removePin(_, let where_): path = where_
    case .removeLeftover(let where_): path = where_
    case .movePin(_, _, let where_): path = where_
    default: break
    }
    return .members([
      "step": .text(code),
      "address": address.map { .text($0.description) },
      "link": link.map { .number(UInt64($0)) },
      "path": path.map { .text($0) },
    ])
  }
}
