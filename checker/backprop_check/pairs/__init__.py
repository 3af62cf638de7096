"""A forward and its backward, held together: `autograd.Function`s by `gradcheck`, pairs with a cache by `check_pair`, in torch or NumPy.

The forward is run under the recorder, so that its gradient is autograd's; the lines of the backward are explained as a learner's are.
"""
