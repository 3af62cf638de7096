"""Practice without end: which mistake is due, and an exercise drawn on which it can be made."""
