"""A file system of a few megabytes that can be filled and emptied again."""

import contextlib
import ctypes
import errno
import os
import sys

from .process import Unexpected

BLOCK = b"\0" * 4096
CAP_SYS_ADMIN = 21
MNT_DETACH = 2


def take_right_to_mount():
    """Who may not mount runs this program anew, as the same user, in a mount namespace of its own."""
    with open("/proc/self/status", encoding="ascii") as file:
        effective = next(int(line.split()[1], 16) for line in file if line.startswith("CapEff:"))
    if not effective >> CAP_SYS_ADMIN & 1:
        os.execvp("unshare", ["unshare", "--user", "--map-current-user", "--mount", "--keep-caps", "--", sys.executable, "-B", *sys.argv])


class SmallDisk:
    def __init__(self, folder, megabytes):
        self.folder = folder
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._ballast = os.path.join(folder, "ballast")
        os.makedirs(folder, exist_ok=True)
        if self._libc.mount(b"tmpfs", folder.encode(), b"tmpfs", ctypes.c_ulong(0), f"size={megabytes}m,mode=0755".encode()) != 0:
            raise Unexpected(f"a tmpfs can be mounted at {folder}", os.strerror(ctypes.get_errno()))

    def fill(self):
        """Not a block is left, whatever others write meanwhile. Repeat it to take what was given back."""
        with open(self._ballast, "ab", buffering=0) as file:
            try:
                while True:
                    file.write(BLOCK)
            except OSError as problem:
                if problem.errno != errno.ENOSPC:
                    raise

    def empty(self):
        with contextlib.suppress(FileNotFoundError):
            os.remove(self._ballast)

    def close(self):
        if self._libc.umount2(self.folder.encode(), MNT_DETACH) != 0:
            raise Unexpected(f"the tmpfs at {self.folder} can be unmounted", os.strerror(ctypes.get_errno()))
