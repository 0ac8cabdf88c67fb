"""A large file over a bad network: whatever a server does, what came is kept, or why not."""

import re

import numpy as np
import pytest

from cs231n import transfer
from cs231n.tests.loopback import md5, serving
from cs231n.transfer import DownloadFailed

CONTENT = np.random.default_rng(0).bytes(400_000)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(transfer, "pause", lambda _: None)
    with serving(CONTENT) as server:
        yield server


@pytest.fixture
def part(tmp_path):
    return tmp_path / "file.part"


@pytest.fixture
def fetch(server, part):
    """Fetches from these paths of the server, or gives the error's text."""

    def run(*paths, **more):
        try:
            transfer.fetch([server.url(path) for path in paths], part, md5(CONTENT), **more)
        except DownloadFailed as why:
            return str(why)
        assert part.read_bytes() == CONTENT
        return None

    return run


# --- going on ------------------------------------------------------------------------------------


def test_a_connection_that_breaks_goes_on_where_it_stopped(fetch, server):
    server.cut_after = 250_000
    assert fetch("/good") is None
    assert server.requests == [("/good", 0), ("/good", 250_000)]


def test_a_later_call_goes_on_where_an_earlier_one_gave_up(fetch, server, part):
    server.cut_after = 1000
    assert "the connection ended after 3000 of 400000 bytes" in fetch("/good")
    assert part.read_bytes() == CONTENT[:3000]
    server.cut_after = None
    assert fetch("/good") is None
    assert server.requests[-1] == ("/good", 3000)


def test_a_connection_that_breaks_often_but_gets_on_is_not_given_up(fetch, server, monkeypatch):
    monkeypatch.setattr(transfer, "MB", 50_000)
    server.cut_after = 50_000
    assert fetch("/good") is None
    assert len(server.requests) == 8


def test_what_a_broken_connection_brought_is_completed_elsewhere(fetch, server):
    assert fetch("/stalls", "/good", timeout=0.5) is None
    assert server.requests == [("/stalls", 0), ("/good", 100_000)]


def test_a_file_that_is_whole_needs_no_network(fetch, server, part):
    part.write_bytes(CONTENT)
    assert fetch("/good") is None
    assert server.requests == []


def test_a_server_that_cannot_go_on_sends_all_again(fetch, server, part):
    part.write_bytes(CONTENT[:500])
    assert fetch("/no-ranges") is None
    assert len(server.requests) == 1


def test_a_server_that_cannot_go_on_and_breaks_costs_nothing_that_came(fetch, server, part):
    part.write_bytes(CONTENT[:300_000])
    assert "ended after 100000 of 400000" in fetch("/no-ranges-cut")
    assert part.read_bytes() == CONTENT[:300_000]
    assert fetch("/good") is None
    assert server.requests[-1] == ("/good", 300_000)


@pytest.mark.parametrize("size", [500, 10**6])
@pytest.mark.parametrize("known", [None, len(CONTENT)])
@pytest.mark.parametrize("path", ["/good", "/no-ranges"])
def test_the_rest_of_another_download_does_no_harm(fetch, part, size, known, path):
    part.write_bytes(b"x" * size)
    assert fetch(path, size=known) is None


# --- servers that misbehave ----------------------------------------------------------------------


BAD = {
    "/missing": "HTTP Error 404",
    "/silent": "no answer within 0.1 s",
    "/stalls": "nothing came for 0.5 s",
    "/web-page": "a web page came instead",
    "/other": "its MD5 differs",
    "/says-less": "its MD5 differs",
    "/circle": "redirect",
}


@pytest.mark.parametrize("path", BAD)
def test_a_bad_server_is_left_for_the_next(fetch, server, path, monkeypatch):
    monkeypatch.setattr(transfer, "TRIES", 30)  # a busy machine may be slow to answer, too
    assert fetch(path, "/good", timeout=0.2 if path in ("/silent", "/stalls") else 20) is None
    assert server.requests[-1][0] == "/good"


@pytest.mark.parametrize("path", [path for path in BAD if path != "/stalls"])
def test_a_bad_server_alone_is_named_with_what_is_wrong(fetch, server, part, path):
    text = fetch(path, timeout=0.1 if path == "/silent" else 20)
    assert f"{server.url(path)}: " in text
    assert BAD[path] in text
    assert not part.exists()


def test_a_server_that_stalls_again_and_again_still_gives_all(fetch, server):
    """Each time a quarter comes, which must not be asked for again."""
    text = fetch("/stalls", timeout=0.5)
    assert BAD["/stalls"] in text
    assert [start for _, start in server.requests] == [0, 100_000, 200_000]


@pytest.mark.parametrize("path", ["/moved", "/no-length", "/says-more"])
def test_an_odd_server_still_gives_the_file(fetch, path):
    assert fetch(path) is None


def test_a_redirect_goes_on_in_the_middle(fetch, server, part):
    part.write_bytes(CONTENT[:100])
    assert fetch("/moved") is None
    assert server.requests == [("/moved", 100), ("/good", 100)]


def test_a_file_that_changes_between_two_tries_is_fetched_anew(fetch, server):
    server.cut_after = 250_000
    assert fetch("/changing") is None
    assert [start for _, start in server.requests] == [0, 250_000, 0, 250_000]


