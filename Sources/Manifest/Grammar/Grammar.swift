internal import BPFObject

/// The manifest's grammar, top down. Field names follow bpf(2) and bpftool.
public enum Grammar {
  public static let manifest = Block(
    "manifest", "The BPF objects that a host has to have.",
    [
      Field(
        "apiVersion", .scalar(.choice([.init("bpfapply/v1", "This grammar.")])), required: true,
        "The version of this grammar."),
      Field(
        "name", .scalar(.name), required: true,
        "The owner of everything in the manifest; its pins live in a directory of that name."),
      Field(
        "variables", .section(key: .name, of: .block(variable)),
        "Values that ${name} stands for, set by BPFAPPLY_VAR_name or --var name=value."),
      Field(
        "objects", .section(key: .name, of: .block(object)),
        "Compiled BPF objects; each entry is one loaded instance of a file."),
      Field(
        "maps", .section(key: .reference, of: .block(map)),
        "Maps: OBJECT/MAP changes settings of an object's map, NAME is a map of the manifest."),
      Field(
        "programs", .section(key: .qualifiedReference, of: .block(program)),
        "Programs that there is more to say about than that they are attached."),
      Field(
        "attachments", .section(key: .name, of: .block(attachment)),
        "Which programs run at which hooks."),
      Field(
        "pins", .section(key: .name, of: .block(pin)),
        "Further pins, for other programs to find things by."),
      Field(
        "moved", .section(key: .address, of: .scalar(.address)),
        "What is called otherwise than when it was applied, OLD: NEW; nothing is made anew."),
      Field(
        "forget", .list(of: .scalar(.address)),
        "What was applied and is given up: it stays in the kernel and is no longer owned."),
    ])

  static let variable = Block(
    "variable", "A value that is set from outside.",
    [
      Field("default", .scalar(.string), "The value when none is given from outside."),
      Field("description", .scalar(.string), "What the variable is for."),
      Field(
        "sensitive", .scalar(.boolean), default: "false",
        "The value is not shown in plans and messages."),
    ])

  static let object = Block(
    "object", "One loaded instance of a compiled file.",
    [
      Field(
        "file", .scalar(.path), required: true, "The object file, relative to the manifest."),
      Field("sha256", .scalar(.sha256), "The digest that the file must have."),
      Field(
        "globals", .namedData, "Values of its global variables, typed by the object's BTF."),
      Field(
        "bind", .section(key: .objectMap, of: .scalar(.reference)),
        "Maps of the object that are other maps of this manifest: OBJECT_MAP: REF."),
    ])

  static let map = Block(
    "map", "A map, from an object or of the manifest's own.",
    [
      Field("type", .scalar(.choice(mapTypes)), "How the map stores and finds its entries."),
      Field("key", .type, "The type of a key."),
      Field("value", .type, "The type of a value."),
      Field(
        "max_entries", .scalar(.size), "How many entries fit; bytes for ring buffers."),
      Field(
        "map_flags", .list(of: .scalar(.choice(mapFlags))),
        "BPF_F_* flags of MAP_CREATE."),
      Field(
        "numa_node", .scalar(.integer(0...Int64(Int32.max))),
        "The NUMA node that holds the map."),
      Field(
        "map_extra", .scalar(.unsigned), "What the type uses it for: bloom filter hashes."),
      Field("inner", .block(inner), "What the maps in a map of maps are like."),
      Field("entries", .block(entries), "What the map has to hold."),
      Field("freeze", .scalar(.boolean), default: "false", "User space may not write it again."),
      Field(
        "protect", .scalar(.boolean), default: "false", "Plans that would delete it are blocked."),
      Field(
        "sensitive", .scalar(.boolean), default: "false",
        "Its contents are not shown in plans and messages."),
      Field(
        "on_replace",
        .scalar(
          .choice([
            .init("refuse", "Replacing the map is blocked."),
            .init("recreate", "The new map starts with the declared entries only."),
            .init(
              "migrate",
              "Contents are carried over by the names of their fields; what programs write while they "
                + "are swapped is merged."),
          ])), "What happens to the contents when the map has to be made anew."),
      Field(
        "merge",
        .section(
          key: .string,
          of: .scalar(.choice([.init("sum", "What was added meanwhile is added to the new map.")]))),
        "How a migration reconciles a field that was written meanwhile: FIELD: sum, dotted where "
          + "nested; 'value' for a value that is one number. Exact where programs add atomically."),
      Field(
        "adopt", .scalar(.bpffsPath),
        "The pin of a map that somebody else made and that becomes this manifest's."),
      Field(
        "external", .scalar(.bpffsPath),
        "The pin of a map that is used, checked for compatibility and never changed."),
    ])

  static let inner = Block(
    "inner map", "What the maps in a map of maps are like.",
    [
      Field("type", .scalar(.choice(innerTypes)), "Their type."),
      Field("key", .type, "The type of their keys."),
      Field("value", .type, "The type of their values."),
      Field(
        "max_entries", .scalar(.size), "How many entries fit in each; arrays have exactly so many."),
      Field("map_flags", .list(of: .scalar(.choice(mapFlags))), "BPF_F_* flags of MAP_CREATE."),
    ])

