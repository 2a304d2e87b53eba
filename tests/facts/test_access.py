"""What a principal may do, decided from roles and deny assignments by value."""

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from pytest_amlpreflight.facts.resources.access import (
    EVERYONE,
    Access,
    Answer,
    DenyAssignment,
    PermissionBlock,
    Principal,
    RoleAssignment,
    RoleDefinition,
    blocks_answer,
    matches_any,
)

SUBSCRIPTION = "/subscriptions/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11"
GROUP = f"{SUBSCRIPTION}/resourceGroups/ml-prod"
REGISTRY = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/contosoacr"
IDENTITY = "7c0f8d0a-52a8-4f2e-8d0c-5f8f1c1f2a01"
TEAM = "0d7be0a4-3f3f-4d39-9a55-0c2b3a1d4e02"
STRANGER = "c2b1b9a4-9a6c-4b53-8a43-0a0a51a5be03"
PULL = "Microsoft.ContainerRegistry/registries/pull/read"
BLOB_READ = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"

ACR_PULL = RoleDefinition("acrpull", "AcrPull", False, (PermissionBlock(actions=(PULL,)),))
READER = RoleDefinition("reader", "Reader", False, (PermissionBlock(actions=("*/read",)),))
OWNER = RoleDefinition("owner", "Owner", False, (PermissionBlock(actions=("*",)),))
BLOB_READER = RoleDefinition(
    "blob", "Storage Blob Data Reader", False, (PermissionBlock(data_actions=(BLOB_READ.replace("/read", "/*"),)),)
)


def given(role: RoleDefinition, scope: str = REGISTRY, **changes: str) -> tuple[RoleAssignment, RoleDefinition]:
    """A role assignment to the identity, with the role beside it."""
    fields = {"principal_id": IDENTITY, "principal_type": "ServicePrincipal", **changes}
    return RoleAssignment(id="a", role_definition_id=role.id, scope=scope, **fields), role


def denial(
    principals: tuple[Principal, ...],
    exclude: tuple[Principal, ...] = (),
    *,
    scope: str | None = GROUP,
    block: PermissionBlock = PermissionBlock(actions=("*",), data_actions=("*",)),  # noqa: B008  frozen
    children: bool = True,
) -> DenyAssignment:
    """A deny assignment on the resource group unless said otherwise."""
    return DenyAssignment("d", "locked by the platform team", (block,), scope, principals, exclude, not children)


EVERYBODY = (Principal(EVERYONE, "SystemDefined"),)
ITSELF = (Principal(IDENTITY, "ServicePrincipal"),)
ITS_TEAM = (Principal(TEAM, "Group"),)


def access(*assignments: tuple[RoleAssignment, RoleDefinition], **changes: object) -> Access:
    """The identity's access at the registry."""
    return Access(IDENTITY, REGISTRY, assignments, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pattern", "action"),
    [
        ("*", PULL),
        ("*/read", PULL),
        ("Microsoft.ContainerRegistry/*", PULL),
        ("Microsoft.ContainerRegistry/*/read", PULL),
        ("microsoft.containerregistry/REGISTRIES/pull/READ", PULL),
        ("Microsoft.ContainerRegistry/registries/pul*ead", PULL),
    ],
)
def test_a_star_stands_for_any_characters_in_any_case(pattern: str, action: str) -> None:
    """A wildcard crosses slashes, and casing never matters."""
    assert matches_any([pattern], action)


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "*/write",
        "Microsoft.ContainerRegistry/registries",
        "Microsoft.ContainerRegistry/registries/pull",
        "Microsoft.ContainerRegistry/registries/pull/read/",
        "MicrosoftxContainerRegistry/registries/pull/read",
        "Microsoft.ContainerRegistry/registries/[p]ull/read",
        "Microsoft.ContainerRegistry/registries/pul?/read",
    ],
)
def test_only_the_star_is_special(pattern: str) -> None:
    """Dots, brackets and question marks are themselves, and a pattern must cover the whole action."""
    assert not matches_any([pattern], PULL)


@pytest.mark.parametrize("role", [ACR_PULL, READER, OWNER])
@pytest.mark.parametrize("scope", [REGISTRY, GROUP, SUBSCRIPTION, "/", REGISTRY.upper(), f"{GROUP}/"])
def test_a_role_that_holds_the_action_grants_it_from_any_scope_above(role: RoleDefinition, scope: str) -> None:
    """The permission decides, not the role's name; scopes are inherited and have no case."""
    decision = access(given(role, scope)).allows(PULL)

    assert decision.answer is Answer.GRANTED
    assert decision.granted
    assert decision.because.startswith(f"role {role.name} at ")


