"""The local Lambda: the deployed code, run by AWS's own runtime client."""
