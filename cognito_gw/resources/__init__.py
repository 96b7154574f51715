"""What AWS keeps for a stack: one object per file, in the tutorial's words."""
