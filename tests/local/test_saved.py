"""The saved state is private and complete, and contains only data."""

from __future__ import annotations

import io
import json
import os
import pickle
import stat
import zipfile
from subprocess import run

import pytest
from moto.core.base_backend import BackendDict

from cognito_gw.errors import CgwError
from cognito_gw.local import autosave, moto_store
from cognito_gw.local.apigateway.context import Snapshots
from cognito_gw.local.cognito.directory import User
from cognito_gw.local.state_file import Saved


@pytest.fixture
def saved(tmp_path):
    return Saved(tmp_path)


def test_reads_what_was_written(saved):
    assert saved.read() is None
    saved.write(b"one\ntwo", 4711)
    saved.write(b"three\nfour", 4712)
    assert (saved.read(), saved.port) == (b"three\nfour", 4712)


def test_only_the_user_can_read_it(saved):
    saved.write(b"state", 0)
    assert stat.S_IMODE(saved.path.stat().st_mode) == 0o600


def test_a_failed_write_changes_nothing(saved):
    saved.write(b"state", 0)
    with pytest.raises(TypeError):
        saved.write("no bytes", 0)
    assert saved.read() == b"state"
    saved.write(b"later", 0)
    assert saved.read() == b"later"


def test_two_servers_cannot_share_it(saved):
    lock = saved.claim()
    with pytest.raises(CgwError, match="another local AWS"):
        Saved(saved.directory).claim()
    lock.release()
    assert Saved(saved.directory).claim().is_locked


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"[]\n",
        b"{}\n",
        b"\x80\x05K\x01.",
        b"no file of ours",
        b"[" * 100_000 + b"\n",
        b'{"port": [], "sha256": {}}\n',
    ],
)
def test_an_invalid_file_is_refused(saved, content):
    saved.path.touch(mode=0o600)
    saved.path.write_bytes(content)
    with pytest.raises(CgwError, match="not a saved state") as caught:
        saved.read()
    assert f"rm {saved.path}" in caught.value.hint
    assert saved.port == 0


def by_link(path):
    path.symlink_to(path.rename(path.with_name("moved")))


def by_pipe(path):
    path.unlink()
    os.mkfifo(path, 0o600)


@pytest.mark.parametrize("alter", [by_link, by_pipe, lambda path: path.chmod(0o640)])
def test_a_file_that_is_not_private_is_refused(saved, alter):
    saved.write(b"state", 4711)
    alter(saved.path)
    with pytest.raises(CgwError, match="cannot be used"):
        saved.read()
    assert saved.port == 0
    saved.write(b"anew", 4712)
    assert (saved.read(), saved.port) == (b"anew", 4712)


def test_a_draft_that_is_a_link_is_not_written_through(saved, tmp_path):
    (tmp_path / "others").write_text("precious")
    saved.path.with_suffix(".draft").symlink_to(tmp_path / "others")
    saved.write(b"state", 0)
    assert (tmp_path / "others").read_text() == "precious"
    assert not saved.path.is_symlink()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"moto": "4.0"}, "cgw .* with moto 4.0 wrote it; this is cgw .* with moto"),
        ({"cgw": "0.0.1"}, "cgw 0.0.1"),
        ({"format": 0}, "wrote it"),
        ({"sha256": "0" * 64}, "damaged"),
    ],
)
def test_another_version_or_a_damaged_file_is_refused(saved, change, why):
    saved.write(b"state", 0)
    head, _, state = saved.path.read_bytes().partition(b"\n")
    header = json.dumps(json.loads(head) | change).encode()
    saved.path.write_bytes(header + b"\n" + state)
    with pytest.raises(CgwError, match=why):
        saved.read()


class Hostile:
    """Runs a program when it is unpickled."""

    def __reduce__(self):
        return run, (["false"],)


@pytest.mark.parametrize(
    "state",
    [
        pickle.dumps(Hostile()),
        b"cos\nsystem\n(S'true'\ntR.",
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"\x80\x04\x8c\x15moto.awslambda.models\x8c\x0fzipfile.ZipFile\x93.",
        b"cmoto.awslambda.models\nBaseBackend\n.",
        b"cmoto.awslambda.models\nget_backend\n(S'iam'\ntR.",
        b"cmoto.no_such_module\nThing\n.",
    ],
)
def test_only_data_is_loaded(state):
    with pytest.raises((pickle.PickleError, ImportError)):
        autosave.load(state, Snapshots())


