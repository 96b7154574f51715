"""Control-plane operations of user pools."""
