"""User pools, their domains, and managed login branding."""

from __future__ import annotations

import re
import secrets
import string
import uuid
from datetime import UTC, datetime
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from cognito_gw import aws_rules
from cognito_gw.local.cognito import directory
from cognito_gw.local.constraints import Violation, report
from cognito_gw.local.errors import AwsFault, invalid_parameter, resource_not_found
from cognito_gw.local.moto_store import ACCOUNT
from cognito_gw.local.operations import EVERY, cognito_idp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cognito_gw.local.operations import Call


ALPHABET = string.ascii_letters + string.digits
# UpdateUserPool resets omitted settings, except those that are fixed at creation and
# the policies. On AWS, the policies were measured to stay.
KEPT = ("AliasAttributes", "Policies", "UsernameAttributes", "UsernameConfiguration")
POLICY_DEFAULTS = {
    "MinimumLength": 8,
    "RequireUppercase": False,
    "RequireLowercase": False,
    "RequireNumbers": False,
    "RequireSymbols": False,
    "TemporaryPasswordValidityDays": 7,
}


@cognito_idp.refuses(EVERY)
def absent_pool(call: Call) -> None:
    """Refuse an unknown pool: ResourceNotFoundException; moto raises KeyError."""
    pool_id = call.get("UserPoolId")
    if pool_id is not None and pool_id not in call.backend.user_pools:
        raise resource_not_found(f"User pool {pool_id} does not exist.")


@cognito_idp.answers("CreateUserPool")
def create_user_pool(call: Call) -> dict[str, Any]:
    """Return IDs of AWS's form, and every standard attribute with the custom ones."""
    from moto.cognitoidp.models import CognitoIdpUserPoolAttribute

    _create_without_keys()
    moto_id = call.forward()["UserPool"]["Id"]
    pool = call.backend.user_pools.pop(moto_id)
    pool.id = f"{call.region}_{''.join(secrets.choice(ALPHABET) for _ in range(9))}"
    pool.arn = pool.arn.replace(moto_id, pool.id)
    call.backend.user_pools[pool.id] = pool
    given = {field["Name"]: field for field in call.get("Schema", [])}
    for name, schema in CognitoIdpUserPoolAttribute.STANDARD_SCHEMA.items():
        # moto drops the limits of one that the call names without its type.
        pool.schema_attributes[name] = CognitoIdpUserPoolAttribute(
            name, custom=False, schema=schema | given.get(name, {})
        )
    _complete(pool)
    return {"UserPool": call.ask("DescribeUserPool", UserPoolId=pool.id)["UserPool"]}


@cache
def _create_without_keys() -> None:
    """Create moto's pools without its key, which is public and slow to read."""
    from moto.cognitoidp import models

    models.jwk = SimpleNamespace(RSAKey=SimpleNamespace(import_key=lambda _: None))


@cognito_idp.answers("UpdateUserPool")
def update_user_pool(call: Call) -> dict[str, Any]:
    """Keep what is fixed at creation; moto resets it."""
    pool = call.backend.user_pools[call["UserPoolId"]]
    before = pool.extended_config
    pool.update_extended_config(
        {name: before[name] for name in KEPT if name in before}
        | {name: call[name] for name in call.params if name != "UserPoolId"}
    )
    pool.name = pool.extended_config.pop("PoolName", pool.name)
    pool.last_modified_date = datetime.now(UTC)
    _complete(pool)
    return {}


def _complete(pool: Any) -> None:
    settings = pool.extended_config
    # moto would return this setting even after a later SetUserPoolMfaConfig.
    pool.mfa_config = settings.pop("MfaConfiguration", pool.mfa_config)
    policies = settings["Policies"]
    policy = POLICY_DEFAULTS | policies.get("PasswordPolicy", {})
    settings["Policies"] = policies | {"PasswordPolicy": policy}
    settings.setdefault("UserPoolTier", "ESSENTIALS")


