#!/usr/bin/env python3
"""Fetch the data sets of the course into this folder.

    python datasets/get_datasets.py cifar10      # download (170 MB), check, unpack (186 MB)
    python datasets/get_datasets.py synthetic    # make a small set by code; needs no network

Exit codes: 0 done, or there already; 1 failed, with the reason; 2 wrong usage; 130 interrupted.
Nothing half made is left under its final name; a download cut short goes on where it stopped.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import http.client
import os
import shutil
import signal
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
MB = 1_000_000
TIMEOUT = 30  # seconds without a byte
ATTEMPTS = 3  # at each address, going on where the last one stopped

CIFAR10 = {
    "urls": ["https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"],
    "md5": "c58f30108f718f92721af3b95e74349a",
    "archive": "cifar-10-python.tar.gz",
    "folder": "cifar-10-batches-py",
    "files": [*(f"data_batch_{k}" for k in range(1, 6)), "test_batch", "batches.meta"],
    "optional": ["readme.html"],
    "archive_bytes": 171 * MB,
    "unpacked_bytes": 187 * MB,
}


class Failed(Exception):
    """Something went wrong; the message says what, and what to do."""


def main(argv: list[str] | None = None) -> int:
    args = parse(argv)
    try:
        make_folder(args.dest)
        if args.dataset == "cifar10":
            get_archive(CIFAR10, args.dest, args.mirror or [], args.md5, args.keep_archive)
        else:
            make_synthetic(args.dest)
    except Failed as why:
        print(f"error: {why}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. Run the same command again to go on.", file=sys.stderr)
        return 130
    except OSError as why:  # a full disk, a folder that may not be written to
        print(f"error: {why}", file=sys.stderr)
        print(f"Is there space in {args.dest}, and may you write there?", file=sys.stderr)
        return 1
    return 0


def parse(argv):
    top = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = top.add_subparsers(dest="dataset", required=True, metavar="{cifar10,synthetic}")
    cifar10 = commands.add_parser("cifar10", help="60,000 photographs in ten classes, downloaded")
    synthetic = commands.add_parser("synthetic", help="5,000 pictures in ten classes, made by code")
    for command in (cifar10, synthetic):
        command.add_argument("--dest", type=Path, default=HERE, help="folder (default: this one)")
    cifar10.add_argument(
        "--mirror",
        action="append",
        metavar="URL",
        help="address of the archive, tried before the official one; may be given several times",
    )
    cifar10.add_argument(
        "--md5", default=CIFAR10["md5"], help="MD5 of the archive, if not the official one"
    )
    cifar10.add_argument("--keep-archive", action="store_true", help="keep the .tar.gz")
    return top.parse_args(argv)


def get_archive(spec: dict, dest: Path, mirrors: list[str], md5: str, keep: bool) -> None:
    """Downloads the archive of a data set, checks it, and unpacks it into dest/spec["folder"]."""
    final = dest / spec["folder"]
    if all((final / name).is_file() for name in spec["files"]):
        print(f"{final} is there already.")
        return
    archive = dest / spec["archive"]
    download = 0 if archive.exists() else spec["archive_bytes"]
    check_space(dest, download + spec["unpacked_bytes"])
    fetch([*mirrors, *spec["urls"]], archive, md5)
    unpack(archive, final, spec)
    if not keep:
        archive.unlink()
    print(f"Done: {final}")


def fetch(urls: list[str], archive: Path, md5: str) -> None:
    """Gets the archive from the first address that gives it whole. One that is there already, by a
    download elsewhere, is checked and used."""
    import pooch

    pooch.get_logger().setLevel("WARNING")
    if archive.exists() and pooch.file_hash(str(archive), "md5") != md5:
        raise Failed(
            f"{archive} is there but its MD5 is not {md5}: it is damaged, or another file. "
            "Delete it and run this command again."
        )
    part = archive.with_name(archive.name + ".part")
    download = functools.partial(resume_download, part=part)
    problems = []
    for url in urls:
        for _ in range(ATTEMPTS):
            goes_on = part.exists()
            try:
                pooch.retrieve(url, f"md5:{md5}", archive.name, archive.parent, downloader=download)
                return
            except urllib.error.URLError as why:
                problems.append(f"{url}: {why}")
                break  # not found, refused, no network: asking again will not help
            except (http.client.HTTPException, TimeoutError, ConnectionError) as why:
                problems.append(f"{url}: {why}")
            except ValueError as why:
                if "hash" not in str(why):
                    raise Failed(f"{url} is not an address: {why}.") from None
                problems.append(f"{url}: what came is another file, or damaged (its MD5 differs)")
                if not goes_on:
                    break  # from the first byte to the last, this address has something else
    raise Failed(
        "the download failed.\n  "
        + "\n  ".join(dict.fromkeys(problems))
        + f"\nWithout a network here: download {urls[-1]} elsewhere, put it at {archive}, and run "
        "this command again. Another address can be given with --mirror URL. To work without "
        "CIFAR-10, run: python datasets/get_datasets.py synthetic"
    )


def resume_download(url: str, output_file: str, _pooch, part: Path) -> None:
    """What pooch downloads with: goes on from the .part file of an earlier try, then hands it over.
    pooch compares the MD5 of the whole."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "get_datasets"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as why:
        if why.code == 416 and have:  # nothing comes after what we have: let the MD5 tell
            os.replace(part, output_file)
            return
        raise
    with response:
        goes_on = getattr(response, "status", None) == 206
        have = have if goes_on else 0
        length = response.headers.get("Content-Length")
        total = None if length is None else have + int(length)
        with part.open("ab" if goes_on else "wb") as out, progress(total, have) as bar:
            while block := response.read(1 << 18):
                out.write(block)
                bar.update(len(block))
    size = part.stat().st_size
    if total is not None and size < total:
        raise ConnectionError(f"the connection ended after {size} of {total} bytes")
    os.replace(part, output_file)


