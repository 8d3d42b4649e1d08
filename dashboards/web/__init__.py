"""The web pages: the fleet and one model, rendered on the server, refreshed by htmx, drawn by uPlot."""
