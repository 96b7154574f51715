"""What each pattern of the file allows, as our user is told."""

from __future__ import annotations

from cognito_gw.config.schema import API_NAME, ORIGIN, POLICY_ARN

_NO_SPACE = "1 to 128 characters without spaces"
ALLOWED = {
    r"^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$": "letters, digits, - and _, beginning with a "
    "letter or digit; at most 128 characters",
    r"^[A-Za-z0-9_ +=,.@-]+$": "letters from A to Z, digits, spaces and + = , . @ - _",
    r"^[A-Za-z0-9_-]{1,64}$": "letters, digits, - and _; at most 64 characters",
    r"^[A-Za-z0-9+=._:/-]+$": "letters, digits and + = . _ : / -",
    r"^[A-Za-z0-9-]+_[0-9A-Za-z]+$": "a user pool ID, such as us-east-1_Ab12Cd34E",
    r"^\S{1,128}$": _NO_SPACE,
    r"^[A-Za-z0-9_+]+$": "an app client ID: letters and digits",
    r"^[\x21\x23-\x2E\x30-\x5B\x5D-\x7E]{1,256}$": "printable ASCII characters without "
    "spaces, quotation marks, slashes and backslashes; at most 256",
    r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$": "lowercase letters, digits and -, "
    "beginning and ending with a letter or digit; at most 63 characters",
    r"^[a-z][a-z0-9.-]{1,31}$": "a Lambda runtime, such as python3.13 or nodejs22.x",
    r"^[a-zA-Z][a-zA-Z0-9_]+$": "a letter from A to Z, then letters, digits and _; at "
    "least 2 characters",
    POLICY_ARN: "the ARN of a policy, such as "
    "arn:aws:iam::123456789012:policy/functions",
    r"^[A-Za-z0-9_-]+$": "the name of a header: letters, digits, - and _",
    API_NAME: "printable ASCII characters, not beginning or ending with a space; at "
    "most 128",
    ORIGIN: "`*`, or an origin without a path, such as https://app.example.com",
    r"^[a-z0-9]+$": "the ID of a REST API: lowercase letters and digits",
    r"^[A-Za-z0-9_-]{1,128}$": "letters, digits, - and _; at most 128 characters",
    r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$": "letters, digits, - and _, beginning with a "
    "letter or digit; at most 32 characters",
    r"^[A-Za-z][A-Za-z0-9-]{0,31}$": "a letter, then letters, digits and -; at most 32 "
    "characters",
    r"^[a-z]{2,4}(-[a-z]+)+-[0-9]$": "an AWS region, such as us-east-1",
    r"^[\x21\x23-\x5B\x5D-\x7E]{1,256}$": "printable ASCII characters without spaces, "
    "quotation marks and backslashes; at most 256",
}
