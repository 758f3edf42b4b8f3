#!/usr/bin/env python3
"""pack.py: writes the initramfs of a test machine, or the part of it that one kernel needs.

pack.py kernel DIRECTORY ARCHIVE        the modules of a kernel that `fetch` left in DIRECTORY
pack.py payload ROOT BPFAPPLY ARCHIVE PROGRAM…
                                        the tests of the package at ROOT, and what they run

Both are newc archives: the kernel takes one after the other from the same file. Programs are found
in PATH and stand in the archive where they stand here, with every shared library that ldd names.
Nothing is compressed: unpacking costs more under emulation than the bytes do.
"""

import lzma
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile

# What the suites use, and what the machine itself needs (virtio). Names of modules, or folders
# that are taken whole; what a module depends on comes with it. Built-in ones are simply not there.
MODULES = """
virtio_pci virtio_console virtio_rng
veth dummy tun ifb netkit bonding vxlan ipip ip6_tunnel ip_gre sit bareudp
net/sched net/netfilter net/ipv4 net/ipv6 net/8021q net/bridge net/core net/tls net/xdp net/unix
crc32c libcrc32c crc32c-intel crc32c_generic crc32-pclmul
""".split()

# Links into the one busybox, where no program of its own is packed.
APPLETS = """
sh awk base64 basename cat chmod chown cmp cp cut date dd diff dirname dmesg du echo expr false
find grep head hostname id kill ln ls lsmod mkdir mkfifo mknod mktemp modprobe mount mv nc nproc
od poweroff printf ps pwd readlink realpath rm rmdir sed seq setsid sha256sum sleep sort stat stty
sync sysctl tail tar tee test timeout touch tr true umount uname uniq wc which xargs xxd
""".split()


class Archive:
    """A newc cpio archive; directories above an entry are made as needed."""

    def __init__(self, path):
        self.file = open(path, "wb")
        self.names = set()
        self.number = 0

    def entry(self, name, mode, data=b"", device=(0, 0)):
        name = name.strip("/")
        if not name or name in self.names:
            return
        parent = os.path.dirname(name)
        if parent:
            self.entry(parent, stat.S_IFDIR | 0o755)
        self.names.add(name)
        self.header(name, mode, data, device)

    def header(self, name, mode, data, device=(0, 0)):
        self.number += 1
        encoded = name.encode() + b"\0"
        links = 2 if stat.S_ISDIR(mode) else 1
        fields = [self.number, mode, 0, 0, links, 0, len(data), 0, 0, *device, len(encoded), 0]
        self.file.write(b"070701" + b"".join(b"%08X" % field for field in fields) + encoded)
        self.pad()
        self.file.write(data)
        self.pad()

    def pad(self):
        self.file.write(b"\0" * (-self.file.tell() % 4))

    def link(self, name, target):
        self.entry(name, stat.S_IFLNK | 0o777, target.encode())

    def copy(self, path, name=None, data=None):
        """A file of this machine; symbolic links on the way to it are kept as links."""
        name = name or path
        if os.path.islink(path):
            target = os.readlink(path)
            self.link(name, target)
            self.copy(os.path.join(os.path.dirname(path), target),
                      os.path.normpath(os.path.join(os.path.dirname(name), target)))
            return
        mode = os.stat(path).st_mode
        if data is None:
            with open(path, "rb") as file:
                data = file.read()
        self.entry(name, stat.S_IFREG | stat.S_IMODE(mode), data)

    def close(self):
        self.header("TRAILER!!!", 0, b"")
        self.file.write(b"\0" * (-self.file.tell() % 512))
        self.file.close()


def module_file(path):
    with open(path, "rb") as file:
        data = file.read()
    return lzma.decompress(data) if path.endswith(".xz") else data


def module_information(data, key):
    """The values that a module states for a key in its .modinfo section."""
    return [value.decode() for value in re.findall(rb"(?<=\0)" + key + rb"=([^\0]*)\0", data)]


def pack_kernel(directory, path):
    with open(f"{directory}/version") as file:
        release = file.read().strip()
    top = f"{directory}/modules"
    found = {}
    for folder, _, names in os.walk(f"{top}/kernel"):
        for name in names:
            match = re.fullmatch(r"(.+)\.ko(\.xz)?", name)
            if match:
                found[match[1].replace("-", "_")] = f"{folder}/{name}"
    wanted = []
    for item in MODULES:
        if "/" in item:
            prefix = f"{top}/kernel/{item}/"
            wanted += [name for name, file in found.items() if file.startswith(prefix)]
        else:
            wanted += [name for name in [item.replace("-", "_")] if name in found]
    taken = {}
    while wanted:
        name = wanted.pop()
        if name in taken or name not in found:
            continue
        data = module_file(found[name])
        needs = [n.replace("-", "_") for n in ",".join(
            module_information(data, b"depends")).split(",") if n]
        taken[name] = (data, needs, module_information(data, b"alias"))
        wanted += needs

    archive = Archive(path)
    place = f"lib/modules/{release}"
    inside = {name: os.path.relpath(found[name], top).removesuffix(".xz") for name in taken}

    def closure(name, seen):
        for need in taken[name][1]:
            if need in taken and need not in seen:
                seen.append(need)
                closure(need, seen)
        return seen

    dependencies, aliases = [], []
    for name, (data, _, names) in sorted(taken.items()):
        archive.entry(f"{place}/{inside[name]}", stat.S_IFREG | 0o644, data)
        needs = " ".join(inside[need] for need in closure(name, []))
        dependencies.append(f"{inside[name]}: {needs}".rstrip())
        aliases += [f"alias {alias} {name}" for alias in names]
    for name, lines in [("modules.dep", dependencies), ("modules.alias", aliases)]:
        text = "".join(line + "\n" for line in lines)
        archive.entry(f"{place}/{name}", stat.S_IFREG | 0o644, text.encode())
    archive.copy(f"{top}/modules.builtin", f"{place}/modules.builtin")
    if os.path.exists(f"{directory}/config"):
        archive.copy(f"{directory}/config", f"boot/config-{release}")
    archive.close()


