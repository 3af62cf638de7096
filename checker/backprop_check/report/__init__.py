"""Stage 6: the report, and one file per format it is shown in."""
