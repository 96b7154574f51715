"""The reference pages of docs/, generated from the code."""

from __future__ import annotations

import json
from pathlib import Path

import click

from cognito_gw.cli import cgw
from cognito_gw.config.model import Config
from cognito_gw.errors import ExitCode

DOCS = Path(__file__).parent.parent / "docs"
MADE = "<!-- Made from the code: `pytest tests/test_reference.py --update-golden` -->\n"
ABOUT = """\
[config.example.yaml](../config.example.yaml) shows it as a file, and `cgw schema`
prints the JSON Schema. `NAME` is a key that you choose.
"""
NOTES = """
## Environments

`environments` has what differs between environments, with the same keys as the file:

```yaml
name: orders
user_pool: {groups: [readers]}
api: {cors: {origins: [http://localhost:5173]}}
environments:
  dev: {target: local}
  prod:
    protect: true
    user_pool: {deletion_protection: true}
    api: {stage: prod, cors: {origins: [https://app.example.com]}}
```

The option `--env prod` or the variable `CGW_ENV` chooses one, for every command. cgw
then merges it into the rest of the file, and validates the result:

- Mappings are merged key by key. Lists and other values replace those of the file.
- `null` removes a key that the file has: its default applies again, or a route,
  function or app client is not part of this environment.
- Only variables of the chosen environment must be set.
- An environment has no `name`: its stack is `NAME-ENV`, here `orders-prod`, with at
  most 32 characters. All default names contain it, and the tag `cgw:env` has the
  environment.

The environments, and the file without one, are separate stacks with separate tokens.
They can be in the same account and Region, unless they share a name that AWS takes only
once, such as `domain.prefix` or `functions.NAME.name`. `cgw list` shows all stacks.

## Protection

With `protect: true`, in an environment or for the whole file, `up` and the steps ask
before every change. Without a terminal, or with `-o json`, they need `--yes` for a
change, also with `--watch`. `down` needs `--yes-really-delete` with the name of the
stack. This protects against mistakes with cgw; with `user_pool.deletion_protection`,
AWS refuses to delete the pool, also from other tools.

## Variables

`${VAR}` and `${VAR:-default}` come from the environment, in any value: text, numbers,
`true` and `false`, and items of lists. The default counts if VAR is not set; a variable
that is set to nothing is empty. `$${` is a literal `${`. YAML requires quotes within
brackets and braces: `["${GROUP:-readers}"]`.

A file may come from someone else, so cgw refuses a variable where its value could leak:

- AWS credentials, such as `AWS_SECRET_ACCESS_KEY`, everywhere.
- Other variables that look like secrets, by their name or because they hold an address
  with a password, everywhere except in a user's `password` and a function's
  `environment`.
- In `endpoints`, all variables except those named `CGW_…`.

## Endpoints

cgw uses them if `AWS_ENDPOINT_URL` names an AWS-compatible endpoint. The URLs of AWS
and of the local AWS are known, and a file cannot change them. An endpoint is
`https://…`, or `http://` on `localhost`, `127.0.0.1` or `[::1]`.

## Fixed at creation

AWS fixes `user_pool.sign_in_with` and an app client's `secret` when it creates them,
and each of `user_pool.attributes` when it is added. A change of one is an error that
names the key and its line, and `up` then changes nothing else. Revert the change, or
run `cgw down` and `cgw up` to replace the user pool, which deletes all its users. For
another `secret`, add an app client under another key.

## Permissions

A function's code may write its log, and nothing else on AWS, until `permissions` allow
it:

```yaml
functions:
  orders:
    permissions:
      - allow: [dynamodb:GetItem, dynamodb:PutItem]
        on: "arn:{partition}:dynamodb:{region}:{account}:table/orders"
      - allow: ssm:GetParameter
        on: "arn:{partition}:ssm:{region}:{account}:parameter/orders/*"
```

They become one inline policy of the role that cgw creates for the function. `up`
restores it after a change by others, and deletes it if you remove the key. `plan` and
`up` warn about `*` alone; some actions, such as `dynamodb:ListTables`, take nothing
else. After an AccessDenied, `cgw explain` names the line to add. The local AWS enforces
the permissions: see [local.md](local.md#other-services).

`role` names an existing role instead, in the account of the stack. Its trust policy
must let `lambda.amazonaws.com` assume it. cgw neither changes nor deletes it, and
deletes the role that it created for the function before.

`iam.path` and `iam.permissions_boundary` are for accounts that demand them. AWS fixes
the path of a role at creation: after a change of `iam.path`, `up` deletes each role and
creates it again, and calls of its function may fail for some seconds. Without the key,
roles have the path `/`.

## Limits of calls

`api.throttle` limits each route: `burst` requests at once, and `rate` requests a second
after that. A route's own `throttle` replaces it, also where it allows more. Above the
limit, API Gateway responds with 429 and `Too Many Requests`. The limits are targets: on
AWS, somewhat more requests can pass. Without `throttle`, the limits of the account
apply, and `up` removes limits that were set elsewhere. The limits of a route count all
callers together; for limits of each caller, AWS has API keys with usage plans.

A route's `timeout` limits how long API Gateway waits for the function. The function is
not stopped: set its own `timeout` for that, which should be the shorter one.

## Access log

With `api.access_log: true`, API Gateway writes one line of JSON for each request to the
log group `/aws/apigateway/NAME/access`: request ID, time, IP address, route, status,
size, time taken, the `sub` of the token, and the errors of API Gateway, the authorizer
and the integration. `cgw logs --access` prints it. It has no tokens, queries and
bodies. If you remove the key, the log ends; the log group stays until `cgw down`.

API Gateway needs a role for this, which is a setting of the whole account and Region.
cgw does not make it: a stack must not change what others rely on. If `up` reports that
the role is missing, create it once:

```
aws iam create-role --role-name apigateway-logs --assume-role-policy-document \\
  '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
  "Principal":{"Service":"apigateway.amazonaws.com"}}]}'
aws iam attach-role-policy --role-name apigateway-logs --policy-arn \\
  arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs
aws apigateway update-account --patch-operations \\
  op=replace,path=/cloudwatchRoleArn,value=arn:aws:iam::ACCOUNT:role/apigateway-logs
```

`functions.NAME.log_retention` sets how long a function's own log is kept. Without it,
cgw sets 30 days when it creates the log group, and then leaves the retention alone.

## Binary bodies

API Gateway treats a body as bytes if `api.binary_media_types` has its media type:

- A request body is base64 for the function, and `isBase64Encoded` is true, if the list
  has the request's `Content-Type`.
- A function returns bytes as base64 with `isBase64Encoded: true`. API Gateway decodes
  them if the list has the *first* media type in the request's `Accept` header. Browsers
  often send `text/html` first: then only `*/*` works.

With `*/*`, every request body is base64 for the function, JSON too.

## CORS

`api.cors` answers preflight requests, and adds headers to the responses of API Gateway
itself, such as 401, 403 and 429. The function must return the same headers with its own
responses: `Access-Control-Allow-Origin`, and, if pages need them,
`Access-Control-Expose-Headers` and `Access-Control-Allow-Credentials: true`.

`headers` replaces the default list: Authorization, Content-Type, X-Amz-Date,
X-Amz-Security-Token, X-Api-Key. The header of the token is always allowed. Browsers
remember a preflight for at most two hours (Chrome) or a day (Firefox), even if
`max_age` is longer.

## Code

`code` is a folder or a .zip. cgw deploys a .zip unchanged. From a folder, it excludes
these files and folders at any depth:

- `.env`, `.env.*` (use `environment` instead; `plan` and `up` warn about them)
- version control: `.git`, `.hg`, `.svn`, `.bzr`, `.jj`
- `.venv`, `venv`, `__pycache__`, `*.pyc`, `node_modules/.cache`
- `.mypy_cache`, `.nox`, `.pytest_cache`, `.ruff_cache`, `.tox`
- editors' folders and files: `.idea`, `.vscode`, `.vs`, `.fleet`, `.zed`, swap and
  backup files
- `.DS_Store`, `Thumbs.db`, `.cgwignore`

A file `.cgwignore` in the code folder excludes more, in the syntax of `.gitignore`:

```
tests/
*.md
!LICENSE.md
```

`!venv` in it includes a folder that is excluded by default. The same rules apply on
AWS, on the local AWS, to the hash that decides whether to deploy, and to `up --watch`.
cgw reads only the `.cgwignore` at the top of the folder, and no `.gitignore`.

`plan`, `up` and `lambda` refuse other files that look like secrets: private keys, key
stores, Terraform state and variables, `.envrc`, and the credential files of common
tools. List them in `.cgwignore`, or move them out of the folder. To deploy one of them,
or a `.env`, list it under `include`, by path or by name. cgw also refuses a `.env` in a
.zip. `plan` and `up` warn about code outside the folder of the file.

## Packages

cgw installs the packages that one of these files at the top of `code` lists, and
deploys them with the code:

- Python: `requirements.txt`; without it, `uv.lock` beside `pyproject.toml`. uv installs
  them if it is on the PATH, or else pip.
- Node.js: `package-lock.json` beside `package.json`. `npm ci` installs them, without
  development's. They replace the folder's own `node_modules`.

- **For Lambda.** Packages are for the function's `runtime` and `architecture`, not for
  your machine: manylinux wheels, up to glibc 2.26 (Python 3.8 to 3.11) or 2.34.
- **Nothing is run.** cgw installs wheels only, and runs no scripts of npm packages. A
  package without a wheel for the target is an error before AWS changes. So are
  paths, addresses, `git+…` and variables in `requirements.txt`.
- **Pin versions.** Only the list decides whether to install again. A list with exact
  versions gives the same `CodeSha256` on each machine; `--hash` is checked.
- **Private indexes.** Set `PIP_INDEX_URL` or `UV_INDEX_URL`, each of which is used for
  both tools, or use the configuration of the tool. npm reads your `~/.npmrc`, and
  none of the code folder. `PIP_FIND_LINKS` names folders of wheels.
- **Kept.** Packages stay in the user's cache directory, and are removed 30 days after
  their last use.
- **Locally**, the same packages are installed for the Python that runs the function. A
  package that is not listed cannot be imported, except boto3 and what it requires.

To deploy a folder as it is, list `requirements.txt` (or `uv.lock`, or
`package-lock.json`) in `.cgwignore`. A zip has at most 50 MiB, and its files 250 MiB;
the error names the largest files.

## Layers

`layers` are ARNs of layer versions, at most five. Layers that are attached outside of
cgw are detached by the next `up`. The local AWS cannot download them:
`local_layers` are folders with their content, as it would be in `/opt`. Their `python`,
`nodejs`, `bin` and `lib` are on the search paths, those of later folders first; `/opt`
itself is not there.
"""
WIDTH = 80