  static let entries = Block(
    "entries", "What a map has to hold.",
    [
      Field(
        "policy",
        .scalar(
          .choice([
            .init("exact", "These entries and no others."),
            .init("merge", "These entries, and whatever else is there."),
            .init("seed", "These entries when the map is created, then never looked at."),
          ])), required: true, "How the entries stand to what is in the map."),
      Field(
        "values",
        .scalar(
          .choice([
            .init("enforce", "A changed value is drift."),
            .init("initial", "The kernel side may change the values."),
          ])), default: "enforce", "Whether values that were changed are put back."),
      Field("items", .list(of: .block(item)), "Entries: {key: …, value: …}."),
      Field(
        "file", .scalar(.entriesFile),
        "A file of entries, relative to the manifest: CSV with a header of key[.field] and "
          + "value[.field], or JSON Lines."),
    ])

  static let item = Block(
    "entry", "One entry of a map.",
    [
      Field("key", .data, "The key; queues, stacks and bloom filters have none."),
      Field("value", .data, required: true, "The value."),
    ])

  static let program = Block(
    "program", "Settings of a program.",
    [
      Field("function", .scalar(.string), "The function in the object, if not its own name."),
      Field(
        "type", .scalar(.choice(choices(ProgramType.self))),
        "The program type, if not what the section says."),
      Field(
        "attach_type", .scalar(.choice(choices(AttachType.self))),
        "The expected attach type, if not what the section says."),
      Field(
        "flags", .list(of: .scalar(.choice(programFlags))),
        "BPF_F_* flags of PROG_LOAD, if not what the section says."),
      Field(
        "attach_to", .scalar(.string),
        "The kernel function or tracepoint of tracing programs, if not what the section says; of freplace "
          + "the program whose function it replaces: program.OBJECT/NAME, or the path of a pin."),
      Field(
        "adopt", .scalar(.bpffsPath),
        "The pin of a program that somebody else loaded and that becomes this manifest's."),
      Field(
        "tests", .list(of: .block(test)),
        "Runs on copies of the program and its maps; if one fails, nothing goes live."),
    ])

  static let pin = Block(
    "pin", "A pin beside the default one.",
    exclusive: [.init("pinned thing", ["map", "program", "attachment"], required: true)],
    [
      Field("map", .scalar(.reference), "The map to pin."),
      Field("program", .scalar(.qualifiedReference), "The program to pin."),
      Field(
        "attachment", .scalar(.attachmentReference),
        "The attachment to pin: NAME, or NAME/INSTANCE where it has several."),
      Field("path", .scalar(.bpffsPath), required: true, "Where, on the bpffs."),
      Field("mode", .scalar(.mode), default: "\"0600\"", "The pin's permissions, in quotes."),
      Field("owner", .scalar(.account), default: "root", "A user's name or number."),
      Field("group", .scalar(.account), default: "root", "A group's name or number."),
    ])

  static let mapTypes: [ScalarForm.Choice] = MapType.names.dropFirst().map { name in
    .init(name, "BPF_MAP_TYPE_\(name.uppercased())", supported: supportedMapTypes.contains(name))
  }

  /// What maps of the manifest's own can be declared as; objects may hold others.
  static let supportedMapTypes: Set<String> = [
    "hash", "array", "percpu_hash", "percpu_array", "lru_hash", "lru_percpu_hash", "lpm_trie",
    "prog_array", "ringbuf", "user_ringbuf", "perf_event_array", "queue", "stack", "bloom_filter",
    "devmap", "devmap_hash", "cpumap", "array_of_maps", "hash_of_maps", "stack_trace",
    "cgroup_array", "sockmap", "sockhash", "xskmap", "reuseport_sockarray", "arena",
  ]

  /// The kernel takes no maps of maps of maps.
  static let innerTypes: [ScalarForm.Choice] = mapTypes.filter { !$0.name.hasSuffix("_of_maps") }

  /// Without those that the field `numa_node` or the loader itself sets.
  static let mapFlags: [ScalarForm.Choice] = {
    let own: Set = ["numa_node", "inner_map", "path_fd", "vtype_btf_obj_fd", "token_fd"]
    return MapFlag.names.filter { !own.contains($0.name) }.map {
      .init($0.name, "BPF_F_\($0.name.uppercased())")
    }
  }()

  static let programFlags: [ScalarForm.Choice] = ProgramFlag.names.map {
    .init($0.name, "BPF_F_\($0.name.uppercased())")
  }

  static func choices<Enumeration: KernelEnumeration>(
    _ type: Enumeration.Type
  ) -> [ScalarForm.Choice] {
    type.names.filter { $0 != "unspec" }.map { .init($0, $0) }
  }
}

/// `BPF_F_*` flags of PROG_LOAD by the manifest's names.
public enum ProgramFlag {
  public static let names: [(name: String, bit: UInt32)] = [
    ("strict_alignment", 1 << 0), ("any_alignment", 1 << 1), ("test_rnd_hi32", 1 << 2),
    ("test_state_freq", 1 << 3), ("sleepable", 1 << 4), ("xdp_has_frags", 1 << 5),
    ("xdp_dev_bound_only", 1 << 6), ("test_reg_invariants", 1 << 7),
  ]
}
