"""Role assignments, their roles and deny assignments through the real SDK stack."""

from typing import Any

import pytest

from pytest_amlpreflight.facts.resources.access import EVERYONE, Answer
from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.resources.access import read_access

PRINCIPAL = "b1d4a7e2-2f6a-4b7e-9c55-0d6a6f1d9e33"
MAKES_ASSIGNMENTS = "Microsoft.Authorization/roleAssignments/write"
PULL = "Microsoft.ContainerRegistry/registries/pull/read"
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
REGISTRY = "Microsoft.ContainerRegistry/registries/contosomlacr"
ACCOUNT = "Microsoft.Storage/storageAccounts/contosomlstore"
ASSIGNMENT = "roleAssignments/1e0d4b6a-7c2f-4f9b-8f7e-6b1a2d3c4e51"


def registry_access(world: Any) -> Any:
    """What the endpoint's identity may do on the registry of the world as it stands."""
    return read_access(world.connect().arm, PRINCIPAL, world.id(REGISTRY).text)


def deny(world: Any, **properties: object) -> None:
    """A deny assignment on the registry, for everybody unless said otherwise."""
    where = f"{world.id(REGISTRY)}/providers/Microsoft.Authorization/denyAssignments/d"
    everybody = [{"id": EVERYONE, "type": "SystemDefined"}]
    given = {"principals": everybody, "permissions": [{"actions": ["*/pull/*"]}], "scope": world.id(REGISTRY).text}
    world.add({"id": where, "name": "d", "properties": {**given, **properties}})


def test_a_role_at_the_resource_itself_grants(world: Any) -> None:
    """AcrPull on the registry, beside the role whose permissions were read."""
    access = registry_access(world)

    decision = access.allows(PULL)

    assert decision.granted
    assert decision.because.startswith("role AcrPull at")


def test_a_role_of_a_group_of_a_group_grants_from_above(world: Any) -> None:
    """`assignedTo()` has Azure expand groups, and `atScope()` lists what is inherited."""
    access = read_access(world.connect().arm, PRINCIPAL, world.id(ACCOUNT).text)

    decision = access.allows_data(BLOBS)

    assert decision.granted
    assert "through group" in decision.because


def test_roles_of_others_are_not_listed(world: Any) -> None:
    """A stranger holds nothing at the same scope."""
    access = read_access(world.connect().arm, "stranger", world.id(REGISTRY).text)

    assert access.assignments == ()
    assert access.allows(PULL).answer is Answer.ABSENT


def test_a_condition_makes_the_answer_conditional(world: Any) -> None:
    """Azure writes null where there is none."""
    assert registry_access(world).allows(PULL).granted
    world.properties(ASSIGNMENT)["condition"] = "@Resource[x] StringEquals 'y'"

    decision = registry_access(world).allows(PULL)

    assert decision.answer is Answer.CONDITIONAL


def test_a_condition_that_a_clouds_version_does_not_tell_is_unknown(world: Any) -> None:
    """Only Microsoft's roles that make role assignments have any; what else a role gives is known."""
    provider = world["Microsoft.Authorization"]
    provider["resourceTypes"] = [{"resourceType": "roleDefinitions", "apiVersions": ["2022-04-01"]}]
    role = world["7f951dda-4ed3-4680-a7ca-43fe172d538d"]["properties"]
    role["permissions"].append({"actions": [MAKES_ASSIGNMENTS], "notActions": []})
    arm = world.connect().arm

    access = read_access(arm, PRINCIPAL, world.id(REGISTRY).text)

    assert access.allows(PULL).answer is Answer.GRANTED
    assert access.allows(MAKES_ASSIGNMENTS).answer is Answer.CONDITIONAL
    assert "does not tell" in access.allows(MAKES_ASSIGNMENTS).because


def test_a_deny_assignment_is_read_with_its_name(world: Any) -> None:
    """It wins over the role."""
    deny(world, denyAssignmentName="locked by the platform")

    decision = registry_access(world).allows(PULL)

    assert decision.answer is Answer.DENIED
    assert "locked by the platform" in decision.because


