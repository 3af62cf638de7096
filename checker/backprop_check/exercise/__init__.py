"""Stage 1: what an exercise file says, read without running it."""
