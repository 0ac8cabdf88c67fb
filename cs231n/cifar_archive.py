"""The archive of CIFAR-10: what it is, and how to check and unpack it without trusting it."""

from __future__ import annotations

import gzip
import os
import shutil
import tarfile
import tempfile
import zlib
from pathlib import Path

from cs231n.locks import locked
from cs231n.transfer import MB, DownloadFailed, has_md5, say

CIFAR10 = {
    "page": "https://www.cs.toronto.edu/~kriz/cifar.html",
    "archive": "cifar-10-python.tar.gz",
    "md5": "c58f30108f718f92721af3b95e74349a",
    "archive_bytes": 170_498_071,
    "unpacked_bytes": 187 * MB,
    "largest_bytes": 400 * MB,  # unpacked, where someone packed the set anew
    "cache_bytes": 185 * MB,  # the same pictures, once more, as data.load_cifar10 keeps them
    "folder": "cifar-10-batches-py",
    "files": [*(f"data_batch_{k}" for k in range(1, 6)), "test_batch", "batches.meta"],
    "optional": ["readme.html"],
}


def is_complete(folder: Path) -> bool:
    return all((folder / name).is_file() for name in CIFAR10["files"])


def install(archive: Path, dest: Path, md5: str | None = None) -> Path:
    """Unpacks an archive that is there already into dest; it stays where it is.

    Returns the folder of the set. Raises DownloadFailed where it is not the archive wanted (whose
    MD5 is `md5`, or the official one), or where the disk is too small.
    """
    md5 = (md5 or CIFAR10["md5"]).lower()
    with locked(dest):
        if is_complete(dest / CIFAR10["folder"]):  # another process was quicker
            return dest / CIFAR10["folder"]
        check_space(dest, CIFAR10["unpacked_bytes"] + CIFAR10["cache_bytes"])
        if not has_md5(archive, md5):
            raise DownloadFailed(
                f"{archive} is not the archive {CIFAR10['archive']}: its MD5 is not {md5}. It is "
                "damaged, cut short, or another file. Delete it and download it again, by "
                f"`python -m cs231n.download cifar10` or by hand from {CIFAR10['page']}."
            )
        return unpack(archive, dest)


def unpack(archive: Path, dest: Path) -> Path:
    """Unpacks the files that the set is known to have, and no others, all of them or none.

    They are read one by one and written under our own names, so that an archive cannot write
    anywhere else, make links, or bring more than its share of bytes.
    """
    final = dest / CIFAR10["folder"]
    say(f"Unpacking {archive.name.removesuffix('.part')}")
    for stray in dest.glob(".unpacking-*"):  # of a process that was killed; dest is locked
        shutil.rmtree(stray, ignore_errors=True)
    unpacking = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=dest))
    wanted = {
        f"{CIFAR10['folder']}/{name}": name for name in CIFAR10["files"] + CIFAR10["optional"]
    }
    try:
        try:
            with (
                gzip.open(archive) as stream,
                tarfile.open(fileobj=Limited(stream), mode="r|", bufsize=1 << 20) as tar,
            ):
                for member in tar:
                    if member.name in wanted:
                        copy_member(tar, member, unpacking / wanted[member.name])
        except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as why:
            raise DownloadFailed(f"{archive} cannot be unpacked: {why}.") from None
        missing = [name for name in CIFAR10["files"] if not (unpacking / name).is_file()]
        if missing:
            raise DownloadFailed(f"{archive} lacks {', '.join(missing)}: not the real set.")
        unpacking.chmod(0o755)
        if final.exists():  # incomplete, or nobody would have asked
            shutil.rmtree(final)
        os.replace(unpacking, final)
    finally:
        shutil.rmtree(unpacking, ignore_errors=True)
    return final


class Limited:
    """A stream that refuses to give more bytes than the set may have, whatever they are for."""

    def __init__(self, stream):
        self.stream, self.left = stream, CIFAR10["largest_bytes"]

    def read(self, size: int) -> bytes:
        block = self.stream.read(size)
        self.left -= len(block)
        if self.left < 0:
            raise DownloadFailed(
                f"the archive unpacks to more than {CIFAR10['largest_bytes'] // MB} MB: "
                "not the real set. Delete it."
            )
        return block


def copy_member(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    if not member.isreg():
        raise DownloadFailed(f"{member.name} in the archive is not a file: not the real set.")
    with tar.extractfile(member) as source, target.open("wb") as out:
        shutil.copyfileobj(source, out, 1 << 20)


def check_space(dest: Path, needed: int) -> None:
    free = shutil.disk_usage(dest).free
    if free < needed:
        raise DownloadFailed(
            f"{needed // MB} MB are needed in {dest}, but only {free // MB} MB are free. "
            "Make room, or choose another disk (--dest FOLDER, or the variable CS231N_DATA)."
        )
