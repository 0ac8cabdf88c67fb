"""Getting one large file over a bad network: from several addresses, going on where it stopped.

An address that is down, silent, slow, or has something else is left for the next one, and what
came stays: it lies in a file named like the one wanted, with `.part` behind. The MD5 of the whole
decides in the end, wherever its pieces came from.

pooch computes the MD5. Its own download is not used: it begins anew after every interruption.
"""

from __future__ import annotations

import http.client
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from cs231n import language

BLOCK = 1 << 16  # bytes asked for at a time
MB = 1_000_000
TRIES = 3  # at one address, not counting those that brought a MB or more
TIMEOUT = 20.0  # seconds for a connection to be made, and again without a byte
MIN_RATE = 200_000  # bytes a second, below which another address is tried
WINDOW = 15.0  # seconds over which the rate is measured

clock = time.monotonic
pause = time.sleep


class DownloadFailed(Exception):
    """The data could not be had; the message says why, and what to do."""


class TooSlow(Exception):
    """Another address may be faster."""


class AnotherFile(Exception):
    """What is at this address is not the file wanted."""


@dataclass
class Address:
    url: str
    rate: float | None = None  # bytes a second, once it was found slow
    total: int | None = None  # bytes of the whole file, as far as it said so
    tries: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def host(self) -> str:
        return urllib.parse.urlsplit(self.url).netloc or self.url


def to_url(text: str) -> str:
    """An address as it is; the path of a file as an address of this machine."""
    if text.lower().startswith(("http://", "https://", "file://")):
        return text
    if Path(text).expanduser().is_file():
        return Path(text).expanduser().resolve().as_uri()
    raise DownloadFailed(
        f"{text} is neither an address nor a file. An address begins with http://, https:// or "
        "file://, as in https://example.org/file.tar.gz."
    )


def fetch(
    urls: list[str],
    part: Path,
    md5: str,
    size: int | None = None,
    min_rate: float = MIN_RATE,
    timeout: float = TIMEOUT,
) -> None:
    """Fills the file `part` until its MD5 is the one wanted.

    Inputs:
    - urls: where the same file lies, the first to be tried first
    - part: the file; what an earlier call brought of it is kept
    - md5: of the whole; size: its bytes, where they are known
    - min_rate: bytes a second. An address that sends less, over WINDOW seconds, is left while there
      are others; where all send less, the fastest is stayed with. 0 leaves none for being slow.
    - timeout: seconds for a connection to be made, and again without a byte

    Raises DownloadFailed, with what is wrong with each address.
    """
    if part.exists() and has_md5(part, md5):
        return
    if size is not None and bytes_of(part) >= size:
        part.unlink()  # all of it, and wrong
    addresses = [Address(url) for url in dict.fromkeys(urls)]
    usable = list(addresses)
    while usable:
        address = choose(usable, bytes_of(part))
        before = bytes_of(part)
        try:
            began = transfer(address, part, size, leave_below(address, usable, min_rate), timeout)
        except TooSlow:
            untried = any(other.rate is None for other in usable)
            say(
                f"{address.host} {slowness(address, bytes_of(part))}."
                + " Trying another address." * untried
            )
        except (urllib.error.URLError, http.client.InvalidURL, AnotherFile, ValueError) as why:
            plain = type(why) is urllib.error.URLError
            address.problems.append(str(why.reason if plain else why))
            usable.remove(address)  # asking again would not help
        except (http.client.HTTPException, ConnectionError) as why:
            address.problems.append(str(why) or type(why).__name__)
            address.tries += bytes_of(part) - before < MB
            usable.remove(address)  # to be tried after the others
            if address.tries < TRIES:
                usable.append(address)
                pause(address.tries if len(usable) == 1 else 0)
        else:
            if has_md5(part, md5):
                return
            part.unlink()
            address.problems.append("what came is another file, or damaged (its MD5 differs)")
            if began == 0:  # else the pieces from elsewhere may be to blame: once more, all of it
                usable.remove(address)
    lines = [f"{a.url}: {problem}" for a in addresses for problem in dict.fromkeys(a.problems)]
    raise DownloadFailed("the download failed.\n  " + "\n  ".join(lines))


