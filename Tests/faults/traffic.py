"""Echo requests from the other end of the interface, one after the other, while something is changed."""
import ctypes, os, socket, struct, threading

libc = ctypes.CDLL(None, use_errno=True)
NEW_NETWORK = 0x40000000


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


class Traffic:
    """A thread in the network namespace `peer`: whoever counts must have counted each request by the
    time that it is answered."""

    def __init__(self, target):
        self.target, self.sent, self.received = target, 0, 0
        self.failure, self.ended = None, threading.Event()
        self.thread = threading.Thread(target=self._guarded)
        self.thread.start()

    def _guarded(self):
        try:
            # Of this thread only.
            with open("/run/netns/peer") as namespace:
                if libc.setns(namespace.fileno(), NEW_NETWORK) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as wire:
                wire.settimeout(2)
                while not self.ended.wait(0.001):
                    self._ask(wire)
        except Exception as problem:
            self.failure = problem

    def _ask(self, wire):
        self.sent += 1
        mark = struct.pack("!HH", os.getpid() & 0xFFFF, self.sent & 0xFFFF)
        body = b"\0" * 56
        sum = checksum(b"\x08\0\0\0" + mark + body)
        wire.sendto(b"\x08\0" + struct.pack("!H", sum) + mark + body, (self.target, 0))
        try:
            # An echo reply is of type 0, behind the 20 bytes of the IP header.
            while (answer := wire.recv(2048))[20] != 0 or answer[24:28] != mark:
                pass
            self.received += 1
        except TimeoutError:
            pass

    def end(self):
        """How many were sent and answered."""
        self.ended.set()
        self.thread.join()
        if self.failure:
            raise self.failure
        return self.sent, self.received
