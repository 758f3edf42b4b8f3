internal import BPFObject

/// By what a desired resource is recognised without inventory and pins.
struct Signs: Sendable {
  struct MapUser {
    var program: String
    var kernelName: String
    var type: MapType
  }

  var programNames: [String: String] = [:]
  var pinPaths: [Address: String] = [:]
  var attachments: [Address: (hook: Hook, program: String)] = [:]
  private var mapUsers: [String: [MapUser]] = [:]

  init(_ desired: DesiredState?) {
    guard let desired else { return }
    let maps = Dictionary(desired.maps.map { ($0.ref, $0) }) { first, _ in first }
    for map in desired.maps { pinPaths[.map(map.ref)] = map.pin.path }
    for program in desired.programs {
      programNames[program.ref] = program.image.name
      pinPaths[.program(program.ref)] = program.pin.path
      for ref in program.bindings.values.sorted() {
        guard let map = maps[ref]?.map else { continue }
        mapUsers[ref, default: []].append(
          MapUser(program: program.ref, kernelName: map.kernelName, type: map.type))
      }
    }
    for attachment in desired.attachments {
      attachments[attachment.address] = (attachment.hook, attachment.program)
      pinPaths[attachment.address] = attachment.pin.path
    }
  }

  func users(of ref: String) -> [MapUser] { mapUsers[ref] ?? [] }
}
