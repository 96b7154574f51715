"""The AWS resources of a stack, in the tutorial's terms: a class for each kind."""
