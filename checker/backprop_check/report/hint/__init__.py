"""Hints on one gradient, each clearer than the one before: where, what to ask, the law in numbers, the fix. Nothing is printed here."""
