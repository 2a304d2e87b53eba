"""Every value the operator can set: the options, where their values come from, and what those mean."""
