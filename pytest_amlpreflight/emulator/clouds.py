"""What sets Azure's clouds apart: audiences, portals and suffixes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cloud:
    """One of Azure's clouds, as its metadata describes it."""

    portal: str
    login: str
    audiences: tuple[str, ...]
    graph: str
    batch: str
    storage: str
    key_vault: str
    registry: str
    sql: str
    machine_learning: str
    private_link: str


# Suffixes from learn.microsoft.com/azure/azure-government/compare-azure-government-global-azure and
# learn.microsoft.com/azure/china/resources-developer-guide.
CLOUDS = {
    "AzureCloud": Cloud(
        "https://portal.azure.com",
        "https://login.microsoftonline.com",
        ("https://management.core.windows.net/", "https://management.azure.com/"),
        "https://graph.windows.net/",
        "https://batch.core.windows.net/",
        "core.windows.net",
        "vault.azure.net",
        "azurecr.io",
        ".database.windows.net",
        "https://ml.azure.com",
        "privatelink.api.azureml.ms",
    ),
    "AzureUSGovernment": Cloud(
        "https://portal.azure.us",
        "https://login.microsoftonline.us",
        ("https://management.core.usgovcloudapi.net/", "https://management.usgovcloudapi.net/"),
        "https://graph.windows.net/",
        "https://batch.core.usgovcloudapi.net/",
        "core.usgovcloudapi.net",
        "vault.usgovcloudapi.net",
        "azurecr.us",
        ".database.usgovcloudapi.net",
        "https://ml.azure.us",
        "privatelink.api.ml.azure.us",
    ),
    "AzureChinaCloud": Cloud(
        "https://portal.azure.cn",
        "https://login.chinacloudapi.cn",
        ("https://management.core.chinacloudapi.cn/", "https://management.chinacloudapi.cn/"),
        "https://graph.chinacloudapi.cn/",
        "https://batch.chinacloudapi.cn/",
        "core.chinacloudapi.cn",
        "vault.azure.cn",
        "azurecr.cn",
        ".database.chinacloudapi.cn",
        "https://ml.azure.cn",
        "privatelink.api.ml.azure.cn",
    ),
}
