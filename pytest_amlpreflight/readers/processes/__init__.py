"""What another program says: the schema of azure-ai-ml, the package resolver, the inference server."""
