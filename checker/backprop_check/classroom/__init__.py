"""Classes: who handed in what, what is made of a submission, and what teachers, students and platforms read."""
