"""Online detectors for streams of errors or scores: river's, with parameters chosen by average run length."""
