"""What the fault suite asks the kernel, by bpf(2) itself: a process for each question would take
longer than the apply that is tested."""
import ctypes, os, platform, re, struct

SYSCALL = {"x86_64": 321, "aarch64": 280, "riscv64": 280}[platform.machine()]
MAP_LOOKUP, MAP_NEXT_KEY, OBJECT_GET, PROGRAM_NEXT, PROGRAM_FD, MAP_FD, INFO = 1, 4, 7, 11, 13, 14, 15
libc = ctypes.CDLL(None, use_errno=True)


def bpf(command, attributes):
    """Makes the call; what it returns, and the attributes as the kernel left them."""
    buffer = ctypes.create_string_buffer(attributes, 128)
    result = libc.syscall(SYSCALL, command, buffer, 128)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result, buffer.raw


class Object:
    """A pinned map, program or link, held while it is looked at."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        # anon_inode:bpf-map, anon_inode:[bpf_link] …
        name = os.readlink(f"/proc/self/fd/{descriptor}")
        self.kind = re.search(r"bpf[-_](map|prog|link)", name)[1]
        self.info = self._info()

    @classmethod
    def pinned(cls, path):
        name = ctypes.create_string_buffer(path.encode())
        return cls(bpf(OBJECT_GET, struct.pack("<QII", ctypes.addressof(name), 0, 0))[0])

    @classmethod
    def program(cls, number):
        return cls(bpf(PROGRAM_FD, struct.pack("<III", number, 0, 0))[0])

    @classmethod
    def map(cls, number):
        return cls(bpf(MAP_FD, struct.pack("<III", number, 0, 0))[0])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.descriptor)

    def _info(self, request=b""):
        info = ctypes.create_string_buffer(request, 232)
        bpf(INFO, struct.pack("<IIQ", self.descriptor, 232, ctypes.addressof(info)))
        return info.raw

    @property
    def id(self):
        """struct bpf_map_info, bpf_prog_info and bpf_link_info: type, then id."""
        return struct.unpack_from("<I", self.info, 4)[0]

    @property
    def name(self):
        """Of a map (struct bpf_map_info)."""
        return self.info[24:40].split(b"\0")[0].decode()

    @property
    def program_of_link(self):
        return struct.unpack_from("<I", self.info, 8)[0]

    def entries(self):
        """Key and value of each entry, as bytes."""
        key_size, value_size = struct.unpack_from("<II", self.info, 8)
        key, value = ctypes.create_string_buffer(key_size), ctypes.create_string_buffer(value_size)
        current, entries = 0, {}
        while True:
            next_key = ctypes.create_string_buffer(key_size)
            try:
                bpf(MAP_NEXT_KEY, struct.pack("<QQQ", self.descriptor, current, ctypes.addressof(next_key)))
            except FileNotFoundError:
                return entries
            key = next_key
            current = ctypes.addressof(key)
            bpf(MAP_LOOKUP, struct.pack("<QQQQ", self.descriptor, current, ctypes.addressof(value), 0))
            entries[key.raw[:key_size]] = value.raw[:value_size]

    def maps(self):
        """The ids of a program's maps (struct bpf_prog_info: nr_map_ids at 52, map_ids at 56)."""
        room = (ctypes.c_uint32 * 64)()
        request = bytearray(64)
        struct.pack_into("<IQ", request, 52, 64, ctypes.addressof(room))
        count = struct.unpack_from("<I", self._info(bytes(request)), 52)[0]
        return list(room[:min(count, 64)])


def program_ids():
    number = 0
    while True:
        try:
            number = struct.unpack_from("<I", bpf(PROGRAM_NEXT, struct.pack("<III", number, 0, 0))[1], 4)[0]
        except FileNotFoundError:
            return
        yield number


class Programs:
    """The programs of one owner, by their metadata map. An id is asked about once: none is used again."""

    def __init__(self, owner):
        self.owner, self.known = owner.encode() + b"\0", {}

    def now(self):
        return {number for number in program_ids() if self.is_ours(number)}

    def is_ours(self, number):
        if number not in self.known:
            try:
                with Object.program(number) as program:
                    self.known[number] = any(self.names_owner(one) for one in program.maps())
            except FileNotFoundError:
                return False
        return self.known[number]

    def names_owner(self, number):
        try:
            with Object.map(number) as found:
                return found.name.startswith("bpfapply") and self.owner in found.entries()[b"\0" * 4]
        except (FileNotFoundError, KeyError):
            return False
