"""The local AWS Lambda: runs deployed code with AWS's own runtime client."""
