"""Tries to leave the sandbox: by signals, mounts, users, debuggers, and the network."""

# %% id="signals" attacks="svm_loss" ends=true
# Sends signals to its parent, to every process it may reach, and to every group.
import os
import signal

import numpy as np


def svm_loss(x, y):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGSTOP, signal.SIGKILL):
        for target in (os.getppid(), -1, 2, 3, 4, 5, *range(10, 400)):
            try:
                if target not in (0, 1, os.getpid()):
                    os.kill(target, number)
            except OSError:
                pass
        for group in (1, 2, 3, os.getpgid(0) + 1):
            try:
                os.killpg(group, number) if group != os.getpgrp() else None
            except OSError:
                pass
    return 0.0, np.zeros(x.shape)


# %% id="signals-to-its-group" attacks="svm_loss" ends=true
# Ends its own process group, in which the grader may be.
import os
import signal


def svm_loss(x, y):
    os.kill(0, signal.SIGKILL)
    os.killpg(os.getpgrp(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
    return 0.0, x


# %% id="network" attacks="svm_loss" place="before"
# Connects to this machine, to others, asks for names, and listens.
import os
import socket
import urllib.request

port = int("@PORT@")
for address in (("127.0.0.1", port), ("localhost", port), ("0.0.0.0", port), ("::1", port)):
    try:
        with socket.create_connection(address, timeout=0.5) as wire:
            wire.send(b"@MARK@")
            print("found", address)
    except OSError as problem:
        print(address, problem)
for address in (("192.0.2.1", 80), ("169.254.169.254", 80)):
    try:
        socket.create_connection(address, timeout=0.5)
        print("found", address)
    except OSError as problem:
        print(address, problem)
for name in (
    "\0/tmp/.X11-unix/X0",
    "\0@MARK@",
    "/var/run/docker.sock",
    "/run/dbus/system_bus_socket",
):
    try:
        with socket.socket(socket.AF_UNIX) as wire:
            wire.connect(name)
            print("found", name)
    except OSError as problem:
        print(name, problem)
for family in range(1, 46):
    try:
        socket.socket(family, socket.SOCK_RAW).close()
        print("raw socket", family)
    except OSError:
        pass
try:
    print("found", socket.getaddrinfo("example.org", 80))
except OSError as problem:
    print(problem)
print(os.listdir("/sys/class/net") if os.path.isdir("/sys/class/net") else "no /sys")


# %% id="namespaces" attacks="svm_loss" place="before"
# Makes namespaces of its own, to be root in them and to mount the disk anew.
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
for flag in (0x10000000, 0x00020000, 0x10000000 | 0x00020000 | 0x20000000, 0x40000000):
    if os.fork() == 0:
        if libc.unshare(flag) == 0:
            for path, text in (
                ("setgroups", "deny"),
                ("uid_map", "0 65534 1"),
                ("gid_map", "0 65534 1"),
            ):
                try:
                    with open(f"/proc/self/{path}", "w") as file:
                        file.write(text)
                except OSError:
                    pass
            libc.mount(b"proc", b"/proc", b"proc", 0, None)
            libc.mount(b"tmpfs", b"/kit", b"tmpfs", 0, None)
            libc.mount(b"/", b"/tmp", None, 4096 | 16384, None)
            libc.umount2(b"/proc", 2)
            libc.umount2(b"/tmp", 2)
        os._exit(0)
    os.wait()
places = ("/proc", "/tmp", "/tmp/root", "/tmp/home", "/kit", "/")
print([(place, os.listdir(place)) for place in places if os.path.isdir(place)])


# %% id="mounts" attacks="svm_loss" place="before"
# Mounts, unmounts, changes the root and pivots.
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
os.makedirs("/tmp/root/old", exist_ok=True)
calls = {
    "mount proc": lambda: libc.mount(b"proc", b"/proc", b"proc", 0, None),
    "mount root": lambda: libc.mount(b"/dev/sda1", b"/tmp/root", b"ext4", 0, None),
    "remount": lambda: libc.mount(None, b"/", None, 32, None),
    "bind": lambda: libc.mount(b"/", b"/tmp/root", None, 4096, None),
    "umount": lambda: libc.umount2(b"/proc", 2),
    "umount tmp": lambda: libc.umount2(b"/tmp", 2),
    "umount home": lambda: libc.umount2(os.path.expanduser("~").encode(), 2),
    "chroot": lambda: libc.chroot(b"/tmp/root"),
    "pivot": lambda: libc.syscall(155, b"/tmp/root", b"/tmp/root/old"),
    "mknod": lambda: libc.mknod(b"/tmp/@MARK@-disk", 0o60666, (8 << 8) | 1),
}
for name, call in calls.items():
    print(name, "done" if call() == 0 else os.strerror(ctypes.get_errno()))
print(os.listdir("/"), os.listdir("/proc"))


# %% id="users" attacks="svm_loss" place="before"
# Becomes root, or somebody else: by call, by capability, by a program with the bit set.
import ctypes
import os
import shutil
import subprocess

libc = ctypes.CDLL(None, use_errno=True)
for name in ("setuid", "seteuid", "setgid", "setegid", "setfsuid", "setfsgid"):
    for number in (0, 1000):
        print(name, number, getattr(libc, name)(number), os.getresuid(), os.getresgid())
header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)(*[0xFFFFFFFF] * 6)
print("capset", libc.capset(header, data), "securebits", libc.prctl(28, 0, 0, 0, 0))
shutil.copy("/bin/sh", "/tmp/@MARK@-sh")
os.chmod("/tmp/@MARK@-sh", 0o6755)
for command in (
    ["su", "-c", "id"],
    ["sudo", "-n", "id"],
    ["mount"],
    ["/tmp/@MARK@-sh", "-pc", "id"],
):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=2)
        print(command, done.stdout[:200], done.stderr[:200])
    except (OSError, subprocess.TimeoutExpired) as problem:
        print(problem)
assert os.getuid() != 0, "planted: this is root"


# %% id="tracing" attacks="svm_loss" place="before"
# Attaches to other processes as a debugger does, and reads and writes their memory.
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
for process in (1, 2, 3, os.getppid(), *range(4, 50)):
    if process in (0, os.getpid()):
        continue
    for request in (16, 0x4206):
        if libc.ptrace(request, process, None, None) == 0:
            print("found", process)
    try:
        print("found", os.pidfd_open(process))
    except OSError:
        pass
print(libc.syscall(312, 1, os.getpid(), 0, 0, 0), libc.personality(0x0040000))


# %% id="forbidden-calls" attacks="svm_loss" place="before" ends=true
# System calls that no notebook needs: kernel modules, keys, BPF, io_uring, clocks, reboot.
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
names = {
    "kexec": 246, "init_module": 175, "reboot": 169, "swapon": 167, "settimeofday": 164,
    "clock_settime": 227, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "keyctl": 250,
    "add_key": 248, "io_uring_setup": 425, "open_by_handle_at": 304, "setns": 308, "acct": 163,
    "sethostname": 170, "iopl": 172, "syslog": 103, "quotactl": 179, "fanotify": 300,
}  # fmt: skip
for name, number in names.items():
    result = libc.syscall(number, 0, 0, 0, 0, 0, 0)
    print(name, result, os.strerror(ctypes.get_errno()))
try:
    os.sethostname("@MARK@")
except (AttributeError, OSError) as problem:
    print(problem)
