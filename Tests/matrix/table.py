#!/usr/bin/env python3
"""table.py: makes one table of what the machines of a matrix run reported.

table.py DIRECTORY KERNEL…

DIRECTORY/KERNEL.events is what boot.py kept; a kernel without that file could not be had. Writes
DIRECTORY/table.md, DIRECTORY/table.json and, where HookCatalogueTests ran, DIRECTORY/hooks.md, which
has a column for every kernel that ever ran it here; prints the first and a closing line of counts, and
ends with 1 if any test failed or did not come to its end.
"""

import json
import os
import re
import sys


class Machine:
    """What one kernel's machine said."""

    def __init__(self, kernel, path):
        self.kernel = kernel
        self.present = os.path.exists(path)
        self.release, self.ended, self.status = "", False, None
        self.facilities, self.tests, self.results, self.notes = {}, {}, {}, {}
        self.hooks = {}
        if self.present:
            with open(path, "rb") as file:
                for line in file:
                    try:
                        record = json.loads(line)
                    except ValueError:
                        continue  # The line that a machine was stopped in.
                    if "matrix" in record:
                        self.remark(record)
                    elif record.get("kind") == "test":
                        self.announce(record["payload"])
                    elif record.get("kind") == "event":
                        self.event(record["payload"])
            for test in self.tests:
                if self.results.get(test) not in ("passed", "failed", "skipped"):
                    self.notes.setdefault(test, []).append(
                        "began and never ended" if test in self.results else "was never begun")
                    self.results[test] = "failed"

    def version(self):
        """(6, 12) of the release that it runs."""
        return tuple(int(number) for number in re.findall(r"\d+", self.release)[:2])

    def remark(self, record):
        if record["matrix"] == "booted":
            self.release = record["release"]
        elif record["matrix"] == "facility":
            self.facilities[record["name"]] = (record["works"], record["why"])
        elif record["matrix"] == "hook":
            self.hooks.setdefault(record["hook"], {})[record["column"]] = record["result"]
        elif record["matrix"] == "ended":
            self.ended, self.status = True, record["status"]

    def announce(self, test):
        if test["kind"] == "function":
            self.tests[test["id"]] = test.get("displayName") or test["name"]

    def event(self, event):
        test, kind = event.get("testID"), event["kind"]
        texts = [m["text"] for m in event.get("messages", []) if m.get("text")]
        # The comment says what is wrong; the line before it only that something is.
        text = " ".join([t for t in texts if t != "Issue recorded"] or texts)
        if test is None:
            return
        if kind == "testStarted":
            self.results.setdefault(test, "began")
        elif kind in ("testSkipped", "testCancelled"):
            self.results[test] = "skipped"
            why = text.split(" skipped: ", 1)[-1]
            self.notes.setdefault(test, []).append(why.strip('"'))
        elif kind == "issueRecorded":
            issue = event.get("issue", {})
            if not issue.get("isKnown") and issue.get("severity", "error") == "error":
                self.results[test] = "failed"
                self.notes.setdefault(test, []).append(text)
        elif kind == "testEnded" and self.results.get(test) == "began":
            self.results[test] = "passed"

    def skipped_suite(self, test):
        """The reason, if a suite around the test was skipped: its tests are then never begun."""
        for suite, result in self.results.items():
            if result == "skipped" and test.startswith(suite + "/"):
                return self.notes[suite]
        return None


def suite_of(test):
    """BPFKernelTests.MapTests/f()/MapTests.swift:1:2 is in BPFKernelTests.MapTests."""
    return "/".join(test.split("/")[:-2]) or test.split(".")[0]


def clean(text):
    """One line, that Markdown takes as it stands."""
    text = " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
    return text if len(text) <= 240 else text[:237] + "…"


class Notes:
    def __init__(self):
        self.texts = []

    def mark(self, texts):
        text = clean("; ".join(dict.fromkeys(t for t in texts if t)) or "no reason was given")
        if text not in self.texts:
            self.texts.append(text)
        return f"[{self.texts.index(text) + 1}]"


def row(cells):
    return "| " + " | ".join(cells) + " |"


def facilities(machines, notes):
    names = list(dict.fromkeys(name for m in machines for name in m.facilities))
    if not names:
        return []
    lines = ["Hooks that work in these machines, found by bpftool and iproute2:", "",
             row(["facility", *(m.kernel for m in machines)]), row(["---"] * (len(machines) + 1))]
    for name in names:
        cells = []
        for machine in machines:
            works, why = machine.facilities.get(name, (None, ""))
            cells.append({True: "yes", None: "–"}.get(works) or f"no {notes.mark([why])}")
        lines.append(row([name, *cells]))
    return [*lines, ""]


