"""How much memory a process takes: its share of shared pages counted in part (PSS), looked at all the time."""

import threading

MIB = 1 << 20


def _kib(path, name):
    with open(path, encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name + ":"))


def pss(pid):
    """Bytes now."""
    return _kib(f"/proc/{pid}/smaps_rollup", "Pss") * 1024


def resident_peak(pid):
    """Bytes: the most that was ever resident, as the kernel has it; whole shared pages, so never below the PSS."""
    return _kib(f"/proc/{pid}/status", "VmHWM") * 1024


class Watch:
    """Looks several times a second, until close()."""

    def __init__(self, pid, every=0.2):
        self._pid = pid
        self._every = every
        self._ended = threading.Event()
        self.peak = pss(pid)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._ended.wait(self._every):
            try:
                self.peak = max(self.peak, pss(self._pid))
            except (FileNotFoundError, ProcessLookupError, StopIteration):
                return  # it ended

    def close(self):
        self._ended.set()
        self._thread.join()
