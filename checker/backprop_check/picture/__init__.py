"""The forward as one page for a browser: the graph, and the gradient's way back through it, step by step."""
