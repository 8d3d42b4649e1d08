"""Fuzzing of everything that reads what strangers send: codecs, connection parsers, taps.

``make fuzz`` runs every target under atheris, or under the seeded mutations of this package where atheris is
not installed; a short run of the latter is one of the normal tests.
"""
