"""The slips of the catalogue, made in the tree of a right expression. Each says which codes name it fairly, the best one first.

What is fair follows from what was planted and from the graph, never from what the diagnosis happens to say. Where the field has two
words for one slip, both stand there; a name that would send a learner to the wrong place does not.
"""
