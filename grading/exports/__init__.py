"""Grades as files that other systems read: plain CSV, Canvas, Moodle."""
