"""Grade a class: find the submissions, have each judged, keep all results, show what came of it. An adapter: it judges nothing itself."""
