"""Why a call is refused or fails: facts, one table of rules, and what they find."""
