"""The site, made of what the code holds: stories, mistakes, operations, help, and messages as they are really printed.

`python -m website build/site` writes its pages as Markdown, has Sphinx make HTML of them, and follows every link. Nothing but
`website.__main__` needs what the extra `site` installs.
"""

import warnings

warnings.filterwarnings("ignore", message="Failed to initialize NumPy")  # torch says so where there is none, which nothing here needs
