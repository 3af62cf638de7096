"""What Sphinx is to make of the pages: it lies beside them when they are written."""

project = "backprop-check"
html_title = project
extensions = ["myst_parser"]
myst_heading_anchors = 4
exclude_patterns = ["_extra"]
html_theme = "furo"
html_theme_options = {
    "light_css_variables": {
        "right": "#276e43", "wrong": "#b3261e", "error": "#8a5200", "help": "#0b62b0", "box": "#8d949b", "edge": "#767d85",
    },
    "dark_css_variables": {
        "right": "#7fd0a0", "wrong": "#f29b93", "error": "#e6b566", "help": "#7cb8f2", "box": "#767e87", "edge": "#8a929b",
    },
}  # fmt: skip
html_static_path = ["_static"]
html_extra_path = ["_extra"]
html_css_files = ["site.css", "graph.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
smartquotes = False  # of `--json` it would make a dash
