"""The tag by which a stack recognizes its own resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from cognito_gw.aws.errors import absent_is_none
from cognito_gw.errors import NotOurs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from cognito_gw.aws.clients import Aws


STACK_TAG = "cgw:stack"
MORE_THAN_ONE = (
    "if another cgw is at work on this stack, let it finish and run this again; else "
    "delete those that you do not need in the console"
)


def is_ours(tags: Mapping[str, str] | None, stack: str) -> bool:
    """Whether the tags are those of this stack."""
    return (tags or {}).get(STACK_TAG) == stack


def refuse_foreign(thing: object, tags: Mapping[str, str] | None, stack: str) -> None:
    """Raise unless the tags say that `thing` belongs to the stack."""
    if is_ours(tags, stack):
        return
    owner = (tags or {}).get(STACK_TAG)
    whose = f"the cgw stack `{owner}`" if owner else "something that cgw did not make"
    raise NotOurs(
        f"{thing}: the name is taken by {whose}",
        hint="choose another name in the file, or remove the other one yourself",
    )


def creation(aws: Aws, stack: str) -> datetime | None:
    """Return when the user pool or the API of a stack was made; None: there is neither.

    The tagging API remembers the deleted for a while, so each is looked at.
    """
    for arn in owned_arns(aws, stack, "cognito-idp:userpool", "apigateway:restapis"):
        id_ = arn.rpartition("/")[2]
        with absent_is_none():
            if ":cognito-idp:" in arn:
                pool = aws.cognito.describe_user_pool(UserPoolId=id_)["UserPool"]
                return cast("datetime", pool["CreationDate"])
            api = aws.apigateway.get_rest_api(restApiId=id_)
            return cast("datetime", api["createdDate"])
    return None


def owned_arns(aws: Aws, stack: str, *resource_types: str) -> list[str]:
    """Return the ARNs of these types that carry the stack's tag, under whatever name.

    The tagging API lags behind a creation: use it for what a name does not find.
    """
    return [item["ResourceARN"] for item in _tagged(aws, [stack], resource_types)]


def owned(aws: Aws) -> dict[str, list[str]]:
    """Return the ARNs of each stack of this account and Region, by the stack's name."""
    found: dict[str, list[str]] = {}
    for item in _tagged(aws):
        name = next(tag["Value"] for tag in item["Tags"] if tag["Key"] == STACK_TAG)
        found.setdefault(name, []).append(item["ResourceARN"])
    return found


def _tagged(
    aws: Aws, stacks: Sequence[str] = (), resource_types: Sequence[str] = ()
) -> list[dict[str, Any]]:
    wanted = {"Key": STACK_TAG} | ({"Values": list(stacks)} if stacks else {})
    pages = aws.tagging.get_paginator("get_resources").paginate(
        TagFilters=[wanted], ResourceTypeFilters=list(resource_types)
    )
    return [item for page in pages for item in page["ResourceTagMappingList"]]


Thing = dict[str, Any]
_PAUSES = (1.0, 2.0, 4.0)  # seconds


def chosen(
    made: Thing,
    others: Callable[[], list[Thing]],
    age: Callable[[Thing], tuple[str, str]],
    aws: Aws,
) -> Thing:
    """Return what to go on with: `made`, or one of the `others`, as they do.

    The older one is kept, and who made the younger takes it back. One that stays
    though it is younger was alone when its maker looked: then ours is taken back.
    """
    rivals = others()
    for pause in _PAUSES:
        first = min([made, *rivals], key=age)
        if first is not made or not rivals:
            return first
        aws.sleep(pause)
        rivals = others()
    return min(rivals or [made], key=age)
