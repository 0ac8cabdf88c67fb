"""What a student packs into an archive hurts nobody: not disk, not memory, not the class."""

import bz2
import gzip
import io
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib

import pytest

pytest.importorskip("nbgrader")

from grading.collect import archives
from grading.collect.archives import entries_in
from grading.collect.contents import read_contents
from grading.collect.entries import Entry, Refused
from grading.tests.collected_class import NAMES, Class, both, files_in, notebook, zipped

MB = 10**6
ZEROS = bytes(3 * MB)


@pytest.fixture
def kit(tmp_path):
    return Class(tmp_path)


def member(name, mode=0, **about):
    """An entry of a zip archive that says of itself what a test wants."""
    info = zipfile.ZipInfo("x")
    info.filename = info.orig_filename = name
    info.external_attr = mode << 16
    for key, value in about.items():
        setattr(info, key, value)
    return info


def tarred(*members, compress=lambda data: data):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, data, kind in members:
            info = tarfile.TarInfo(name)
            info.type, info.size, info.linkname = kind, len(data), "/etc/passwd"
            archive.addfile(info, io.BytesIO(data))
    return compress(packed.getvalue())


def contents_of(data, name="work.zip"):
    return read_contents((Entry(name, len(data), lambda room: data),), {})


GOOD = {"1_layers.ipynb": notebook(NAMES[0], "good")}
LEADING_OUT = ["../../evil.ipynb", "/etc/evil.ipynb", "a/../../evil.ipynb", "..\\evil.ipynb",
               "C:\\evil.ipynb", "a/b\0c/../../../evil.ipynb"]  # fmt: skip


def test_no_path_leads_out_of_its_archive(kit):
    data = zipped(GOOD | {member(name): b"evil" for name in LEADING_OUT})
    assert kit.collect(kit.folder({"ada.zip": data})) == 1
    assert set(kit.files("ada")) == {"1_layers.ipynb"}
    assert not [p for p in kit.root.rglob("*") if "evil" in p.name]
    assert kit.rows["ada"]["notes"].count("leads out of its archive") == len(LEADING_OUT)


def test_the_platform_s_own_archive_may_not_lead_out_either(kit):
    source = kit.archive(
        {f"ada/{n}": d for n, d in GOOD.items()} | {member("ada/../../x"): b"evil"}
    )
    kit.collect(source)
    assert kit.status("ada") == "collected"
    assert not (kit.root / "x").exists()


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFBLK])
def test_links_and_devices_in_a_zip_are_left_out(kind):
    found = contents_of(zipped({member("2_convolution.ipynb", kind | 0o777): b"/etc/passwd"}))
    assert found.files == {}
    what = "is a link" if kind == stat.S_IFLNK else "is neither a file nor a folder"
    assert f"2_convolution.ipynb {what}" in found.unreadable[0]


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_in_a_tar_are_left_out(kind):
    data = tarred(("evil.ipynb", b"", kind), ("../up", b"x", tarfile.REGTYPE),
                  ("good.txt", b"good", tarfile.REGTYPE))  # fmt: skip
    found = contents_of(data, "a.tar")
    assert found.files == {"good.txt": b"good"}
    linked = kind in (tarfile.SYMTYPE, tarfile.LNKTYPE)
    assert ("is a link" if linked else "is neither a file nor") in found.unreadable[0]
    assert found.notes == ["../up has a path that leads out of its archive"]


@pytest.mark.parametrize("place", ["ada/1_layers.ipynb", "ada"])
def test_links_in_a_folder_are_not_followed(kit, place):
    secret = kit.folder({"1_layers.ipynb": b"{}"}, "secret")
    link = kit.root / "in" / place
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(secret if place == "ada" else secret / "1_layers.ipynb")
    assert kit.collect(kit.root / "in") == 1
    assert not kit.submitted("ada").exists()
    assert "links are not followed" in kit.rows["ada"]["notes"]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_compressed_tars_are_read(pack):
    data = tarred(("a/1_layers.ipynb", b"{}", tarfile.REGTYPE), compress=pack)
    assert contents_of(data, "work.tar.gz").files == {"a/1_layers.ipynb": b"{}"}


def test_a_single_compressed_file_is_read():
    assert contents_of(gzip.compress(b"{}"), "1_layers.ipynb.gz").files == {"1_layers.ipynb": b"{}"}


