"""Effective permissions in tests of the user's own, and a spec that brings no identity."""

import pytest

SUBSCRIPTION = "/subscriptions/5f1c2f0e-6c5b-4b1e-9a35-2f4f5d6f0a11"
METRICS = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignmentsUsageMetrics"


def test_users_ask_for_effective_permissions(example: pytest.Pytester) -> None:
    """`aml_permissions(principal, scope)` answers for actions and data actions, with what grants them."""
    example.makepyfile(
        f"""
        def test_scope(aml_permissions):
            access = aml_permissions("b1d4a7e2-2f6a-4b7e-9c55-0d6a6f1d9e33", "{SUBSCRIPTION}/resourceGroups/ml-prod")
            blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
            assert access.allows_data(blobs).because.startswith("role Storage Blob Data Reader at resource group")
            assert not access.allows("Microsoft.Storage/storageAccounts/delete").granted
        """
    )

    result = example.runpytest_inprocess("test_users_ask_for_effective_permissions.py::test_scope")

    result.assert_outcomes(passed=1)


def test_a_new_system_assigned_identity_needs_room_for_its_roles(example: pytest.Pytester) -> None:
    """The number of role assignments is asked for only where the endpoint's identity is yet to be created."""
    (example.path / "endpoint.yml").write_text("name: fresh\nauth_mode: key\n", encoding="utf-8")
    world = example.path / "world.yml"
    counts = "{roleAssignmentsLimit: 4000, roleAssignmentsCurrentCount: 3998, roleAssignmentsRemainingCount: 2}"
    text = world.read_text(encoding="utf-8").replace("\ncollections:", f"\ncollections:\n  {METRICS}: {counts}\n#", 1)
    world.write_text(text, encoding="utf-8")
    check = "aml-preflight/subscription.py::check_role_assignments_remain"

    result = example.runpytest_inprocess("-o", "aml_deployment=", check)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*role assignments are used up: endpoint fresh needs 4 more", "*4000 - 3998 = 2 *"])