def test_the_principals_of_a_deny_assignment_may_have_no_dashes(world: Any) -> None:
    """As some were seen: everybody is meant all the same, and who is excluded is excluded."""
    everybody = [{"id": EVERYONE.replace("-", ""), "type": "Everyone"}]
    deny(world, principals=everybody, excludePrincipals=[{"id": "f" * 32, "type": "User"}])

    assert registry_access(world).allows(PULL).answer is Answer.DENIED

    world.sections["resources"][-1]["properties"]["excludePrincipals"] = [
        {"id": PRINCIPAL.replace("-", ""), "type": "ServicePrincipal"}
    ]
    assert registry_access(world).allows(PULL).granted


def test_a_deny_assignment_that_excludes_the_identity_does_not_count(world: Any) -> None:
    """Managed applications leave their own identity out."""
    deny(world, excludePrincipals=[{"id": PRINCIPAL, "type": "ServicePrincipal"}])

    assert registry_access(world).allows(PULL).granted


@pytest.mark.parametrize("members", [{"permissions": None}, {"permissions": [{"actions": None}]}])
def test_a_deny_assignment_of_nothing_denies_nothing(world: Any, members: dict[str, object]) -> None:
    """Null members are empty."""
    deny(world, **members)

    assert registry_access(world).allows(PULL).granted


def test_every_page_of_the_lists_is_read(world: Any) -> None:
    """The role that grants may be on the last one; the links carry the filter on."""
    before = len(registry_access(world).assignments)
    for number in range(3):
        other = world[ASSIGNMENT]
        world.add({**other, "id": f"{other['id'][:-1]}{number + 5}", "name": str(number)})
    world.sections["paging"] = {"size": 1}

    access = registry_access(world)

    assert len(access.assignments) == before + 3
    assert not world.emulator.unanswered


def test_a_role_that_is_assigned_twice_is_read_once(world: Any) -> None:
    """One request for each definition, however many assignments name it."""
    other = world[ASSIGNMENT]
    world.add({**other, "id": f"{other['id'][:-1]}9", "name": "9"})

    registry_access(world)

    assert world.asked("/roledefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538d") == 1


def test_a_role_that_does_not_exist_grants_nothing(world: Any) -> None:
    """And takes nothing from what other roles grant."""
    world.sections["resources"].remove(world["roleDefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538d"])

    decision = registry_access(world).allows(PULL)

    assert decision.answer is Answer.ABSENT
    assert "role definition 7f951dda-4ed3-4680-a7ca-43fe172d538d does not exist" in decision.because
    assert registry_access(world).allows_data(BLOBS).granted


def test_the_filter_asks_for_the_principal_and_what_is_inherited(world: Any) -> None:
    """Encoded once: azure-core leaves that to its caller."""
    registry_access(world)

    queries = [one.query for one in world.emulator.requests if one.path.lower().endswith("/roleassignments")]
    assert len(queries) == 1
    assert f"$filter=atScope%28%29%20and%20assignedTo%28%27{PRINCIPAL}%27%29" in queries[0].replace("%24", "$")


@pytest.mark.parametrize(
    ("path", "words", "permission"),
    [
        ("*/registries/*/roleassignments", "the role assignments of", "Microsoft.Authorization/roleAssignments/read"),
        ("*/roledefinitions/*", "role definition 7f951dda", "Microsoft.Authorization/roleDefinitions/read"),
        ("*/registries/*/denyassignments", "the deny assignments of", "Microsoft.Authorization/denyAssignments/read"),
    ],
)
def test_any_part_that_may_not_be_read_makes_the_whole_unreadable(
    world: Any, path: str, words: str, permission: str
) -> None:
    """A role without its definition proves nothing, and a denial that was not seen may be there."""
    world.fault("deny", path)

    with pytest.raises(FactUnreadable, match=f"{words}.* (is|are) unreadable: HTTP 403") as caught:
        registry_access(world)

    assert caught.value.permission == permission


@pytest.mark.parametrize("key", ["roleDefinitionId", "scope"])
def test_an_assignment_without_its_essentials_is_unreadable(world: Any, key: str) -> None:
    """It cannot be told what it grants, or where."""
    world.properties(ASSIGNMENT)[key] = None

    with pytest.raises(FactUnreadable, match=r"the role assignments of .* are unreadable: UnexpectedShape"):
        registry_access(world)