def progress(total: int | None, start: int):
    from tqdm import tqdm

    return tqdm(total=total, initial=start, unit="B", unit_scale=True, desc="downloading")


def unpack(archive: Path, final: Path, spec: dict) -> None:
    """Unpacks the files that the set is known to have, and no others, all of them or none.

    They are read one by one and written under our own names, so that an archive cannot write
    anywhere else, make links, or bring more than its share of bytes.
    """
    unpacking = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=final.parent))
    wanted = {f"{spec['folder']}/{name}": name for name in (*spec["files"], *spec["optional"])}
    try:
        try:
            with tarfile.open(archive, "r|gz") as tar:
                for member in tar:
                    if member.name in wanted:
                        copy_member(tar, member, unpacking / wanted[member.name], spec)
        except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as why:
            raise Failed(f"{archive} cannot be unpacked ({why}). Delete it, try again.") from None
        missing = [name for name in spec["files"] if not (unpacking / name).is_file()]
        if missing:
            raise Failed(f"{archive} lacks {', '.join(missing)}. Is it the right archive?")
        unpacking.chmod(0o755)
        if final.exists():  # incomplete, or get_archive would have stopped
            shutil.rmtree(final)
        os.replace(unpacking, final)
    finally:
        shutil.rmtree(unpacking, ignore_errors=True)


def copy_member(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path, spec: dict) -> None:
    if not member.isreg() or member.size > spec["unpacked_bytes"]:
        raise Failed(f"{member.name} in the archive is a link or too large: not the real set.")
    with tar.extractfile(member) as source, target.open("wb") as out:
        shutil.copyfileobj(source, out, 1 << 20)


def make_synthetic(dest: Path) -> None:
    if str(HERE.parent) not in sys.path:
        sys.path.insert(0, str(HERE.parent))  # so that it works before the package is installed
    from cs231n import data

    X_train, _, X_test, _ = data.load_synthetic(cache=dest)
    files = sorted((dest / "synthetic").glob("*.npy"))
    if not files:
        raise Failed(f"the pictures could not be written to {dest / 'synthetic'}.")
    print(f"Done: {len(X_train) + len(X_test)} pictures in {files[-1]}")


def make_folder(dest: Path) -> None:
    try:
        dest.mkdir(parents=True, exist_ok=True)
    except OSError as why:
        raise Failed(f"the folder {dest} cannot be made ({why}). Use --dest FOLDER.") from None
    if not os.access(dest, os.W_OK):
        raise Failed(f"the folder {dest} may not be written to. Use --dest FOLDER.")


def check_space(dest: Path, needed: int) -> None:
    free = shutil.disk_usage(dest).free
    if free < needed:
        raise Failed(
            f"{needed // MB} MB are needed in {dest}, but only {free // MB} MB are free. "
            "Make room, or choose another disk by --dest FOLDER."
        )


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # lets clean-up happen
    sys.exit(main())
