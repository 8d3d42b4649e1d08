"""Jobs of a Kubernetes cluster as pipeline runs, and its API for the other integrations."""
