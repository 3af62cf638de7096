"""Pages made from results: feedback for each student, and a summary of the class. Nothing here needs torch."""
