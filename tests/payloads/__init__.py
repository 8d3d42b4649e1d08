"""Bodies of the serving protocols, written by the tests for the codecs to read."""
