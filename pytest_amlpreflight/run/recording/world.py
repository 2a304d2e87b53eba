"""Entries and look-ups, from however many processes, as one world file."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import yaml

from pytest_amlpreflight.emulator import ids
from pytest_amlpreflight.emulator.arm import resources, routes
from pytest_amlpreflight.emulator.arm.call import Call
from pytest_amlpreflight.emulator.notation import WorldError
from pytest_amlpreflight.emulator.recorded import question
from pytest_amlpreflight.emulator.world import World, check_resource
from pytest_amlpreflight.facts.resources.network import Broken, Resolution
from pytest_amlpreflight.run.recording.entries import Entry, without_page_tokens

Document = dict[str, Any]

_HERE = "https://localhost:443"
_WORDS = {
    Broken.NXDOMAIN: "NXDOMAIN",
    Broken.SERVFAIL: "SERVFAIL",
    Broken.REFUSED: "REFUSED",
    Broken.TIMEOUT: "silence",
    Broken.UNREACHABLE: "silence",
}
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


@dataclass
class Heard:
    """What one process heard, in JSON's types, so that a worker of xdist can hand it over."""

    entries: list[Entry] = field(default_factory=list)
    lookups: list[Document] = field(default_factory=list)
    about: Document = field(default_factory=dict)

    @classmethod
    def of_text(cls, text: str) -> "Heard":
        """What a worker handed over."""
        return cls(**json.loads(text))

    def as_text(self) -> str:
        """To be handed over."""
        return json.dumps(asdict(self))

    def add(self, other: "Heard") -> None:
        """What another process heard as well."""
        self.entries += other.entries
        self.lookups += other.lookups
        self.about = self.about or other.about


def lookup_of(resolution: Resolution, *, azure: bool) -> Document:
    """What a world needs to know of a look-up."""
    return {
        "host": resolution.host.lower(),
        "azure": azure,
        "chain": list(resolution.chain),
        "addresses": list(resolution.addresses),
        "broken": resolution.broken.value if resolution.broken else None,
    }


def world_of(heard: Heard) -> Document:
    """The world in which a run hears the same again."""
    entries = without_page_tokens(heard.entries)
    wrong = [entry for entry in entries if "certificate" in entry]
    certificates = {entry["host"]: {"certificate": entry["certificate"]} for entry in wrong if "host" in entry}
    answers = _in_order(entry for entry in entries if "ask" in entry)
    documents, answers = _taken_apart(answers)
    about = dict(heard.about)
    world: Document = {
        "recorded": about.pop("recorded", {}),
        **about,
        "resources": documents,
        "data_plane": certificates,
        "dns": {"zones": _zones(one for one in heard.lookups if not one["azure"])},
    }
    if azure := [one for one in heard.lookups if one["azure"]]:
        world["azure_dns"] = {"zones": _azure_zones(azure)}
    if clusters := _clusters(entries):
        world["clusters"] = clusters
    return world | {"answers": answers}


def _clusters(entries: Sequence[Entry]) -> Document:
    """The clusters that were asked, or that the kubeconfig led to and that could not be asked."""
    asked = {entry["cluster"] for entry in entries if "cluster" in entry and "ask" in entry}
    found: Document = {}
    for entry in entries:
        if "cluster" in entry:
            one = found.setdefault(entry["cluster"], {"objects": []})
            one |= {"certificate": entry["certificate"]} if "certificate" in entry else {}
            if "leads" in entry:
                user = entry["plugin"] if entry["cluster"] not in asked else None
                way = {"context": entry["context"], "cluster": entry["leads"], "user": user}
                one |= {"kubeconfig": said} if (said := {name: part for name, part in way.items() if part}) else {}
    return found


def as_yaml(world: Mapping[str, Any]) -> str:
    """The file. Its first line says what it is."""
    text: str = yaml.dump(dict(world), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=4096)
    return f"# Recorded by pytest-amlpreflight: run it with pytest --aml-emulator THIS-FILE\n{text}"


def _in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Each question's answers, the same one after itself left out."""
    by_question: dict[Any, list[Entry]] = {}
    for entry in entries:
        known = by_question.setdefault(question(entry), [])
        if not known or _said(known[-1]) != _said(entry):
            known.append(entry)
    return [entry for key in sorted(by_question) for entry in by_question[key]]


def _said(entry: Entry) -> Entry:
    """An answer without what differs each time."""
    headers = {name: value for name, value in (entry.get("headers") or {}).items() if name != "x-request-id"}
    return {**entry, "headers": headers}


def _taken_apart(answers: Sequence[Entry]) -> tuple[list[Document], list[Entry]]:
    """The documents that were read by their ids, and every answer that the emulator would not make of them."""
    questions = [question(entry) for entry in answers]
    found: dict[str, Document] = {}
    for entry, key in zip(answers, questions, strict=True):
        body = entry.get("body")
        if questions.count(key) == 1 and _is_document(entry) and isinstance(body, dict):
            found.setdefault(ids.key(body["id"]), body)
    world = World(Path("recorded.yml"), "", {"objectId": "", "enforced": False})
    for document in found.values():
        world.put(document)
    return list(found.values()), [entry for entry in answers if not _would_say(world, entry)]


def _is_document(entry: Entry) -> bool:
    body, (method, _, rest) = entry.get("body"), entry["ask"].partition(" ")
    if "host" in entry or "cluster" in entry or method != "GET" or entry.get("status") != 200:
        return False
    path = ids.parse(rest.partition("?")[0])
    if path is None or not isinstance(body, dict) or ids.key(str(body.get("id"))) != ids.key(path.path):
        return False
    try:
        check_resource(Path("recorded.yml"), body, 1)
    except WorldError:
        return False
    return True


def _would_say(world: World, entry: Entry) -> bool:
    """Whether the emulator, with these resources, answers the same by itself."""
    if not _is_document(entry):
        return False
    path, _, query = entry["ask"].partition(" ")[2].partition("?")
    arm = ids.parse(path)
    assert arm is not None, "of a document"
    said = routes.dispatch(Call(world, "GET", arm, dict(parse_qsl(query, keep_blank_values=True)), _HERE))
    return said.status == 200 and said.body == resources.outward(entry["body"], _HERE)


def _zones(lookups: Iterable[Document]) -> Document:
    """A zone for each name that was asked and each that it led to."""
    zones: Document = {}
    for one in lookups:
        names = [one["host"], *one["chain"]]
        for name, onward in pairwise(names):
            zones.setdefault(name.lower(), {"@": {"CNAME": onward}})
        last, broken = names[-1].lower(), one["broken"]
        if broken != Broken.NXDOMAIN or len(names) == 1:  # else the chain ends at a name that is not there
            zones.setdefault(last, {"@": _records(one["addresses"], broken)})
    return zones


def _records(addresses: Sequence[str], broken: str | None) -> Document:
    if broken and broken != Broken.NO_ADDRESS:
        return {"answer": _WORDS[Broken(broken)]}
    kinds = {"A": [one for one in addresses if ":" not in one], "AAAA": [one for one in addresses if ":" in one]}
    return {kind: found for kind, found in kinds.items() if found}


def _azure_zones(lookups: Sequence[Document]) -> Document:
    """What Azure's own resolver said, over what the network's did; where it is silent, it is so to everybody."""
    if any(one["broken"] in (Broken.TIMEOUT, Broken.UNREACHABLE) for one in lookups):
        return {"localhost": {"@": {"answer": "silence"}}}
    nothing = dict.fromkeys(("A", "AAAA", "CNAME", "answer"))
    return {name: {"@": nothing | zone["@"]} for name, zone in _zones(lookups).items()}
