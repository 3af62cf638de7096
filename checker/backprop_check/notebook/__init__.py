"""The notebook side: the cell magic `%%backward`, which checks its cell and shows the report as static HTML, or as text in a terminal."""
