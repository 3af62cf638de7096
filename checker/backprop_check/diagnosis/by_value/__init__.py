"""A mistake proven by what an answer, or a part of it, is worth."""
