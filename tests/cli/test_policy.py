"""`cgw policy` writes the document to stdout, and its limits to stderr."""

from __future__ import annotations

import json

import pytest

FILE = "name: shop\nregion: {region}\n"
NUMBER = "123456789012"
BOUNDARY = f"arn:aws:iam::{NUMBER}:policy/functions"
OTHER = f"arn:aws:iam::{NUMBER}:policy/other"


@pytest.fixture
def policy(cgw):
    """Return `cgw policy` for a small file, or for one with a boundary."""

    def run(*arguments, text="", region="eu-west-1", code=0):
        cgw.write(FILE.format(region=region) + text)
        return cgw("policy", "--account", NUMBER, *arguments, code=code)

    return run


def within(boundary):
    """Return the section of the file that sets a boundary."""
    return f"iam: {{permissions_boundary: {boundary}}}\n"


def test_shows_the_remaining_risks(policy):
    """Without a boundary the holder can become administrator; stdout is the JSON."""
    for arguments in ([], ["-o", "json"], ["--split"]):
        outcome = policy(*arguments)
        assert json.loads(outcome.out)
        assert "become an administrator" in outcome.err
        assert "`--boundary ARN`" in outcome.err
    assert policy("-q").err == ""


def test_a_boundary_closes_it(policy):
    """From the file, or from the option, which takes precedence."""
    inside = policy(text=within(BOUNDARY))
    assert inside.err == ""
    assert policy("--boundary", BOUNDARY, text=within(BOUNDARY)) == inside
    other = policy("--boundary", OTHER, text=within(BOUNDARY))
    assert OTHER in other.out
    assert BOUNDARY not in other.out


@pytest.mark.parametrize("text", ["", within(OTHER)])
def test_up_needs_the_boundary_too(policy, text):
    """Otherwise it creates roles that this policy refuses."""
    outcome = policy("--boundary", BOUNDARY, text=text)
    assert f"iam: {{permissions_boundary: {BOUNDARY}}}" in outcome.err
    assert "`cgw up` fails until" in outcome.err
    assert "administrator" not in outcome.err


def test_split_is_a_list_of_documents(policy):
    """Each document can be a managed policy."""
    (document,) = policy("--split").document
    assert document == policy().document
    functions = {f"f{n}": {"name": f"{n:02}-{'f' * 50}"} for n in range(60)}
    routes = {"GET /": {"function": "f0"}}
    text = (
        f"functions: {json.dumps(functions)}\napi: {json.dumps({'routes': routes})}\n"
    )
    whole = policy(text=text)
    assert "`cgw policy --split`" in whole.err
    assert whole.document["Version"] == "2012-10-17"
    parts = policy("--split", text=text)
    assert "--split" not in parts.err
    assert len(parts.document) > 1
    for part in parts.document:
        assert len(json.dumps(part, separators=(",", ":"))) <= 6144


def test_for_use(policy):
    """It reads, and manages users; it creates nothing else."""
    outcome = policy("--for", "use")
    assert outcome.err == ""
    assert "cognito-idp:AdminSetUserPassword" in outcome.out
    assert "CreateUserPool" not in outcome.out
    assert policy("--for", "up").out == policy().out != outcome.out


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_the_partition_is_the_regions(policy, region, partition):
    """Finding it does not require the account."""
    out = policy(region=region).out
    assert f"arn:{partition}:iam::{NUMBER}:role/shop-*" in out
    assert "arn:aws:" not in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--account", "12"], "`12` is not a valid account number"),
        (["--boundary", "functions"], "`functions` is not a valid policy ARN"),
        (["--boundary", f"{BOUNDARY}\n"], "is not a valid policy ARN"),
        (["--boundary", BOUNDARY, "--for", "use"], "`--boundary` is for `--for up`"),
        (["--region", "nowhere"], "`nowhere` is not an AWS region"),
        (["--for", "fun"], "'fun' is not one of 'up', 'use'"),
    ],
)
def test_slips(policy, arguments, words):
    """Exit 2, and nothing on stdout."""
    outcome = policy(*arguments, code=2)
    assert words in outcome.err
    assert outcome.out == ""


@pytest.mark.parametrize(
    "value",
    ["functions", "arn:aws:iam::12:policy/x", "arn:aws:s3:::x", f"{BOUNDARY} x"],
)
def test_a_boundary_in_the_file_is_an_arn(policy, value):
    """As AWS spells policies."""
    outcome = policy(text=f'iam: {{permissions_boundary: "{value}"}}\n', code=2)
    assert "iam.permissions_boundary" in outcome.err


def test_without_credentials_the_account_can_be_named(cgw):
    """Nothing else in the policy needs AWS."""
    cgw.write("name: shop\nregion: us-east-1\n")
    assert "with `--account NUMBER`" in cgw("policy", code=1).err
    assert cgw("policy", "--account", "123456789012").document["Statement"]
