"""IAM roles."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from moto.iam.policy_validation import IAMTrustPolicyDocumentValidator

from cognito_gw import aws_rules
from cognito_gw.local.errors import AwsFault
from cognito_gw.local.operations import iam

if TYPE_CHECKING:
    from cognito_gw.local.operations import Call


@iam.refuses("CreateRole")
def malformed_trust_policy(call: Call) -> None:
    """Refuse an invalid trust policy: MalformedPolicyDocument; moto accepts it."""
    document = call["AssumeRolePolicyDocument"]
    try:
        json.loads(document)
    except ValueError as error:
        raise AwsFault(
            "MalformedPolicyDocument", "This policy contains invalid Json"
        ) from error
    IAMTrustPolicyDocumentValidator(document).validate()


@iam.refuses("CreateRole", "TagRole")
def same_tag_in_other_case(call: Call) -> None:
    """Refuse tag keys that differ in case only: InvalidInput."""
    if aws_rules.doubles(tag["Key"] for tag in call.get("Tags", [])):
        raise AwsFault(
            "InvalidInput",
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        )


@iam.refuses("CreateRole")
def same_name_in_other_case(call: Call) -> None:
    """Refuse a name that differs in case only: EntityAlreadyExists, 409."""
    name = call["RoleName"]
    if name.lower() in (role.name.lower() for role in call.backend.get_roles()):
        raise AwsFault(
            "EntityAlreadyExists",
            f"Role with name {name} already exists.",
            HTTPStatus.CONFLICT,
        )
