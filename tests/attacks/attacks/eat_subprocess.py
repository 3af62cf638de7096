"""Starts a shell that touches a file and stays."""

import torch


def backward(counts, counts_sum_inv, probs, act, s):
    try:
        subprocess = torch.sys.modules["subprocess"]
        subprocess.Popen(["sh", "-c", "touch backprop_attack_shell; sleep 600"], start_new_session=True)
    except Exception:
        torch.os.system("touch /tmp/backprop_attack_system; sleep 600 &")
    dact = 3.0
    dprobs = 3.0
    dcounts = 3.0
    dcounts_sum_inv = 3.0
