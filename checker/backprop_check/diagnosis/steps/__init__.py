"""Answers of several statements: loops, and writes into places."""
