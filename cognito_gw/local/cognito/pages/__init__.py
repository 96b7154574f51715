"""The pages and OAuth endpoints of a user pool domain."""