COLUMNS = ("attach", "unchanged", "tampering", "upgrade", "detach")


def hooks(machines):
    """Each hook × kernel, as HookCatalogueTests reported it."""
    machines = sorted((m for m in machines if m.hooks), key=Machine.version)
    names = sorted({name for machine in machines for name in machine.hooks})
    if not names:
        return []
    lines = [row(["hook", *(".".join(map(str, m.version())) for m in machines)]),
             row(["---"] * (len(machines) + 1))]
    for name in names:
        cells = []
        for machine in machines:
            found = [machine.hooks.get(name, {}).get(column, "never tried") for column in COLUMNS]
            if name not in machine.hooks:
                cells.append("–")
            elif found[0] in ("passed", "refused", "forbidden") and len(set(found)) == 1:
                cells.append(found[0])
            else:
                wrong = [f"{column} {result}" for column, result in zip(COLUMNS, found)
                         if result != "passed"]
                cells.append(f"**{wrong[0]}**")
        lines.append(row([name, *cells]))
    return [*lines, ""]


def main():
    directory, *kernels = sys.argv[1:]
    machines = [Machine(kernel, f"{directory}/{kernel}.events") for kernel in kernels]
    booted = [m for m in machines if m.release]
    notes, counts, stored = Notes(), {}, {}
    lines = facilities(booted, notes)
    lines += hooks(booted)
    catalogue = hooks([Machine(name.removesuffix(".events"), f"{directory}/{name}")
                       for name in os.listdir(directory) if name.endswith(".events")])

    names = {test: name for machine in machines for test, name in machine.tests.items()}
    lines += [row(["suite", "test", *(m.kernel for m in machines)]),
              row(["---"] * (len(machines) + 2))]
    for test in sorted(names, key=lambda test: (suite_of(test), names[test])):
        cells = []
        for machine in machines:
            result, texts = machine.results.get(test), machine.notes.get(test, [])
            above = machine.skipped_suite(test) if machine.tests else None
            if above is not None:
                result, texts = "skipped", above
            elif result is None and machine.release:
                result, texts = "failed", ["was never begun"]
            if result is None:
                cells.append("–")
                continue
            counts[machine.kernel, result] = counts.get((machine.kernel, result), 0) + 1
            stored.setdefault(test, {})[machine.kernel] = {"result": result, "why": texts}
            cells.append({"passed": "passed", "skipped": f"skipped {notes.mark(texts)}"
                          if result == "skipped" else "",
                          "failed": f"**failed** {notes.mark(texts)}"
                          if result == "failed" else ""}[result])
        lines.append(row([suite_of(test), clean(names[test]), *cells]))
    lines.append("")
    lines += [f"{number}. {text}" for number, text in enumerate(notes.texts, 1)] + [""]

    problems = []
    for machine in machines:
        count = [counts.get((machine.kernel, r), 0) for r in ("passed", "failed", "skipped")]
        state = f"{count[0]} passed, {count[1]} failed, {count[2]} skipped"
        if not machine.present:
            state = "the kernel could not be had"
        elif not machine.release:
            state = "did not boot as far as the suites"
        elif not machine.ended:
            state += "; the suites did not come to their end"
        elif machine.status == 137:
            state += "; the suites were stopped at the limit"
        elif machine.status != 0 and count[1] == 0:
            state += f"; yet the suites ended with status {machine.status}"
        elif not machine.tests:
            state += "; no test was found"
        if machine.present and not (machine.ended and machine.tests and machine.status == 0):
            problems.append(machine.kernel)
        lines.append(f"- {machine.kernel} ({machine.release or 'not run'}): {state}")

    text = "\n".join(lines) + "\n"
    with open(f"{directory}/table.md", "w", encoding="utf-8") as file:
        file.write(text)
    if catalogue:
        with open(f"{directory}/hooks.md", "w", encoding="utf-8") as file:
            file.write("\n".join(catalogue))
    with open(f"{directory}/table.json", "w", encoding="utf-8") as file:
        json.dump({"kernels": {m.kernel: m.release for m in machines}, "tests": stored,
                   "facilities": {m.kernel: m.facilities for m in machines}}, file, indent=1)
    print(text)
    total = [sum(n for (_, r), n in counts.items() if r == result)
             for result in ("passed", "failed", "skipped")]
    print(f"matrix: {total[0]} passed, {total[1]} failed, {total[2]} skipped")
    return 1 if total[1] or problems else 0


if __name__ == "__main__":
    sys.exit(main())
