"""Control-plane operations of REST APIs."""