@pytest.fixture
def restarted():
    """Return what a restart of moto preserves, as far as moto knows."""

    def restart(make, read):
        make()
        state = autosave.dump(Snapshots({("api", "1"): "frozen"}))
        BackendDict.reset()
        snapshots = Snapshots()
        autosave.load(state, snapshots)
        assert snapshots.of("api", "1") == "frozen"
        return read()

    BackendDict.reset()
    yield restart
    BackendDict.reset()


def backend(service):
    return moto_store.backend(service, "eu-west-1")


def client(service):
    return moto_store.client(service, "eu-west-1")


def test_a_user_keeps_password_and_second_factor(restarted):
    def make():
        pool = client("cognito-idp").create_user_pool(PoolName="any")["UserPool"]
        names = {"UserPoolId": pool["Id"], "Username": "alice"}
        client("cognito-idp").admin_create_user(**names, TemporaryPassword="Right-1!")
        made = backend("cognito-idp").user_pools[pool["Id"]]
        made.json_web_key = None  # as the local AWS creates pools
        user = User(made.users["alice"])
        user.mfa.totp_secret = "JBSWY3DPEHPK3PXP"

    def read():
        (pool,) = backend("cognito-idp").user_pools.values()
        user = User(pool.users["alice"])
        return user.status, user.has_password("Right-1!"), user.mfa.totp_secret

    kept = restarted(make, read)
    assert kept == ("FORCE_CHANGE_PASSWORD", True, "JBSWY3DPEHPK3PXP")


def test_a_function_keeps_its_dependencies(restarted):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", "")

    def make():
        role = client("iam").create_role(
            RoleName="any-role", AssumeRolePolicyDocument="{}"
        )
        client("lambda").create_function(
            FunctionName="any",
            Role=role["Role"]["Arn"],
            Runtime="python3.13",
            Handler="app.handler",
            Code={"ZipFile": archive.getvalue()},
        )

    def read():
        function = backend("lambda").get_function("any")
        assert function.logs_backend is backend("logs")
        assert backend("lambda").get_function(function.function_arn) is function
        assert client("iam").get_role(RoleName="any-role")
        return function.code_bytes

    assert restarted(make, read) == archive.getvalue()


def test_a_restored_state_can_be_saved_again(restarted):
    """Including the default factories of moto's mappings."""

    def make():
        client("apigateway").create_rest_api(name="any")

    def read():
        state = autosave.dump(Snapshots())
        (api,) = backend("apigateway").apis.values()
        before = api.resources.keys()
        BackendDict.reset()
        autosave.load(state, Snapshots())
        (again,) = backend("apigateway").apis.values()
        return before == again.resources.keys()

    assert restarted(make, read)


def test_what_functions_use_is_kept(restarted):
    """Tables, objects, queues, topics, parameters, secrets and event buses."""
    table = {
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    item = {"id": {"S": "1"}, "n": {"N": "1.5"}, "l": {"L": [{"BOOL": True}]}}

    def make():
        client("dynamodb").create_table(TableName="any", **table)
        client("dynamodb").put_item(TableName="any", Item=item)
        place = {"LocationConstraint": "eu-west-1"}
        client("s3").create_bucket(Bucket="any", CreateBucketConfiguration=place)
        client("s3").put_object(Bucket="any", Key="k", Body=b"x" * 100)
        queue = client("sqs").create_queue(QueueName="any")["QueueUrl"]
        topic = client("sns").create_topic(Name="any")["TopicArn"]
        arn = "arn:aws:sqs:eu-west-1:123456789012:any"
        client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        client("sqs").send_message(QueueUrl=queue, MessageBody="any")
        parameter = {"Name": "/a/b", "Value": "any", "Type": "SecureString"}
        client("ssm").put_parameter(**parameter)
        client("secretsmanager").create_secret(Name="any", SecretString="any")
        client("events").create_event_bus(Name="any")

    def read():
        name = {"TableName": "any", "Key": {"id": {"S": "1"}}}
        yield client("dynamodb").get_item(**name)["Item"]
        yield client("s3").get_object(Bucket="any", Key="k")["Body"].read()
        queue = client("sqs").get_queue_url(QueueName="any")["QueueUrl"]
        topic = client("sns").list_topics()["Topics"][0]["TopicArn"]
        client("sns").publish(TopicArn=topic, Message="new")
        taken = client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=9)
        yield len(taken["Messages"])
        by_path = client("ssm").get_parameters_by_path(Path="/a", WithDecryption=True)
        yield by_path["Parameters"][0]["Value"]
        yield client("secretsmanager").get_secret_value(SecretId="any")["SecretString"]
        yield client("events").describe_event_bus(Name="any")["Name"]

    kept = restarted(make, lambda: list(read()))
    assert kept == [item, b"x" * 100, 2, "any", "any", "any"]
