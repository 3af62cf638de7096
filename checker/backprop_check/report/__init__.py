"""Stage 6: the report, as text and as JSON, and the hints."""
