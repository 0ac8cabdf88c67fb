"""The history of an assignment's scores: what every run found and what it left.

One SQLite file, COURSE/history/ASSIGNMENT.db, wherever the gradebook is. A student's state before
a run is kept with its files, each content once and compressed; of the state after it, hashes do.
"""

from __future__ import annotations

import getpass
import json
import os
import sqlite3
import subprocess
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import cs231n
from grading.errors import GradingError
from grading.regrade.state import is_still
from grading.settings import ROOT

TABLES = """
CREATE TABLE IF NOT EXISTS run (id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT, who TEXT,
    what TEXT, version TEXT, undoes INTEGER);
CREATE TABLE IF NOT EXISTS change (run INTEGER, student TEXT, before BLOB, after BLOB,
    done INTEGER, PRIMARY KEY (run, student)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS uses (run INTEGER, student TEXT, content TEXT,
    PRIMARY KEY (content, run, student)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS content (hash TEXT PRIMARY KEY, data BLOB);
"""


@dataclass(frozen=True)
class Run:
    """One run: number, UTC, login name, what it was, with which checks, the run that it undid."""

    id: int
    at: str
    who: str
    what: str
    version: Mapping[str, str | None]
    undoes: int | None


@dataclass(frozen=True)
class Change:
    """A student's states around a run. done: whether the run wrote all of it"""

    student: str
    before: dict | None
    after: dict | None
    done: bool


class History:
    """The history of one assignment. A context manager; errors of the file are GradingErrors."""

    def __init__(self, course: Path, assignment: str):
        self.path = course / "history" / f"{assignment}.db"
        self.path.parent.mkdir(exist_ok=True)
        try:
            self._db = sqlite3.connect(self.path, timeout=60, isolation_level=None)
            self._db.executescript(TABLES)
        except sqlite3.Error as problem:
            raise GradingError(
                f"{self.path}: the history cannot be used ({problem}). Without it nothing could be "
                "undone, so nothing is written. Move the file away to begin a new history."
            ) from None

    def __enter__(self) -> History:
        return self

    def __exit__(self, *problem: object) -> None:
        self._db.close()

    def begin(self, what: str, checks: str, undoes: int | None = None) -> int:
        """A new run. Returns its number."""
        now = datetime.now(UTC).isoformat(" ", "seconds").removesuffix("+00:00")
        version = {"checks": checks, "kit": cs231n.__version__, "commit": git_commit()}
        values = now, login_name(), what, json.dumps(version), undoes
        sql = "INSERT INTO run (at, who, what, version, undoes) VALUES (?, ?, ?, ?, ?)"
        return self._db.execute(sql, values).lastrowid

    def found(self, run: int, states: Mapping[str, dict | None], contents: Mapping) -> None:
        """Keep what a run found, before it writes. What is kept already stays."""
        with self._transaction():
            for student, state in states.items():
                sql = "INSERT OR IGNORE INTO change VALUES (?, ?, ?, NULL, 0)"
                if not self._db.execute(sql, (run, student, _packed(state))).rowcount:
                    continue
                for hash in _contents(state):
                    known = self._db.execute("SELECT 1 FROM content WHERE hash = ?", (hash,))
                    if known.fetchone() is None:
                        data = zlib.compress(contents[hash])
                        self._db.execute("INSERT INTO content VALUES (?, ?)", (hash, data))
                    use = run, student, hash
                    self._db.execute("INSERT OR IGNORE INTO uses VALUES (?, ?, ?)", use)

    def left(self, run: int, states: Mapping[str, dict | None]) -> None:
        """Keep what a run left. Where no score and no comment is another, nothing is kept."""
        with self._transaction():
            for change in self.changes(run, states):
                after = states[change.student]
                if change.before is not None and is_still(after, change.before):
                    self._forget(run, change.student)
                else:
                    sql = "UPDATE change SET after = ?, done = 1 WHERE run = ? AND student = ?"
                    self._db.execute(sql, (_packed(after), run, change.student))

    def drop(self, run: int, students: Iterable[str]) -> None:
        """Forget what a run has not done."""
        with self._transaction():
            for student in students:
                self._forget(run, student)

    def _forget(self, run: int, student: str) -> None:
        key = run, student
        self._db.execute("DELETE FROM change WHERE run = ? AND student = ?", key)
        mine = "SELECT content FROM uses WHERE run = ? AND student = ?"
        hashes = [row[0] for row in self._db.execute(mine, key)]
        for hash in hashes:
            use = (hash, *key)
            sql = "DELETE FROM uses WHERE content = ? AND run = ? AND student = ?"
            self._db.execute(sql, use)
            sql = "DELETE FROM content WHERE hash = ?1 AND NOT EXISTS (SELECT 1 FROM uses "
            self._db.execute(sql + "WHERE content = ?1)", (hash,))

    def runs(self) -> list[Run]:
        """Runs that changed something, oldest first."""
        some = "SELECT * FROM run WHERE id IN (SELECT run FROM change WHERE done) ORDER BY id"
        return [
            Run(id, at, who, what, json.loads(version), undoes)
            for id, at, who, what, version, undoes in self._db.execute(some)
        ]

    def changes(self, run: int, students: Iterable[str] | None = None) -> list[Change]:
        """What a run did, in the students' order; of these students only, unless None."""
        sql = "SELECT student, before, after, done FROM change WHERE run = ?"
        if students is None:
            rows = self._db.execute(f"{sql} ORDER BY student", (run,)).fetchall()
        else:
            rows = [
                row
                for student in students
                for row in self._db.execute(f"{sql} AND student = ?", (run, student))
            ]
        return [Change(s, _unpacked(b), _unpacked(a), bool(d)) for s, b, a, d in rows]

    def unfinished(self) -> dict[int, list[Change]]:
        """run -> changes in which it was interrupted."""
        ids = [r[0] for r in self._db.execute("SELECT DISTINCT run FROM change WHERE NOT done")]
        return {id: [c for c in self.changes(id) if not c.done] for id in ids}

    def content(self, hash: str) -> bytes:
        """The bytes with this hash."""
        row = self._db.execute("SELECT data FROM content WHERE hash = ?", (hash,)).fetchone()
        if row is None:
            raise GradingError(f"{self.path}: a file of an earlier state is missing ({hash}).")
        return zlib.decompress(row[0])

    def _transaction(self):
        self._db.execute("BEGIN IMMEDIATE")
        return self._db  # commits, or rolls back, at the end of `with`


def _contents(state: dict | None) -> list[str]:
    if state is None:
        return []
    return [*state["files"].values(), *filter(None, [state["report"]])]


def _packed(state: dict | None) -> bytes:
    return zlib.compress(json.dumps(state, ensure_ascii=True).encode())


def _unpacked(data: bytes | None) -> dict | None:
    return None if data is None else json.loads(zlib.decompress(data))


def login_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user without a name
        return f"uid {os.getuid()}"


def git_commit() -> str | None:
    """The commit of this folder, with a + where files differ from it; None outside of git."""
    with suppress(OSError, subprocess.SubprocessError):
        ask = ["git", "-C", str(ROOT), "describe", "--always", "--dirty=+", "--exclude=*"]
        answer = subprocess.run(ask, capture_output=True, text=True, timeout=20, check=True)
        return answer.stdout.strip() or None
    return None
