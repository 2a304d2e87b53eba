"""The user's kubeconfig: which contexts there are, and the credentials of one of them.

The official client reads the credentials; it is imported when a context is used, not before. What it leaves open is
done here: several files are merged as kubectl merges them, and a plugin that fetches a token (`exec`) is looked for,
given no terminal, and not waited for without end: the client would go on without credentials.
"""

import json
import os
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from pytest_amlpreflight.facts.address import parse_address
from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.environment import undisturbed
from pytest_amlpreflight.readers.processes.children import output_of
from pytest_amlpreflight.readers.project.text_file import SpecError, read_text

Failed = Callable[[str, str], FactUnreadable]
"""Makes the error of a plugin from a code and what happened."""
LONGEST_PLUGIN = 30.0
"""Seconds for a plugin: one that asks a person for a code would wait for ever."""
POD = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds its service account.

https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
"""
MOST_BYTES = 8 * 1024**2
PATHS = ("certificate-authority", "client-certificate", "client-key", "tokenFile")


@dataclass(frozen=True, slots=True)
class Context:
    """A context: its name, and the API server it leads to. `server_name` is the name its certificate is for."""

    name: str
    server: str
    server_name: str | None
    cluster: Mapping[str, Any]
    user: Mapping[str, Any]

    @property
    def verified(self) -> bool:
        """Whether the server has to prove its name."""
        return not self.cluster.get("insecure-skip-tls-verify")

    @property
    def host(self) -> str:
        """The host that TLS proves: a tunnel leads to 127.0.0.1, and names the API server all the same. Empty where
        the server is no address.
        """
        address = parse_address(self.server)
        return (self.server_name or (address.host if address else "")).lower()


def kubeconfig_files(given: Path | None, environ: Mapping[str, str]) -> list[Path]:
    """`--aml-kubeconfig`, else what `KUBECONFIG` names, else `~/.kube/config`; those that are there."""
    named = [given] if given else [Path(text) for text in environ.get("KUBECONFIG", "").split(os.pathsep) if text]
    return [path for path in named or [Path.home() / ".kube" / "config"] if os.path.isfile(path)]


def read_contexts(files: list[Path]) -> dict[str, Context]:
    """Every context by name. Of several files the first to define a name wins, as kubectl has it."""
    parts: dict[str, dict[str, dict[str, Any]]] = {"clusters": {}, "users": {}, "contexts": {}}
    for path in files:
        content = _content(path)
        for section, found in parts.items():
            for name, entry in _entries(content, section):
                found.setdefault(name, _absolute(entry, path.parent))
    contexts = {}
    for name, entry in parts["contexts"].items():
        cluster = parts["clusters"].get(str(entry.get("cluster", "")))
        if cluster and cluster.get("server"):
            user = parts["users"].get(str(entry.get("user", "")), {})
            contexts[name] = Context(name, str(cluster["server"]), _word(cluster.get("tls-server-name")), cluster, user)
    return contexts


def own_account(environ: Mapping[str, str], folder: Path = POD) -> Context | None:
    """The service account of the pod that this runs in, as a context; None outside a cluster."""
    host, port = environ.get("KUBERNETES_SERVICE_HOST"), environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host or not os.path.isfile(folder / "token"):
        return None
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    cluster = {"server": server, "certificate-authority": str(folder / "ca.crt")}
    return Context("of this pod's service account", server, None, cluster, {"tokenFile": str(folder / "token")})


def client_is_installed() -> bool:
    """Whether the official client is there: it is an extra."""
    return find_spec("kubernetes") is not None


def import_client() -> None:
    """Import the official client where it is installed: it takes a second, which may as well pass early."""
    if client_is_installed():
        import kubernetes.client
        import kubernetes.config  # noqa: F401  # for those who come later


def credentials(cluster_name: str, context: Context, environ: Mapping[str, str]) -> Any:
    """The official client's `Configuration` of a context: host, certificates, token, proxy.

    Raises `FactUnreadable` where the client is not installed, or a plugin is missing, fails or takes too long.
    """
    try:
        from kubernetes.client import Configuration
        from kubernetes.config import ConfigException, load_kube_config_from_dict
    except ImportError:
        raise unreadable(
            cluster_name, context, "ClientNotInstalled", "pip install 'pytest-amlpreflight[kubernetes]'"
        ) from None
    user = dict(context.user)
    if plugin := user.pop("exec", None):
        user |= _of_plugin(partial(unreadable, cluster_name, context), plugin, environ)
    named = {"name": "it"}
    whole = {
        "clusters": [{**named, "cluster": dict(context.cluster)}],
        "users": [{**named, "user": user}],
        "contexts": [{**named, "context": {"cluster": "it", "user": "it"}}],
        "current-context": "it",
    }
    configuration = Configuration()
    try:
        load_kube_config_from_dict(whole, client_configuration=configuration, persist_config=False)
    except (ConfigException, OSError, ValueError, TypeError) as error:
        problem = unreadable(cluster_name, context, "KubeconfigInvalid", str(error).split("\n", 1)[0])
    else:
        return configuration
    raise problem


def _of_plugin(failed: Failed, plugin: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """What a plugin answers, as the members of a user."""
    if not isinstance(plugin, Mapping):
        raise failed("KubeconfigInvalid", "its exec is no mapping")
    command = str(plugin.get("command", ""))
    if shutil.which(command, path=environ.get("PATH")) is None:
        hint = plugin.get("installHint") or f"{command} is not on the PATH"
        raise failed("ExecPluginMissing", f"it runs {command}: {hint}".strip())
    more = {str(each.get("name")): str(each.get("value")) for each in _mappings(plugin.get("env"))}
    version = plugin.get("apiVersion") or "client.authentication.k8s.io/v1beta1"
    asks = {"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}}
    own = {**more, "KUBERNETES_EXEC_INFO": json.dumps(asks)}
    environment = undisturbed(lambda: {**environ, **own})
    words = [command, *map(str, plugin.get("args") or [])]
    try:
        ran = output_of(words, timeout=LONGEST_PLUGIN, env=environment)  # the user's own kubeconfig names the command
    except subprocess.TimeoutExpired:
        detail = f"it runs {command}, which did not answer within {LONGEST_PLUGIN:.0f} s"
        problem = failed("ExecPluginTimeout", f"{detail}: kubelogin convert-kubeconfig -l azurecli")
    except OSError as error:
        problem = failed("ExecPluginFailed", f"it runs {command}: {error}")
    else:
        return _credential(failed, command, ran)
    raise problem


def _mappings(listed: object) -> list[Mapping[str, Any]]:
    return [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []


def _credential(failed: Failed, command: str, ran: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    lines = ran.stderr.strip().splitlines() or ["it said nothing"]
    try:
        status = json.loads(ran.stdout)["status"] if ran.returncode == 0 else None
    except (ValueError, KeyError, TypeError):
        status = None
    if not isinstance(status, dict):
        raise failed("ExecPluginFailed", f"it runs {command}, which ended with {ran.returncode}: {lines[-1]}")
    found = {"token": status.get("token")} if status.get("token") else {}
    for answer, member in (("clientCertificateData", "client-certificate-data"), ("clientKeyData", "client-key-data")):
        if status.get(answer):
            found[member] = b64encode(str(status[answer]).encode()).decode()
    return found


def _content(path: Path) -> Mapping[str, Any]:
    try:
        content = yaml.safe_load(read_text(path, str(path), MOST_BYTES))
    except (SpecError, ValueError, yaml.YAMLError) as error:
        detail = str(error).split("\n", 1)[0]
    except RecursionError:
        detail = "it nests too deeply"
    else:
        if content is None or isinstance(content, Mapping):
            return content or {}
        detail = "it is no mapping with clusters, users and contexts"
    raise FactUnreadable(f"kubeconfig {path}", status=None, code="KubeconfigInvalid", detail=detail)


def _entries(content: Mapping[str, Any], section: str) -> Iterator[tuple[str, dict[str, Any]]]:
    listed = content.get(section)
    for entry in listed if isinstance(listed, list) else []:
        inner = entry.get(section.removesuffix("s")) if isinstance(entry, Mapping) else None
        if isinstance(inner, Mapping) and entry.get("name"):
            yield str(entry["name"]), dict(inner)


def _word(value: object) -> str | None:
    return None if value is None else str(value)


def _absolute(entry: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Paths in a kubeconfig are relative to the file that holds them."""
    return {name: str(folder / str(value)) if name in PATHS else value for name, value in entry.items()}


def unreadable(
    cluster_name: str, context: Context, code: str, detail: str, *, status: int | None = None
) -> FactUnreadable:
    """A whole cluster that is out of reach, with the context and the API server's host."""
    where = f"context {context.name}, server {context.host}"
    return FactUnreadable(
        f"cluster {cluster_name}", status=status, code=code, detail=f"{where}: {detail}" if detail else where
    )