def libraries(program):
    """The shared libraries that a program is loaded with; none for a static one or a script."""
    with open(program, "rb") as file:
        if file.read(4) != b"\x7fELF":
            return []
    run = subprocess.run(["ldd", program], capture_output=True, text=True)
    if "not found" in run.stdout:
        sys.exit(f"pack: {program}:\n{run.stdout}")
    return re.findall(r"(?:=> |^\t)(/\S+) \(0x", run.stdout, re.MULTILINE)


def without_debug_information(path):
    """Debug information is nine tenths of a test bundle, and nothing in the machine reads it."""
    with tempfile.NamedTemporaryFile() as file:
        run = subprocess.run(["strip", "--strip-debug", "-o", file.name, path])
        if run.returncode != 0:
            return None
        with open(file.name, "rb") as stripped:
            return stripped.read()


def pack_payload(root, bpfapply, path, programs):
    here = os.path.dirname(os.path.abspath(__file__))
    archive = Archive(path)
    archive.entry("dev", stat.S_IFDIR | 0o755)
    archive.entry("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
    archive.entry("dev/null", stat.S_IFCHR | 0o666, device=(1, 3))
    for folder in ["proc", "sys", "tmp", "run", "root", "mnt", "var/tmp"]:
        archive.entry(folder, stat.S_IFDIR | 0o755)
    # Debian's layout: the folders of programs and libraries are those of /usr.
    for folder in ["bin", "sbin", "lib64"]:
        archive.link(folder, f"usr/{folder}")

    def add(program, data=None):
        archive.copy(program, usr(program), data)
        for library in libraries(program):
            archive.copy(library, usr(library))

    def usr(name):
        return re.sub(r"^/(bin|sbin|lib64)/", r"/usr/\1/", name)

    missing = []
    for program in programs:
        found = shutil.which(program)
        add(os.path.realpath(found)) if found else missing.append(program)
        if found and os.path.realpath(found) != found:
            archive.link(usr(found), os.path.realpath(found))
    if missing:
        sys.exit(f"pack: not found in PATH: {', '.join(missing)}")
    busybox = os.path.realpath(shutil.which("busybox"))
    has = subprocess.run([busybox, "--list"], capture_output=True, text=True).stdout.split()
    if lacking := set(APPLETS) - set(has):
        sys.exit(f"pack: busybox here is without {', '.join(sorted(lacking))}")
    for name in APPLETS:
        if not any(f"usr/{f}/{name}" in archive.names for f in ["bin", "sbin", "local/bin"]):
            archive.link(f"usr/bin/{name}", busybox)
    # Where the kernel looks when it wants a module.
    archive.link("usr/sbin/modprobe", busybox)

    archive.copy(f"{here}/guest-init", "init")
    for name in ["guest-clang", "guest-facilities"]:
        archive.copy(f"{here}/{name}", f"usr/bin/{name.removeprefix('guest-')}")

    # The interpreter of `facilities`, and as much of its library as that imports. The distribution's,
    # if there is one: it has the static probes that an example looks for.
    python = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
    listed = subprocess.run(
        [python, "-I", "-S", "-c",
         "import ctypes, fcntl, json, os, struct, subprocess, sys; "
         "print(*(m.__file__ for m in sys.modules.values() if getattr(m, '__file__', None)))"],
        capture_output=True, text=True, check=True)
    add(os.path.realpath(python))
    archive.link("usr/bin/python3", os.path.realpath(python))
    for name in listed.stdout.split():
        add(name)

    # Whatever reads /lib/… finds the libraries of /usr/lib through the loader's own search path;
    # modules stay in /lib, which is a folder.
    build = os.path.realpath(f"{root}/.build/debug")
    archive.link(f"{root}/.build/debug", os.path.relpath(build, f"{root}/.build"))
    bundle = f"{build}/bpfapplyPackageTests.xctest"
    if not os.path.exists(bundle):
        sys.exit(f"pack: {bundle} is not built: swift build --build-tests")
    add(bundle, without_debug_information(bundle))
    archive.copy(bpfapply, "usr/bin/bpfapply", without_debug_information(bpfapply))
    oracle = f"{root}/.build/oracle/usr/sbin/bpftool"
    if os.path.exists(oracle):
        add(oracle)
    for folder in ["Sources", "Tests", "examples", "docs", ".build/fixtures"]:
        for above, _, names in os.walk(f"{root}/{folder}"):
            for name in names:
                archive.copy(f"{above}/{name}")
    for name in ["Package.swift", "README.md"]:
        if os.path.exists(f"{root}/{name}"):
            archive.copy(f"{root}/{name}")
    archive.close()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["kernel", directory, path]:
            pack_kernel(directory, path)
        case ["payload", root, bpfapply, path, *programs]:
            pack_payload(os.path.abspath(root), bpfapply, path, programs)
        case _:
            sys.exit(__doc__)
