"""Confine a worker, so that learner code in it can only compute and talk to the judge on one socket.

Three calls, in three places: `isolate` and `prepare` in the zygote (in this order, once torch and all that learners may import is loaded),
`confine` in the worker it forks, before that reads the submission. `layers` tells what this machine gives.

The list of allowed system calls (`filter`) is the layer that must hold; Landlock, namespaces, another user and limits stand behind it.
"""
