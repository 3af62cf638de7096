"""The pytest plugin: exercises collected as tests, and fixtures for a course's own. An adapter: it judges nothing itself."""
