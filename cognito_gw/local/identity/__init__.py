"""The local Cognito: keys, tokens, and the operations that make or take them."""
