"""Where the students' tree goes: a folder, an archive, a branch; grading/publish.py asks."""
