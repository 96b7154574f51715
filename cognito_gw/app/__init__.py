"""What a command does, without a command line: callable from Python."""
