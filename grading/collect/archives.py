"""Looking into archives that students made: every size is counted as it comes, none is believed.

Nothing is written to a path that an archive gives. Links, devices and paths that lead out are left
out; what is encrypted, damaged or packed in a way that cannot be bounded is refused.
"""

from __future__ import annotations

import bz2
import io
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime

from grading.collect.entries import Entry, Refused, clean, safe_path
from grading.intake import MB, NOTEBOOK_BYTES, SUBMISSION_BYTES

ENTRIES = 100_000  # of an archive; of these, `contents.py` takes what a submission may have
RATIO, RATIO_FROM = 200, 10 * MB  # how much larger than packed, for files larger than this
SUFFIXES = (".zip", ".tar", ".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz", ".gz")
FOREIGN = {b"Rar!": "a RAR archive", b"7z\xbc\xaf": "a 7-Zip archive"}
DAMAGED = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError,
    EOFError, OSError, ValueError, KeyError, IndexError, OverflowError, MemoryError, RuntimeError,
)  # fmt: skip


def is_archive(entry: Entry) -> bool:
    """By its name: a .docx and a .npz are zip archives too, and are left as they are."""
    return entry.name.lower().endswith((*SUFFIXES, ".rar", ".7z"))


def entries_in(name: str, data: bytes, room: int) -> list[Entry]:
    """The files of an archive in memory. Raises Refused with the reason where it has none to give.

    Inputs:
    - name: of the archive's file
    - room: how many bytes a compressed tar archive may unpack to
    """
    for start, what in FOREIGN.items():
        if data.startswith(start):
            raise Refused(f"is {what}; ask for a .zip")
    try:
        if data.startswith(b"PK"):
            return _of_zip(data)
        unpacked, inner = _unpack(name, data, room)
        if unpacked[257:262] == b"ustar" or name.lower().endswith((".tar", ".tgz")):
            return _of_tar(unpacked)
    except DAMAGED as problem:
        raise Refused(f"is damaged ({_said(problem)})") from None
    if unpacked is not data:
        return [Entry(safe_path(inner), len(unpacked), lambda room: _within(unpacked, room))]
    if not data:
        raise Refused("is empty")
    raise Refused("is no archive, in spite of its name")


def zip_entries(archive: zipfile.ZipFile) -> Iterator[Entry]:
    """The files that a zip archive lists."""
    for info in archive.infolist():
        if not info.filename.endswith(("/", "\\")):  # some write folders with a backslash
            yield _zip_entry(archive, info)


def _of_zip(data: bytes) -> list[Entry]:
    if data.count(b"PK\x01\x02") > ENTRIES:  # before a list of them is made
        raise Refused(f"has more than {ENTRIES:,} files")
    archive = zipfile.ZipFile(io.BytesIO(data))
    return list(zip_entries(archive))


def _zip_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Entry:
    name, problem = _zip_name(info), ""
    kind = stat.S_IFMT(info.external_attr >> 16)
    try:
        path = safe_path(name)
    except Refused as reason:
        path, problem = clean(name).lstrip("/"), str(reason)
    if kind == stat.S_IFLNK:
        problem = "is a link: links are not followed"
    elif kind not in (0, stat.S_IFREG):
        problem = "is neither a file nor a folder"
    elif info.flag_bits & 0x1:
        problem = "is encrypted: ask for it without a password"
    elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # bzip2 and LZMA members are unpacked without a bound.
        problem = "is packed in an unusual way; ask for an ordinary .zip"
    elif info.file_size > RATIO_FROM and info.file_size > RATIO * max(info.compress_size, 1):
        problem = f"would unpack to more than {RATIO} times its size"

    def load(room: int) -> bytes:
        return _read_member(archive, info, room)

    return Entry(path, info.file_size, load, problem, _zip_date(info))


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, room: int) -> bytes:
    most = _most(info.filename, room)
    if info.file_size > most:
        raise Refused(_too_large(info.file_size, most))
    try:
        with archive.open(info) as member:
            data = member.read(most + 1)
    except DAMAGED as problem:
        raise Refused(f"is damaged ({_said(problem)})") from None
    return _within(data, most)


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The member's name; macOS and PHP write UTF-8 without saying so."""
    name = getattr(info, "orig_filename", info.filename)
    if info.flag_bits & 0x800:
        return name
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name


def _zip_date(info: zipfile.ZipInfo) -> datetime | None:
    try:  # in the time zone of whoever packed it, which is taken to be ours
        return datetime(*info.date_time).astimezone(UTC) if info.date_time[0] > 1980 else None
    except (ValueError, OverflowError, OSError):
        return None


def _unpack(name: str, data: bytes, room: int) -> tuple[bytes, str]:
    """Returns a tuple of: what is compressed as one file (or the data), a name for it."""
    inner = name.rsplit(".", 1)[0] or name
    if data.startswith(b"\x1f\x8b"):
        unpacker = zlib.decompressobj(31)
    elif data.startswith(b"BZh"):
        unpacker = bz2.BZ2Decompressor()
    elif data.startswith(b"\xfd7zXZ"):
        unpacker = lzma.LZMADecompressor(memlimit=256 * MB)
    else:
        return data, inner
    most = min(room, SUBMISSION_BYTES)
    unpacked = _within(unpacker.decompress(data, most + 1), most)
    if not unpacker.eof:
        raise Refused("is damaged (cut off before its end)")
    return unpacked, inner


def _of_tar(data: bytes) -> list[Entry]:
    found = []
    archive = tarfile.TarFile(fileobj=io.BytesIO(data))  # stays open: its entries read from it
    for info in archive:
        if len(found) == ENTRIES:
            raise Refused(f"has more than {ENTRIES:,} files")
        if not info.isdir():
            found.append(_tar_entry(archive, info))
    return found


def _tar_entry(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Entry:
    problem = ""
    try:
        path = safe_path(info.name)
    except Refused as reason:
        path, problem = clean(info.name).lstrip("/"), str(reason)
    if info.issym() or info.islnk():
        problem = "is a link: links are not followed"
    elif not info.isreg() or info.issparse():
        problem = "is neither a file nor a folder"

    def load(room: int) -> bytes:
        most = _most(info.name, room)
        if info.size > most:
            raise Refused(_too_large(info.size, most))
        try:
            data = archive.extractfile(info).read(most + 1)
        except DAMAGED as reason:
            raise Refused(f"is damaged ({_said(reason)})") from None
        if len(data) < info.size:
            raise Refused("is damaged (cut off before its end)")
        return data

    return Entry(path, info.size, load, problem)


def _most(name: str, room: int) -> int:
    return min(room, NOTEBOOK_BYTES if name.lower().endswith(".ipynb") else SUBMISSION_BYTES)


def _within(data: bytes, most: int) -> bytes:
    if len(data) > most:
        raise Refused(_too_large(len(data), most))
    return data


def _too_large(size: int, most: int) -> str:
    return f"has {size / MB:.1f} MB or more, where there is room for {most / MB:.1f} MB"


def _said(problem: BaseException) -> str:
    return str(problem) or type(problem).__name__