def commands():
    """Return the page with the help of every command."""
    parts = ["# Commands\n", MADE, "Global options stand before or after a command.\n"]
    parts += [_shown("#" * depth, name, text) for depth, name, text in _helps()]
    return "\n".join([*parts, "## Exit codes\n", exit_codes()])


def exit_codes():
    """Return the table of the exit codes."""
    rows = [f"| {code.value} | {code.meaning} |" for code in ExitCode]
    return "\n".join(["| code | means |", "| --- | --- |", *rows]) + "\n"


def configuration():
    """Return the page with every key of the file."""
    schema = Config.model_json_schema()
    parts = [
        "# Configuration\n",
        MADE,
        ABOUT,
        "| key | takes | default | |\n| --- | --- | --- | --- |",
        *(f"| {' | '.join(row)} |" for row in _rows(schema, schema, "")),
        NOTES.rstrip(),
    ]
    return "\n".join(parts) + "\n"


def _helps():
    """Yield each command with its heading level, its words and its help."""
    top = click.Context(cgw, info_name="cgw", **cgw.context_settings)
    yield from _helps_of(cgw, top, 2)


def _helps_of(command, context, depth):
    context.terminal_width = WIDTH
    yield depth, context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            inside = click.Context(below, parent=context, info_name=name)
            yield from _helps_of(below, inside, min(depth + 1, 4))


