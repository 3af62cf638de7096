"""The stages that a practice graph is put together from, by what they are about. Nothing here needs torch."""