def choose(usable: list[Address], have: int) -> Address:
    """The first address that was not found slow; where all were, the fastest."""
    for address in usable:
        if address.rate is None:
            return address
    fastest = max(usable, key=lambda address: address.rate)
    if len(usable) > 1:
        say(f"All addresses are slow. Staying with {fastest.host}: it {slowness(fastest, have)}.")
    return fastest


def leave_below(address: Address, usable: list[Address], min_rate: float) -> float:
    """The rate below which another address is worth trying."""
    if address.rate is not None:  # all are slow, and this is the fastest
        return 0
    # The last one to be tried need only be faster than those before.
    rates = [other.rate for other in usable if other is not address]
    return min_rate if None in rates else max(rates, default=0)


def transfer(address: Address, part: Path, size: int | None, slowest: float, timeout) -> int:
    """Downloads what `part` lacks. Returns the byte from which on it came from this address.

    A server that cannot go on in the middle sends all from the first byte. That is written over
    what is there, which keeps its length until the end, so that an interruption loses nothing.
    """
    have = bytes_of(part)
    request = urllib.request.Request(address.url, headers={"User-Agent": "cs231n"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        response = urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as why:
        if why.code == 416 and have:  # nothing comes after what there is: the MD5 will tell
            return have
        raise
    except TimeoutError:
        raise ConnectionError(f"no answer within {timeout:g} s") from None
    with response:
        began = have if getattr(response, "status", None) == 206 else 0
        total = address.total = total_bytes(response, began, size)
        with (
            part.open("r+b" if part.exists() else "wb") as out,
            progress(total, began, address.host) as bar,
        ):
            out.seek(began)
            for block in blocks(response, address, slowest, timeout):
                out.write(block)
                out.flush()  # so that a killed download has what the bar showed
                bar.update(len(block))
            if total is not None and out.tell() < total:
                raise ConnectionError(f"the connection ended after {out.tell()} of {total} bytes")
            out.truncate()
    return began


def total_bytes(response, began: int, size: int | None) -> int | None:
    """How long the file at this address is, as far as it says so."""
    if response.headers.get("Content-Type", "").startswith("text/html"):
        raise AnotherFile("a web page came instead of the archive (the log-in of a network?)")
    sent = response.headers.get("Content-Range", "")
    if began and not sent.startswith(f"bytes {began}-"):
        raise AnotherFile(f"bytes from {began} on were asked for, but what came is: {sent}")
    length = response.headers.get("Content-Length") or ""
    total = began + int(length) if length.isdigit() else size
    if size not in (None, total):
        raise AnotherFile(f"the file there has {total} bytes, but the archive has {size}")
    return total


def blocks(response, address: Address, slowest: float, timeout: float):
    """The bytes of a response as they come. Raises TooSlow where they come too slowly."""
    since, came = clock(), 0
    while True:
        try:
            block = response.read1(BLOCK)
        except TimeoutError:
            raise ConnectionError(f"nothing came for {timeout:g} s") from None
        except OSError as why:  # so that it is not taken for trouble with the disk
            raise ConnectionError(str(why)) from None
        if not block:
            return
        yield block
        came += len(block)
        seconds = clock() - since
        if seconds >= WINDOW:
            if came / seconds < slowest:
                address.rate = came / seconds
                raise TooSlow
            since, came = clock(), 0


def slowness(address: Address, have: int) -> str:
    """Such as: sends 73 kB/s, which takes 38 minutes for the rest (166 MB)."""
    speed = f"sends {address.rate / 1e3:.3g} kB/s"
    if address.total is None:
        return speed
    rest = address.total - have
    minutes = rest / address.rate / 60
    time_left = f"{minutes:.0f} minutes" if minutes >= 2 else f"{minutes * 60:.0f} seconds"
    return f"{speed}, which takes {time_left} for the rest ({rest / MB:.3g} MB)"


def bytes_of(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def has_md5(file: Path, md5: str) -> bool:
    import pooch

    return pooch.file_hash(str(file), "md5") == md5


def progress(total: int | None, start: int, host: str):
    from tqdm.auto import tqdm

    return tqdm(total=total, initial=start, unit="B", unit_scale=True, desc=host)


def say(line: str) -> None:
    language.say(line, sys.stderr)
