#!/usr/bin/env python3
"""boot.py: runs the suites in a machine with one kernel and keeps what it reports.

boot.py KERNEL DIRECTORY OUTPUT ROOT FILTER LIMIT ARCHIVE…

DIRECTORY holds `vmlinuz`, the archives are its initramfs. OUTPUT.events gets the lines of JSON that
the machine sends (Swift Testing's event stream, and lines with the key "matrix"), OUTPUT.console
what it printed. LIMIT is in seconds, for everything. A machine that never gets as far as a report
is started once more. Ends with 0 if the machine said that the suites came to their end, whatever
their result.

The machine has no compiler: `clang` in it asks this program, which runs the host's.
"""

import base64
import os
import resource
import selectors
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time

from pack import Archive

# Seconds in which a kernel must have come to the first line of the machine's report: of processor
# time, and on a busy host of any.
BOOT_LIMIT, BOOT_PATIENCE = 60, 300


def decode(word):
    return b"" if word == b"-" else base64.b64decode(word)


def encode(data):
    return base64.b64encode(data) or b"-"


def compile_for_guest(request):
    """Carries out one request of guest-clang; returns the line that answers it."""
    try:
        arguments, directory, source, *files = request.split()
        arguments = [a.decode() for a in decode(arguments).split(b"\0")[:-1]]
        directory = decode(directory).decode().strip()
        with tempfile.TemporaryDirectory() as work:
            moved = {}
            for number, item in enumerate(files):
                path, contents = (decode(part) for part in item.split(b":"))
                name = f"{work}/{number}-{os.path.basename(path.decode())}"
                with open(name, "wb") as file:
                    file.write(contents)
                moved[path.decode()] = name
            # An #include "…" is looked up beside the source first.
            beside = [f"-I{os.path.dirname(os.path.join(directory, path))}" for path in moved]
            result = f"{work}/output"
            words = [moved.get(a, a) for a in arguments]
            words = [result if i and words[i - 1] == "-o" else w for i, w in enumerate(words)]
            run = subprocess.run(
                ["clang", *beside, *words], input=decode(source), capture_output=True, timeout=120,
                cwd=directory if os.path.isdir(directory) else "/")
            built = b""
            if os.path.exists(result):
                with open(result, "rb") as file:
                    built = file.read()
        answer = [encode(built), encode(run.stdout), encode(run.stderr)]
        return b" ".join([b"%d" % (run.returncode & 0xFF), *answer]) + b"\n"
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return b"1 - - " + encode(f"clang on the host: {error}\n".encode()) + b"\n"


def connect(path, process):
    while process.poll() is None:
        try:
            port = socket.socket(socket.AF_UNIX)
            port.connect(path)
            return port
        except OSError:
            port.close()
            time.sleep(0.02)
    return None


def settings(path, root, pattern, limit):
    """The archive with what this run alone decides; guest-init and facilities read it."""
    quoted = "'" + pattern.replace("'", "'\\''") + "'"
    archive = Archive(path)
    for name, text in [
            ("matrix", f"ROOT={root}\nBUNDLE={root}/.build/debug/bpfapplyPackageTests.xctest\n"
                       f"FILTER={quoted}\nLIMIT={limit}\n"),
            ("hosts", "127.0.0.1 localhost\n::1 localhost\n"),
            ("passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n"),
            ("group", "root:x:0:\nnogroup:x:65534:\n")]:
        archive.entry(f"etc/{name}", stat.S_IFREG | 0o644, text.encode())
    archive.close()


def machine(directory, output, work):
    command = [
        "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
        # Without what costs an emulator most: a fifth level of pages, checks at each copy from and
        # to user space, a second processor that has to be waited for.
        "-accel", "tcg", "-cpu", "max,-la57,-smap,-smep", "-smp", "1", "-m", "3072",
        "-kernel", f"{directory}/vmlinuz", "-initrd", f"{work}/initramfs",
        "-append", "console=ttyS0 lsm=lockdown,capability,bpf panic=-1 loglevel=5 mitigations=off "
        # The same code at the same place in each process is translated once.
        "norandmaps "
        # Emulated, the timer may come too late for the kernel's check of it.
        "cgroup_no_v1=all random.trust_cpu=on no_timer_check",
        "-serial", f"file:{output}.console", "-device", "virtio-rng-pci",
        "-device", "virtio-serial-pci"]
    for name in ["events", "compile"]:
        command += [
            "-chardev", f"socket,id={name},path={work}/{name},server=on,wait=off",
            "-device", f"virtserialport,chardev={name},name={name}"]
    return subprocess.Popen(command)


def processor_time(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def attend(process, work, log, deadline):
    """Keeps what a machine reports and compiles for it, until it ends.

    Returns "ended", "silent" if nothing was reported in time, or "late".
    """
    first = time.monotonic() + BOOT_PATIENCE
    events = connect(f"{work}/events", process)
    requests = connect(f"{work}/compile", process)
    pending, heard = b"", False
    with selectors.DefaultSelector() as selector:
        for port in filter(None, [events, requests]):
            selector.register(port, selectors.EVENT_READ)
        while selector.get_map():
            now = time.monotonic()
            if now >= deadline:
                return "late"
            if not heard and (now >= first or processor_time(process) >= BOOT_LIMIT):
                return "silent"
            for key, _ in selector.select(min(1, deadline - now)):
                data = key.fileobj.recv(1 << 16)
                if not data:
                    selector.unregister(key.fileobj)
                elif key.fileobj is events:
                    heard = True
                    log.write(data)
                    log.flush()
                else:
                    pending += data
                    while b"\n" in pending:
                        request, pending = pending.split(b"\n", 1)
                        requests.sendall(compile_for_guest(request))
    process.wait(30)
    return "ended"


def main():
    kernel, directory, output, root, pattern, limit, *archives = sys.argv[1:]
    limit = int(limit)
    start = time.monotonic()
    # The machine ends with this program, also when that is told to end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    for attempt in (1, 2):
        with tempfile.TemporaryDirectory(prefix="bpfapply-matrix-") as work:
            left = int(start + limit - time.monotonic())
            settings(f"{work}/settings", root, pattern, max(left - 60, 30))
            with open(f"{work}/initramfs", "wb") as joined:
                for archive in [*archives, f"{work}/settings"]:
                    with open(archive, "rb") as part:
                        shutil.copyfileobj(part, joined)
            process = machine(directory, output, work)
            try:
                with open(f"{output}.events", "wb") as log:
                    outcome = attend(process, work, log, start + limit)
            finally:
                if process.poll() is None:
                    process.kill()
                process.wait()
        if outcome != "silent":
            break
        # Before any test: the emulation stands still now and then, on a busy host.
        print(f"boot: {kernel}: attempt {attempt} said nothing", file=sys.stderr)
        shutil.copyfile(f"{output}.console", f"{output}.console.{attempt}")
    if outcome == "late":
        print(f"boot: {kernel}: not done after {limit} s, stopped", file=sys.stderr)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"boot: {kernel}: {time.monotonic() - start:.0f} s, of them"
          f" {used.ru_utime + used.ru_stime:.0f} s of processor time", file=sys.stderr)
    with open(f"{output}.events", "rb") as log:
        return 0 if b'{"matrix":"ended"' in log.read() else 1


if __name__ == "__main__":
    sys.exit(main())
