"""The layers of functions: checked before any write, and local folders for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cognito_gw.errors import UsageError

if TYPE_CHECKING:
    from cognito_gw.config.load import Loaded
    from cognito_gw.config.model import Config, FunctionConfig


def with_local_layers(loaded: Loaded) -> Config:
    """Return the file's settings with what the local AWS needs for local layers."""
    from cognito_gw.local.awslambda.layers import variable_of

    def localized(key: str, function: FunctionConfig) -> FunctionConfig:
        for number, folder in enumerate(function.local_layers):
            if not folder.is_dir():
                at = _at(loaded, key, "local_layers", number)
                raise UsageError(f"{at}: there is no folder {folder}")
        more = variable_of(function.local_layers)
        return function.model_copy(update={"environment": function.environment | more})

    config = loaded.config
    functions = {key: localized(key, each) for key, each in config.functions.items()}
    return config.model_copy(update={"functions": functions})


def missing_locally(config: Config) -> list[str]:
    """Return a warning for each function whose layers the local AWS lacks."""
    return [
        f"the local AWS has none of the layers of function `{key}`: name folders with "
        "their content in `local_layers`"
        for key, function in config.functions.items()
        if function.layers and not function.local_layers
    ]


def check_layers(loaded: Loaded, region: str) -> None:
    """Raise for a layer of another Region: AWS would only say that it is denied.

    Source: github.com/aws-samples/php-examples-for-aws-lambda/issues/15.
    """
    for key, function in loaded.config.functions.items():
        for number, arn in enumerate(function.layers):
            if (other := arn.split(":")[3]) != region:
                at = _at(loaded, key, "layers", number)
                raise UsageError(
                    f"{at}: the layer is in {other}, and the stack is in {region}",
                    hint="use the layer's ARN in the Region of the stack",
                )


def _at(loaded: Loaded, function: str, key: str, number: int) -> str:
    """Return the file, the line and the key of a list's entry."""
    path = ("functions", function, key)
    place = loaded.where((*path, number)) or loaded.where(path)
    return ": ".join([*([place] if place else []), ".".join(path)])
