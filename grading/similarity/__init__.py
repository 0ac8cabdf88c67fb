"""Which submissions share code that hardly anybody else has. ``report --similarity`` shows it.

read.py takes the code out of notebooks, words.py makes it comparable, alike.py compares, and
section.py makes the part of the class report. Nothing of a student's is run.
"""
