<<<<<<< HEAD
"""Grade a class: find the submissions, have each judged, keep every result, show what came of it. An adapter: it judges nothing itself."""
=======
"""Grade a folder or zip of submissions."""
>>>>>>> found
