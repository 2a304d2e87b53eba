"""The hosts behind the resources: vaults, registries, storage accounts, scoring; nothing that ARM answers."""