def feature_unavailable(feature: str) -> AwsFault:
    """Return the refusal of a feature that the pool's plan, Lite, does not have.

    For managed login the words are on record: cdk-preflight
    pf-cognito-managed-login-version-tier.
    """
    return AwsFault(
        "FeatureUnavailableInTierException",
        "The following feature is not available for the LITE pricing tier configured: "
        f"{feature}",
    )


def is_lite(pool: Any) -> bool:
    """Whether a pool of moto's has the plan with the fewest features."""
    return bool(pool.extended_config.get("UserPoolTier") == "LITE")


@cognito_idp.refuses("UpdateUserPool")
def features_of_other_plan(call: Call) -> None:
    """Refuse the plan Lite while a feature is on that it lacks.

    The code is of botocore's UpdateUserPool; the words are those that users of
    amplify-backend (issue 2805) and cdk-preflight quote for other features.
    """
    pool = call.backend.user_pools[call["UserPoolId"]]
    if call.get("UserPoolTier") != "LITE":
        return
    clients = [client.extended_config for client in pool.clients.values()]
    domain = pool.domain
    is_on = {
        "Managed Login Version 2": getattr(domain, "managed_login_version", 1) > 1,
        "Refresh Token Rotation": any(map(rotates, clients)),
        "Choice-Based Sign-In": any(map(is_by_choice, clients)),
    }
    if features := [name for name, is_used in is_on.items() if is_used]:
        raise AwsFault(
            "TierChangeNotAllowedException",
            "The following features need to be disabled for the LITE pricing tier "
            f"configured: {', '.join(features)}",
        )


def rotates(client: Mapping[str, Any]) -> bool:
    """Whether the settings of an app client rotate refresh tokens."""
    rotation = client.get("RefreshTokenRotation") or {}
    return bool(rotation.get("Feature") == "ENABLED")


def is_by_choice(client: Mapping[str, Any]) -> bool:
    """Whether the settings of an app client let users choose how to sign in."""
    return "ALLOW_USER_AUTH" in (client.get("ExplicitAuthFlows") or [])


@cognito_idp.refuses("SetUserPoolMfaConfig")
def mfa_off_and_configured(call: Call) -> None:
    """Refuse to configure MFA that is off: InvalidParameterException."""
    token = call.get("SoftwareTokenMfaConfiguration", {})
    if call.get("MfaConfiguration", "OFF") == "OFF" and token.get("Enabled"):
        raise invalid_parameter(
            "Invalid MFA configuration given, can't turn off MFA and configure an MFA "
            "together."
        )


@cognito_idp.refuses("CreateUserPool", "SetUserPoolMfaConfig", "UpdateUserPool")
def mfa_after_one_time_code(call: Call) -> None:
    """Refuse to require MFA of users who can sign in with a code alone."""
    pool_id = call.get("UserPoolId")
    known = directory.pool_settings(pool_id) if pool_id else {}
    policies = known.get("Policies", {}) | call.get("Policies", {})
    factors = policies.get("SignInPolicy", {}).get("AllowedFirstAuthFactors", [])
    default = known.get("MfaConfiguration", "OFF")
    if call.operation == "SetUserPoolMfaConfig":
        default = "OFF"
    is_required = call.get("MfaConfiguration", default) == "ON"
    if is_required and set(factors) & {"EMAIL_OTP", "SMS_OTP"}:
        raise invalid_parameter(
            "Only PASSWORD and WEB_AUTHN (if configured) can be enabled as an auth "
            "factor if MFA is enabled"
        )


@cognito_idp.answers("SetUserPoolMfaConfig")
def set_user_pool_mfa_config(call: Call) -> dict[str, Any]:
    """Read an omitted MfaConfiguration as OFF; moto refuses it, and ignores email."""
    pool = call.backend.user_pools[call["UserPoolId"]]
    pool.email_mfa_config = call.get("EmailMfaConfiguration")
    answer = call.forward(MfaConfiguration=call.get("MfaConfiguration", "OFF"))
    email_mfa(call, answer)
    return answer


