"""Raises errors whose kind and text are markup for HTML, Markdown, rich and terminals."""

import torch


class Attack:
    Evil = type('<script>alert(2)</script>[/]', (Exception,), {})


def backward(counts, counts_sum_inv, probs, act, s):
    dact = (_ for _ in ()).throw(Attack.Evil('</pre><script>alert(3)</script>'))
    dprobs = (_ for _ in ()).throw(Attack.Evil('[bold]x[/bold] [link=http://evil.example]y[/link] [/]'))
    dcounts = (_ for _ in ()).throw(ValueError('\x1b[2J\x1b]8;;http://evil.example\x07x\x1b]8;;\x07 \x9b31m'))
    dcounts_sum_inv = (_ for _ in ()).throw(ValueError('![x](http://evil.example/x.png) <img src=x onerror=alert(4)>'))
