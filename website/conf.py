"""What Sphinx is to make of the pages."""

project = "backprop-check"
html_title = project
extensions = ["myst_parser"]
myst_heading_anchors = 4
html_theme = "furo"
html_static_path: list[str] = []  # `_static` lies beside the pages
html_extra_path: list[str] = []
html_css_files = ["site.css", "graph.css"]
html_copy_source = False
html_show_sphinx = False
