"""Gradients compared where they were written: in a notebook, a script or a test, on live tensors. No exercise is needed.

The forward is found from the caller's source and tensors, and rebuilt as a graph like an exercise's, so that the same engine explains.
"""
