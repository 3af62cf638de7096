"""Stage 4: the judgement. Shape first, then dtype, then value; never a comparison that broadcasts."""
