"""Clusters of a world: their API servers, and the kubeconfigs that lead there."""
