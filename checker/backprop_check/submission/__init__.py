"""Stage 3: a learner's file, read without running it, then run in a worker that holds no oracle."""
