"""The tutorial's function."""

import json


def lambda_handler(_event, _context):
    """Answer like the console's first function."""
    return {"statusCode": 200, "body": json.dumps("Hello from Lambda!")}
