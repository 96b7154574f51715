"""Operations of an administrator on users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cognito_gw.local.cognito import directory, user_attributes
from cognito_gw.local.cognito.checks import require_strength
from cognito_gw.local.cognito.errors import not_authorized, user_not_found
from cognito_gw.local.errors import AwsFault
from cognito_gw.local.operations import cognito_idp

if TYPE_CHECKING:
    from cognito_gw.local.operations import Call


@cognito_idp.refuses("AdminCreateUser")
def name_taken(call: Call) -> None:
    """Refuse the name or alias of another user: UsernameExistsException.

    moto has no aliases, and accepts the same name in another case.
    """
    if call.get("MessageAction") == "RESEND":
        return
    pool_id, name = call["UserPoolId"], call["Username"]
    user_attributes.require_username_format(pool_id, name)
    schema = directory.pool_settings(pool_id).get("SchemaAttributes", [])
    given = user_attributes.by_name(call.get("UserAttributes", []))
    user_attributes.require_fitting(schema, given)
    if directory.find_user(pool_id, name):
        raise AwsFault("UsernameExistsException", "User account already exists")
    taken = user_attributes.taken(pool_id, given, given)
    moves_alias = call.get("ForceAliasCreation")
    if taken and not (moves_alias and user_attributes.is_movable(pool_id, taken)):
        message = f"An account with the {taken} already exists."
        raise AwsFault("UsernameExistsException", message)


@cognito_idp.answers("AdminCreateUser")
def admin_create_user(call: Call) -> dict[str, Any]:
    """Move an alias to the new user, if requested; moto lets users share it."""
    answer = call.forward()
    user = directory.find_user(call["UserPoolId"], answer["User"]["Username"])
    if user is not None:
        user_attributes.release(call["UserPoolId"], user)
    return answer


@cognito_idp.answers("AdminGetUser")
def admin_get_user(call: Call) -> dict[str, Any]:
    """Find users in any case, and return their second factors, unknown to moto."""
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
    """Find users in any case, by sub and by alias; moto requires the exact name."""
    user = directory.find_user(call["UserPoolId"], call["Username"])
    return call.forward(Username=user.username) if user else call.forward()


@cognito_idp.refuses("AdminConfirmSignUp")
def confirmed_already(call: Call) -> None:
    """Refuse a confirmed user: NotAuthorizedException; moto confirms any user."""
    user = directory.find_user(call["UserPoolId"], call["Username"])
    if user is not None and user.status != "UNCONFIRMED":
        raise not_authorized(
            f"User cannot be confirmed. Current status is {user.status}",
        )


@cognito_idp.refuses("AdminCreateUser", "AdminSetUserPassword")
def weak_password(call: Call) -> None:
    """Refuse what the policy forbids, with AWS's message: InvalidPasswordException."""
    password = call.get("TemporaryPassword") or call.get("Password")
    if password is None:
        return
    pool = call.backend.user_pools[call["UserPoolId"]]
    require_strength(pool.extended_config["Policies"]["PasswordPolicy"], password)
    # Turn off moto's check, which allows 98 characters at most. Do so in the class,
    # because the attributes of a backend are saved.
    type(call.backend)._validate_password = _unchecked  # noqa: SLF001


def _unchecked(*_: Any) -> None:
    pass
