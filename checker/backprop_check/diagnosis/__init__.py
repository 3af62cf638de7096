"""Stage 5: why an answer is wrong, proven before it is said."""