def test_a_management_group_reaches_what_it_was_listed_for() -> None:
    """No id says what is beneath a management group, but Azure lists it with those resources only."""
    scope = "/providers/Microsoft.Management/managementGroups/contoso-corp"

    decision = access(given(READER, scope)).allows(PULL)

    assert decision.because == "role Reader at management group contoso-corp"
    assert decision.granted


@pytest.mark.parametrize(
    "scope", [f"{GROUP}-dev", f"{REGISTRY}2", f"{REGISTRY}/webhooks/build", SUBSCRIPTION[:-1], "", REGISTRY[1:] + "x"]
)
def test_a_scope_beside_or_below_grants_nothing(scope: str) -> None:
    """`ml-prod-dev` starts with `ml-prod` and is another group; a child's role says nothing about its parent."""
    decision = access(given(OWNER, scope)).allows(PULL)

    assert decision.answer is Answer.ABSENT
    assert decision.because == (
        "no role is assigned to it at Microsoft.ContainerRegistry/registries contosoacr or above"
    )


def test_parts_that_all_grant_are_as_good_as_the_whole() -> None:
    """Of an account, the containers that count."""
    parts = tuple(Access(IDENTITY, f"{REGISTRY}/{name}", (given(OWNER, f"{REGISTRY}/{name}"),)) for name in "ab")

    assert access(parts=parts).allows(PULL).granted
    lacking = access(parts=(*parts, Access(IDENTITY, f"{REGISTRY}/c"))).allows(PULL)

    assert lacking.answer is Answer.ABSENT
    assert lacking.because.endswith("is not all")


def test_a_part_does_not_help_where_the_whole_is_denied() -> None:
    """A deny assignment wins over every role beneath it."""
    part = Access(IDENTITY, f"{REGISTRY}/a", (given(OWNER, f"{REGISTRY}/a"),))

    assert access(denials=(denial(EVERYBODY),), parts=(part,)).allows(PULL).answer is Answer.DENIED


def test_control_plane_roles_grant_no_data() -> None:
    """An Owner reads no blobs: data actions are granted by data roles alone."""
    decision = access(given(OWNER), given(READER)).allows_data(BLOB_READ)

    assert decision.answer is Answer.ABSENT
    assert decision.because == "no role it holds there grants it (Owner, Reader)"


def test_data_roles_grant_data_and_nothing_else() -> None:
    """Storage Blob Data Reader holds the data action, and no action of the same name."""
    identity = access(given(BLOB_READER, SUBSCRIPTION))

    assert identity.allows_data(BLOB_READ).granted
    assert identity.allows(BLOB_READ).answer is Answer.ABSENT


def test_not_actions_take_out_of_their_own_block_only() -> None:
    """What one block leaves out, another block of the same role may still hold."""
    narrow = PermissionBlock(actions=("*",), not_actions=("microsoft.containerregistry/*",))
    role = RoleDefinition("r", "Almost all", True, (narrow,))
    both = RoleDefinition("r", "All in two", True, (narrow, PermissionBlock(actions=("*/read",))))

    assert access(given(role)).allows(PULL).answer is Answer.ABSENT
    assert access(given(both)).allows(PULL).granted


def test_not_data_actions_take_out_data_actions() -> None:
    """The data half of a block subtracts like the other half."""
    block = PermissionBlock(data_actions=("*",), not_data_actions=("*/blobs/read",))

    assert not block.holds(BLOB_READ, data=True)
    assert block.holds(BLOB_READ.replace("read", "write"), data=True)


def test_assignments_add_up() -> None:
    """A `notActions` is no denial: another role grants what the first left out."""
    narrow = RoleDefinition("r", "No registry", True, (PermissionBlock(("*",), ("*/registries/*",)),))

    decision = access(given(narrow), given(ACR_PULL, GROUP)).allows(PULL)

    assert decision.because == "role AcrPull at resource group ml-prod"


def test_a_condition_makes_the_answer_conditional() -> None:
    """Nobody can tell from here whether a condition will hold, so it is never a yes."""
    condition = "@Request[Microsoft.ContainerRegistry/registries/repositories:name]\n   StringEqualsIgnoreCase 'iris'"

    decision = access(given(ACR_PULL, condition=condition)).allows(PULL)

    assert decision.answer is Answer.CONDITIONAL
    assert not decision.granted
    assert (
        "role AcrPull at Microsoft.ContainerRegistry/registries contosoacr, on the condition @Req" in decision.because
    )
    assert "\n" not in decision.because


