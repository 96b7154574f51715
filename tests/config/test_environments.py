"""Environments of the file: merged by key, validated as a whole, with their lines."""

from __future__ import annotations

import pytest
import yaml
from jsonschema import Draft202012Validator

from cognito_gw.aws.clients import named_account
from cognito_gw.config.load import BadConfig, load
from cognito_gw.config.starter import published_schema
from cognito_gw.errors import UsageError
from cognito_gw.resources.stack import build

FILE = """\
name: shop
tags: {team: payments}
user_pool: {groups: [readers, writers]}
users: [{username: alice@example.com, password: "${ALICE}"}]
functions:
  hello: {timeout: 5, memory: "${MEMORY:-256}"}
api:
  cors: {origins: ["https://shop.example.com"]}
  routes:
    GET /orders: {function: hello}
    GET /debug: {function: hello}
environments:
  dev:
    target: local
  prod:
    protect: true
    tags: {tier: gold}
    user_pool: {deletion_protection: "${SAFE:-true}", groups: ["${GROUP:-admins}"]}
    users: [{username: bob@example.com, password: "${BOB}"}]
    functions:
      hello: {timeout: "${TIMEOUT:-9}"}
      ship: {environment: {TABLE: "${TABLE:-orders}"}}
    api:
      stage: prod
      cors: null
      routes:
        GET /debug: null
        POST /orders: {function: ship}
        GET /ship:
          function: ship
  broken: {api: {stage: "${NOT_SET}"}}
"""


@pytest.fixture
def of(file):
    """Return a function that loads a text with an environment of it."""

    def run(text, env=None, **variables):
        file.write_text(text, encoding="utf-8")
        return load(file, variables, env=env)

    return run


@pytest.fixture
def refused(of, file):
    """Return a function that lists a text's problems with an environment."""

    def run(text, env=None):
        with pytest.raises(UsageError) as error:
            of(text, env)
        return str(error.value).replace(f"{file}", "FILE")

    return run


def test_without_an_environment_nothing_differs(of):
    """Also its name and its tags; other variables are not needed."""
    config = of(FILE).config
    alone = of(FILE.partition("environments:")[0]).config
    apart = {"environments", "users"}
    assert config.model_dump(exclude=apart) == alone.model_dump(exclude=apart)
    assert (config.name, config.env, config.target) == ("shop", None, "aws")
    assert config.stacks == ["shop", "shop-dev", "shop-prod", "shop-broken"]


def test_mappings_are_merged_and_the_rest_is_replaced(of):
    """`null` removes a key; text of a variable becomes a number or a Boolean."""
    config = of(FILE, "prod", BOB="Correct-horse-1", MEMORY="512").config
    assert (config.name, config.env, config.protect) == ("shop-prod", "prod", True)
    assert config.stacks == of(FILE).config.stacks
    assert config.user_pool.groups == ["admins"]
    assert config.user_pool.deletion_protection is True
    assert [user.username for user in config.users] == ["bob@example.com"]
    assert config.users[0].password.reveal() == "Correct-horse-1"
    hello, ship = config.functions["hello"], config.functions["ship"]
    assert (hello.timeout, hello.memory) == (9, 512)
    assert ship.environment == {"TABLE": "orders"}
    assert (config.api.stage, config.api.cors) == ("prod", None)
    assert [*config.api.routes] == ["GET /orders", "POST /orders", "GET /ship"]
    assert of(FILE, "dev").config.target == "local"


