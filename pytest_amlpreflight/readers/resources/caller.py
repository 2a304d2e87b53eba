"""Who asks, and what that identity may do."""

import base64
import json

from azure.core.credentials import SupportsTokenInfo

from pytest_amlpreflight.facts.resources.access import Access, RoleAssignment, RoleDefinition
from pytest_amlpreflight.facts.resources.caller import Caller
from pytest_amlpreflight.facts.scope import describe_scope
from pytest_amlpreflight.facts.unread import FactUnreadable
from pytest_amlpreflight.readers.connection.api_versions import PERMISSIONS
from pytest_amlpreflight.readers.connection.arm import Arm
from pytest_amlpreflight.readers.connection.document import Document
from pytest_amlpreflight.readers.connection.errors import reading
from pytest_amlpreflight.readers.resources.access import permission_blocks, read_denials

RESOURCE = "the run's own identity"


def read_caller(credential: SupportsTokenInfo, audience: str) -> Caller:
    """The identity behind the token that every request carries.

    Its claims are read, not trusted: nothing is granted by them.
    """
    with reading(RESOURCE):
        token = credential.get_token_info(f"{audience}/.default").token
    claims = _claims(token)
    return Caller(
        object_id=claims.need_guid("oid"),
        tenant_id=claims.text("tid"),
        application_id=claims.text("appid") if claims.text("idtyp") == "app" else None,
    )


def read_own_access(arm: Arm, caller: Caller, scope: str) -> Access:
    """What the caller may do at a scope, as Azure itself adds it up.

    Everybody may ask this of themselves. The answer holds groups and inheritance, but deny assignments are not taken
    off, so they are read as well: not where there is nothing that they could take, and reading them takes a role.
    """
    answer = _own_permissions(arm, caller, scope)
    denials = read_denials(arm, scope) if answer.permissions else ()
    given = RoleAssignment("", "", caller.object_id, "", scope)
    return Access(
        principal_id=caller.object_id,
        scope=scope,
        assignments=((given, answer),) if answer.permissions else (),
        denials=denials,
    )


def _own_permissions(arm: Arm, caller: Caller, scope: str) -> RoleDefinition:
    path = f"{scope}/providers/Microsoft.Authorization/permissions"
    resource = f"the permissions of {caller} at {describe_scope(scope)}"
    rows = arm.list(path, PERMISSIONS, resource)
    # One block for each role in effect; Azure does not say of which.
    version = arm.version_of("Microsoft.Authorization/permissions", PERMISSIONS)
    blocks = permission_blocks(Document(resource, {"permissions": [row.body for row in rows]}), version)
    return RoleDefinition(id="", name="all its roles together", custom=False, permissions=blocks)


def _claims(token: str) -> Document:
    try:
        payload = token.split(".")[1]
        return Document(RESOURCE, json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))
    except (IndexError, ValueError):
        pass
    raise FactUnreadable(RESOURCE, status=None, code="MalformedAnswer", detail="the access token is no JWT")