def _shown(heading, name, text):
    return f"{heading} {name}\n\n```text\n{text}\n```\n"


def _rows(schema, section, above):
    for key, value in section["properties"].items():
        path = f"{above}{key}"
        inner, suffix = _inner(schema, value)
        about = value.get("description", "").replace("|", "\\|")
        yield f"`{path}{suffix}`", _takes(schema, value), _default(value), about
        if inner:
            yield from _rows(schema, inner, f"{path}{suffix}.")


def _inner(schema, value):
    """Return the section in a value, and how its key is written."""
    for each in value.get("anyOf", [value]):
        named = [*each.get("patternProperties", {}).values()]
        named.append(each.get("additionalProperties"))
        found = [
            (each, ""),
            (each.get("items"), "[]"),
            *((part, ".NAME") for part in named),
        ]
        for part, suffix in found:
            if isinstance(part, dict) and "$ref" in part:
                return _resolved(schema, part), suffix
    return None, ""


def _resolved(schema, value):
    return (
        schema["$defs"][value["$ref"].rpartition("/")[2]] if "$ref" in value else value
    )


def _takes(schema, value):
    options = [each for each in value.get("anyOf", [value]) if each != {"type": "null"}]
    return " or ".join(_spelled(schema, each) for each in options)


def _spelled(schema, value):
    value = _resolved(schema, value)
    if "enum" in value:
        return " \\| ".join(f"`{each}`" for each in value["enum"])
    if "const" in value:
        return f"`{value['const']}`"
    kind = value["type"]
    if kind == "array":
        return f"list of {_spelled(schema, value['items'])}"
    if kind in ("integer", "number"):
        most = value.get("maximum")
        return f"{value['minimum']} " + (f"to {most}" if most else "or more")
    words = {"boolean": "`true` \\| `false`", "object": "mapping", "string": "text"}
    return words[kind]


def _default(value):
    default = value.get("default")
    if default is None or isinstance(default, dict):
        return ""
    text = json.dumps(default) if not isinstance(default, str) else default
    return f"`{text}`"
