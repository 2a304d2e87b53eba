"""The way to one Azure: cloud, token, pipeline, DNS, data plane. Nothing here knows a resource."""
