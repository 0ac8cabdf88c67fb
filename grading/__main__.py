"""``python -m grading COMMAND``: build, publish, check, grade. ``--help`` lists the commands."""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import sys

from grading.errors import GradingError
from grading.needs import put_environment_on_path

# A command's module is imported only when it is asked for. Each has SUMMARY (one line),
# configure(parser) and run(args) -> exit code.
COMMANDS = {
    "init": "grading.start.init",
    "roster": "grading.start.roster",
    "due": "grading.due",
    "doctor": "grading.doctor.command",
    "build": "grading.build",
    "rehearse": "grading.rehearse",
    "publish": "grading.publish",
    "releases": "grading.releases.command",
    "gradescope": "grading.gradescope.command",
    "export": "grading.exports.command",
    "leaks": "grading.leaks",
    "messages": "grading.messages",
    "translations": "grading.translation.command",
    "check": "grading.scorecard",
    "mistakes": "grading.mistakes.command",
    "collect": "grading.collect.command",
    "autograde": "grading.autograde",
    "history": "grading.regrade.history_command",
    "undo": "grading.regrade.undo_command",
    "feedback": "grading.feedback.command",
    "report": "grading.class_report.command",
    "demo": "grading.demo",
}

FAILED, INTERRUPTED = 2, 130


def main(argv: list[str] | None = None) -> int:
    argv = sys.argv[1:] if argv is None else argv
    put_environment_on_path()
    try:
        return _dispatch(argv)
    except GradingError as problem:
        return _complain(str(problem))
    except BrokenPipeError:  # the reader of our output (head, less) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as problem:
        return _complain(_describe(problem))
    except KeyboardInterrupt:
        _complain("Interrupted.")
        return INTERRUPTED


def _dispatch(argv: list[str]) -> int:
    if argv and argv[0] in COMMANDS:
        module = importlib.import_module(COMMANDS[argv[0]])
        parser = argparse.ArgumentParser(
            prog=f"python -m grading {argv[0]}",
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.configure(parser)
        return module.run(parser.parse_args(argv[1:]))
    parser = argparse.ArgumentParser(
        prog="python -m grading",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Build, publish and grade the course.",
        epilog="\n".join(["commands:", *_summaries(), "", "COMMAND --help says more of each."]),
    )
    parser.add_argument("command", metavar="COMMAND", choices=COMMANDS, help="one of those below")
    parser.parse_args(argv[:1])
    return FAILED


def _summaries() -> list[str]:
    lines = []
    for name, module in COMMANDS.items():
        try:
            summary = importlib.import_module(module).SUMMARY
        except ImportError as problem:
            summary = f"(not available here: {problem})"
        lines.append(f"  {name:<11}{summary}")
    return lines


def _describe(problem: OSError) -> str:
    """One sentence on a file that could not be read or written, with what to try."""
    what = problem.strerror or str(problem) or type(problem).__name__
    where = f"{problem.filename}: " if problem.filename else ""
    advice = {
        errno.ENOSPC: " Free some space on the disk and run the command again.",
        errno.EACCES: " Check who owns it and whether you may write there.",
        errno.EROFS: " This disk is read-only: choose another folder.",
    }
    return f"{where}{what}.{advice.get(problem.errno, '')}"


def _complain(message: str) -> int:
    print(message, file=sys.stderr)
    return FAILED


if __name__ == "__main__":
    sys.exit(main())
