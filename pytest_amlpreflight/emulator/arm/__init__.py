"""Azure Resource Manager: its routes, resources, authorization and Resource Graph; no other host's answers."""
