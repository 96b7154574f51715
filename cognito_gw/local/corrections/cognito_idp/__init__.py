"""Cognito user pools, part by part."""
