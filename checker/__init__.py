"""The folder of the source: the package is `backprop_check` beside this file. `import checker` in a checkout gives the same names."""

import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parent))

import backprop_check


def __getattr__(name: str) -> Any:
    return getattr(backprop_check, name)
