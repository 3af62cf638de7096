"""Constant factors: which there are, what in the forward brings one in, and what to say of one that is wrong."""
