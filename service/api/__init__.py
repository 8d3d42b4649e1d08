"""The HTTP front: read routes, probes and pages of ``driftline serve``; see ``app.create_app``."""
