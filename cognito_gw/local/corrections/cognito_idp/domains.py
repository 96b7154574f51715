"""Domains of user pools."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cognito_gw import aws_rules
from cognito_gw.local.corrections.cognito_idp.faults import invalid_parameter
from cognito_gw.local.corrections.services import cognito_idp
from cognito_gw.local.emulator import ACCOUNT

if TYPE_CHECKING:
    from cognito_gw.local.corrections.call import Call

PREFIX = re.compile(r"[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?")
CLASSIC = 1


@cognito_idp.refuses("CreateUserPoolDomain")
def prefix_not_free(call: Call) -> None:
    """Refuse a prefix that is ill-formed, reserved or taken: moto takes any."""
    prefix = call["Domain"]
    if "CustomDomainConfig" in call.params:
        return
    if not PREFIX.fullmatch(prefix):
        raise invalid_parameter(
            f"1 validation error detected: Value '{prefix}' at 'domain' failed to "
            "satisfy constraint: Member must satisfy regular expression pattern: "
            f"^{PREFIX.pattern}$"
        )
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


@cognito_idp.amends("CreateUserPoolDomain", "UpdateUserPoolDomain")
def keep_login_version(call: Call, answer: dict[str, Any]) -> None:
    """Keep and echo which login pages the domain has, which moto does not know."""
    domain = call.backend.user_pool_domains[call["Domain"]]
    kept = getattr(domain, "managed_login_version", CLASSIC)
    domain.managed_login_version = call.get("ManagedLoginVersion", kept)
    answer["ManagedLoginVersion"] = domain.managed_login_version


@cognito_idp.amends("DescribeUserPoolDomain")
def domain_fields(call: Call, answer: dict[str, Any]) -> None:
    """Answer the account, the version and the login pages; moto invents the first."""
    description = answer["DomainDescription"]
    if description:
        domain = call.backend.user_pool_domains[call["Domain"]]
        description["AWSAccountId"] = ACCOUNT
        description["Version"] = "20250101000000"
        description["S3Bucket"] = f"aws-cognito-prod-{call.region}-assets"
        description["ManagedLoginVersion"] = domain.managed_login_version
