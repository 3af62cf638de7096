"""What graders' own checks come to: compare what one submission's `backward` returns with autograd by `torch.allclose`, on three seeds.

Run as `python benchmarks/bare.py FILE`; otter and nbgrader run its `right` in their own way. The peers that `grading.py` measures.
"""

import ast
import sys


def right(text):
    """Say of each gradient of the submission `text`, whose `backward` returns its names, whether it is right."""
    import torch

    torch.set_default_dtype(torch.float64)
    module = {}
    exec(compile(text, "submission", "exec"), module)
    forward = next(n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef) and n.name == "forward").body
    verdicts = {}
    for seed in range(3):
        torch.manual_seed(seed)
        values = module["inputs"]()
        scope = {**module, **{k: v.requires_grad_() if v.is_floating_point() else v for k, v in values.items()}}
        names = list(values)
        for line in forward[:-1]:
            exec(compile(ast.Module([line], []), "forward", "exec"), scope)
            names.append(line.targets[0].id)
            if isinstance(scope[names[-1]], torch.Tensor):
                scope[names[-1]].retain_grad()
        scope[names[-1]].backward()
        plain = {name: scope[name].detach() if isinstance(scope[name], torch.Tensor) else scope[name] for name in names}
        try:
            given = module["backward"](**plain)
        except Exception:
            given = {}
        for name in names[:-1]:
            if isinstance(scope[name], torch.Tensor) and scope[name].grad is not None:
                got = given.get("d" + name)
                same = isinstance(got, torch.Tensor) and got.shape == scope[name].shape and torch.allclose(got, scope[name].grad)
                verdicts["d" + name] = verdicts.get("d" + name, True) and same
    return verdicts


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:  # noqa: PTH123  (loads less)
        print(right(file.read()))
