"""What a process may still do once it has shut itself in: compute, and use some folders.

The kernel keeps it to that: Landlock (Linux 5.13 and later) knows which folders, seccomp refuses
every socket. On a kernel, machine or system without them nothing happens: they are the second
wall, the first is that no word of a story is ever read as code.
Sources: Documentation/userspace-api/landlock.rst and seccomp_filter.rst of the Linux kernel.
"""

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_EVERYTHING = (1 << 13) - 1  # the rights of Landlock's first version
_READING = 1 << 2 | 1 << 3  # files and folders
_BENEATH = 1
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2
_MACHINES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}  # audit code, socket()
_LOAD, _EQUALS, _ABOVE, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050001  # EPERM
_FOREIGN_CALLS = 0x40000000  # the x32 numbers of x86_64, a second door to every call


def confine(*, readable: Iterable[Path], writable: Path) -> None:
    """Leave this thread, and those that it starts, these folders and no socket."""
    if not sys.platform.startswith("linux"):
        return
    kernel = ctypes.CDLL(None, use_errno=True)
    kernel.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    _close_files(kernel, readable, writable)
    _close_network(kernel)


def _close_files(kernel: ctypes.CDLL, readable: Iterable[Path], writable: Path) -> None:
    handled = struct.pack("Q", _EVERYTHING)
    rules = kernel.syscall(_CREATE_RULESET, handled, len(handled), 0)
    if rules < 0:
        return
    for folder, rights in [(writable, _EVERYTHING), *((path, _READING) for path in readable)]:
        place = os.open(folder, os.O_PATH | os.O_CLOEXEC)
        kernel.syscall(_ADD_RULE, rules, _BENEATH, struct.pack("=Qi", rights, place), 0)
        os.close(place)
    kernel.syscall(_RESTRICT_SELF, rules, 0)
    os.close(rules)


def _close_network(kernel: ctypes.CDLL) -> None:
    if platform.machine() not in _MACHINES:
        return
    machine, socket = _MACHINES[platform.machine()]
    steps = [
        (_LOAD, 0, 0, 4),  # which machine's calls
        (_EQUALS, 0, 3, machine),
        (_LOAD, 0, 0, 0),  # which call
        (_ABOVE, 1, 0, _FOREIGN_CALLS),
        (_EQUALS, 0, 1, socket),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    kernel.prctl(_SECCOMP, _FILTER, struct.pack("HxxxxxxP", len(steps), ctypes.addressof(program)))