@pytest.mark.parametrize("path", ["/wrong-range", "/web-page"])
def test_what_came_survives_a_server_with_something_else(fetch, part, path):
    part.write_bytes(CONTENT[:300_000])
    fetch(path)
    assert part.read_bytes() == CONTENT[:300_000]


def test_a_file_of_another_size_is_refused_before_it_spoils_what_came(fetch, server, part):
    part.write_bytes(CONTENT[:300_000])
    server.content = CONTENT + b"more"
    assert "has 400004 bytes, but the archive has 400000" in fetch("/no-ranges", size=400_000)
    assert part.read_bytes() == CONTENT[:300_000]


def test_no_server_at_all_is_named(part):
    with pytest.raises(DownloadFailed, match=r"http://127\.0\.0\.1:9/x: .*refused"):
        transfer.fetch(["http://127.0.0.1:9/x"], part, md5(CONTENT))


@pytest.mark.parametrize("url", ["http://", "http://127.0.0.1:port/", "http://a..b/"])
def test_an_address_that_leads_nowhere_is_named(part, url):
    with pytest.raises(DownloadFailed, match="the download failed"):
        transfer.fetch([url], part, md5(CONTENT))


def test_a_path_or_file_address_is_a_mirror_too(tmp_path, part):
    file = tmp_path / "my copy.tar.gz"
    file.write_bytes(CONTENT)
    for text in (str(file), file.as_uri()):
        transfer.fetch([transfer.to_url(text)], part, md5(CONTENT))
        assert part.read_bytes() == CONTENT
        part.write_bytes(CONTENT[:1000])


@pytest.mark.parametrize("text", ["cifar.example", "ftp://host/file", "", "/no/such/file"])
def test_what_is_neither_address_nor_file_is_refused(text):
    with pytest.raises(DownloadFailed, match="neither an address nor a file"):
        transfer.to_url(text)


class Bar:
    """A progress bar that calls a function with every block."""

    def __init__(self, function):
        self.update = function

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def test_trouble_with_the_disk_is_not_taken_for_the_networks(fetch, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(transfer, "progress", lambda *_: Bar(full))
    with pytest.raises(OSError, match="No space left"):
        fetch("/good", "/other")


def test_what_the_bar_shows_is_on_the_disk(fetch, part, monkeypatch):
    """So that even a download that is killed loses nothing."""
    shown = 0

    def update(size):
        nonlocal shown
        shown += size
        assert part.stat().st_size == shown

    monkeypatch.setattr(transfer, "BLOCK", 5000)
    monkeypatch.setattr(transfer, "progress", lambda *_: Bar(update))
    assert fetch("/good") is None
    assert shown == len(CONTENT)


# --- slow servers --------------------------------------------------------------------------------


@pytest.fixture
def at_rates(server, part, monkeypatch):
    """Time passes as if the first request, the second, ... gave so many bytes a second."""

    def set_rates(*rates):
        now, seen = 0.0, 0

        def clock():
            nonlocal now, seen
            size = transfer.bytes_of(part)
            now += max(0, size - seen) / rates[len(server.requests) - 1]
            seen = size
            return now

        monkeypatch.setattr(transfer, "clock", clock)
        monkeypatch.setattr(transfer, "BLOCK", 10_000)

    return set_rates


def test_a_slow_server_is_left_for_a_faster_one_which_goes_on(fetch, server, at_rates, capsys):
    at_rates(10_000, 10**6)
    assert fetch("/slow", "/fast") is None
    (_, start), (path, went_on) = server.requests
    assert (start, path) == (0, "/fast")
    assert 150_000 <= went_on <= 160_000  # 15 seconds
    lines = [line for line in capsys.readouterr().err.splitlines() if "Trying another" in line]
    assert len(lines) == 1
    assert re.search(r"sends 10 kB/s, which takes 2\d seconds for the rest \(0\.2\d* MB", lines[0])


def test_where_all_are_slow_the_fastest_is_stayed_with(fetch, server, at_rates, capsys):
    at_rates(5_000, 8_000, 3_000, 1_000)
    assert fetch("/a", "/b", "/c") is None
    # and for good, even if it gets slower: no running to and fro
    assert [path for path, _ in server.requests] == ["/a", "/b", "/c", "/b"]
    text = capsys.readouterr().err
    assert text.count("Trying another address.") == 2
    assert "All addresses are slow. Staying with 127.0.0.1" in text
    assert "it sends 8 kB/s, which takes" in text


def test_the_last_server_is_kept_if_it_is_faster_than_those_before(fetch, server, at_rates):
    at_rates(5_000, 8_000)
    assert fetch("/a", "/b") is None
    assert [path for path, _ in server.requests] == ["/a", "/b"]


def test_a_slow_server_is_better_than_a_dead_one(fetch, server, at_rates):
    at_rates(10_000, 1, 10_000)
    assert fetch("/slow", "/missing") is None
    assert [path for path, _ in server.requests] == ["/slow", "/missing", "/slow"]


@pytest.mark.parametrize("more", [{"min_rate": 0}, {"min_rate": 9_000}])
def test_what_is_slow_can_be_set(fetch, server, at_rates, more):
    at_rates(10_000, 10**6)
    assert fetch("/slow", "/fast", **more) is None
    assert len(server.requests) == 1
