"""Stage 2: the oracle. Runs the exercise's own forward and asks torch autograd for every gradient."""
