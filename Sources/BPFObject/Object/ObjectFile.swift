/// A BPF object file, as `clang -O2 -g -target bpf -c` writes it: what it holds, and for each of
/// its programs the image that a kernel would be given.
///
/// ```swift
/// let object = try ObjectFile(parsing: bytes, name: "fw.bpf.o")
/// let image = try object.image(of: "xdp_filter")
/// image.predictedTag(.sha256)   // what the kernel will report
/// image.reachableMaps           // ["blocklist", ".rodata"]
/// ```
///
/// Pure: nothing is read but the bytes, and nothing depends on the host. Both byte orders are read;
/// instructions and BTF are converted, the contents of data sections stay as they are. Any bytes
/// give an object or an `ObjectError`; time and memory are bounded by a small multiple of the bytes
/// plus `ObjectFile.zeroFilledLimit`.
///
/// Order: programs by section and position in the file, declared maps by their place in `.maps`
/// followed by data sections as in the file, globals by map and offset, externs as BTF lists them.
public struct ObjectFile: Sendable {
  /// As given.
  public let name: String
  /// The contents of the `license` section; empty when there is none.
  public let license: String
  /// The entry programs; functions that they call are part of their images.
  public let programs: [ProgramSpec]
  /// Declared maps and data sections.
  public let maps: [MapSpec]
  /// The variables of the data sections.
  public let globals: [GlobalVariable]
  /// What the object expects from the kernel: `.ksyms` and `.kconfig`.
  public let externs: [Extern]
  /// The object's types, made fit for the kernel: sizes and offsets of data sections filled in,
  /// hidden functions and variables static. Ids are those of the file.
  public let btf: BTF?

  let code: ObjectCode
  /// `btf` for the images with CO-RE relocations, which share it.
  let localTypes: LocalTypes?

  /// The bytes for BTF_LOAD; nil without BTF.
  public var loadableBTF: [UInt8]? { btf?.encoded() }

  /// The most bytes that the `.bss` sections of an object may claim together: 64 MiB.
  public static let zeroFilledLimit = 64 << 20

  /// Reads an object. `name` is the file's name or path; the kernel's names of data maps begin
  /// with its base name up to the first dot (`fw.bpf.o` → `fw.rodata`).
  public init(parsing bytes: [UInt8], name: String) throws(ObjectError) {
    do throws(ObjectError) {
      self = try ObjectReader(bytes, name: name).read()
    } catch {
      var located = error
      located.file = name
      throw located
    }
  }

  init(
    name: String, license: String, programs: [ProgramSpec], maps: [MapSpec],
    globals: [GlobalVariable], externs: [Extern], btf: BTF?, code: ObjectCode
  ) {
    self.name = name
    self.license = license
    self.programs = programs
    self.maps = maps
    self.globals = globals
    self.externs = externs
    self.btf = btf
    localTypes = btf.map(LocalTypes.init)
    self.code = code
  }

  /// The entry program of that name.
  public func program(_ name: String) -> ProgramSpec? { programs.first { $0.name == name } }

  /// The map of that name: `blocklist`, `.rodata`.
  public func map(_ name: String) -> MapSpec? { maps.first { $0.name == name } }

  /// The global variable of that name.
  public func global(_ name: String) -> GlobalVariable? { globals.first { $0.name == name } }

  /// The image of an entry program: its instructions with the functions that it reaches appended
  /// depth-first, as libbpf does, and its references by name.
  ///
  /// `type` and `attachType` replace what the section's name says; a section that is not known
  /// needs a type. Throws for a name that is not there, and for what is not supported yet: CO-RE
  /// and struct_ops.
  public func image(
    of programName: String, type: ProgramType? = nil, attachType: AttachType? = nil
  ) throws(ObjectError) -> ProgramImage {
    do throws(ObjectError) {
      return try makeImage(of: programName, type: type, attachType: attachType)
    } catch {
      var located = error
      located.file = name
      throw located
    }
  }
}

/// An entry program of an object.
public struct ProgramSpec: Hashable, Sendable {
  /// The function's name.
  public var name: String
  /// What the section's name says; its `text` is the name without `?`.
  public var section: SectionName
  /// Instruction slots of the function itself, without what it calls.
  public var instructionCount: Int

  public var type: ProgramType { section.type }
  public var expectedAttachType: AttachType? { section.attachType }
  /// `BPF_F_*` of PROG_LOAD.
  public var flags: UInt32 { section.flags }
  public var attachTarget: String? { section.target }
  /// False for sections that start with `?`.
  public var autoload: Bool { section.autoload }
}

/// A variable in a data section.
public struct GlobalVariable: Hashable, Sendable {
  public var name: String
  /// The section, which is the name of its map: `.rodata`.
  public var section: String
  /// Bytes from the start of the map's value.
  public var offset: Int
  /// Bytes.
  public var size: Int
  /// The variable's type in the object's BTF; 0 without BTF.
  public var typeID: UInt32
  /// Declared `static` or hidden.
  public var isStatic: Bool
}

/// A variable or function that the kernel provides.
public struct Extern: Hashable, Sendable {
  public var name: String
  /// `.ksyms` or `.kconfig`; empty for what BTF says nothing about.
  public var section: String
  /// A kfunc.
  public var isFunction: Bool
  public var isWeak: Bool
  /// The type of the variable or the prototype of the function; 0 = none is known.
  public var typeID: UInt32

  /// The name in the kernel: that of a function ends before `___`.
  public var kernelName: String { isFunction ? Flavour.essential(name) : name }
}