@cognito_idp.amends("GetUserPoolMfaConfig")
def email_mfa(call: Call, answer: dict[str, Any]) -> None:
    """Return the settings for codes by email, which moto does not know."""
    pool = call.backend.user_pools[call["UserPoolId"]]
    if settings := getattr(pool, "email_mfa_config", None):
        answer["EmailMfaConfiguration"] = settings


@cognito_idp.refuses("DeleteUserPool")
def pool_protected(call: Call) -> None:
    """Refuse while the pool has a domain or protection: InvalidParameterException."""
    pool = call.backend.user_pools[call["UserPoolId"]]
    if pool.domain:
        raise invalid_parameter(
            "User pool cannot be deleted. It has a domain configured that should be "
            "deleted first."
        )
    if pool.extended_config.get("DeletionProtection") == "ACTIVE":
        raise invalid_parameter(
            "The user pool cannot be deleted because deletion protection is activated. "
            "Deletion protection must be inactivated first."
        )


@cognito_idp.answers("TagResource")
def tag_resource(call: Call) -> dict[str, Any]:
    """Tag a pool; moto has no TagResource."""
    settings = _pool_of_arn(call).extended_config
    settings["UserPoolTags"] = settings.get("UserPoolTags", {}) | call["Tags"]
    return {}


@cognito_idp.answers("UntagResource")
def untag_resource(call: Call) -> dict[str, Any]:
    """Untag a pool; moto has no UntagResource."""
    settings = _pool_of_arn(call).extended_config
    tags, removed = settings.get("UserPoolTags", {}), call["TagKeys"]
    settings["UserPoolTags"] = {key: tags[key] for key in tags if key not in removed}
    return {}


@cognito_idp.answers("ListTagsForResource")
def list_tags_for_resource(call: Call) -> dict[str, Any]:
    """Read the tags of a pool; moto has no ListTagsForResource."""
    return {"Tags": _pool_of_arn(call).extended_config.get("UserPoolTags", {})}


def _pool_of_arn(call: Call) -> Any:
    pool_id = call["ResourceArn"].rpartition("/")[2]
    if pool_id not in call.backend.user_pools:
        raise resource_not_found(f"User pool {pool_id} does not exist.")
    return call.backend.user_pools[pool_id]


PREFIX = re.compile(r"[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?")
CLASSIC = 1


@cognito_idp.refuses("CreateUserPoolDomain")
def prefix_not_free(call: Call) -> None:
    """Refuse a prefix that is malformed, reserved or taken; moto accepts any."""
    prefix = call["Domain"]
    if "CustomDomainConfig" in call.params:
        return
    if not PREFIX.fullmatch(prefix):
        pattern = f"Member must satisfy regular expression pattern: ^{PREFIX.pattern}$"
        violation = Violation("domain", f"'{prefix}' ", pattern)
        raise invalid_parameter(report(violation))
    if word := aws_rules.reserved_word(prefix):
        raise invalid_parameter(f"Domain cannot contain reserved word: {word}")
    if prefix in call.backend.user_pool_domains:
        raise invalid_parameter("Domain already associated with another user pool.")


@cognito_idp.refuses("CreateUserPoolDomain")
def second_prefix(call: Call) -> None:
    """Refuse a second prefix domain on one pool: InvalidParameterException."""
    if "CustomDomainConfig" in call.params:
        return
    for domain in call.backend.user_pool_domains.values():
        if domain.user_pool_id == call["UserPoolId"] and "." not in domain.domain:
            raise invalid_parameter("User pool already has a domain configured.")


@cognito_idp.refuses("CreateUserPoolDomain", "UpdateUserPoolDomain")
def managed_login_in_lite(call: Call) -> None:
    """Refuse managed login in a pool with the plan Lite."""
    pool = call.backend.user_pools[call["UserPoolId"]]
    if call.get("ManagedLoginVersion", CLASSIC) != CLASSIC and is_lite(pool):
        raise feature_unavailable("Managed Login Version 2")


