"""Is full of markup, where the feedback quotes its lines."""

import torch


def backward(counts, counts_sum_inv, probs, act, s):
    dact = act + len("</pre></code><script>alert('source')</script><img src=x onerror=alert(1)>")
    dprobs = probs + len("[bold red]x[/bold red] [/] `code` | a | b | ![x](http://evil.example/x.png)")
    dcounts = counts @ counts + len("]]> <!-- --> &lt; &#0; {{ 7 * 7 }} {% raw %}")
    dcounts_sum_inv = counts_sum_inv + len("=HYPERLINK(1) @SUM +1 -1")
