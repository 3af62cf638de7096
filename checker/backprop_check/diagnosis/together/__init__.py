"""Two mistakes in one answer, each proven where the other one is put right."""
