"""The students' tree as an archive (.zip, .tar.gz). The same tree gives the same bytes."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
import zlib
from pathlib import Path

from grading import files
from grading.errors import GradingError
from grading.publishing.tree import File, Tree, about

ENDINGS = (".zip", ".tar.gz", ".tgz")


def is_archive(target: Path) -> bool:
    """Whether a name is that of an archive."""
    return target.name.lower().endswith(ENDINGS)


def read(target: Path, force: bool = False) -> Tree:
    """The tree in the archive that is there; empty where there is none.

    force: also empty where publish did not write it
    """
    if not target.exists():
        return {}
    try:
        data = target.read_bytes()
        tree = from_zip(data) if target.name.lower().endswith(".zip") else from_tar(data)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, tarfile.TarError):
        tree = {}
    if about(tree) is None and not force:
        raise GradingError(
            f"{target} is there already, and publish did not write it. Name another file, or add "
            "--force to replace it."
        )
    return tree if about(tree) else {}


def write(target: Path, tree: Tree, top: str) -> None:
    """Write the archive, whole or not at all. top: the folder that holds everything in it."""
    make = to_zip if target.name.lower().endswith(".zip") else to_tar
    files.write_all({target: make(tree, top)})


def to_zip(tree: Tree, top: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name in sorted(tree):
            member = zipfile.ZipInfo(f"{top}/{name}")  # dated 1980
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = (0o100755 if tree[name].executable else 0o100644) << 16
            archive.writestr(member, tree[name].content)
    return data.getvalue()


def to_tar(tree: Tree, top: str) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(tree):
            member = tarfile.TarInfo(f"{top}/{name}")  # dated 1970, of user 0
            member.size = len(tree[name].content)
            member.mode = 0o755 if tree[name].executable else 0o644
            archive.addfile(member, io.BytesIO(tree[name].content))
    return gzip.compress(data.getvalue(), mtime=0)


def from_zip(data: bytes) -> Tree:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {
            _below_top(member.filename): File(
                archive.read(member), bool(member.external_attr >> 16 & 0o100)
            )
            for member in archive.infolist()
            if not member.is_dir()
        }


def from_tar(data: bytes, top: bool = True) -> Tree:
    """top: whether one folder holds everything."""
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:*") as archive:
        return {
            _below_top(member.name) if top else member.name: (
                File(archive.extractfile(member).read(), bool(member.mode & 0o100))
                if member.isfile()
                else File(b"", odd=True)
            )
            for member in archive.getmembers()
            if not member.isdir()
        }


def _below_top(name: str) -> str:
    return name.partition("/")[2]