BIG, TAR = {"big.bin": ZEROS}, tarred(("big.bin", ZEROS, tarfile.REGTYPE))
BOMBS = {  # and what is said of each
    "ratio.zip": (lambda: zipped(BIG), "big.bin would unpack to more than 200 times"),
    "nested.zip": (lambda: zipped({"0.zip": zipped(BIG)}), "big.bin would unpack to more"),
    "lies.zip": (lambda: _with_sizes(bytearray(zipped(BIG)), 10), "big.bin is damaged"),
    "bzip2.zip": (lambda: zipped(BIG, zipfile.ZIP_BZIP2), "is packed in an unusual way"),
    "lzma.zip": (lambda: zipped(BIG, zipfile.ZIP_LZMA), "is packed in an unusual way"),
    # These are stopped while they unpack, before anything looks at what is in them.
    "gzip.tar.gz": (lambda: gzip.compress(TAR), "gzip.tar.gz has 2.0 MB or more"),
    "bzip2.tar.bz2": (lambda: bz2.compress(TAR), "bzip2.tar.bz2 has 2.0 MB or more"),
    "xz.tar.xz": (lambda: lzma.compress(TAR, preset=0), "xz.tar.xz has 2.0 MB or more"),
}


def _with_sizes(data, size):
    """A zip archive whose file says that it is small."""
    for sign, where in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.index(sign) + where
        data[at : at + 4] = struct.pack("<I", size)
    return bytes(data)


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_gives_nothing_and_fills_nothing(name, monkeypatch):
    # As it is with the real limits, on a smaller scale.
    monkeypatch.setattr(archives, "RATIO_FROM", MB)
    monkeypatch.setattr(archives, "SUBMISSION_BYTES", 2 * MB)
    make, says = BOMBS[name]
    found = contents_of(make(), name)
    assert found.files == {}
    assert says in (found.notes + found.unreadable)[0]


def test_all_that_is_read_of_one_attempt_is_bounded(monkeypatch):
    monkeypatch.setattr("grading.collect.contents.SUBMISSION_BYTES", MB)
    many = {f"{n}.bin": ZEROS[:400_000] for n in range(9)} | {"z/1_layers.ipynb": b"{}"}
    found = contents_of(zipped(many))
    assert "z/1_layers.ipynb" in found.files  # notebooks come first
    assert sum(map(len, found.files.values())) <= MB
    assert len(found.notes) == 7


def test_archives_in_archives_end_somewhere():
    data = zipped({"1_layers.ipynb": b"{}"})
    for n in range(10):
        data = zipped({f"{n}.zip": data})
    found = contents_of(data)
    assert found.files == {}
    assert "is an archive in 4 others" in found.unreadable[0]


def test_an_archive_that_holds_itself_ends_too():
    empty = zipped({})
    assert contents_of(empty).files == {}
    assert contents_of(zipped({"r.zip": empty})).files == {}


def test_very_many_files_are_not_taken_in(monkeypatch):
    monkeypatch.setattr(archives, "ENTRIES", 50)
    with pytest.raises(Refused, match="more than 50 files"):
        entries_in("x.zip", zipped({str(n): b"" for n in range(51)}), MB)
    many = [(str(n), b"", tarfile.REGTYPE) for n in range(51)]
    with pytest.raises(Refused, match="more than 50 files"):
        entries_in("x.tar", tarred(*many), MB)
    monkeypatch.setattr("grading.collect.contents.FILES", 3)
    found = contents_of(zipped({f"{n}.txt": b"x" for n in range(5)} | {"1_layers.ipynb": b"{}"}))
    assert len(found.files) == 3
    assert "1_layers.ipynb" in found.files


def encrypted(data):
    """The archive with every entry marked as encrypted."""
    data = bytearray(data)
    for sign, where in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(sign)
        while at >= 0:
            data[at + where] |= 1
            at = data.find(sign, at + 4)
    return bytes(data)


DAMAGED = {
    "cut off": lambda data: data[:-40],
    "a wrong byte": lambda data: data[:60] + b"????" + data[64:],
    "encrypted": encrypted,
    "RAR": lambda data: b"Rar!\x1a\x07" + data,
    "7-Zip": lambda data: b"7z\xbc\xaf\x27\x1c" + data,
    "empty": lambda data: b"",
    "no archive": lambda data: b"hello there",
    "cut-off gzip": lambda data: gzip.compress(data * 9)[:60],
}


