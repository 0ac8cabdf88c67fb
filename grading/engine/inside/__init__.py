"""What runs inside a sandbox. Students' code can read these files: nothing here is a secret."""
