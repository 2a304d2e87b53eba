"""Objects in a cluster, and the arithmetic of where a pod finds room."""
