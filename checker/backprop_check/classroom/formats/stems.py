"""File names made from the paths of strangers' submissions."""

from __future__ import annotations

import hashlib
import re
import unicodedata

SLUG, HASH = 60, 16
_HASHED = re.compile(rf"-[0-9a-f]{{{HASH}}}$")
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)")


def stem(submission: str) -> str:
    """Return a file name's stem for a submission's path: at most 77 of `a-z 0-9 . _ -`, never empty, never hidden.

    It depends on the path alone. Where the path says more than the stem (capitals, folders, other letters, length) a hash of the path is
    appended, and also where the path itself looks as if it had one: so different paths have different stems, on a file system that
    ignores case too.
    """
    ascii_text = unicodedata.normalize("NFKD", submission).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9._-]+", "-", ascii_text).strip(".-")[:SLUG]
    if slug == submission and slug and not _HASHED.search(slug) and not _DEVICES.match(slug):
        return slug
    digest = hashlib.sha256(submission.encode("utf-8", "surrogatepass")).hexdigest()[:HASH]
    # Windows opens a device for `nul.json`: the name must begin otherwise.
    return f"{'_' if _DEVICES.match(slug) else ''}{slug or 'submission'}-{digest}"
