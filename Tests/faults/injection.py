"""Faults at system calls, by strace: which calls a command makes, and one of them failing or killing."""
import pathlib, re, subprocess

CALLS = ["bpf", "renameat2", "sendto", "unlinkat"]
LOOKS = ["BPF_OBJ_GET,", "BPF_OBJ_GET_INFO_BY_FD", "_GET_NEXT_ID", "_GET_FD_BY_ID", "BPF_PROG_QUERY",
         "BPF_MAP_LOOKUP", "BPF_MAP_GET_NEXT_KEY", "RTM_GET"]
STRACE = ["strace", "-f", "-qq", "-o", "trace"]
# Only the calls that are asked for stop the process. A signal cannot be sent from such a stop.
FILTERED = [*STRACE, "--seccomp-bpf"]


class Calls:
    """The calls of one run, from the trace: for each kind, which of them change something."""

    def __init__(self, text):
        self.totals, self.changes = dict.fromkeys(CALLS, 0), {call: [] for call in CALLS}
        for line in text.splitlines():
            found = re.match(r"\d+ +(\w+)\(", line)
            if found and found[1] in self.totals:
                self.totals[found[1]] += 1
                if not any(look in line for look in LOOKS):
                    self.changes[found[1]].append(self.totals[found[1]])

    @property
    def total(self):
        return sum(self.totals.values())

    @property
    def changing(self):
        return sum(map(len, self.changes.values()))


def count(words):
    """The calls of an undisturbed run."""
    result = subprocess.run([*FILTERED, "-e", f"trace={','.join(CALLS)}", *words],
                            capture_output=True, text=True)
    if result.returncode != 0:
        raise RuntimeError(f"an undisturbed run ended with {result.returncode}:\n{result.stderr}")
    return Calls(pathlib.Path("trace").read_text())


class Injection:
    """A run of the command in which the `number`th call of that kind fails with the error, or, when
    the fault is "kill", is not made any more."""

    def __init__(self, words, call, number, fault):
        what = "signal=KILL" if fault == "kill" else f"error={fault}"
        self.result = subprocess.run(
            [*(STRACE if fault == "kill" else FILTERED), "-e", f"trace={call}",
             "-e", f"inject={call}:{what}:when={number}", *words],
            capture_output=True, text=True)
        self.text = self.result.stderr + self.result.stdout
        trace = pathlib.Path("trace").read_text()
        self.call, self.number, self.calls = call, number, Calls(trace)
        # What other processes create on this host makes runs longer and shorter.
        self.reached = (self.result.returncode in (-9, 137) if fault == "kill"
                        else "(INJECTED)" in trace)

    @property
    def change(self):
        """Which of the calls of its kind that change something it met; None: none of them."""
        changes = self.calls.changes[self.call]
        return changes.index(self.number) if self.reached and self.number in changes else None


class Aim:
    """Where in a run the `index`th changing call of a kind stands, which moves with what other
    processes have in the kernel."""

    def __init__(self, calls, call, index):
        self.call, self.index, self.step = call, index, 1
        self.number = calls.changes[call][index]

    def learn(self, injection):
        """Takes the next shot by what the last one met on its way: where the call stood, or that it stood
        behind that."""
        seen = injection.calls.changes[self.call]
        if len(seen) > self.index:
            self.number, self.step = seen[self.index], 1
        else:
            self.number, self.step = self.number + self.step, self.step * 2
