"""The resource groups tagging API, and tags in general."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cognito_gw import aws_rules
from cognito_gw.local import moto_store
from cognito_gw.local.errors import AwsFault
from cognito_gw.local.operations import (
    apigateway,
    awslambda,
    cognito_idp,
    iam,
    logs,
    tagging,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cognito_gw.local.operations import Call

# The type as in ResourceTypeFilters, the ARN, and the tags.
Tagged = tuple[str, str, dict[str, str]]


# The error code of each service for a tag with AWS's own prefix. The message is common
# to many of them: cdk-preflight pf-tags-aws-prefix.
RESERVED = {
    "apigateway": "BadRequestException",
    "cognito-idp": "InvalidParameterException",
    "iam": "InvalidInput",
    "lambda": "InvalidParameterValueException",
    "logs": "InvalidParameterException",
}
IN_VALUES_TOO = ("iam", "lambda")  # as their guides on tags say


@apigateway.refuses("CreateRestApi", "CreateStage", "TagResource")
@awslambda.refuses("CreateFunction", "TagResource")
@cognito_idp.refuses("CreateUserPool", "UpdateUserPool", "TagResource")
@iam.refuses("CreateRole", "TagRole")
@logs.refuses("CreateLogGroup", "TagLogGroup", "TagResource")
def reserved_tags(call: Call) -> None:
    """Refuse tags that start with aws:, the prefix of AWS; moto accepts them."""
    texts = [*_given(call)]
    if call.service in IN_VALUES_TOO:
        texts += _given(call).values()
    if any(map(aws_rules.is_reserved_tag, texts)):
        raise AwsFault(
            RESERVED[call.service],
            "aws: prefixed tag key names are not allowed for external use.",
        )


def _given(call: Call) -> dict[str, str]:
    """Return the tags of a call; their name and shape depend on the service."""
    names = ("tags", "Tags", "UserPoolTags")
    tags: Any = next((call.params[name] for name in names if name in call.params), {})
    if isinstance(tags, list):
        return {tag["Key"]: tag.get("Value", "") for tag in tags}
    return dict(tags)


@tagging.amends("GetResources")
def pools_and_apis(call: Call, answer: dict[str, Any]) -> None:
    """Find pools, APIs, stages and log groups; moto finds functions and others."""
    if call.get("PaginationToken"):  # ours were on the first page
        return
    found = answer["ResourceTagMappingList"]
    known = {mapping["ResourceARN"] for mapping in found}
    found += [
        {
            "ResourceARN": arn,
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        }
        for kind, arn, tags in _tagged(call.region)
        if arn not in known and tags and _matches(call, kind, arn, tags)
    ]


def _tagged(region: str) -> Iterator[Tagged]:
    for pool in moto_store.backend("cognito-idp", region).user_pools.values():
        tags = pool.extended_config.get("UserPoolTags", {})
        yield "cognito-idp:userpool", pool.arn, tags
    logs = moto_store.backend("logs", region)
    for name in logs.groups:
        arn = f"arn:aws:logs:{region}:{moto_store.ACCOUNT}:log-group:{name}"
        yield "logs:log-group", arn, logs.list_tags_for_resource(arn)
    for api in moto_store.backend("apigateway", region).apis.values():
        arn = f"arn:aws:apigateway:{region}::/restapis/{api.id}"
        yield "apigateway:restapis", arn, api.tags or {}
        for stage in api.stages.values():
            yield "apigateway:stages", f"{arn}/stages/{stage.name}", stage.tags or {}


def _matches(call: Call, kind: str, arn: str, tags: dict[str, str]) -> bool:
    kinds = call.get("ResourceTypeFilters", [])
    arns = call.get("ResourceARNList", [])
    return (
        (not kinds or kind in kinds or kind.partition(":")[0] in kinds)
        and (not arns or arn in arns)
        and all(_has_tag(tags, tag_filter) for tag_filter in call.get("TagFilters", []))
    )


def _has_tag(tags: dict[str, str], tag_filter: dict[str, Any]) -> bool:
    key, values = tag_filter["Key"], tag_filter.get("Values")
    return key in tags and (not values or tags[key] in values)
