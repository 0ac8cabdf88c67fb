"""What a session may not do: namespaces of its own, private disks, limits, no privileges.

Runs in a process that is already inside the sandbox; Linux only. A step that fails raises OSError.
"""

from __future__ import annotations

import ctypes
import os
import resource
import socket
import struct

NEW_NAMESPACES = 0x00020000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
_NOSUID, _NODEV, _NOEXEC, _REC, _PRIVATE = 2, 4, 8, 16384, 1 << 18
_PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_SET_PDEATHSIG = 4, 24, 38, 1
NOBODY = 65534
PRIVATE = ("/tmp", "/home/student")  # writable, in memory, gone with the session

_libc = ctypes.CDLL(None, use_errno=True)


def _must(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def drop_root() -> None:
    """Become an unprivileged user, if root started the sandbox."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    # A process that changed its user could not write its own uid_map.
    _libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def new_namespaces() -> None:
    """Leave for fresh namespaces: users, mounts, processes (from the next fork on), network, …"""
    uid, gid = os.getuid(), os.getgid()
    _must(_libc.unshare(NEW_NAMESPACES), "new namespaces")
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{NOBODY} {uid} 1")
    _write("/proc/self/gid_map", f"{NOBODY} {gid} 1")


def private_disks(size: int) -> None:
    """Fresh disks in memory of so many bytes over everything that can be written; no /proc."""
    _must(_libc.mount(None, b"/", None, _REC | _PRIVATE, None), "private mounts")
    for place in PRIVATE:
        _mount_empty(place, size, "0700")
    _mount_empty("/dev/shm", min(size, 16 * 2**20), "1777")
    for place in ("/proc", "/dev/pts"):
        _mount_empty(place, 4096, "0555")


def _mount_empty(place: str, size: int, mode: str) -> None:
    options = f"size={size},nr_inodes=4096,mode={mode},uid={NOBODY},gid={NOBODY}".encode()
    flags = _NOSUID | _NODEV
    _must(_libc.mount(b"tmpfs", place.encode(), b"tmpfs", flags, options), f"disk at {place}")


def drop_capabilities() -> None:
    """Give up what being root of one's own namespaces allows."""
    for number in range(64):
        _libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0)
    header = struct.pack("=Ii", 0x20080522, 0)
    _must(_libc.capset(header, bytes(24)), "capabilities")
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, 9, 0, 0, 0)


def limit_resources(limits: dict) -> None:
    """Limits of memory, processes, files and processor time; see grading/engine/limits.py."""
    seconds = int(2 * limits["notebook_seconds"]) + 10
    for what, most in [
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, limits["memory"]),
        (resource.RLIMIT_NPROC, limits["processes"]),
        (resource.RLIMIT_FSIZE, limits["file_size"]),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_CPU, seconds),
    ]:
        highest = resource.getrlimit(what)[1]
        most = most if highest == resource.RLIM_INFINITY else min(most, highest)
        resource.setrlimit(what, (most, most))


def filter_system_calls(sockets: bool = True) -> bool:
    """Forbid system calls that no notebook needs. Returns whether that could be done.

    sockets: whether any may be made, where there is no network that they could reach

    Needs the package pyseccomp and the system's libseccomp.
    """
    try:
        import pyseccomp as seccomp
    except (ImportError, OSError, RuntimeError):
        return False
    rules = seccomp.SyscallFilter(defaction=seccomp.ALLOW)
    refused = seccomp.ERRNO(1)  # EPERM
    for name in _REFUSED:
        try:
            rules.add_rule(refused, name)
        except (ValueError, OSError):  # not a call of this system
            continue
    flag = 0x10000000  # CLONE_NEWUSER
    rules.add_rule(refused, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag))
    rules.add_rule(seccomp.ERRNO(38), "clone3")  # ENOSYS: the C library falls back to clone
    for family in range(64):
        if not sockets or family not in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6):
            rules.add_rule(seccomp.ERRNO(97), "socket", seccomp.Arg(0, seccomp.EQ, family))
    rules.load()
    return True


_REFUSED = [
    "acct", "add_key", "bpf", "chroot", "delete_module", "fanotify_init", "finit_module",
    "fsconfig", "fsmount", "fsopen", "fspick", "init_module", "io_uring_enter",
    "io_uring_register", "io_uring_setup", "kcmp", "kexec_file_load", "kexec_load", "keyctl",
    "landlock_create_ruleset", "lookup_dcookie", "mount", "mount_setattr", "move_mount",
    "name_to_handle_at", "open_by_handle_at", "open_tree", "perf_event_open", "personality",
    "pidfd_getfd", "pivot_root", "process_vm_readv", "process_vm_writev", "ptrace",
    "quotactl", "reboot", "request_key", "setns", "swapoff", "swapon", "syslog", "umount2",
    "unshare", "userfaultfd", "vmsplice",
]  # fmt: skip


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)