def test_the_stack_has_its_names_and_a_tag(of):
    """The default name of each resource has the environment."""
    config = of(FILE, "prod").config
    stack = build(config, named_account("123456789012", "eu-west-1"))
    assert stack.tags == {
        "cgw:stack": "shop-prod",
        "cgw:env": "prod",
        "team": "payments",
        "tier": "gold",
    }
    names = {resource.label for resource in stack.resources}
    assert {"shop-prod", "shop-prod-hello", "shop-prod-ship-eu-west-1"} <= names
    assert stack.domain.prefix.startswith("shop-prod-")
    assert "shop" not in names


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("prod: {}", "prod"),
        ("prod:", "prod"),
        ("dev: &dev {api: {stage: x}}\n  prod: {<<: *dev}", "x"),
        ("prod: &p {api: {stage: x}}\n  dev: {<<: [*p]}", "x"),
        ("prod: {<<: [{api: {stage: x}}, {api: {stage: y}}]}", "x"),
        ("prod: {<<: {api: {stage: y}}, api: {stage: x}}", "x"),
        ("1: {api: {stage: x}}", "x"),
        ("Prod: {api: {stage: x}}", "x"),
        ("prod: {api: {stage: null}}", "dev"),
    ],
)
def test_shapes(of, text, line):
    """An environment may be empty, use anchors, and have a number as its name."""
    env = text.partition(":")[0]
    config = of(
        f"name: shop\napi: {{stage: prod}}\nenvironments:\n  {text}", env
    ).config
    assert config.name == f"shop-{env}"
    assert config.api.stage == line


def test_a_merge_key_of_the_file_is_merged_into(of):
    """What `<<` brings into a section is a part of that section."""
    text = """\
name: shop
functions:
  a: &a {timeout: 9, environment: {AB: one}}
  b: {<<: *a, memory: 256}
api: {routes: {GET /: {function: a}}}
environments:
  dev: {functions: {b: {environment: {CD: two}}}}
"""
    functions = of(text, "dev").config.functions
    assert functions["b"].environment == {"AB": "one", "CD": "two"}
    assert (functions["b"].timeout, functions["b"].memory) == (9, 256)
    assert functions["a"].environment == {"AB": "one"}


LONG = "x" * 60
PROBLEMS = [
    ("dev: [a]", "dev", "4: environments.dev: must be a mapping, not a list"),
    ("dev: {}\n  prod: 5", "dev", "5: environments.prod: must be a mapping, not `5`"),
    ("dev.eu: {}", None, "4: environments.dev.eu: `dev.eu` must be letters, digits"),
    ("prüf: {}", "prüf", "4: environments.prüf: `prüf` must be letters, digits and -"),
    ("Dev: {}\n  dev: {}", None, "5: environments.dev: differs from another only in"),
    (
        f"{LONG}: {{}}",
        LONG,
        f"4: environments.{LONG}: the stack's name `shop-{LONG}` is over 32 char",
    ),
    ("dev:\n    name: x", "dev", "5: environments.dev.name: an environment cannot"),
    ("dev: {}\n  qa: {name: x}", "dev", "5: environments.qa.name: an environment can"),
    ("dev: {environments: {}}", "dev", "4: environments.dev.environments: an environ"),
    ("dev: {}\n  qa: {apis: {}}", "dev", "5: environments.qa.apis: unknown key; did"),
    ("dev:\n    api:\n      stag: x", "dev", "6: api.stag: unknown key; did you mean"),
    ("dev:\n    api:\n      stage: a b", "dev", "6: api.stage: `a b` must be letters"),
    ("dev:\n    api: [a]", "dev", "5: api: must be a mapping, not a list"),
    ("dev:\n    protect: maybe", "dev", "5: protect: must be true or false"),
    ("dev:\n    region: '${NO}'", "dev", "5: region: the environment variable NO is"),
    (
        "dev:\n    tags: {a: '${MY_TOKEN:-x}'}",
        "dev",
        "5: tags.a: ${MY_TOKEN} is refused",
    ),
    (
        "dev:\n    tags: {a: b,\n      a: c}",
        None,
        "6: environments.dev.tags.a: duplicate key; first used on line 5",
    ),
    ("dev: {}\n  dev: {}", None, "5: environments.dev: duplicate key; first used on"),
    (
        "dev: {api: {routes: {GET /y: {function: gone}}}}",
        "dev",
        "4: api.routes.GET /y.function: no such function `gone`",
    ),
]


@pytest.mark.parametrize(("text", "env", "expected"), PROBLEMS)
def test_a_problem_has_the_line_of_the_environment(refused, text, env, expected):
    """Those of the chosen one, and what is wrong in itself of the others."""
    whole = f"name: shop\napi: {{stage: live}}\nenvironments:\n  {text}"
    told = refused(whole, env)
    assert f"\n  FILE:{expected}" in told
    assert f"FILE with the environment {env} has" in told or env is None