def test_an_unconditional_role_outweighs_a_conditional_one() -> None:
    """Roles add up, so one without a condition settles it, wherever it stands in the list."""
    decision = access(given(ACR_PULL, condition="@Resource[x] Exists"), given(READER)).allows(PULL)

    assert decision.granted


def test_a_condition_of_a_block_counts_like_one_of_the_assignment() -> None:
    """Newer roles carry conditions on single permission blocks."""
    block = PermissionBlock(actions=("*",), condition="@Principal[tag] StringEquals 'x'")

    decision = access(given(RoleDefinition("r", "Guarded", True, (block,)))).allows(PULL)

    assert decision.answer is Answer.CONDITIONAL
    assert decision.because.endswith("on the condition @Principal[tag] StringEquals 'x'")


def test_blocks_alone_answer_without_assignments() -> None:
    """The caller's own permissions are a list of blocks that add up, with conditions and without denials."""
    guarded = PermissionBlock(actions=("*",), condition="c")

    assert blocks_answer([], PULL) is Answer.ABSENT
    assert blocks_answer([guarded], PULL) is Answer.CONDITIONAL
    assert blocks_answer([guarded, PermissionBlock(actions=("*/READ",))], PULL) is Answer.GRANTED


def test_a_role_through_a_group_names_the_group() -> None:
    """`assignedTo()` lists the roles of the principal's groups; the reason says which group gave it."""
    decision = access(given(ACR_PULL, GROUP, principal_id=TEAM, principal_type="Group")).allows(PULL)

    assert decision.granted
    assert decision.because == f"role AcrPull at resource group ml-prod, through group {TEAM}"


def test_known_groups_decide_whose_roles_count() -> None:
    """With its groups given, a principal has the roles of those groups and of no other."""
    role = given(ACR_PULL, GROUP, principal_id=TEAM, principal_type="Group")

    assert access(role, group_ids=frozenset({TEAM.upper()})).allows(PULL).granted
    assert access(role, group_ids=frozenset()).allows(PULL).answer is Answer.ABSENT


@pytest.mark.parametrize("principal_type", ["ServicePrincipal", "User", ""])
def test_somebody_elses_role_grants_nothing(principal_type: str) -> None:
    """A list read without a filter holds everybody's roles."""
    role = given(OWNER, principal_id=STRANGER, principal_type=principal_type)

    assert access(role).allows(PULL).answer is Answer.ABSENT


@pytest.mark.parametrize("principals", [EVERYBODY, ITSELF, ITS_TEAM, (Principal(STRANGER, "User"), *EVERYBODY)])
def test_a_deny_assignment_wins_over_every_role(principals: tuple[Principal, ...]) -> None:
    """Denied is denied, for the principal, for its group and for everyone; more roles will not help."""
    decision = access(given(OWNER), denials=(denial(principals),), group_ids=frozenset({TEAM})).allows(PULL)

    assert decision.answer is Answer.DENIED
    assert decision.because == "deny assignment 'locked by the platform team' at resource group ml-prod"


@pytest.mark.parametrize("exclude", [ITSELF, ITS_TEAM])
def test_excluded_principals_are_spared(exclude: tuple[Principal, ...]) -> None:
    """A denial for everyone but some leaves those alone, members of an excluded group too."""
    identity = access(given(ACR_PULL), denials=(denial(EVERYBODY, exclude),), group_ids=frozenset({TEAM}))

    assert identity.allows(PULL).granted


@pytest.mark.parametrize(
    "harmless",
    [
        denial((Principal(STRANGER, "User"),)),
        denial(EVERYBODY, scope=f"{GROUP}-dev"),
        denial(EVERYBODY, children=False),
        denial(EVERYBODY, block=PermissionBlock(actions=("*/write",))),
        denial(EVERYBODY, block=PermissionBlock(data_actions=("*",))),
        denial(EVERYBODY, block=PermissionBlock(("*",), ("*/read",))),
    ],
    ids=["somebody else", "another scope", "not for children", "another action", "data only", "left out"],
)
def test_a_deny_assignment_that_does_not_apply_changes_nothing(harmless: DenyAssignment) -> None:
    """Principal, scope, inheritance and permissions must all point here."""
    assert access(given(ACR_PULL), denials=(harmless,)).allows(PULL).granted


