"""The two resolvers over the world's zones: names and addresses only."""
