"""How long a commit takes to reach every one of many streams."""