@cognito_idp.amends("CreateUserPoolDomain", "UpdateUserPoolDomain")
def keep_login_version(call: Call, answer: dict[str, Any]) -> None:
    """Store and return the version of the login pages, which moto does not know."""
    domain = call.backend.user_pool_domains[call["Domain"]]
    kept = getattr(domain, "managed_login_version", CLASSIC)
    domain.managed_login_version = call.get("ManagedLoginVersion", kept)
    answer["ManagedLoginVersion"] = domain.managed_login_version


@cognito_idp.amends("DescribeUserPoolDomain")
def domain_fields(call: Call, answer: dict[str, Any]) -> None:
    """Return account, version and login pages; moto makes up the account."""
    description = answer["DomainDescription"]
    if description:
        domain = call.backend.user_pool_domains[call["Domain"]]
        description["AWSAccountId"] = ACCOUNT
        description["Version"] = "20250101000000"
        description["S3Bucket"] = f"aws-cognito-prod-{call.region}-assets"
        description["ManagedLoginVersion"] = domain.managed_login_version


STYLE = ("UseCognitoProvidedValues", "Settings", "Assets")


@cognito_idp.answers("CreateManagedLoginBranding")
def create_managed_login_branding(call: Call) -> dict[str, Any]:
    """Create a client's style: a second is a ManagedLoginBrandingExistsException."""
    styles = _styles(call)
    pool_id, client_id = call["UserPoolId"], call["ClientId"]
    client = call.backend.describe_user_pool_client(pool_id, client_id)
    if client.id in styles:
        message = "Managed login branding already exists for this client."
        raise AwsFault("ManagedLoginBrandingExistsException", message)
    styles[client.id] = {
        "ManagedLoginBrandingId": str(uuid.uuid4()),
        "UserPoolId": pool_id,
        "CreationDate": datetime.now(UTC),
    } | _style(call)
    return {"ManagedLoginBranding": styles[client.id]}


@cognito_idp.answers("DescribeManagedLoginBrandingByClient")
def describe_managed_login_branding_by_client(call: Call) -> dict[str, Any]:
    """Find a client's style: none is a ResourceNotFoundException."""
    styles = _styles(call)
    if call["ClientId"] not in styles:
        raise _absent()
    return {"ManagedLoginBranding": styles[call["ClientId"]]}


@cognito_idp.answers("DescribeManagedLoginBranding")
def describe_managed_login_branding(call: Call) -> dict[str, Any]:
    """Find a style by ID: none is a ResourceNotFoundException."""
    return {"ManagedLoginBranding": _styles(call)[_client_of_style(call)]}


@cognito_idp.answers("UpdateManagedLoginBranding")
def update_managed_login_branding(call: Call) -> dict[str, Any]:
    """Replace a style."""
    branding = _styles(call)[_client_of_style(call)]
    for name in STYLE:
        branding.pop(name, None)
    branding.update(_style(call))
    return {"ManagedLoginBranding": branding}


@cognito_idp.answers("DeleteManagedLoginBranding")
def delete_managed_login_branding(call: Call) -> dict[str, Any]:
    """Delete a style."""
    del _styles(call)[_client_of_style(call)]
    return {}


@cognito_idp.amends("DeleteUserPoolClient")
def delete_style_of_client(call: Call, _: dict[str, Any]) -> None:
    """Delete a client's style with the client."""
    _styles(call).pop(call["ClientId"], None)


def _styles(call: Call) -> dict[str, dict[str, Any]]:
    """Return the styles by client ID, stored in moto's pool."""
    pool = call.backend.user_pools[call["UserPoolId"]]
    styles: dict[str, dict[str, Any]] = vars(pool).setdefault("managed_login", {})
    return styles


def _style(call: Call) -> dict[str, Any]:
    given = {name: call[name] for name in STYLE if name in call.params}
    return given | {"LastModifiedDate": datetime.now(UTC)}


def _client_of_style(call: Call) -> str:
    for client_id, branding in _styles(call).items():
        if branding["ManagedLoginBrandingId"] == call["ManagedLoginBrandingId"]:
            return client_id
    raise _absent()


def _absent() -> AwsFault:
    return resource_not_found("Managed login branding does not exist.")
