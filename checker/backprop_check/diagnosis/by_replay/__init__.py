"""A mistake proven by a changed forward: autograd makes of it the very answer that is wrong."""
