"""The tag by which a stack recognizes its resources, and what to do with doubles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from cognito_gw.aws.errors import absent_is_none
from cognito_gw.aws.responses import listed
from cognito_gw.errors import NotOurs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from cognito_gw.aws.clients import Aws


STACK_TAG = "cgw:stack"
MORE_THAN_ONE = (
    "if another cgw process is changing this stack, rerun this after it ends; "
    "otherwise delete the ones that you do not need in the console"
)


def is_ours(tags: Mapping[str, str] | None, stack: str) -> bool:
    """Whether the tags are those of the stack."""
    return (tags or {}).get(STACK_TAG) == stack


def refuse_foreign(thing: object, tags: Mapping[str, str] | None, stack: str) -> None:
    """Raise unless the tags say that `thing` belongs to the stack."""
    if is_ours(tags, stack):
        return
    owner = (tags or {}).get(STACK_TAG)
    whose = f"the cgw stack `{owner}`" if owner else "something cgw did not create"
    raise NotOurs(
        f"{thing}: the name is taken by {whose}",
        hint="choose another name in the file, or delete the other resource",
    )


def creation(aws: Aws, stack: str) -> datetime | None:
    """Return when the user pool or the API of a stack was created; None without both.

    The tagging API still lists deleted resources for a while, so this reads each.
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
    """Return the ARNs of these resource types with the stack's tag.

    The tagging API lags behind a creation: use it for what a name does not find.
    """
    return [item["ResourceARN"] for item in _tagged(aws, [stack], resource_types)]


def owned(aws: Aws) -> dict[str, dict[str, dict[str, str]]]:
    """Return each stack of this account and Region: its ARNs, with their tags."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for item in _tagged(aws):
        tags = {tag["Key"]: tag["Value"] for tag in item["Tags"]}
        found.setdefault(tags[STACK_TAG], {})[item["ResourceARN"]] = tags
    return found


def _tagged(
    aws: Aws, stacks: Sequence[str] = (), resource_types: Sequence[str] = ()
) -> list[dict[str, Any]]:
    tag = {"Key": STACK_TAG} | ({"Values": list(stacks)} if stacks else {})
    return listed(
        aws.tagging,
        "get_resources",
        "ResourceTagMappingList",
        TagFilters=[tag],
        ResourceTypeFilters=list(resource_types),
    )


Thing = dict[str, Any]
_PAUSES = (1.0, 2.0, 4.0)  # seconds


def concurrent_create(  # noqa: PLR0913 - two of them differ by service
    resource: object,
    made: Thing,
    aws: Aws,
    *,
    id_field: str,
    created: str,
    others: Callable[[], list[Thing]],
    delete: Callable[[Thing], object],
) -> Thing:
    """Return the one to keep of what concurrent cgw processes created under one name.

    AWS lets several have the name. Every process keeps the oldest, by its date in the
    field `created`, and deletes its own if that is younger. A younger one that stays
    was alone when its process looked: then ours, in `made`, is deleted.
    """

    def age(thing: Thing) -> tuple[str, str]:
        return str(thing.get(created)), thing[id_field]

    rivals = others()
    for pause in _PAUSES:
        if not rivals:
            return made
        first = min([made, *rivals], key=age)
        if first is not made:
            break
        aws.sleep(pause)
        rivals = others()
    else:
        first = min(rivals or [made], key=age)
    if first is not made:
        aws.tell(f"{resource}: a concurrent cgw created it too: keeping that one")
        delete(made)
    return first
