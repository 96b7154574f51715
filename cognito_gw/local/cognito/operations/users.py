"""Users that an administrator makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cognito_gw.local.cognito import aliases, directory
from cognito_gw.local.cognito.checks import require_fitting, require_strength
from cognito_gw.local.cognito.errors import not_authorized, user_not_found
from cognito_gw.local.errors import AwsFault
from cognito_gw.local.operations import cognito_idp

if TYPE_CHECKING:
    from cognito_gw.local.operations import Call


@cognito_idp.refuses("AdminCreateUser")
def name_taken(call: Call) -> None:
    """Refuse another user's name or alias: UsernameExistsException.

    moto knows no aliases, and takes the same name in another case.
    """
    if call.get("MessageAction") == "RESEND":
        return
    pool_id, name = call["UserPoolId"], call["Username"]
    aliases.require_username_format(pool_id, name)
    schema = directory.pool_settings(pool_id).get("SchemaAttributes", [])
    require_fitting(schema, _given(call))
    if directory.find_user(pool_id, name):
        raise AwsFault("UsernameExistsException", "User account already exists")
    given = _given(call)
    taken = aliases.taken(pool_id, given, given)
    is_moved = call.get("ForceAliasCreation") and aliases.is_movable(pool_id, taken)
    if taken and not is_moved:
        message = f"An account with the {taken} already exists."
        raise AwsFault("UsernameExistsException", message)


def _given(call: Call) -> dict[str, str]:
    return {each["Name"]: each["Value"] for each in call.get("UserAttributes", [])}


@cognito_idp.answers("AdminCreateUser")
def admin_create_user(call: Call) -> dict[str, Any]:
    """Move an alias to the new user, where that is asked for; moto shares it."""
    answer = call.forward()
    user = directory.find_user(call["UserPoolId"], answer["User"]["Username"])
    if user is not None:
        aliases.release(call["UserPoolId"], user)
    return answer


@cognito_idp.answers("AdminGetUser")
def admin_get_user(call: Call) -> dict[str, Any]:
    """Find users in any case, and answer their second factors, unknown to moto."""
    user = directory.find_user(call["UserPoolId"], call["Username"])
    if user is None:
        raise user_not_found()
    return user.description()


@cognito_idp.answers(
    "AdminAddUserToGroup",
    "AdminConfirmSignUp",
    "AdminDeleteUser",
    "AdminEnableUser",
    "AdminListGroupsForUser",
    "AdminRemoveUserFromGroup",
    "AdminSetUserPassword",
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
        raise not_authorized(
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
    # Checked here alone: moto's own check takes 98 characters at most. In the class, as
    # what a backend holds is saved.
    type(call.backend)._validate_password = _unchecked  # noqa: SLF001


def _unchecked(*_: Any) -> None:
    pass
