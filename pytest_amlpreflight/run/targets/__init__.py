"""What a run looks at: targets given or looked up, a fleet's workspaces, their order and which process looks."""