SAID = {
    "cut off": "ada.zip is damaged",
    "encrypted": "1_layers.ipynb is encrypted: ask for it without a password",
    "RAR": "ada.zip is a RAR archive; ask for a .zip",
    "7-Zip": "ada.zip is a 7-Zip archive; ask for a .zip",
    "empty": "ada.zip is empty",
    "no archive": "ada.zip is no archive, in spite of its name",
    "cut-off gzip": "ada.zip is damaged (cut off before its end)",
}


@pytest.mark.parametrize("how", DAMAGED)
def test_a_damaged_archive_is_named_and_the_class_goes_on(kit, how):
    data = DAMAGED[how](zipped(both("x")))
    assert kit.collect(kit.folder({"ada.zip": data, "kim.zip": zipped(both("kim"))})) == 1
    assert kit.answer("kim") == "kim"
    if how == "a wrong byte":  # of one notebook: the other can be graded
        assert kit.rows["ada"]["missing_notebooks"] == "1_layers"
        assert "1_layers.ipynb is damaged" in kit.rows["ada"]["notes"]
    else:
        assert kit.status("ada") == "unreadable"
        assert SAID[how] in kit.rows["ada"]["notes"]


def test_a_damaged_last_attempt_does_not_hide_a_whole_one(kit):
    source = kit.folder(
        {
            "ada+week1+2026-10-01 10:00:00 UTC+a/1_layers.ipynb": notebook(NAMES[0], "whole"),
            "ada+week1+2026-10-02 10:00:00 UTC+b/week1.zip": b"PK broken",
        }
    )
    assert kit.collect(source) == 1
    assert kit.answer("ada") == "whole"
    assert "is damaged" in kit.rows["ada"]["notes"]


@pytest.mark.parametrize("place", ["timestamp.txt", "week1/timestamp.txt", "week1/TimeStamp.txt"])
def test_a_student_s_own_timestamp_is_not_believed(kit, place):
    files = {"week1/1_layers.ipynb": notebook(NAMES[0]), place: b"2000-01-01 00:00:00 UTC"}
    source = kit.folder({"ada+week1+2026-10-01 10:00:00 UTC+a/w.zip": zipped(files)})
    kit.collect(source)
    assert kit.files("ada")["timestamp.txt"] == b"2026-10-01 10:00:00.000000 UTC"
    kit.collect(kit.folder({"kim/w.zip": zipped(files)}, "no-times"))
    assert set(kit.files("kim")) == {"1_layers.ipynb"}


def test_files_and_folders_of_one_name_do_not_stand_in_each_other_s_way(kit):
    files = {"a": b"file", "a/b": b"inside", "x.txt": b"1", member("x.txt"): b"2"} | GOOD
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = zipped(files)
    assert kit.collect(kit.folder({"ada.zip": data})) == 0
    assert len(kit.files("ada")) >= 4
    assert kit.answer("ada") == "good"


def test_names_of_every_kind_are_files_that_can_be_written(kit):
    names = ["ü" * 127, "ü" * 128, "new\nline", "\x1b[2Jclear", "=cmd|'x'!A0", "a" * 255, "a" * 256,
             "/".join("d" * 60), "日本語.txt", "con ", "-rf"]  # fmt: skip
    kit.collect(kit.folder({"ada.zip": zipped(GOOD | {member(n): b"x" for n in names})}))
    assert kit.answer("ada") == "good"
    found = files_in(kit.submitted("ada"))
    assert "new_line" in found
    assert "日本語.txt" in found
    assert not any("\x1b" in name or "\n" in name for name in found)


@pytest.mark.parametrize("seed", range(40))
def test_a_garbled_archive_is_refused_or_read_but_never_an_error(seed):
    import random

    chance = random.Random(seed)
    files = {"1_layers.ipynb": b"{}" * 50, "d/x.bin": zlib.compress(b"x" * 500)}
    tar = tarred(*((name, data, tarfile.REGTYPE) for name, data in files.items()))
    made = {"a.zip": zipped(files), "a.tar": tar, "a.tgz": gzip.compress(tar)}
    name = sorted(made)[seed % 3]
    data = bytearray(made[name])
    for _ in range(chance.randint(1, 12)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    contents_of(bytes(data[: chance.choice((len(data), chance.randrange(len(data))))]), name)