@pytest.mark.parametrize(
    ("text", "env", "expected"),
    [
        ("name: x", "prod", "no environment `prod`: FILE has no `environments`"),
        ("", "prod", "no environment `prod`: FILE has no `environments`"),
        ("- a", "prod", "no environment `prod`: FILE has no `environments`"),
        ("name: x\nenvironments:", "prod", "no environment `prod`: FILE has no"),
        (
            "environments: {dev: , prod: }",
            "prd",
            "no environment `prd` in FILE; did you mean `prod`? known: dev, prod",
        ),
        ("environments: {prod: }", "PROD", "did you mean `prod`?"),
        ("environments: {prod: }", "", "`--env` needs the name of an environment"),
        ("environments: {dev: {<<: 5}}", "dev", "`<<` takes a mapping or a list of"),
        ("environments: {a: &a {a: *a}}", "a", "or an alias contains itself"),
        ("environments: [a]", None, "FILE:1: environments: must be a mapping, not a"),
    ],
)
def test_an_unknown_environment(refused, text, env, expected):
    """The message has the known ones."""
    assert expected in refused(text, env)


def test_what_only_an_environment_has(of):
    """The hint of an error has the environments that could be meant."""
    text = "name: x\napi: {routes: {GET /: {function: a}}}\nenvironments: {dev: {}}"
    with pytest.raises(BadConfig) as error:
        of(text)
    assert (
        error.value.hint == "no environment was chosen; `--env NAME` chooses one: dev"
    )
    with pytest.raises(BadConfig) as error:
        of(text, "dev")
    assert error.value.hint is None


def test_most_tags(refused, of):
    """AWS allows 50; two are those of the stack and of its environment."""
    tags = ", ".join(f"t{number}: x" for number in range(49))
    text = f"name: x\ntags: {{{tags}}}\nenvironments: {{dev: }}"
    of(text)
    assert "tags: must have at most 48 entries" in refused(text, "dev")


def test_a_name_that_all_environments_share(of):
    """AWS takes it once: a warning comes before the second `up` fails."""
    text = """\
name: shop
domain: shop-front
functions: {hello: {name: greet}}
environments:
  dev: {}
  prod:
    domain: shop-prod
    functions: {hello: {name: greet-prod}}
  far: {region: eu-west-3}
"""
    told = "\n".join(of(text, "dev").warnings)
    assert "cgw.yaml:2: all environments have the name `shop-front`" in told
    assert "cgw.yaml:3: all environments have the name `greet`" in told
    for env in ("prod", "far", None):
        assert of(text, env).warnings == []


def test_the_schema_of_an_environment():
    """It has the same keys; none is required, and `null` removes any."""
    schema = published_schema()
    valid = Draft202012Validator(schema)
    assert [*valid.iter_errors(yaml.safe_load(FILE))] != []  # ${…} for a number
    plain = yaml.safe_load(FILE.replace('"${MEMORY:-256}"', "256"))
    del plain["environments"]["broken"]
    prod = plain["environments"]["prod"]
    prod["user_pool"]["deletion_protection"] = True
    prod["functions"]["hello"]["timeout"] = 9
    assert [*valid.iter_errors(plain)] == []
    overlay = schema["$defs"]["Environment"]
    assert {*overlay["properties"]} == {*schema["properties"]} - {
        "name",
        "environments",
    }
    for bad in ({"name": "x"}, {"api": {"stag": "x"}}, {"users": [{}]}, [], {"api": 1}):
        prod_only = {"name": "x", "environments": {"prod": bad}}
        assert [*valid.iter_errors(prod_only)] != [], bad
    nothing = dict.fromkeys(overlay["properties"])
    partly = {"resource_servers": {"s": {"name": "S"}}, "api": {"cors": {}}}
    for good in (None, {}, nothing, partly):
        assert [*valid.iter_errors({"name": "x", "environments": {"p": good}})] == []
