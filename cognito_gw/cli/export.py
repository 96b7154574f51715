"""`cgw export`: the stack in the formats of other programs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cognito_gw.app import export as exports
from cognito_gw.app.token_request import TokenRequest
from cognito_gw.cli.command import Group
from cognito_gw.cli.options import Decorator, flow_option, who_options
from cognito_gw.cli.output import confirm, say, say_exactly
from cognito_gw.cli.results import show_json
from cognito_gw.cli.terminal import is_terminal, with_reading_context
from cognito_gw.errors import UsageError
from cognito_gw.oauth.tokens import in_words

if TYPE_CHECKING:
    from cognito_gw.app.context import Context

_STDOUT = Path("-")
force_option = click.option(
    "--force", is_flag=True, help="Replace files that cgw did not write."
)


def out_option(default: str, metavar: str) -> Decorator:
    """Return the option that names a file or a folder."""
    return click.option(
        "--out",
        type=click.Path(path_type=Path),
        default=default,
        show_default=True,
        metavar=metavar,
        help="Where to write." + (" -: to stdout." if "-" in metavar else ""),
    )


@click.group(
    "export",
    cls=Group,
    examples=("cgw export openapi --out -", "cgw export postman --with-token"),
)
def export() -> None:
    """Write the API in the formats of other programs.

    It replaces a file that cgw did not write only with --force, or after a question.
    """


@export.command(
    "openapi",
    examples=("cgw export openapi", "cgw export openapi --extensions --out -"),
)
@click.option(
    "--extensions",
    is_flag=True,
    help="With the extensions of API Gateway, which can import the document: "
    "authorizer, integrations, gateway responses.",
)
@out_option("openapi.json", "FILE|-")
@force_option
@with_reading_context
def openapi(context: Context, *, extensions: bool, out: Path, force: bool) -> None:
    """Write an OpenAPI 3.0 document.

    Methods without scopes require the ID token, a bearer token. Methods with scopes
    require OAuth 2 with the sign-in pages of the user pool.
    """
    made = exports.openapi(context, with_extensions=extensions)
    (text,) = made.files.values()
    if out == _STDOUT:
        say_exactly(*text.rstrip("\n").split("\n"))
    else:
        made = exports.Export({out.name: text})
        _write(context, made, out.parent, force=force)


_FORMATS = {
    "postman": ("Postman and Newman", "a collection and an environment"),
    "bruno": ("Bruno", "a collection with an environment"),
    "hurl": ("Hurl", "a file of requests, and its variables"),
    "http": ("the HTTP Client of JetBrains", "an .http file and its environment"),
}


def _command(form: str) -> None:
    program, files = _FORMATS[form]

    @export.command(
        form, examples=(f"cgw export {form}", f"cgw export {form} --with-token")
    )
    @out_option(form, "FOLDER")
    @click.option(
        "--with-token",
        is_flag=True,
        help="Write current tokens into the environment, readable for you alone.",
    )
    @force_option
    @who_options
    @flow_option
    @with_reading_context
    def run(context: Context, **options: Any) -> None:
        _export(context, form, **options)

    run.help = (
        f"Write requests for {program}: {files}.\n\nEach request sends the token that "
        "its method requires. No secret is written; the program itself signs in, where "
        "it can."
    )


def _export(  # noqa: PLR0913 - its options
    context: Context,
    form: str,
    *,
    out: Path,
    with_token: bool,
    force: bool,
    user: str | None,
    client: str | None,
    flow: str,
) -> None:
    if out == _STDOUT:
        raise UsageError(f"`{form}` has several files: name a folder with --out")
    request = TokenRequest(user, client, flow)
    made = exports.collection(context, form, request, with_tokens=with_token)
    _write(context, made, out, force=force)


def _write(
    context: Context, made: exports.Export, folder: Path, *, force: bool
) -> None:
    def may_replace(path: Path) -> bool:
        question = f"{path} was not written by cgw. Replace it?"
        return force or (is_terminal() and confirm(question))

    files = made.write(folder, may_replace)
    if context.options.as_json:
        show_json({"files": [str(file) for file in files], "expires": made.expires})
        return
    for file in files:
        context.ui.tell(f"wrote {file}")
    if made.expires:
        at = time.strftime("%H:%M:%S UTC", time.gmtime(made.expires))
        left = in_words(made.expires - time.time())
        say(f"the tokens in it expire at {at}, in {left}: do not publish it", err=True)


for _form in _FORMATS:
    _command(_form)

COMMANDS = {"export": export}
