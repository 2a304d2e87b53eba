"""SDK or ARM document in, fact out. The only modules that import `azure`, `requests` or `dns`."""
