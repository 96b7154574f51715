"""What stands at a user pool's domain: the sign-in pages and the OAuth endpoints."""
