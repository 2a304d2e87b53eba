"""The api-version that each kind of resource is asked with, and why where it is not the obvious one.

Stable and conservative: the newest are not deployed in the sovereign clouds. What a version does not tell is not known;
absent never means a value. Where a cloud does not have one, `api_version` asks with an older one.
"""

APPLICATION_INSIGHTS = "2020-02-02"
ASSET_REGISTRY = "2021-10-01-dataplanepreview"  # what azure-ai-ml asks a registry's own address with
AUTOSCALE = "2022-10-01"
CONNECTED_CLUSTERS = "2024-01-01"
CONTAINER_REGISTRY = "2025-11-01"  # the first stable version that tells roleAssignmentMode
KEY_VAULT = "2023-07-01"
KUBERNETES_EXTENSIONS = "2023-05-01"
LOCKS = "2020-05-01"
MACHINE_LEARNING = "2024-10-01"
MANAGED_CLUSTERS = "2025-05-01"
MANAGED_IDENTITY = "2023-01-31"
NETWORK = "2024-05-01"
PERMISSIONS = "2022-05-01-preview"  # no stable one tells the conditions of permissions
POLICY_RESTRICTIONS = "2023-03-01"  # the first stable version whose answer tells each policy's effect
POLICY_STATES = "2019-10-01"
PRIVATE_DNS = "2020-06-01"
RESOURCES = "2021-04-01"
RESOURCE_GRAPH = "2021-03-01"
ROLE_ASSIGNMENTS = "2022-04-01"
ROLE_ASSIGNMENT_METRICS = "2019-08-01-preview"  # there is no stable one
ROLE_DEFINITIONS = "2022-05-01-preview"  # no stable one tells the conditions of a role's permissions
SCALE_SETS = "2023-09-01"
STORAGE = "2023-05-01"
SUBSCRIPTIONS = "2022-12-01"
VAULT_SECRETS = "7.4"
VM_SIZES = "2023-09-01"
WORKSPACE = "2025-06-01"  # the first stable version that tells systemDatastoresAuthMode
