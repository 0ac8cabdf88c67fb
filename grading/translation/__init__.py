"""The kit in other languages: what there is to translate, the translations, and how they are used.

How to add a language: docs/translating.md.
"""

from pathlib import Path

GRADER = Path(__file__).with_name("locale")  # sentences that no student's machine gets
