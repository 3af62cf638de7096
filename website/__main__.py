"""Build the site: `python -m website build/site` (with the extra `site`)."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

from website.links import wrong_links
from website.source import write


def main(folder: Path) -> int:
    """Build the site in `folder`, which is emptied of an earlier one. Returns 0 if nothing is wrong with it."""
    begun = time.monotonic()
    source, built = folder / "source", folder / "html"
    for old in (source, built):
        shutil.rmtree(old, ignore_errors=True)
    source.mkdir(parents=True)
    count = write(source)
    told = f"{count} pages written in {time.monotonic() - begun:.0f} s"
    print(told)
    sphinx = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-j", "auto", "-b", "html"]
    code = subprocess.run([*sphinx, "-d", str(folder / "doctrees"), str(source), str(built)]).returncode  # noqa: S603
    wrong = list(wrong_links(built))
    print("\n".join(wrong) or f"{built / 'index.html'}: all links lead somewhere, {time.monotonic() - begun:.0f} s in all")
    return code or bool(wrong)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("python -m website FOLDER")
    sys.exit(main(Path(sys.argv[1])))
