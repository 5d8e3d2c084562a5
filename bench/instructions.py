"""Instructions per call of the process in the middle: the figure that does not depend on the machine's mood.

Counted by the processor (`perf stat`) where it lets itself be counted, else by valgrind's callgrind; user space
alone in both. Two loads of different length are counted in one process, and the difference divided by the
difference in calls, so that neither the start nor the opening of sessions is in it.
"""

import re
import shutil
import signal
import subprocess
import time

from servers import Failure, Nginx, Remit, Upstream

CONNECTIONS = 64
FEW, MANY = 500, 2000  # calls of the two loads under callgrind, which is some fifty times slower


class Perf:
    NAME, CALLS = "perf stat", (5_000, 25_000)
    under = ()

    def __init__(self, folder):
        self.file = folder / "perf.txt"

    def program(self, file):
        return file

    @staticmethod
    def works():
        if not shutil.which("perf"):
            return False
        done = subprocess.run(["perf", "stat", "-x,", "-e", "instructions:u", "true"], text=True, capture_output=True)
        return done.returncode == 0 and re.match(r"\d+,", done.stderr) is not None

    def start(self, pid):
        self.process = subprocess.Popen(["perf", "stat", "-x,", "-e", "instructions:u", "-o", self.file, "-p", str(pid)])
        time.sleep(0.5)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)
        return int(re.search(r"^(\d+),", self.file.read_text(), re.MULTILINE).group(1))


class Callgrind:
    NAME, CALLS = "callgrind", (FEW, MANY)

    def __init__(self, folder):
        self.folder = folder
        self.dumps = folder / "callgrind.out"
        self.under = ["valgrind", "--tool=callgrind", "--quiet", "--instr-atstart=yes", f"--callgrind-out-file={self.dumps}"]

    def program(self, file):
        """Without debug information: valgrind cannot read what newer compilers write."""
        bare = self.folder / file.name
        subprocess.run(["strip", "--strip-debug", "-o", bare, file], check=True)
        return bare

    @staticmethod
    def works():
        return shutil.which("strip") and shutil.which("valgrind") and shutil.which("callgrind_control")

    def control(self, option):
        done = subprocess.run(["callgrind_control", option, str(self.pid)], text=True, capture_output=True, timeout=60)
        if done.returncode != 0:
            raise Failure(f"callgrind_control {option}: {done.stderr or done.stdout}")

    def start(self, pid):
        self.pid = pid
        self.control("--zero")

    def stop(self):
        known = set(self.folder.glob("callgrind.out*"))
        self.control("--dump")
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            for file in set(self.folder.glob("callgrind.out*")) - known:
                if totals := re.search(r"^(?:totals|summary): (\d+)", file.read_text(), re.MULTILINE):
                    return int(totals.group(1))
            time.sleep(0.2)
        raise Failure("callgrind wrote no figures")


def count_calls(server, instrument, load):
    load(server, CONNECTIONS, CONNECTIONS)  # what happens once
    counts = []
    for calls in instrument.CALLS:
        instrument.start(server.pid)
        load(server, CONNECTIONS, calls)
        counts.append(instrument.stop())
    return (counts[1] - counts[0]) / (instrument.CALLS[1] - instrument.CALLS[0])


def count_instructions(folder, programs, remits, load):
    """The instrument's name, and the instructions per call of nginx and of each build of Remit; None where there is none."""
    kind = next((kind for kind in (Perf, Callgrind) if kind.works()), None)
    if kind is None:
        return None
    counts = []
    with Upstream(folder / "counted-upstream", programs) as upstream:
        for number, program in enumerate([None, *remits]):
            place = folder / f"counted-{number}"
            place.mkdir()
            instrument = kind(place)
            if program is None:
                server = Nginx(place, upstream.address, instrument.under)
            else:
                server = Remit(place, instrument.program(program), upstream.address, instrument.under)
            with server:
                counts.append(count_calls(server, instrument, load))
    return kind.NAME, counts
