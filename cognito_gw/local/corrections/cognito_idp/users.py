"""Users that an administrator makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cognito_gw.local.corrections.services import cognito_idp
from cognito_gw.local.faults import AwsFault
from cognito_gw.local.identity import directory
from cognito_gw.local.identity.checks import require_strength

if TYPE_CHECKING:
    from cognito_gw.local.corrections.call import Call


@cognito_idp.refuses("AdminCreateUser")
def same_name_in_other_case(call: Call) -> None:
    """Refuse it where case does not count: UsernameExistsException; moto takes it."""
    pool = call.backend.user_pools[call["UserPoolId"]]
    case = pool.extended_config.get("UsernameConfiguration", {})
    if case.get("CaseSensitive", True) or call.get("MessageAction") == "RESEND":
        return
    aliases = pool.extended_config.get("UsernameAttributes", [])
    taken = {
        name.lower()
        for user in pool.users.values()
        for name in (user.username, *map(user.attribute_lookup.get, aliases))
        if name
    }
    if call["Username"].lower() in taken:
        raise AwsFault("UsernameExistsException", "User account already exists")


@cognito_idp.answers("AdminGetUser")
def admin_get_user(call: Call) -> dict[str, Any]:
    """Find users in any case, and answer their second factors, unknown to moto."""
    user = directory.find_user(call["UserPoolId"], call["Username"])
    if user is None:
        raise AwsFault("UserNotFoundException", "User does not exist.")
    return user.description()


@cognito_idp.answers(
    "AdminAddUserToGroup",
    "AdminConfirmSignUp",
    "AdminDeleteUser",
    "AdminDeleteUserAttributes",
    "AdminDisableUser",
    "AdminEnableUser",
    "AdminListGroupsForUser",
    "AdminRemoveUserFromGroup",
    "AdminSetUserPassword",
    "AdminUpdateUserAttributes",
)
def find_as_aws_does(call: Call) -> dict[str, Any]:
    """Find users in any case, by sub and by alias; moto wants the name as it is."""
    user = directory.find_user(call["UserPoolId"], call["Username"])
    return call.forward(Username=user.username) if user else call.forward()


@cognito_idp.refuses("AdminConfirmSignUp")
def confirmed_already(call: Call) -> None:
    """Refuse who is confirmed: NotAuthorizedException; moto confirms anyone."""
    user = directory.find_user(call["UserPoolId"], call["Username"])
    if user is not None and user.status != "UNCONFIRMED":
        raise AwsFault(
            "NotAuthorizedException",
            f"User cannot be confirmed. Current status is {user.status}",
        )


@cognito_idp.refuses("AdminCreateUser", "AdminSetUserPassword")
def weak_password(call: Call) -> None:
    """Refuse what the policy forbids, in AWS's words: InvalidPasswordException."""
    password = call.get("TemporaryPassword") or call.get("Password")
    if password is None:
        return
    pool = call.backend.user_pools[call["UserPoolId"]]
    require_strength(pool.extended_config["Policies"]["PasswordPolicy"], password)