@pytest.mark.parametrize("scope", [REGISTRY.upper(), None])
def test_a_denial_not_for_children_holds_where_it_stands(scope: str | None) -> None:
    """`doNotApplyToChildScopes` spares what is beneath, not the scope itself; without a scope it stands here."""
    identity = access(given(ACR_PULL), denials=(denial(EVERYBODY, scope=scope, children=False),))

    assert identity.allows(PULL).answer is Answer.DENIED


def test_a_denial_of_data_denies_data() -> None:
    """A deny assignment's data actions forbid data, whatever data role was given."""
    identity = access(given(BLOB_READER), denials=(denial(EVERYBODY, block=PermissionBlock(data_actions=("*",))),))

    assert identity.allows_data(BLOB_READ).answer is Answer.DENIED


@pytest.mark.parametrize(
    "doubtful",
    [
        denial(ITS_TEAM),
        denial(EVERYBODY, ITS_TEAM),
        denial((Principal(TEAM, ""),)),
        denial(ITSELF, block=PermissionBlock(actions=("*",), condition="c")),
    ],
    ids=["unknown group", "unknown excluded group", "principal without a type", "condition"],
)
def test_a_denial_that_may_apply_makes_a_grant_conditional(doubtful: DenyAssignment) -> None:
    """Where membership or a condition cannot be decided from here, the answer is never a yes."""
    decision = access(given(ACR_PULL, GROUP), denials=(doubtful,)).allows(PULL)

    assert decision.answer is Answer.CONDITIONAL
    assert decision.because == (
        "role AcrPull at resource group ml-prod, unless deny assignment 'locked by the platform team' "
        "at resource group ml-prod applies, which cannot be told from here"
    )


def test_a_certain_denial_behind_a_doubtful_one_still_denies() -> None:
    """All denials are weighed, not only the first that matches."""
    identity = access(given(ACR_PULL), denials=(denial(ITS_TEAM), denial(EVERYBODY)))

    assert identity.allows(PULL).answer is Answer.DENIED


def test_a_doubtful_denial_of_nothing_granted_is_absence() -> None:
    """What no role grants is absent, however many denials might also apply."""
    assert access(denials=(denial(ITS_TEAM),)).allows(PULL).answer is Answer.ABSENT


def test_an_absence_names_three_roles_at_most() -> None:
    """The reason stays one line for an identity with many roles."""
    roles = [RoleDefinition(name, name, True, ()) for name in "EDCBA"]

    decision = access(*(given(role) for role in roles)).allows(PULL)

    assert decision.because == "no role it holds there grants it (A, B, C and 2 more)"


ROLES = (ACR_PULL, READER, OWNER, BLOB_READER, RoleDefinition("none", "None", True, ()))
SCOPES = (REGISTRY, GROUP, SUBSCRIPTION, "/", f"{GROUP}-dev")
ASSIGNMENTS = st.builds(
    lambda role, scope, condition: given(role, scope, condition=condition),
    st.sampled_from(ROLES),
    st.sampled_from(SCOPES),
    st.sampled_from(["", "@Resource[x] Exists"]),
)
DENIALS = st.builds(
    lambda principals, exclude, scope, children: denial(principals, exclude, scope=scope, children=children),
    st.sampled_from([EVERYBODY, ITSELF, ITS_TEAM, (Principal(STRANGER, "User"),)]),
    st.sampled_from([(), ITSELF, ITS_TEAM]),
    st.sampled_from(SCOPES),
    st.booleans(),
)


@for_all(st.lists(ASSIGNMENTS, max_size=4), st.lists(DENIALS, max_size=3), ASSIGNMENTS, DENIALS, st.randoms())
def test_more_roles_never_take_away_and_more_denials_never_give(assignments, denials, role, denied, shuffler) -> None:
    """Whatever the lists hold: order is nothing, roles only add and denials only subtract."""
    before = access(*assignments, denials=tuple(denials)).allows(PULL)
    shuffled = shuffler.sample(assignments, len(assignments))

    with_role = access(*assignments, role, denials=tuple(denials)).allows(PULL)
    with_denial = access(*assignments, denials=(*denials, denied)).allows(PULL)
    reordered = access(*shuffled, denials=tuple(reversed(denials))).allows(PULL)

    assert with_role.granted or not before.granted
    assert before.granted or not with_denial.granted
    assert reordered.answer is before.answer
    assert before.because
